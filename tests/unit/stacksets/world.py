"""A StackSets service in memory, in virtual time: declare accounts and their faults, then plan and apply against it."""

from __future__ import annotations

import hashlib
import heapq
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from generator.errors import ToolError
from generator.package.manifest import ParameterEntry, TemplateEntry
from stacksets.service import Busy, OperationExists, Result
from stacksets.spec import Definition, Preferences, StackSetSpec, targets_of
from stacksets.state import Instance, Operation, SetState

Cell = tuple[str, str]


@dataclass
class VirtualClock:
    """Time that passes only in sleep; `until` interrupts like Ctrl-C."""

    time: float = 0.0
    until: float = float("inf")

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += seconds
        if self.time >= self.until:
            self.until = float("inf")
            raise KeyboardInterrupt


@dataclass
class Job:
    id: str
    kind: str
    cells: tuple[Cell, ...]
    preferences: Preferences
    overrides: Mapping[str, str] | None = None
    retain: bool = False
    begun: float | None = None
    finish: dict[Cell, tuple[float, str]] = field(default_factory=dict)
    applied: set[Cell] = field(default_factory=set)

    @property
    def end(self) -> float:
        return max((at for at, _ in self.finish.values()), default=self.begun or 0.0)


@dataclass
class Held:
    definition: Definition
    instances: dict[Cell, Instance] = field(default_factory=dict)
    overrides: dict[Cell, dict[str, str]] = field(default_factory=dict)
    stacks: dict[Cell, tuple[str, tuple[tuple[str, str], ...]]] = field(default_factory=dict)
    jobs: list[Job] = field(default_factory=list)


