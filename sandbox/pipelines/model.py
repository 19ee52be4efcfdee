"""An execution of a pipeline: its stages, the actions that ran, and what they left."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sandbox.builds.model import Stored

ENDED = frozenset({"Succeeded", "Failed", "Stopped", "Superseded"})


class ActionFailed(Exception):
    """An action did not succeed; `code` is errorDetails.code."""

    def __init__(self, message: str, code: str = "JobFailed", *, external_id: str = "") -> None:
        super().__init__(message)
        self.message, self.code, self.external_id = message, code, external_id


def not_emulated(what: str) -> ActionFailed:
    return ActionFailed(f"not emulated: {what}", "NotEmulated")


@dataclass(frozen=True)
class Outcome:
    """What a successful action says: variables for its namespace, and where to look for more."""

    variables: Mapping[str, str] = field(default_factory=dict)
    summary: str = ""
    external_id: str = ""


@dataclass(eq=False)
class ActionRun:
    """One run of one action; `token` is set while a manual approval waits."""

    stage: str
    declaration: Mapping[str, Any]
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    status: str = "InProgress"
    started: datetime = field(default_factory=lambda: datetime.now(UTC))
    changed: datetime = field(default_factory=lambda: datetime.now(UTC))
    resolved: Mapping[str, str] = field(default_factory=dict)
    outcome: Outcome = Outcome()
    failure: ActionFailed | None = None
    token: str = ""
    decided_by: str = ""
    inputs: tuple[Stored, ...] = ()
    outputs: tuple[Stored, ...] = ()

    @property
    def name(self) -> str:
        return str(self.declaration["name"])

    @property
    def external_id(self) -> str:
        return self.failure.external_id if self.failure else self.outcome.external_id

    def end(self, status: str, outcome: Outcome = Outcome(), failure: ActionFailed | None = None) -> None:
        self.outcome, self.failure, self.token = outcome, failure, ""
        self.changed, self.status = datetime.now(UTC), status


@dataclass
class StageRun:
    """How far a stage came in one execution; `condition` says why one of its conditions did not hold."""

    name: str
    status: str = "InProgress"
    condition: str = ""


@dataclass(eq=False)
class Execution:
    """One execution; its thread writes, everybody reads.

    `namespaces` are the variables by namespace, `variables` among them; `artifacts` where each one lies. `declaration`
    is the pipeline as it was when this began.
    """

    declaration: Mapping[str, Any]
    arn: str
    trigger: Mapping[str, str]
    namespaces: dict[str, Mapping[str, str]]
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    status: str = "InProgress"
    summary: str = ""
    started: datetime = field(default_factory=lambda: datetime.now(UTC))
    changed: datetime = field(default_factory=lambda: datetime.now(UTC))
    token: str = ""
    stages: dict[str, StageRun] = field(default_factory=dict)
    actions: list[ActionRun] = field(default_factory=list)
    artifacts: dict[str, Stored] = field(default_factory=dict)
    revisions: list[Mapping[str, str]] = field(default_factory=list)
    waits_for: str = ""
    stopping: threading.Event = field(default_factory=threading.Event)
    abandoned: bool = False

    @property
    def name(self) -> str:
        return str(self.declaration["name"])

    @property
    def account(self) -> str:
        return self.arn.split(":")[4]

    @property
    def region(self) -> str:
        return self.arn.split(":")[3]

    @property
    def mode(self) -> str:
        return str(self.declaration.get("executionMode", "SUPERSEDED"))

    @property
    def has_ended(self) -> bool:
        return self.status in ENDED

    def set(self, status: str, summary: str = "") -> None:
        self.changed, self.status, self.summary = datetime.now(UTC), status, summary or self.summary

    def latest(self, stage: str, action: str) -> ActionRun | None:
        """The newest run of an action."""
        found = (run for run in reversed(self.actions) if (run.stage, run.name) == (stage, action))
        return next(found, None)
