"""Facts about services that decide which policies bear on a request, read from services.toml."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path


@cache
def resource_control_services() -> frozenset[str]:
    """Prefixes of the services whose resources RCPs apply to."""
    facts = tomllib.loads((Path(__file__).parent / "services.toml").read_text())
    return frozenset(facts["resource_control"]["services"])


def has_resource_control(action: str) -> bool:
    """Whether RCPs apply to an action such as `s3:GetObject`."""
    return action.partition(":")[0].lower() in resource_control_services()
