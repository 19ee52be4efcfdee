from __future__ import annotations

import json
import time
from types import ModuleType
from typing import Any

import pytest


@pytest.fixture
def make(custom_resource: ModuleType) -> Any:
    """A handler of a resource that is named by its property Name and counts its removals."""

    def handler_of(apply: Any, removed: list[str] | None = None) -> Any:
        def handler(event: dict[str, Any], context: Any) -> None:
            custom_resource.serve(
                event,
                context,
                identify=lambda properties: f"thing-{properties['Name']}",
                apply=apply,
                remove=lambda request: (removed if removed is not None else []).append(request.physical_id),
                oversize="use the other way",
            )

        return handler

    return handler_of


def envelope(status: str, reason: str, physical_id: str, data: dict[str, Any]) -> dict[str, Any]:
    return {
        "Status": status,
        "Reason": reason,
        "PhysicalResourceId": physical_id,
        "StackId": "arn:aws:cloudformation:eu-west-1:111111111111:stack/env/5b2c6d10-0000-0000-0000-000000000000",
        "RequestId": "request-1",
        "LogicalResourceId": "Thing",
        "Data": data,
    }


def test_create_and_update_answer_with_the_same_attributes_and_id(invoke: Any, make: Any) -> None:
    """B011, B012."""
    handler = make(lambda request: {"Colour": request.properties["Colour"]})
    properties = {"Name": "a", "Colour": "red"}
    wanted = envelope("SUCCESS", "", "thing-a", {"Colour": "red"})
    assert invoke(handler, "Create", properties) == wanted
    assert invoke(handler, "Update", properties, "thing-a") == wanted


def test_update_of_what_identifies_it_is_a_replacement(invoke: Any, make: Any) -> None:
    """B012."""
    answer = invoke(make(lambda request: {}), "Update", {"Name": "b"}, "thing-a")
    assert answer["PhysicalResourceId"] == "thing-b"


def test_delete_removes_what_the_request_names(invoke: Any, make: Any) -> None:
    removed: list[str] = []
    answer = invoke(make(lambda request: {}, removed), "Delete", {"Name": "b"}, "thing-a")
    assert (answer, removed) == (envelope("SUCCESS", "", "thing-a", {}), ["thing-a"])


def test_a_failed_create_is_deleted_without_a_call(invoke: Any, make: Any) -> None:
    removed: list[str] = []
    handler = make(lambda request: {}, removed)
    failed = invoke(handler, "Create", {"Colour": "red"})
    assert failed == envelope("FAILED", "KeyError: 'Name'", "Thing-not-created", {})
    assert invoke(handler, "Delete", {"Colour": "red"}, failed["PhysicalResourceId"])["Status"] == "SUCCESS"
    assert removed == []


def test_a_create_that_failed_halfway_is_removed(invoke: Any, make: Any) -> None:
    removed: list[str] = []

    def half(request: Any) -> dict[str, str]:
        raise RuntimeError("second call failed")

    failed = invoke(make(half, removed), "Create", {"Name": "a"})
    assert failed == envelope("FAILED", "RuntimeError: second call failed", "thing-a", {})
    invoke(make(half, removed), "Delete", {"Name": "a"}, "thing-a")
    assert removed == ["thing-a"]


def test_an_update_that_fails_keeps_its_id(invoke: Any, make: Any) -> None:
    assert invoke(make(lambda request: {}), "Update", {}, "thing-a") == envelope(
        "FAILED", "KeyError: 'Name'", "thing-a", {}
    )


def test_even_an_exit_is_answered(mailbox: Any, make: Any, event: Any, Context: Any) -> None:
    """B029."""

    def leave(request: Any) -> dict[str, str]:
        raise SystemExit(3)

    with pytest.raises(SystemExit):
        make(leave)(event("Create", {"Name": "a"}, mailbox.url), Context(60))
    assert [json.loads(body)["Reason"] for body in mailbox.bodies] == ["SystemExit: 3"]


def test_an_event_without_properties_is_answered(mailbox: Any, make: Any, Context: Any) -> None:
    """B029."""
    make(lambda request: {})({"RequestType": "Create", "ResponseURL": mailbox.url}, Context(60))
    assert [json.loads(body)["Reason"] for body in mailbox.bodies] == ["KeyError: 'ResourceProperties'"]


def test_the_answer_leaves_before_the_function_is_stopped(invoke: Any, make: Any, custom_resource: ModuleType) -> None:
    """B029."""

    def slow(request: Any) -> dict[str, str]:
        time.sleep(0.6)
        return {"Too": "late"}

    answer = invoke(make(slow), "Create", {"Name": "a"}, seconds=custom_resource.ANSWER_SECONDS + 0.2)
    assert answer == envelope("FAILED", "the time of the function ended before its work did", "thing-a", {})


def test_attributes_that_do_not_fit_fail_with_advice(invoke: Any, make: Any) -> None:
    answer = invoke(make(lambda request: {"Long": "x" * 4096}), "Create", {"Name": "a"})
    assert answer["Status"] == "FAILED"
    assert answer["Reason"] == ("the answer has 4335 bytes, a custom resource may return 4096: use the other way")


def test_a_long_reason_is_cut(invoke: Any, make: Any, custom_resource: ModuleType) -> None:
    def long(request: Any) -> dict[str, str]:
        raise custom_resource.Refusal("x" * 5000)

    assert invoke(make(long), "Create", {"Name": "a"})["Reason"] == "x" * 1000


def test_sending_is_tried_again(invoke: Any, make: Any, mailbox: Any) -> None:
    mailbox.refusals = 2
    assert invoke(make(lambda request: {}), "Create", {"Name": "a"})["Status"] == "SUCCESS"
    assert mailbox.content_types == [""]
