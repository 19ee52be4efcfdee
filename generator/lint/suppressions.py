"""The suppressions that stand beside resources, each with the reason that it must have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, order=True)
class Suppression:
    """One rule silenced on one resource, or on the whole template where `resource` is empty; `reason` may be empty."""

    resource: str
    tool: str
    rule: str
    reason: str


def suppressions(template: Mapping[str, Any]) -> list[Suppression]:
    """All of a template given as plain data, sorted.

    Read from `Metadata`: cfn-lint's `cfn-lint: {config: {ignore_checks: […]}, reasons: {RULE: text}}` and Guard's
    `guard: {SuppressedRules: […], reasons: {RULE: text}}`.
    """
    found = list(_in("", template.get("Metadata")))
    for name, resource in template.get("Resources", {}).items():
        found.extend(_in(name, resource.get("Metadata")))
    return sorted(found)


def _in(resource: str, metadata: Any) -> Iterator[Suppression]:
    if not isinstance(metadata, Mapping):
        return
    lint = metadata.get("cfn-lint", {})
    for rule in lint.get("config", {}).get("ignore_checks", ()):
        yield Suppression(resource, "cfn-lint", rule, str(lint.get("reasons", {}).get(rule, "")))
    guard = metadata.get("guard", {})
    for rule in guard.get("SuppressedRules", ()):
        yield Suppression(resource, "guard", rule, str(guard.get("reasons", {}).get(rule, "")))
