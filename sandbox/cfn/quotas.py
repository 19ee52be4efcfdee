"""AWS's quotas on templates and policies, from quotas.toml, and AWS's words when one is exceeded."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from .errors import ResourceError, invalid
from .model import JSON
from .template import Template


@lru_cache(maxsize=1)
def quotas() -> Mapping[str, Mapping[str, int]]:
    return tomllib.loads((Path(__file__).parent / "data" / "quotas.toml").read_text(encoding="utf-8"))


def check_template(template: Template) -> None:
    """ValidationError when a section has more members than CloudFormation takes."""
    limits = quotas()["template"]
    sections: tuple[tuple[str, Mapping[str, JSON]], ...] = (
        ("resources", template.resources),
        ("parameters", template.parameters),
        ("outputs", template.outputs),
        ("mappings", template.mappings),
    )
    for name, section in sections:
        if len(section) > limits[name]:
            raise invalid(
                f"Template format error: Number of {name}, {len(section)}, "
                f"is greater than maximum allowed, {limits[name]}"
            )


def check_parameter(name: str, value: str) -> None:
    limit = quotas()["template"]["parameter_bytes"]
    if len(value.encode()) > limit:
        raise invalid(
            f"1 validation error detected: Value at 'parameters.{name}.parameterValue' failed to satisfy constraint: "
            f"Member must have length less than or equal to {limit}"
        )


def check_policy(kind: str, document: str) -> None:
    """An IAM document (`managed_policy_characters`, `trust_policy_characters`) against its quota."""
    limit = quotas()["iam"][kind]
    if _without_space(document) > limit:
        quota = {"managed_policy_characters": "PolicySize", "trust_policy_characters": "ACLSizePerRole"}[kind]
        raise _over(f"Cannot exceed quota for {quota}: {limit}", "Iam", 409)


def check_inline(role: str, documents: list[str]) -> None:
    limit = quotas()["iam"]["role_inline_characters"]
    if sum(map(_without_space, documents)) > limit:
        raise _over(f"Maximum policy size of {limit} bytes exceeded for role {role}", "Iam", 409)


def check_attached(count: int) -> None:
    limit = quotas()["iam"]["policies_per_role"]
    if count > limit:
        raise _over(f"Cannot exceed quota for PoliciesPerRole: {limit}", "Iam", 409)


def check_bucket_policy(document: str) -> None:
    if len(document.encode()) > quotas()["policies"]["bucket_bytes"]:
        raise _over("Your policy exceeds the maximum allowed document size.", "S3", 400)


def check_key_policy(document: str) -> None:
    limit = quotas()["policies"]["key_bytes"]
    if len(document.encode()) > limit:
        raise _over(f"Key policy exceeds the maximum length of {limit} bytes", "Kms", 400)


def _without_space(document: str) -> int:
    return len("".join(document.split()))


def _over(message: str, service: str, status: int) -> ResourceError:
    reason = f"{message} (Service: {service}, Status Code: {status})"
    return ResourceError(
        f'Resource handler returned message: "{reason}" (HandlerErrorCode: ServiceLimitExceeded)',
        "ServiceLimitExceeded",
    )
