"""Which cases MiniStack can express: it knows one account and few kinds of policies, and resolves no variables."""

from __future__ import annotations

import json
from fnmatch import fnmatchcase
from typing import Any

Case = dict[str, Any]

_KINDS = {"IDENTITY", "BOUNDARY", "SESSION", "RESOURCE", "KEY"}
# It takes the time of the clock, ignores NotPrincipal, and compares a Bool with one value.
_WORDS = ("${", "currenttime", "epochtime", "notprincipal", '["true", "false"]', '["false", "true"]')
# It fills these in by itself, and cannot leave them out.
_ALWAYS_THERE = ("aws:sourceip", "aws:securetransport", "aws:requestedregion", "aws:username", "aws:tagkeys")


def fits_ministack(case: Case) -> bool:
    """Whether the statements that speak about the action say nothing that it does not know."""
    statements = [one for policy in case["policies"] for one in speaking(policy["document"], case["action"])]
    text = json.dumps(statements).lower()
    kinds = {policy["kind"] for policy in case["policies"]}
    context = {key.lower(): value for key, value in case["context"].items()}
    return (
        _is_of_one_account(case)
        and kinds <= _KINDS
        and not any(word in text for word in _WORDS)
        and (":key/" not in case["resource"] or "KEY" in kinds)
        # For it the ARN of a session is that of the session, not of the role.
        and not (case["role"] and "principalarn" in text)
        # A boundary limits what it grants to everybody; see disagreements.md.
        and not (kinds & {"BOUNDARY", "SESSION"} and _names_everybody(statements))
        and not any(key in text and key not in context for key in _ALWAYS_THERE)
        and context.get("aws:securetransport") != "TRUE"
        # It takes a resource whose ARN names no account for the caller's.
        and context.get("aws:resourceaccount", case["owner"]) == case["owner"]
    )


def _is_of_one_account(case: Case) -> bool:
    """Roles to assume have a policy of a kind that it knows in its API only."""
    principal = case["principal"]
    is_known = principal.startswith("arn:") and (case["role"] or ":user/" in principal)
    is_own = is_known and principal.split(":")[4] == case["owner"]
    return bool(is_own) and not case["action"].lower().startswith("sts:")


def _names_everybody(statements: list[dict[str, Any]]) -> bool:
    return any(statement.get("Principal") in ("*", {"AWS": "*"}) for statement in statements)


def speaking(document: dict[str, Any], action: str) -> list[dict[str, Any]]:
    """The statements that may be about an action."""
    found = document["Statement"]
    return [one for one in (found if isinstance(found, list) else [found]) if _is_about(one, action.lower())]


def _is_about(statement: dict[str, Any], action: str) -> bool:
    written = statement.get("Action", "*")
    return any(fnmatchcase(action, one.lower()) for one in (written if isinstance(written, list) else [written]))
