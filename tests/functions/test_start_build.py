"""The packaging build: its end is awaited, and every end is answered."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

PROPERTIES = {"ProjectName": "packaging"}


@dataclass
class Builds:
    """CodeBuild, with what it says of the build each time it is asked; the last answer stays."""

    states: list[dict[str, Any]]
    started: list[str] = field(default_factory=list)

    def start_build(self, projectName: str) -> dict[str, Any]:
        self.started.append(projectName)
        return {"build": {"id": "packaging:1", "buildStatus": "IN_PROGRESS"}}

    def batch_get_builds(self, ids: list[str]) -> dict[str, Any]:
        assert ids == ["packaging:1"]
        state = self.states.pop(0) if len(self.states) > 1 else self.states[0]
        return {"builds": [{"id": "packaging:1", **state}]}


@pytest.fixture
def function(load: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    module = load("start-build")
    monkeypatch.setattr(module.time, "sleep", lambda seconds: None)
    return module


def test_create_and_update_run_the_build_to_its_end(invoke: Any, function: Any, clients: dict[str, Any]) -> None:
    """B011, B012, B030."""
    for kind, physical_id in (("Create", None), ("Update", "build-of-packaging")):
        clients["codebuild"] = Builds([{"buildStatus": "IN_PROGRESS"}, {"buildStatus": "SUCCEEDED"}])
        answer = invoke(function.handler, kind, PROPERTIES, physical_id)
        assert (answer["Status"], answer["PhysicalResourceId"], answer["Data"]) == (
            "SUCCESS",
            "build-of-packaging",
            {"BuildId": "packaging:1"},
        )
        assert clients["codebuild"].started == ["packaging"]


def test_delete_starts_nothing(invoke: Any, function: Any, clients: dict[str, Any]) -> None:
    assert clients == {}
    answer = invoke(function.handler, "Delete", PROPERTIES, "build-of-packaging")
    assert (answer["Status"], answer["PhysicalResourceId"]) == ("SUCCESS", "build-of-packaging")


def test_a_failed_build_fails_with_its_own_words(invoke: Any, function: Any, clients: dict[str, Any]) -> None:
    """B030."""
    phases = [
        {"phaseType": "INSTALL", "phaseStatus": "SUCCEEDED", "contexts": [{"message": ""}]},
        {"phaseType": "BUILD", "phaseStatus": "FAILED", "contexts": [{"message": "make: exit status 3"}]},
    ]
    clients["codebuild"] = Builds([{"buildStatus": "FAILED", "phases": phases}])
    answer = invoke(function.handler, "Create", PROPERTIES)
    assert (answer["Status"], answer["Reason"]) == (
        "FAILED",
        "packaging: build packaging:1 ended FAILED: BUILD: make: exit status 3",
    )


def test_a_build_that_outlasts_the_function_is_answered(invoke: Any, function: Any, clients: dict[str, Any]) -> None:
    """B029, B030."""
    clients["codebuild"] = Builds([{"buildStatus": "IN_PROGRESS"}])
    answer = invoke(function.handler, "Create", PROPERTIES, seconds=34)
    assert (answer["Status"], answer["Reason"]) == (
        "FAILED",
        "packaging: build packaging:1 still runs; when it has ended, update the stack",
    )


def test_an_unexpected_exception_is_answered(invoke: Any, function: Any, clients: dict[str, Any]) -> None:
    """B029."""
    clients["codebuild"] = object()
    answer = invoke(function.handler, "Create", PROPERTIES)
    assert (answer["Status"], answer["Reason"]) == (
        "FAILED",
        "packaging: 'object' object has no attribute 'start_build'",
    )
