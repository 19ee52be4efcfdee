"""What happens while a plan or a stack is being applied, as typed events; who shows them is not our concern."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class StepStarted:
    """A step of a plan begins: a stage (`staging`), or `leave` for the accounts that are removed."""

    step: str
    actions: int


@dataclass(frozen=True, slots=True)
class ActionStarted:
    stack_set: str
    title: str
    accounts: int


@dataclass(frozen=True, slots=True)
class ActionFinished:
    stack_set: str
    title: str
    failed: int


@dataclass(frozen=True, slots=True)
class OperationStarted:
    """The service accepted an operation, or (`is_adopted`) it was found running from an earlier run."""

    stack_set: str
    operation: str
    accounts: int
    is_adopted: bool


@dataclass(frozen=True, slots=True)
class OperationProgress:
    """One look at a running operation; `failed` counts failed instances so far, -1 if the service is silent."""

    stack_set: str
    operation: str
    status: str
    failed: int
    seconds: float


@dataclass(frozen=True, slots=True)
class OperationFinished:
    stack_set: str
    operation: str
    status: str
    failed: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Waiting:
    """Something outside holds us up: another operation, a throttle; tried again after `seconds`."""

    where: str
    reason: str
    seconds: float


@dataclass(frozen=True, slots=True)
class AccountFailed:
    """One account of an operation failed; `cause` is the first causal event, or the service's own reason."""

    stack_set: str
    account: str
    region: str
    cause: str


@dataclass(frozen=True, slots=True)
class GatePassed:
    stage: str
    following: str


@dataclass(frozen=True, slots=True)
class Baking:
    """Before a step begins, `seconds` pass in which what was changed before it is watched."""

    step: str
    seconds: float


@dataclass(frozen=True, slots=True)
class StackEvent:
    """One event of a stack while it is deployed or deleted; `path` leads from the root stack through nested ones."""

    path: tuple[str, ...]
    resource: str
    type: str
    status: str
    reason: str


@dataclass(frozen=True, slots=True)
class StackStep:
    """A step of deploying one stack that a person should know of (a failed stack is deleted first, …)."""

    stack: str
    what: str


@dataclass(frozen=True, slots=True)
class AccountDone:
    """One account of a bootstrap is finished; `outcome` is `created`, `updated`, `unchanged` or `failed`."""

    account: str
    outcome: str
    detail: str = ""


Event: TypeAlias = (
    StepStarted
    | ActionStarted
    | ActionFinished
    | OperationStarted
    | OperationProgress
    | OperationFinished
    | Waiting
    | AccountFailed
    | GatePassed
    | Baking
    | StackEvent
    | StackStep
    | AccountDone
)
Report: TypeAlias = Callable[[Event], None]


def silent(event: Event) -> None:
    """A report that nobody reads."""
    del event
