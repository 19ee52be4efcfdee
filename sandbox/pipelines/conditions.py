"""Conditions of stages: of all rules VariableCheck is emulated, the one that needs no other service.

Source: CodePipeline User Guide, "Stage conditions" and "VariableCheck".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from sandbox.pipelines.model import ActionFailed, Execution, not_emulated
from sandbox.pipelines.variables import resolved


def unmet(conditions: Mapping[str, Any], execution: Execution) -> tuple[str, str] | None:
    """(result, reason) of the first condition that does not hold; None when all do. ActionFailed where unknown."""
    for condition in conditions.get("conditions") or ():
        for rule in condition.get("rules") or ():
            reason = _broken(rule, execution)
            if reason:
                return str(condition.get("result", "FAIL")), reason
    return None


def _broken(rule: Mapping[str, Any], execution: Execution) -> str:
    """Why the rule does not hold; empty when it does."""
    provider = rule["ruleTypeId"]["provider"]
    if provider != "VariableCheck":
        raise not_emulated(f"rule provider {provider}")
    configuration = rule.get("configuration") or {}
    missing = [name for name in ("Variable", "Value", "Operator") if name not in configuration]
    if missing:
        raise ActionFailed(f"Rule {rule['name']}: configuration lacks {', '.join(missing)}", "ConfigurationError")
    found = resolved(str(configuration["Variable"]), execution)
    wanted, operator = str(configuration["Value"]), str(configuration["Operator"])
    if _holds(operator, found, wanted):
        return ""
    return f"Rule {rule['name']}: {configuration['Variable']} is {found!r}, which is not {operator} {wanted!r}"


def _holds(operator: str, found: str, wanted: str) -> bool:
    match operator:
        case "EQ":
            return found == wanted
        case "NE":
            return found != wanted
        case "CONTAINS":
            return wanted in found
        case "MATCHES":
            return _matches(wanted, found)
    raise ActionFailed(f"VariableCheck has no operator {operator}", "ConfigurationError")


def _matches(pattern: str, text: str) -> bool:
    try:
        return re.search(pattern, text) is not None
    except re.error as error:
        raise ActionFailed(f"{pattern!r} is no regular expression: {error}", "ConfigurationError") from None
