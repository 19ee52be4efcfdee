"""Policy evaluation: statements about single documents."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.policies import Question, conditions_hold, is_allowed

ROOT = "arn:aws:iam::111111111111:root"
ROLE = "arn:aws:iam::222222222222:role/Exec"


def allow(**elements: Any) -> dict[str, Any]:
    return {"Statement": {"Effect": "Allow", **elements}}


@pytest.mark.parametrize(
    ("principal", "expected"),
    [
        ({"AWS": "111111111111"}, True),
        ({"AWS": ROOT}, True),
        ({"AWS": ["333333333333", ROOT]}, True),
        ({"AWS": "222222222222"}, False),
        ("*", True),
        ({"AWS": "*"}, True),
        ({"Service": "cloudformation.amazonaws.com"}, False),
    ],
)
def test_principal(principal: Any, expected: bool) -> None:
    question = Question("sts:assumerole", ROLE, (ROOT,))
    assert is_allowed([allow(Action="sts:AssumeRole", Principal=principal)], question) is expected


def test_service_principal() -> None:
    document = allow(Action="sts:AssumeRole", Principal={"Service": ["a.amazonaws.com", "b.amazonaws.com"]})
    assert is_allowed([document], Question("sts:assumerole", ROLE, service="b.amazonaws.com"))
    assert not is_allowed([document], Question("sts:assumerole", ROLE, service="c.amazonaws.com"))


@pytest.mark.parametrize(
    ("action", "resource", "expected"),
    [
        ("sts:*", "*", True),
        ("STS:Assume*", "arn:aws:iam::*:role/Exec", True),
        ("sts:AssumeRole", "arn:aws:iam::*:role/Other", False),
        ("s3:*", "*", False),
    ],
)
def test_identity_policy(action: str, resource: str, expected: bool) -> None:
    document = allow(Action=[action], Resource=resource)
    assert is_allowed([document], Question("sts:assumerole", ROLE)) is expected


def test_deny_wins_and_not_elements_invert() -> None:
    everything = allow(Action="*", Resource="*")
    denied = {"Statement": [{"Effect": "Deny", "NotAction": "s3:*", "Resource": "*"}]}
    assert not is_allowed([everything, denied], Question("sts:assumerole", ROLE))
    assert is_allowed([everything, denied], Question("s3:getobject", "arn:aws:s3:::b/k"))


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        ({"StringEquals": {"aws:PrincipalOrgID": "o-1"}}, True),
        ({"StringEquals": {"AWS:principalorgid": ["o-2", "o-1"]}}, True),
        ({"StringEquals": {"aws:PrincipalOrgID": "o-2"}}, False),
        ({"StringNotEquals": {"aws:PrincipalOrgID": "o-2"}}, True),
        ({"StringNotEquals": {"aws:absent": "x"}}, True),
        ({"StringEquals": {"aws:absent": "x"}}, False),
        ({"StringEqualsIfExists": {"aws:absent": "x"}}, True),
        ({"Null": {"aws:absent": "true"}}, True),
        ({"Null": {"aws:PrincipalOrgID": "true"}}, False),
        ({"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "o-1/r-1/ou-1/*"}}, True),
        ({"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "o-1/r-1/ou-2/*"}}, False),
        ({"ForAllValues:StringLike": {"aws:absent": "x"}}, True),
        ({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/*-role"}}, True),
        ({"ArnLike": {"aws:PrincipalArn": "arn:aws:sts::*:role/*-role"}}, False),
        ({"Bool": {"aws:SecureTransport": "True"}}, True),
        ({"StringEquals": {"aws:PrincipalOrgID": "o-1"}, "Bool": {"aws:SecureTransport": "false"}}, False),
    ],
)
def test_conditions(conditions: dict[str, Any], expected: bool) -> None:
    context = {
        "aws:PrincipalOrgID": "o-1",
        "aws:PrincipalOrgPaths": ["o-1/r-1/ou-1/ou-3/"],
        "aws:PrincipalArn": "arn:aws:iam::111111111111:role/my-role",
        "aws:SecureTransport": "true",
    }
    assert conditions_hold(conditions, context) is expected


def test_an_unknown_operator_is_an_error() -> None:
    with pytest.raises(ValueError, match="condition operator IpAddress is not evaluated by the sandbox"):
        conditions_hold({"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}, {"aws:SourceIp": "10.0.0.1"})
