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
BOUNDARY = "PermissionsBoundary"
# Properties of granting resources that say nothing about who may do what.
HARMLESS = frozenset({"Description", "MaxSessionDuration", "Tags"})


def widens(change: Mapping[str, Any]) -> bool:
    """True when the change adds or alters what allows, or takes away what denies or bounds; also when nobody can tell.

    What a removed resource denied is not known: a change set names it only.
    """
    if change["Action"] == "Remove" or not _is_granting(change):
        return False
    if change["Action"] in ("Add", "Import"):
        return True
    before, after = _context(change, "BeforeContext"), _context(change, "AfterContext")
    if before is None or after is None:
        return not _is_harmless(change)
    old, new = set(_statements(before)), set(_statements(after))
    return any(not denies for _, denies in new - old) or any(denies for _, denies in old - new)


def _is_granting(change: Mapping[str, Any]) -> bool:
    kind = change["ResourceType"]
    if kind.startswith(GRANTING) or kind.endswith("Policy") or kind == "AWS::Lambda::Permission":
        return True
    return any(detail["Target"].get("Name") in GRANTS for detail in change.get("Details", ()))


def _is_harmless(change: Mapping[str, Any]) -> bool:
    targets = [detail["Target"] for detail in change.get("Details", ())]
    names = {target.get("Name") or target.get("Attribute", "") for target in targets}
    return bool(names) and names <= HARMLESS


def _context(change: Mapping[str, Any], name: str) -> object | None:
    try:
        return json.loads(change[name]).get("Properties", {}) if change.get(name) else None
    except (ValueError, AttributeError):
        return None


def _statements(node: object) -> Iterator[tuple[str, bool]]:
    """Every statement, attached policy and boundary below a resource's properties as comparable text, and whether it
    denies. A boundary counts as denying: another one in its place may bound less.
    """
    if not isinstance(node, Mapping):
        return
    for name, value in node.items():
        if name == "Policies" and isinstance(value, list):
            for policy in value:
                yield from _statements(policy)
        elif name in GRANTS:
            yield from _parts(name, value)


def _parts(name: str, value: object) -> Iterator[tuple[str, bool]]:
    document = _parsed(value)
    parts = document.get("Statement", []) if isinstance(document, Mapping) else document
    for part in parts if isinstance(parts, list) else [parts]:
        denies = name == BOUNDARY or (isinstance(part, Mapping) and part.get("Effect") == "Deny")
        yield f"{name}: {json.dumps(part, sort_keys=True)}", denies


def _parsed(value: object) -> object:
    """A policy may stand as text (RepositoryPolicyText) or as an object."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value
