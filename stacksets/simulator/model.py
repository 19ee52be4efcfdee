"""What the simulated service keeps: sets, their instances, the stacks behind them, and operations."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from stacksets.spec import Definition, Preferences
from stacksets.state import ACTIVE, Instance, Operation, SetState

Cell: TypeAlias = tuple[str, str]
SKIPPED = "SKIPPED_SUSPENDED_ACCOUNT"


@dataclass(frozen=True, slots=True)
class Content:
    """What a stack in an account was deployed with."""

    template: str
    parameters: tuple[tuple[str, str], ...]
    tags: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one instance ended: SUCCEEDED, FAILED, CANCELLED or SKIPPED_SUSPENDED_ACCOUNT."""

    at: float
    status: str
    reason: str = ""


@dataclass(slots=True)
class Lane:
    """One Region of an operation: who waits, how many run, how many failed."""

    region: str
    waiting: deque[Cell]
    concurrency: int
    tolerance: int
    is_strict: bool
    running: int = 0
    failures: int = 0

    @property
    def is_spent(self) -> bool:
        return self.failures > self.tolerance

    @property
    def slots(self) -> int:
        """How many may run now; strict tolerance lets it shrink with the failures."""
        if self.is_spent:
            return 0
        return min(self.concurrency, self.tolerance + 1 - self.failures) if self.is_strict else self.concurrency


@dataclass(slots=True, eq=False)
class Job:
    """An operation; `definition` and `overrides` take effect when it begins. Exclusive ones conflict with all."""

    id: str
    kind: str
    cells: tuple[Cell, ...]
    preferences: Preferences
    definition: Definition | None = None
    overrides: Mapping[str, str] | None = None
    retain: bool = False
    is_exclusive: bool = False
    status: str = "QUEUED"
    submitted: float = 0.0
    begun: float = -1.0
    ended: float = -1.0
    failed: int = 0
    lanes: list[Lane] = field(default_factory=list)
    outcomes: dict[Cell, Outcome] = field(default_factory=dict)

    @property
    def is_active(self) -> bool:
        return self.status in ACTIVE

    def conflicts_with(self, other: Job) -> bool:
        if self.is_exclusive or other.is_exclusive:
            return True
        small, large = sorted((self.cells, other.cells), key=len)
        return len(large) > 0 and not frozenset(large).isdisjoint(small)

    def shown(self, now: float, lag: float = 0.0) -> Operation | None:
        """As it is described; with a `lag` as it was that long ago, None when it did not exist yet."""
        if lag and self.submitted > now - lag:
            return None
        status = "RUNNING" if lag and self.ended > now - lag else self.status
        return Operation(self.id, self.kind, status, failed=self.failed)


@dataclass(slots=True, eq=False)
class Held:
    """A stack set; `stacks` are those in the accounts, which stay when the set only forgets them."""

    definition: Definition
    is_managed: bool = True
    instances: dict[Cell, Instance] = field(default_factory=dict)
    overrides: dict[Cell, dict[str, str]] = field(default_factory=dict)
    stacks: dict[Cell, Content] = field(default_factory=dict)
    jobs: dict[str, Job] = field(default_factory=dict)
    active: list[Job] = field(default_factory=list)

    def content(self, cell: Cell) -> Content:
        """What a deployment would bring to this instance now."""
        values = {**self.definition.parameters, **self.overrides.get(cell, {})}
        tags = tuple(sorted(self.definition.tags.items()))
        return Content(self.definition.template_sha256, tuple(sorted(values.items())), tags)

    def is_done(self, cell: Cell) -> bool:
        """The instance is CURRENT and its stack is what the set says."""
        found = self.instances.get(cell)
        return found is not None and found.is_quiet and self.stacks.get(cell) == self.content(cell)

    def described(self) -> SetState:
        return SetState(
            name=self.definition.name,
            template=(self.definition.template_sha256,),
            parameters=self.definition.parameters,
            tags=self.definition.tags,
            administration_role_arn=self.definition.administration_role_arn,
            execution_role_name=self.definition.execution_role_name,
            is_managed_execution=self.is_managed,
        )


def lanes_of(job: Job) -> Iterator[Lane]:
    """One lane a Region, in the order of the cells; limits are of the accounts in it."""
    regions: dict[str, deque[Cell]] = {}
    for cell in job.cells:
        regions.setdefault(cell[1], deque()).append(cell)
    for region, waiting in regions.items():
        accounts, limits = len(waiting), job.preferences
        yield Lane(region, waiting, limits.concurrent(accounts), limits.tolerated(accounts), not limits.is_soft)