@dataclass
class World:
    """The service. `failing`: account → reason; `busy`: how many mutating calls are refused; `lost`: answers lost."""

    clock: VirtualClock = field(default_factory=VirtualClock)
    seconds: float = 20.0
    failing: dict[str, str] = field(default_factory=dict)
    suspended: set[str] = field(default_factory=set)
    busy: int = 0
    lost: int = 0
    sets: dict[str, Held] = field(default_factory=dict)
    calls: Counter[str] = field(default_factory=Counter)

    def describe(self, name: str) -> SetState | None:
        self._tick("describe")
        if name not in self.sets:
            return None
        definition = self.sets[name].definition
        return SetState(
            name=name,
            template=(definition.template_sha256,),
            parameters=definition.parameters,
            tags=definition.tags,
            administration_role_arn=definition.administration_role_arn,
            execution_role_name=definition.execution_role_name,
        )

    def instances(self, name: str) -> tuple[Instance, ...]:
        self._tick("instances", max(1, -(-len(self.sets[name].instances) // 100)))
        return tuple(self.sets[name].instances.values())

    def instance(self, name: str, account: str, region: str) -> Instance | None:
        self._tick("instance")
        return self.sets[name].instances.get((account, region))

    def overrides(self, name: str, account: str, region: str) -> dict[str, str]:
        self._tick("overrides")
        return self.sets[name].overrides.get((account, region), {})

    def operation(self, name: str, operation: str) -> Operation | None:
        self._tick("operation")
        return next((self._shown(job) for job in self.sets[name].jobs if job.id == operation), None)

    def operations(self, name: str, limit: int = 100) -> tuple[Operation, ...]:
        self._tick("operations")
        return tuple(self._shown(job) for job in reversed(self.sets[name].jobs))[:limit]

    def failures(self, name: str, operation: str) -> tuple[Result, ...]:
        self._tick("failures")
        job = next(job for job in self.sets[name].jobs if job.id == operation)
        return tuple(
            Result(account, region, "FAILED", self.failing.get(account, "failed"))
            for (account, region), (at, how) in sorted(job.finish.items())
            if how == "FAILED" and at <= self.clock.now()
        )

    def create_set(self, definition: Definition) -> None:
        self._tick("create_set")
        self.sets[definition.name] = Held(definition)

    def update_set(
        self,
        definition: Definition,
        preferences: Preferences,
        operation: str,
        accounts: tuple[str, ...] = (),
        regions: tuple[str, ...] = (),
    ) -> None:
        held = self.sets[definition.name]
        every = tuple(cell for cell, one in held.instances.items() if one.status != "INOPERABLE")
        some = tuple((account, region) for account in accounts for region in regions)
        self._submit(definition.name, Job(operation, "update", some or every, preferences))
        held.definition = definition
        for cell in every:
            held.instances[cell] = replace(held.instances[cell], status="OUTDATED")
        self._answer(definition.name)

    def retry_instances(
        self,
        definition: Definition,
        accounts: tuple[str, ...],
        regions: tuple[str, ...],
        preferences: Preferences,
        operation: str,
    ) -> None:
        cells = tuple((account, region) for account in accounts for region in regions)
        self._submit(definition.name, Job(operation, "retry", cells, preferences))
        self._answer(definition.name)

    def create_instances(
        self,
        name: str,
        accounts: tuple[str, ...],
        regions: tuple[str, ...],
        overrides: Mapping[str, str],
        preferences: Preferences,
        operation: str,
    ) -> None:
        cells = tuple((account, region) for account in accounts for region in regions)
        self._submit(name, Job(operation, "create", cells, preferences, overrides))
        for cell in cells:
            self.sets[name].instances.setdefault(cell, Instance(*cell, "OUTDATED", "PENDING", "", "", operation))
        self._answer(name)

    def update_instances(
        self,
        name: str,
        accounts: tuple[str, ...],
        regions: tuple[str, ...],
        overrides: Mapping[str, str],
        preferences: Preferences,
        operation: str,
    ) -> None:
        cells = tuple((account, region) for account in accounts for region in regions)
        self._submit(name, Job(operation, "override", cells, preferences, overrides))
        self._answer(name)

    def delete_instances(
        self,
        name: str,
        accounts: tuple[str, ...],
        regions: tuple[str, ...],
        retain: bool,
        preferences: Preferences,
        operation: str,
    ) -> None:
        cells = tuple((account, region) for account in accounts for region in regions)
        self._submit(name, Job(operation, "delete", cells, preferences, retain=retain))
        self._answer(name)

    def delete_set(self, name: str) -> None:
        self._tick("delete_set")
        if self.sets[name].instances:
            raise ToolError(f"{name}: not empty")
        del self.sets[name]

    def _submit(self, name: str, job: Job) -> None:
        self._tick(job.kind)
        if self.busy:
            self.busy -= 1
            raise Busy(f"{name}: another operation is in progress")
        if any(other.id == job.id for other in self.sets[name].jobs):
            raise OperationExists(f"{name}: {job.id} exists")
        self.sets[name].jobs.append(job)
        self._progress(self.sets[name])

    def _answer(self, name: str) -> None:
        """The request was served; if its answer is lost, the client's own retry hears that it exists."""
        if self.lost:
            self.lost -= 1
            raise OperationExists(f"{name}: the operation exists (the first answer was lost)")

    def _tick(self, call: str, count: int = 1) -> None:
        self.calls[call] += count
        for held in self.sets.values():
            self._progress(held)

    def _progress(self, held: Held) -> None:
        """Start jobs that conflict with none before them, and apply what has finished by now."""
        now = self.clock.now()
        for position, job in enumerate(held.jobs):
            before = [other for other in held.jobs[:position] if other.begun is None or other.end > now]
            if job.begun is None and not any(set(other.cells) & set(job.cells) for other in before):
                self._begin(held, job)
            for cell, (at, how) in job.finish.items() if len(job.applied) < len(job.finish) else ():
                if at <= now and cell not in job.applied:
                    job.applied.add(cell)
                    self._finish(held, job, cell, how)

    def _begin(self, held: Held, job: Job) -> None:
        """A greedy schedule; accounts whose turn comes after too many failures are cancelled."""
        job.begun = self.clock.now()
        accounts = len({account for account, _ in job.cells})
        slots = [job.begun] * job.preferences.concurrent(accounts)
        failures: list[float] = []
        for cell in job.cells:
            start, fails = slots[0], cell[0] in self.failing and not job.retain
            if sum(1 for at in failures if at <= start) > job.preferences.tolerated(accounts):
                job.finish[cell] = (start, "CANCELLED")
                continue
            if cell[0] in self.suspended:
                job.finish[cell] = (start, "SKIPPED_SUSPENDED_ACCOUNT")
                continue
            heapq.heapreplace(slots, start + self.seconds)
            job.finish[cell] = (start + self.seconds, "FAILED" if fails else "SUCCEEDED")
            if fails:
                failures.append(start + self.seconds)
        for cell in job.cells:
            if cell in held.instances:
                held.instances[cell] = replace(held.instances[cell], detailed="RUNNING", last_operation=job.id)

    def _finish(self, held: Held, job: Job, cell: Cell, how: str) -> None:
        if job.kind == "delete" and how == "SUCCEEDED":
            held.instances.pop(cell, None)
            if not job.retain:
                held.stacks.pop(cell, None)
            return
        if cell not in held.instances:
            return
        if job.overrides is not None:
            held.overrides[cell] = dict(job.overrides)
        if how == "SUCCEEDED":
            values = {**held.definition.parameters, **held.overrides.get(cell, {})}
            held.stacks[cell] = (held.definition.template_sha256, tuple(sorted(values.items())))
        status = "CURRENT" if how == "SUCCEEDED" else "OUTDATED"
        held.instances[cell] = Instance(*cell, status, how, self.failing.get(cell[0], ""), "", job.id)

    def _shown(self, job: Job) -> Operation:
        now = self.clock.now()
        failed = sum(1 for at, how in job.finish.values() if how == "FAILED" and at <= now)
        if job.begun is None:
            return Operation(job.id, job.kind.upper(), "QUEUED", failed=0)
        if job.end > now:
            return Operation(job.id, job.kind.upper(), "RUNNING", failed=failed)
        tolerated = job.preferences.tolerated(len({account for account, _ in job.cells}))
        return Operation(job.id, job.kind.upper(), "FAILED" if failed > tolerated else "SUCCEEDED", failed=failed)


def template(text: str = "v1", **parameters: str | None) -> TemplateEntry:
    """A template whose digest is that of `text`; a parameter with None has no default."""
    entries = {name: ParameterEntry("String", default) for name, default in parameters.items()}
    return TemplateEntry(f"{text}.yaml", hashlib.sha256(text.encode()).hexdigest(), 1, f"t/{text}.yaml", "", entries)


def spec(
    stage: str,
    layer: str,
    accounts: tuple[str, ...],
    text: str = "v1",
    parameters: Mapping[str, str] | None = None,
    overrides: Mapping[str, Mapping[str, str]] | None = None,
    regions: tuple[str, ...] = ("eu-west-1",),
    preferences: Preferences | None = None,
    entry: TemplateEntry | None = None,
    tags: Mapping[str, str] | None = None,
    retain: bool = False,
) -> StackSetSpec:
    """A set `e-<layer>-<stage>`; its template has the parameters Kind (default: plain) and VPCCIDR."""
    made = entry or template(text, Kind="plain", VPCCIDR="10.0.0.0/16")
    definition = Definition(
        name=f"e-{layer}-{stage}",
        template_url=f"https://bucket/{text}.yaml",
        template_sha256=made.sha256,
        parameters=dict(parameters or {}),
        tags=dict(tags or {}),
    )
    return StackSetSpec(
        definition=definition,
        template=made,
        layer=layer,
        stage=stage,
        stage_position=("staging", "prod").index(stage),
        layer_position=("roles", "network").index(layer),
        targets=targets_of(accounts, regions),
        overrides=overrides or {},
        preferences=preferences or Preferences(),
        retain=retain,
    )


def fleet(count: int, first: int = 1) -> tuple[str, ...]:
    """`count` account ids."""
    return tuple(f"{number:012d}" for number in range(first, first + count))


def as_json(value: object) -> str:
    return json.dumps(value, sort_keys=True)
