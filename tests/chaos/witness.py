"""Watches every operation that the service accepts, and says what must never happen."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from stacksets.simulator.model import SKIPPED, Cell, Held, Job, Outcome
from stacksets.simulator.runner import Runner
from stacksets.spec import StackSetSpec

OURS = "mlz-"


@dataclass
class Scope:
    """What is wanted at the moment, by stack set; `bystanders` are of no stage, ever."""

    specs: dict[str, StackSetSpec] = field(default_factory=dict)
    bystanders: frozenset[str] = frozenset()
    is_disturbed: bool = False

    def cells(self, name: str) -> set[Cell]:
        return {(target.account, target.region) for target in self.specs[name].targets}


@dataclass
class Witness(Runner):
    """A runner that looks at what it is given. `wrongs` stays empty as long as all goes well."""

    scope: Scope = field(default_factory=Scope)
    sets: dict[str, Held] = field(default_factory=dict)
    wrongs: list[str] = field(default_factory=list)
    failed: dict[tuple[str, str], dict[str, int]] = field(default_factory=lambda: defaultdict(dict))

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
        if not self.scope.is_disturbed and not held.active and is_useless(held, job):
            yield "changes nothing"
        if any(account in self.scope.bystanders for account, _ in job.cells):
            yield "touches an account that is out of scope"
        yield from self._out_of_scope(held, job, name)
        if job.kind != "DELETE" and not self.scope.is_disturbed:
            yield from self._before_its_turn(name)

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

    def _before_its_turn(self, name: str) -> Iterable[str]:
        position = self.scope.specs[name].stage_position
        for other in self.scope.specs.values():
            if other.stage_position < position:
                held = self.sets.get(other.name)
                if held is None or not all(held.is_done(cell) for cell in self.scope.cells(other.name)):
                    yield f"{other.name} is not done"

    def _record(self, held: Held, job: Job, cell: Cell, outcome: Outcome) -> None:
        super()._record(held, job, cell, outcome)
        if outcome.status == "FAILED" and job.id.startswith(OURS):
            account, region = cell
            known = self.failed[held.definition.name, region]
            known.setdefault(account, self.in_flight(held, region))

    def in_flight(self, held: Held, region: str) -> int:
        """Instances of our operations that run there, or that wait in one that is not spent."""
        lanes = [lane for job in held.active if job.id.startswith(OURS) for lane in job.lanes if lane.region == region]
        queued = [job for job in held.active if job.id.startswith(OURS) and job.status == "QUEUED"]
        waiting = sum(len(lane.waiting) for lane in lanes if not lane.is_spent and lane.tolerance == 0)
        return sum(lane.running for lane in lanes) + waiting + sum(len(job.cells) for job in queued)


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
