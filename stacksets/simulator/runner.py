"""Runs simulated operations: Region by Region, so many accounts at once, until done or too many have failed."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TypeAlias

from stacksets.simulator.clock import VirtualClock
from stacksets.simulator.model import SKIPPED, Cell, Held, Job, Lane, Outcome, lanes_of
from stacksets.spec import Definition
from stacksets.state import Instance

CANCELLED = "Cancelled since failure tolerance has exceeded"
Watch: TypeAlias = Callable[[Held, Job, Cell, Outcome], None]


def unwatched(held: Held, job: Job, cell: Cell, outcome: Outcome) -> None:
    del held, job, cell, outcome


@dataclass
class Fate:
    """How the accounts behave; all of it may be changed while time passes.

    `seconds`: how long a stack takes, by stack set, else `otherwise`; `spread` is the share by which it varies;
    `slowness`: account → factor; `failing`: account → the reason it fails with.
    """

    seed: str = ""
    otherwise: float = 20.0
    spread: float = 0.0
    seconds: dict[str, float] = field(default_factory=dict)
    slowness: dict[str, float] = field(default_factory=dict)
    failing: dict[str, str] = field(default_factory=dict)
    suspended: set[str] = field(default_factory=set)

    def duration(self, name: str, account: str) -> float:
        """The same for the same account and set, whatever came before."""
        plain = self.seconds.get(name, self.otherwise) * self.slowness.get(account, 1.0)
        if not self.spread:
            return plain
        return plain * random.Random(f"{self.seed} {name} {account}").uniform(1 - self.spread, 1 + self.spread)


@dataclass
class Runner:
    """`ceiling`: instances of one set worked on at once (0: no limit); `regional`: of all sets in a Region."""

    clock: VirtualClock
    fate: Fate
    watch: Watch = unwatched
    ceiling: int = 0
    regional: int = 10_000
    running: Counter[str] = field(default_factory=Counter)
    _held_up: list[tuple[Held, Job, Lane]] = field(default_factory=list)

    def submit(self, held: Held, job: Job) -> None:
        """Take the operation in; it begins when nothing before it concerns the same instances."""
        job.submitted = self.clock.now()
        _claim(held, job)
        held.jobs[job.id] = job
        held.active.append(job)
        self._start_ready(held)

    def _start_ready(self, held: Held) -> None:
        for position, job in enumerate(list(held.active)):
            if job.status == "QUEUED" and not any(job.conflicts_with(other) for other in held.active[:position]):
                self._begin(held, job)

    def _begin(self, held: Held, job: Job) -> None:
        job.status, job.begun = "RUNNING", self.clock.now()
        _claim(held, job)
        _take_effect(held, job)
        job.lanes = list(lanes_of(job))
        if not job.cells:
            self.clock.after(0.0, partial(self._end, held, job))
        for lane in job.lanes if job.preferences.regions_parallel else job.lanes[:1]:
            self._pump(held, job, lane)

    def _pump(self, held: Held, job: Job, lane: Lane) -> None:
        """Start instances while slots are free; cancel the rest when the tolerance is exceeded."""
        while lane.waiting and lane.running < self._slots(lane):
            if self.running[lane.region] >= self.regional:
                self._held_up.append((held, job, lane))
                return
            cell = lane.waiting.popleft()
            lane.running += 1
            self.running[lane.region] += 1
            held.instances[cell] = replace(held.instances[cell], detailed="RUNNING")
            self.clock.after(self._duration(held, job, cell), partial(self._finish, held, job, lane, cell))
        if lane.is_spent:
            self._cancel(held, job, lane)
        if not lane.waiting and not lane.running:
            self._lane_ended(held, job, lane)

    def _slots(self, lane: Lane) -> int:
        return min(lane.slots, self.ceiling) if self.ceiling else lane.slots

    def _duration(self, held: Held, job: Job, cell: Cell) -> float:
        if job.retain or cell[0] in self.fate.suspended:
            return 0.0
        return self.fate.duration(held.definition.name, cell[0])

    def _finish(self, held: Held, job: Job, lane: Lane, cell: Cell) -> None:
        lane.running -= 1
        self.running[lane.region] -= 1
        outcome = self._outcome(job, cell)
        if outcome.status == "FAILED":
            lane.failures += 1
            job.failed += 1
        self._record(held, job, cell, outcome)
        self._pump(held, job, lane)
        waiting, self._held_up = self._held_up, []
        for late in waiting:
            self._pump(*late)

    def _outcome(self, job: Job, cell: Cell) -> Outcome:
        now, account = self.clock.now(), cell[0]
        if job.retain:
            return Outcome(now, "SUCCEEDED")
        if account in self.fate.suspended:
            return Outcome(now, SKIPPED, f"Account {account} is suspended")
        reason = self.fate.failing.get(account)
        return Outcome(now, "SUCCEEDED") if reason is None else Outcome(now, "FAILED", reason)

    def _cancel(self, held: Held, job: Job, lane: Lane) -> None:
        while lane.waiting:
            self._record(held, job, lane.waiting.popleft(), Outcome(self.clock.now(), "CANCELLED", CANCELLED))

    def _record(self, held: Held, job: Job, cell: Cell, outcome: Outcome) -> None:
        job.outcomes[cell] = outcome
        _apply(held, job, cell, outcome)
        self.watch(held, job, cell, outcome)

    def _lane_ended(self, held: Held, job: Job, lane: Lane) -> None:
        following = job.lanes[job.lanes.index(lane) + 1 :]
        if not job.preferences.regions_parallel and following:
            if lane.is_spent:
                for later in following:
                    self._cancel(held, job, later)
            else:
                self._pump(held, job, following[0])
                return
        if job.is_active and not any(other.waiting or other.running for other in job.lanes):
            self._end(held, job)

    def _end(self, held: Held, job: Job) -> None:
        job.status = "FAILED" if any(lane.is_spent for lane in job.lanes) else "SUCCEEDED"
        job.ended = self.clock.now()
        held.active.remove(job)
        self._start_ready(held)


def _claim(held: Held, job: Job) -> None:
    """Make the instances that a CREATE adds; leave out those that an operation before it has removed."""
    if job.kind == "CREATE":
        for cell in job.cells:
            held.instances.setdefault(cell, Instance(*cell, "OUTDATED", "PENDING"))
    job.cells = tuple(cell for cell in job.cells if cell in held.instances)
    for cell in job.cells:
        held.instances[cell] = replace(held.instances[cell], detailed="PENDING", reason="", last_operation=job.id)


def _take_effect(held: Held, job: Job) -> None:
    """What an operation changes before it touches an account: the definition, OUTDATED marks, overrides."""
    if job.definition is not None:
        marks_all = _deploys(job.definition) != _deploys(held.definition)
        held.definition, held.is_managed = job.definition, True
        if marks_all:
            for cell, one in held.instances.items():
                if one.status == "CURRENT":
                    held.instances[cell] = replace(one, status="OUTDATED")
    if job.overrides is not None:
        for cell in job.cells:
            held.overrides[cell] = dict(job.overrides)
    if job.kind == "UPDATE":
        for cell in job.cells:
            held.instances[cell] = replace(held.instances[cell], status="OUTDATED")


def _deploys(definition: Definition) -> tuple[str, Mapping[str, str]]:
    return definition.template_sha256, definition.parameters


def _apply(held: Held, job: Job, cell: Cell, outcome: Outcome) -> None:
    """A failed deletion leaves the instance INOPERABLE; a failed or cancelled deployment leaves it OUTDATED."""
    done = outcome.status == "SUCCEEDED"
    if job.kind == "DELETE" and done:
        held.instances.pop(cell, None)
        held.overrides.pop(cell, None)
        if not job.retain:
            held.stacks.pop(cell, None)
        return
    if done:
        held.stacks[cell] = held.content(cell)
    inoperable = job.kind == "DELETE" and outcome.status == "FAILED"
    status = "INOPERABLE" if inoperable else "CURRENT" if done else held.instances[cell].status
    detailed = "INOPERABLE" if inoperable else outcome.status
    held.instances[cell] = replace(held.instances[cell], status=status, detailed=detailed, reason=outcome.reason)
