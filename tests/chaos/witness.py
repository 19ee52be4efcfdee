"""Watches every operation that the service accepts, and says what must never happen."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TypeAlias

from stacksets.actions import CreateInstances, DeleteInstances, RetryInstances, UpdateInstances, UpdateSet
from stacksets.simulator.model import SKIPPED, Cell, Held, Job, Outcome
from stacksets.simulator.runner import Runner
from stacksets.spec import StackSetSpec
from stacksets.waves import partition

OURS = "mlz-"
Served: TypeAlias = UpdateSet | RetryInstances | CreateInstances | UpdateInstances | DeleteInstances


@dataclass
class Scope:
    """What is wanted at the moment, by stack set; `bystanders` are of no stage, ever.

    `newcomers` join a set that others are in already: they come when these have got the news, not before.
    """

    specs: dict[str, StackSetSpec] = field(default_factory=dict)
    bystanders: frozenset[str] = frozenset()
    is_disturbed: bool = False
    newcomers: frozenset[str] = frozenset()

    def cells(self, name: str) -> set[Cell]:
        return {(target.account, target.region) for target in self.specs[name].targets}


@dataclass
class Witness(Runner):
    """A runner that looks at what it is given. `wrongs` stays empty as long as all goes well."""

    scope: Scope = field(default_factory=Scope)
    sets: dict[str, Held] = field(default_factory=dict)
    wrongs: list[str] = field(default_factory=list)
    action: Served | None = None
    failed: dict[str, dict[str, int]] = field(default_factory=dict)

    def submit(self, held: Held, job: Job) -> None:
        if job.id.startswith(OURS):
            self.wrongs += [f"{held.definition.name} {job.kind} {job.id}: {wrong}" for wrong in self._wrongs(held, job)]
        super().submit(held, job)

    def _wrongs(self, held: Held, job: Job) -> Iterable[str]:
        name = held.definition.name
        mine = [other for other in held.active if other.id.startswith(OURS)]
        if any(_digest(other) == _digest(job) for other in mine):
            yield "the same change is under way"
        if any(set(other.cells) & set(job.cells) for other in mine):
            yield "an operation of ours is under way in these instances"
        follows = isinstance(self.action, RetryInstances) and self.action.follows
        if not self.scope.is_disturbed and not held.active and not follows and is_useless(held, job):
            yield "changes nothing"
        if any(account in self.scope.bystanders for account, _ in job.cells):
            yield "touches an account that is out of scope"
        yield from self._out_of_scope(held, job, name)
        if job.kind != "DELETE" and not self.scope.is_disturbed:
            yield from self._before_its_turn(held, job)

    def _out_of_scope(self, held: Held, job: Job, name: str) -> Iterable[str]:
        wanted = self.scope.cells(name) if name in self.scope.specs else set()
        match job.kind:
            case "DELETE":
                lost = [c for c in job.cells if c in wanted and held.instances[c].status != "INOPERABLE"]
                if any(c in held.instances for c in lost):
                    yield "removes an account that is wanted"
            case "CREATE":
                if not set(job.cells) <= wanted:
                    yield "adds an account that is not wanted"

    def _before_its_turn(self, held: Held, job: Job) -> Iterable[str]:
        """Earlier stages and waves must be done, all of them, where nobody may fail."""
        own = self.scope.specs[held.definition.name]
        if own.rollout.budget_percent:
            return
        peers = [one for one in self.scope.specs.values() if one.stage == own.stage]
        place = partition(own.rollout.waves, {account for one in peers for account in one.accounts})
        wave = min((place[account] for account, _ in job.cells if account in place), default=0)
        for other in self.scope.specs.values():
            if other.stage_position < own.stage_position:
                yield from self._undone(other, self.scope.cells(other.name))
            elif other.stage == own.stage:
                early = {c for c in self.scope.cells(other.name) if place[c[0]] < wave}
                yield from self._undone(other, {c for c in early if c[0] not in self.scope.newcomers})
                if other.layer_position < own.layer_position:
                    yield from self._undone(other, self._below(other, {account for account, _ in job.cells}))

    def _below(self, other: StackSetSpec, accounts: set[str]) -> set[Cell]:
        """What these accounts get in the layer below, apart from what has failed there and is borne."""
        held = self.sets.get(other.name)
        failed = {cell for cell, one in held.instances.items() if one.detailed == "FAILED"} if held else set()
        return {cell for cell in self.scope.cells(other.name) if cell[0] in accounts} - failed

    def _undone(self, other: StackSetSpec, cells: set[Cell]) -> Iterable[str]:
        held = self.sets.get(other.name)
        if cells and (held is None or not all(held.is_done(cell) for cell in cells)):
            yield f"{other.name} is not done"

    def begin(self, action: Served | None) -> None:
        """The executor begins this action: what fails from now on is held against its tolerance."""
        self.action = action
        self.failed.clear()

    def _record(self, held: Held, job: Job, cell: Cell, outcome: Outcome) -> None:
        super()._record(held, job, cell, outcome)
        if self.action is None or outcome.status != "FAILED" or not job.id.startswith(OURS):
            return
        account, region = cell
        known = self.failed.setdefault(region, {})
        known.setdefault(account, in_flight(held, region))
        tolerated = self.action.preferences.tolerated(len(self.action.accounts))
        if len(known) > tolerated and len(known) > tolerated + 1 + self._borne(list(known.values())[tolerated]):
            self.wrongs.append(f"{self.action.stack_set}: {len(known)} accounts failed, {tolerated} are tolerated")

    def _borne(self, running: int) -> int:
        """What was in flight when the tolerance was crossed; several operations are submitted before the first look."""
        if isinstance(self.action, UpdateSet | None) or len(self.action.groups) == 1:
            return running
        return max(running, self.action.preferences.concurrent(len(self.action.accounts)))


def in_flight(held: Held, region: str) -> int:
    """Accounts that run there in operations of ours, or wait in one that has failed nowhere yet."""
    mine = [job for job in held.active if job.id.startswith(OURS)]
    lanes = [lane for job in mine for lane in job.lanes if lane.region == region]
    fresh = sum(len(lane.waiting) for lane in lanes if not lane.failures)
    return sum(lane.running for lane in lanes) + fresh + sum(len(job.cells) for job in mine if job.status == "QUEUED")


def is_useless(held: Held, job: Job) -> bool:
    """True when the instances would be after the operation what they are before."""
    if job.kind == "DELETE":
        return not any(cell in held.instances for cell in job.cells)
    if job.definition is not None and job.definition != held.definition:
        return False
    if job.overrides is not None and any(held.overrides.get(cell, {}) != dict(job.overrides) for cell in job.cells):
        return False
    skipped = any(held.instances[cell].detailed == SKIPPED for cell in job.cells if cell in held.instances)
    return held.is_managed and not skipped and all(held.is_done(cell) for cell in job.cells)


def _digest(job: Job) -> str:
    return job.id.rpartition("-")[0]
