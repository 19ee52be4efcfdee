"""moto as the service layer, reached by direct calls into the backend of an account and Region."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import lru_cache
from typing import Any, TypeVar

from .errors import MissingError, ResourceError
from .model import Scope

# Loading 800 images into each new account's EC2 makes VPCs ten times slower; nothing here reads them.
os.environ.setdefault("MOTO_EC2_LOAD_DEFAULT_AMIS", "false")

GLOBAL = frozenset({"iam", "s3", "organizations", "route53", "sts"})
STATUSES = {"EntityAlreadyExists": 409, "DeleteConflict": 409, "NoSuchEntity": 404}
T = TypeVar("T")


@lru_cache(maxsize=64)
def _backends(service: str) -> Any:
    from moto.backends import get_backend

    return get_backend(service)  # type: ignore[call-overload]


def backend(service: str, scope: Scope, region: str | None = None) -> Any:
    """The live backend object; what is made in it is seen by clients of moto's server at once."""
    name = region or (scope.partition if service in GLOBAL else scope.region)
    return _backends(service)[scope.account][name]


def stored_parameter(scope: Scope, name: str) -> str | None:
    """An SSM parameter's value, None if there is none."""
    found = backend("ssm", scope).get_parameter(name)
    return None if found is None else str(found.value)


def secret(scope: Scope, reference: str) -> str | None:
    """`id[:SecretString[:json-key[:stage[:version]]]]` of a `{{resolve:secretsmanager:…}}` reference."""
    import json

    identifier, *rest = reference.split(":SecretString", 1)
    found = backend("secretsmanager", scope).get_secret_value(identifier, "", "")
    value = str(found["SecretString"])
    key = rest[0].removeprefix(":").split(":")[0] if rest else ""
    return str(json.loads(value)[key]) if key else value


def translated(call: Callable[[], T], service: str) -> T:
    """The call's result; a service error becomes a ResourceError in CloudFormation's words."""
    from moto.core.exceptions import ServiceException
    from werkzeug.exceptions import HTTPException

    try:
        return call()
    except ServiceException as error:
        raise _failure(service, str(error.code), str(error.message), STATUSES.get(error.code, 400)) from error
    except HTTPException as error:
        code = str(getattr(error, "error_type", type(error).__name__))
        message = str(getattr(error, "message", None) or error.description)
        raise _failure(service, code, message, error.code or 400) from error


def _failure(service: str, code: str, message: str, status: int) -> ResourceError:
    reason = f"{message} (Service: {service}, Status Code: {status})"
    kind = MissingError if handler_code(code) == "NotFound" else ResourceError
    return kind(
        f'Resource handler returned message: "{reason}" (HandlerErrorCode: {handler_code(code)})', handler_code(code)
    )


def handler_code(code: str) -> str:
    """CloudFormation's HandlerErrorCode for a service's error code."""
    if "AlreadyExists" in code or "Duplicate" in code:
        return "AlreadyExists"
    if "NotFound" in code or "NoSuch" in code:
        return "NotFound"
    return "InvalidRequest"
