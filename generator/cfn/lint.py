"""Exceptions to lint rules and scans, beside the resource that needs them and with the reason that each must have."""

from __future__ import annotations

from typing import Any


def lint_exception(reason: str, *rules: str) -> dict[str, Any]:
    """Metadata of a resource that silences `rules` on it, for one reason."""
    return {"cfn-lint": {"config": {"ignore_checks": list(rules)}, "reasons": dict.fromkeys(rules, reason)}}


def guard_exception(**reasons: str) -> dict[str, Any]:
    """Metadata of a resource that silences rules of AWS's Guard registry on it, each for its reason."""
    return {"guard": {"SuppressedRules": list(reasons), "reasons": reasons}}


def scan_exception(**reasons: str) -> dict[str, Any]:
    """Metadata of a resource that silences checks of checkov on it, each for its reason: `CKV_AWS_18="…"`."""
    return {"checkov": {"skip": [{"id": check, "comment": reason} for check, reason in reasons.items()]}}
