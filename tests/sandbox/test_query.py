"""The query protocol, driven by the service model: parsing, answers, constraints."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from sandbox.api import query
from sandbox.api.constraints import check
from sandbox.api.errors import AwsError
from sandbox.api.models import operation_model


def _model(name: str):  # type: ignore[no-untyped-def]
    found = operation_model("cloudformation", name)
    assert found is not None
    return found


def test_parse_builds_typed_parameters() -> None:
    fields = {
        "Action": "CreateStackInstances",
        "StackSetName": "s",
        **{f"Accounts.member.{n}": f"{n:012d}" for n in range(1, 12)},
        "Regions.member.1": "eu-west-1",
        "ParameterOverrides.member.1.ParameterKey": "K",
        "ParameterOverrides.member.1.UsePreviousValue": "true",
        "OperationPreferences.MaxConcurrentCount": "3",
        "Unknown.Member": "dropped",
    }
    assert query.parse(_model("CreateStackInstances").input_shape, fields) == {
        "StackSetName": "s",
        "Accounts": [f"{n:012d}" for n in range(1, 12)],
        "Regions": ["eu-west-1"],
        "ParameterOverrides": [{"ParameterKey": "K", "UsePreviousValue": True}],
        "OperationPreferences": {"MaxConcurrentCount": 3},
    }


def test_an_empty_list_is_a_list() -> None:
    assert query.parse(_model("UpdateStack").input_shape, {"Tags": ""}) == {"Tags": []}


def test_answer_escapes_and_leaves_out_none() -> None:
    rows = [{"StackName": "a<b", "StackStatus": None, "CreationTime": datetime(2026, 1, 2, 3, 4, 5, 678900, UTC)}]
    assert query.answer(_model("ListStacks"), {"StackSummaries": rows}, "r").decode() == (
        '<ListStacksResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><ListStacksResult>'
        "<StackSummaries><member><StackName>a&lt;b</StackName><CreationTime>2026-01-02T03:04:05.678Z</CreationTime>"
        "</member></StackSummaries></ListStacksResult>"
        "<ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></ListStacksResponse>"
    )


def test_refusal() -> None:
    assert query.refusal(AwsError("ValidationError", "a & b"), "r").decode() == (
        "<ErrorResponse><Error><Type>Sender</Type><Code>ValidationError</Code><Message>a &amp; b</Message></Error>"
        "<RequestId>r</RequestId></ErrorResponse>"
    )


def test_constraints_name_every_violation() -> None:
    params = {"StackSetName": "s", "Accounts": ["12"], "RetainStacks": False}
    with pytest.raises(AwsError) as caught:
        check(_model("DeleteStackInstances").input_shape, params)
    assert caught.value.message == (
        "2 validation errors detected: Value null at 'regions' failed to satisfy constraint: Member must not be null; "
        "Value '12' at 'accounts.1.member' failed to satisfy constraint: "
        "Member must satisfy regular expression pattern: ^[0-9]{12}$"
    )


def test_a_number_that_is_none() -> None:
    with pytest.raises(AwsError, match="ValidationError: 'many' is not an integer"):
        query.parse(_model("ListStackInstances").input_shape, {"MaxResults": "many"})
