"""The StackSets service in virtual time, behind the protocol that planning and applying use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import product

from stacksets.client import QUOTA, Refused
from stacksets.service import Busy, OperationExists, Result
from stacksets.simulator.clock import VirtualClock
from stacksets.simulator.model import Cell, Held, Job
from stacksets.simulator.runner import Fate, Runner
from stacksets.simulator.wire import Wire
from stacksets.spec import Definition, Preferences
from stacksets.state import Instance, Operation, SetState

PAGE = 100


@dataclass(frozen=True, slots=True)
class Quotas:
    """Of one administrator account; cloudformation-limits.html, read 2026-11-21."""

    sets: int = 1_000
    instances: int = 100_000
    queued: int = 10_000


@dataclass
class Simulator:
    """One administrator account in one Region. What goes wrong stands in `fate` (accounts) and `wire` (calls)."""

    clock: VirtualClock
    wire: Wire
    runner: Runner
    quotas: Quotas = Quotas()
    sets: dict[str, Held] = field(default_factory=dict)

    @property
    def fate(self) -> Fate:
        return self.runner.fate

    def describe(self, name: str) -> SetState | None:
        with self.wire.read("DescribeStackSet"):
            return self.sets[name].described() if name in self.sets else None

    def instances(self, name: str) -> tuple[Instance, ...]:
        with self.wire.read("ListStackInstances", pages(len(self._held(name).instances))):
            return tuple(self._held(name).instances.values())

    def instance(self, name: str, account: str, region: str) -> Instance | None:
        with self.wire.read("DescribeStackInstance"):
            return self._held(name).instances.get((account, region))

    def overrides(self, name: str, account: str, region: str) -> dict[str, str]:
        with self.wire.read("DescribeStackInstance"):
            return self._held(name).overrides.get((account, region), {})

    def operation(self, name: str, operation: str) -> Operation | None:
        with self.wire.read("DescribeStackSetOperation"):
            job = self.sets[name].jobs.get(operation) if name in self.sets else None
            return job.shown(self.clock.now()) if job else None

    def operations(self, name: str, limit: int = PAGE) -> tuple[Operation, ...]:
        """Newest first, and late by the lag."""
        held, lag = self._held(name), self.wire.faults.lag
        with self.wire.read("ListStackSetOperations", pages(min(limit, len(held.jobs)))):
            now = self.clock.now()
            shown = (job.shown(now, lag) for job in reversed(list(held.jobs.values())))
            return tuple(operation for operation in shown if operation is not None)[:limit]

    def failures(self, name: str, operation: str) -> tuple[Result, ...]:
        """The failed results, late by the lag."""
        job, seen = self._held(name).jobs[operation], self.clock.now() - self.wire.faults.lag
        found = {cell: one for cell, one in job.outcomes.items() if one.status == "FAILED" and one.at <= seen}
        with self.wire.read("ListStackSetOperationResults", pages(len(found))):
            return tuple(Result(*cell, one.status, one.reason) for cell, one in sorted(found.items()))

    def create_set(self, definition: Definition) -> None:
        with self.wire.change("CreateStackSet", definition.name):
            if definition.name in self.sets:
                raise Refused(f"{definition.name}: it exists", "plan again", "NameAlreadyExistsException")
            self._within(len(self.sets) + 1, self.quotas.sets, "stack sets")
            self.sets[definition.name] = Held(definition)

    def update_set(
        self,
        definition: Definition,
        preferences: Preferences,
        operation: str,
        accounts: tuple[str, ...] = (),
        regions: tuple[str, ...] = (),
    ) -> None:
        with self.wire.change("UpdateStackSet", definition.name):
            held = self._held(definition.name)
            every = tuple(cell for cell, one in held.instances.items() if one.status != "INOPERABLE")
            cells = self._known(held, accounts, regions) if accounts and regions else every
            job = Job(operation, "UPDATE", cells, preferences, definition=definition, is_exclusive=True)
            self._submit(held, job)

    def retry_instances(
        self,
        definition: Definition,
        accounts: tuple[str, ...],
        regions: tuple[str, ...],
        preferences: Preferences,
        operation: str,
    ) -> None:
        with self.wire.change("UpdateStackSet", definition.name):
            held = self._held(definition.name)
            self._submit(held, Job(operation, "UPDATE", self._known(held, accounts, regions), preferences))

    def create_instances(
        self,
        name: str,
        accounts: tuple[str, ...],
        regions: tuple[str, ...],
        overrides: Mapping[str, str],
        preferences: Preferences,
        operation: str,
    ) -> None:
        with self.wire.change("CreateStackInstances", name):
            held, cells = self._held(name), tuple(product(accounts, regions))
            fresh = sum(cell not in held.instances for cell in cells)
            self._within(len(held.instances) + fresh, self.quotas.instances, "stack instances of a set")
            self._submit(held, Job(operation, "CREATE", cells, preferences, overrides=overrides or None))

    def update_instances(
        self,
        name: str,
        accounts: tuple[str, ...],
        regions: tuple[str, ...],
        overrides: Mapping[str, str],
        preferences: Preferences,
        operation: str,
    ) -> None:
        with self.wire.change("UpdateStackInstances", name):
            held = self._held(name)
            cells = self._known(held, accounts, regions)
            self._submit(held, Job(operation, "UPDATE", cells, preferences, overrides=overrides))

    def delete_instances(
        self,
        name: str,
        accounts: tuple[str, ...],
        regions: tuple[str, ...],
        retain: bool,
        preferences: Preferences,
        operation: str,
    ) -> None:
        with self.wire.change("DeleteStackInstances", name):
            held, cells = self._held(name), tuple(product(accounts, regions))
            self._submit(held, Job(operation, "DELETE", cells, preferences, retain=retain))

    def delete_set(self, name: str) -> None:
        with self.wire.change("DeleteStackSet", name):
            if name not in self.sets:
                return
            held = self.sets[name]
            if held.active:
                raise Busy(f"{name}: {held.active[0].id} is in progress")
            if held.instances:
                raise Refused(f"{name}: it is not empty", "run it again", "StackSetNotEmptyException")
            del self.sets[name]

    def _held(self, name: str) -> Held:
        if name not in self.sets:
            raise Refused(f"{name}: there is no such stack set", "plan again", "StackSetNotFoundException")
        return self.sets[name]

    def _known(self, held: Held, accounts: tuple[str, ...], regions: tuple[str, ...]) -> tuple[Cell, ...]:
        """Accounts times Regions, as the API takes them; all of them must have an instance."""
        cells = tuple(product(accounts, regions))
        for cell in cells:
            if cell not in held.instances:
                raise Refused(
                    f"{held.definition.name}: no instance in {'/'.join(cell)}",
                    "plan again",
                    "StackInstanceNotFoundException",
                )
        return cells

    def _submit(self, held: Held, job: Job) -> None:
        name = held.definition.name
        if job.id in held.jobs:
            raise OperationExists(f"{name}: {job.id} exists")
        if held.active and not held.is_managed:
            raise Busy(f"{name}: {held.active[0].id} is in progress")
        self._within(len(held.active), self.quotas.queued, "queued operations of a set")
        self.runner.submit(held, job)

    def _within(self, count: int, limit: int, what: str) -> None:
        if count > limit:
            raise Refused(f"more than {limit} {what}", "raise the quota in this account, or remove", QUOTA)


def pages(entries: int) -> int:
    return max(1, -(-entries // PAGE))


def simulator(clock: VirtualClock, fate: Fate, wire: Wire | None = None, ceiling: int = 0) -> Simulator:
    """A service without stack sets."""
    return Simulator(clock, wire or Wire(clock), Runner(clock, fate, ceiling=ceiling))
