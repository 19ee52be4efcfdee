"""Principals in policies: IAM, S3 and KMS refuse a document that names a role or user that does not exist.

AWS turns such ARNs into unique ids when a policy is stored, so they have to exist at that moment, in any account.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from .errors import ResourceError
from .model import JSON

_ENTITY = re.compile(r"arn:[a-z-]+:iam::(\d{12}):(role|user)/(.+)")
MESSAGES = {
    "Iam": 'Invalid principal in policy: "AWS":"{arn}"',
    "S3": "Invalid principal in policy",
    "Kms": "Policy contains a statement with one or more invalid principals.",
}


def check_principals(document: JSON, service: str) -> None:
    """ResourceError in the service's words for the first role or user of an account here that does not exist."""
    parsed = json.loads(document) if isinstance(document, str) else document
    for arn in _named(parsed):
        match = _ENTITY.fullmatch(arn)
        if match and "*" not in arn and not _exists(match[1], match[2], arn):
            reason = f"{MESSAGES[service].format(arn=arn)} (Service: {service}, Status Code: 400)"
            raise ResourceError(
                f'Resource handler returned message: "{reason}" (HandlerErrorCode: InvalidRequest)', "InvalidRequest"
            )


def _named(document: JSON) -> Iterator[str]:
    statements = document.get("Statement") or [] if isinstance(document, dict) else []
    for statement in statements if isinstance(statements, list) else [statements]:
        for key in ("Principal", "NotPrincipal"):
            principal = statement.get(key) if isinstance(statement, dict) else None
            named = principal.get("AWS") if isinstance(principal, dict) else None
            for arn in named if isinstance(named, list) else [named]:
                if isinstance(arn, str):
                    yield arn


def _exists(account: str, kind: str, arn: str) -> bool:
    """Accounts that nothing here has used are taken on trust."""
    from moto.iam.models import iam_backends

    if account not in iam_backends:
        return True
    backend = iam_backends[account][arn.split(":")[1]]
    entities = backend.roles if kind == "role" else backend.users
    return any(str(getattr(entity, "arn", "")) == arn for entity in list(entities.values()))
