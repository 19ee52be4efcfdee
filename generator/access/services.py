"""Facts about services that decide which policies bear on a request, read from services.toml."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

_SERVICE_LINKED = ":role/aws-service-role/"


@cache
def _facts() -> dict[str, Any]:
    return tomllib.loads((Path(__file__).parent / "services.toml").read_text())


@cache
def _services(block: str) -> frozenset[str]:
    return frozenset(_facts()[block]["services"])


def has_resource_control(action: str, resource: str) -> bool:
    """Whether RCPs apply to an action such as `s3:GetObject`; for AWS managed keys, which no ARN tells, they do not."""
    name = action.lower()
    exempt = name in _facts()["resource_control"]["unrestricted_actions"] or _SERVICE_LINKED in resource
    return not exempt and name.partition(":")[0] in _services("resource_control")


def may_have_gateway_endpoint(action: str) -> bool:
    """Whether the endpoint that a request comes through may be a gateway."""
    return action.partition(":")[0].lower() in _services("gateway_endpoint")


def needs_no_permission(action: str) -> bool:
    """Whether everybody who signs may have it, even against a Deny of the caller's own policies."""
    return action.lower() in _facts()["no_permission"]["actions"]
