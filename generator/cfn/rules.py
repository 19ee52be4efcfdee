"""The functions that only CloudFormation's Rules section knows (User Guide, "Rule-specific intrinsic functions")."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from generator.cfn.contract import Param

Check = dict[str, Any]


def equals(parameter: Param, value: str) -> Check:
    return {"Fn::Equals": [parameter, value]}


def differs(parameter: Param, value: str) -> Check:
    return {"Fn::Not": [equals(parameter, value)]}


def given(parameter: Param) -> Check:
    """The parameter is not the empty string."""
    return differs(parameter, "")


def missing(parameter: Param) -> Check:
    return equals(parameter, "")


def contains(values: Sequence[Any], parameter: Param) -> Check:
    return {"Fn::Contains": [list(values), parameter]}


def all_of(*checks: Check) -> Check:
    return checks[0] if len(checks) == 1 else {"Fn::And": list(checks)}


def any_of(*checks: Check) -> Check:
    return checks[0] if len(checks) == 1 else {"Fn::Or": list(checks)}


def negate(check: Check) -> Check:
    return {"Fn::Not": [check]}
