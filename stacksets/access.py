"""Which changes of a change set give somebody more access than before, as far as a change set tells."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

GRANTING = ("AWS::IAM::", "AWS::SSO::PermissionSet", "AWS::Organizations::Policy")
GRANTS = frozenset(
    {"PolicyDocument", "AssumeRolePolicyDocument", "Policies", "ManagedPolicyArns", "KeyPolicy", "PermissionsBoundary"}
    | {"RepositoryPolicyText", "PermissionsPolicyDocument", "ResourcePolicy", "InlinePolicy", "SecurityGroupIngress"}
)


def widens(change: Mapping[str, Any]) -> bool:
    """True when the change adds a grant, or adds or alters a statement of one; also when it cannot be told."""
    if change["Action"] == "Remove" or not _is_granting(change):
        return False
    if change["Action"] in ("Add", "Import"):
        return True
    before, after = _context(change, "BeforeContext"), _context(change, "AfterContext")
    if before is None or after is None:
        return True
    return bool(set(_grants(after)) - set(_grants(before)))


def _is_granting(change: Mapping[str, Any]) -> bool:
    kind = change["ResourceType"]
    if kind.startswith(GRANTING) or kind.endswith("Policy") or kind == "AWS::Lambda::Permission":
        return True
    return any(detail["Target"].get("Name") in GRANTS for detail in change.get("Details", ()))


def _context(change: Mapping[str, Any], name: str) -> object | None:
    try:
        return json.loads(change[name]).get("Properties", {}) if change.get(name) else None
    except (ValueError, AttributeError):
        return None


def _grants(node: object) -> Iterator[str]:
    """Every statement, attached policy and boundary below a resource's properties, as comparable text."""
    if not isinstance(node, Mapping):
        return
    for name, value in node.items():
        if name == "Policies" and isinstance(value, list):
            for policy in value:
                yield from _grants(policy)
        elif name in GRANTS:
            yield from _statements(name, value)


def _statements(name: str, value: object) -> Iterator[str]:
    document = _parsed(value)
    parts = document.get("Statement", []) if isinstance(document, Mapping) else document
    for part in parts if isinstance(parts, list) else [parts]:
        yield f"{name}: {json.dumps(part, sort_keys=True)}"


def _parsed(value: object) -> object:
    """A policy may stand as text (RepositoryPolicyText) or as an object."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value
