"""The rule VariableCheck, operator by operator, and rules that cannot be checked."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.pipelines.conditions import unmet
from sandbox.pipelines.model import ActionFailed, Execution

ARN = "arn:aws:codepipeline:eu-west-1:111111111111:p"


def checked(configuration: dict[str, str], provider: str = "VariableCheck") -> tuple[str, str] | None:
    kind = {"category": "Rule", "owner": "AWS", "provider": provider, "version": "1"}
    rule: dict[str, Any] = {"name": "Rule", "ruleTypeId": kind, "configuration": configuration}
    execution = Execution({"name": "p"}, ARN, {}, {"variables": {"Word": "some words"}})
    return unmet({"conditions": [{"result": "SKIP", "rules": [rule]}]}, execution)


@pytest.mark.parametrize(
    ("operator", "holds", "does_not"),
    [
        ("EQ", "some words", "some"),
        ("NE", "some", "some words"),
        ("CONTAINS", "me wo", "mew"),
        ("MATCHES", "^s.*s$", "^w"),
    ],
)
def test_operators(operator: str, holds: str, does_not: str) -> None:
    variable = {"Variable": "#{variables.Word}", "Operator": operator}
    assert checked({**variable, "Value": holds}) is None
    reason = f"Rule Rule: #{{variables.Word}} is 'some words', which is not {operator} {does_not!r}"
    assert checked({**variable, "Value": does_not}) == ("SKIP", reason)


@pytest.mark.parametrize(
    ("configuration", "provider", "problem"),
    [
        ({}, "CloudWatchAlarm", "not emulated: rule provider CloudWatchAlarm"),
        ({"Variable": "x", "Operator": "EQ"}, "VariableCheck", "Rule Rule: configuration lacks Value"),
        (
            {"Variable": "x", "Operator": "LIKE", "Value": "y"},
            "VariableCheck",
            "VariableCheck has no operator LIKE",
        ),
        (
            {"Variable": "x", "Operator": "MATCHES", "Value": "("},
            "VariableCheck",
            "'(' is no regular expression: missing ), unterminated subpattern at position 0",
        ),
        (
            {"Variable": "#{Build.X}", "Operator": "EQ", "Value": "y"},
            "VariableCheck",
            "The variable #{Build.X} is not available: no action that has run gives it",
        ),
    ],
)
def test_rules_that_cannot_be_checked(configuration: dict[str, str], provider: str, problem: str) -> None:
    with pytest.raises(ActionFailed) as failure:
        checked(configuration, provider)
    assert failure.value.message == problem
