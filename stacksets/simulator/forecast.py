"""Drives planner and executor through a scenario, and holds what they did against the least that is possible.

Ratios as in docs/orchestrator.md: reads, changes and looks against their minimum, and how much of the time is spent on
work that cannot be done faster with the same gates (`eta_safe`) or without any gate (`eta_free`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import ceil, inf, log2

from generator.errors import AccountsFailed, ToolError
from stacksets.actions import Plan
from stacksets.apply import Engine, apply, settled
from stacksets.organization import Scope, resolve, standing
from stacksets.plan import Limits, make
from stacksets.report import AccountFailed, ActionStarted, Event, OperationFinished, OperationStarted
from stacksets.simulator.bounds import Bounds, bounds
from stacksets.simulator.scenario import STAGES, Scenario, Stage, specs, staged
from stacksets.spec import StackSetSpec
from stacksets.state import State, read
from stacksets.waiting import Pace

LOOKS = ("DescribeStackSetOperation", "ListStackSetOperations")
ALLOWED = Limits(removal_share=1.0)


@dataclass(frozen=True)
class Run:
    """One command from start to end. `outcome`: done, accounts failed, cut off, or stopped; seconds are virtual."""

    outcome: str
    message: str
    began: float
    ended: float
    operations: int
    failed: Mapping[str, str]
    left: Mapping[str, int]


@dataclass(frozen=True)
class Forecast:
    """What a scenario costs; `reads`, `writes` and `looks` are (made, least), without the calls that were throttled."""

    runs: tuple[Run, ...]
    seconds: float
    calls: Mapping[str, int]
    throttled: Mapping[str, int]
    reads: tuple[int, int]
    writes: tuple[int, int]
    looks: tuple[int, int]
    operations: int
    bound_safe: float
    bound_free: float
    reads_idle: tuple[int, int]

    @property
    def is_done(self) -> bool:
        """Nothing is left; only then do the bounds and the ratios of time say anything."""
        return self.runs[-1].outcome == "done"

    @property
    def eta_safe(self) -> float:
        return self.bound_safe / self.seconds if self.seconds else 1.0

    @property
    def eta_free(self) -> float:
        return self.bound_free / self.seconds if self.seconds else 1.0


@dataclass
class Log:
    """What the executor reports; a plan of one family of stages is worked through in its own order."""

    operations: list[OperationFinished] = field(default_factory=list)
    actions: int = 0
    started: int = 0
    failed: dict[str, str] = field(default_factory=dict)

    def __call__(self, event: Event) -> None:
        match event:
            case OperationStarted():
                self.started += 1
            case OperationFinished():
                self.operations.append(event)
            case ActionStarted():
                self.actions += 1
            case AccountFailed():
                self.failed[event.account] = event.cause


class Simulation:
    """A stage on which the same command is run until nothing is left to do, as a person would."""

    def __init__(self, scenario: Scenario) -> None:
        self.stage: Stage = staged(scenario)
        self.scenario = scenario
        self.durations: dict[str, float] = {}
        self.plans: list[Plan] = []
        self.bounds = Bounds()
        self.read_calls = 0
        self.read_least = 0

    @property
    def calls(self) -> Counter[str]:
        return self.stage.service.wire.calls

    def _answered(self) -> int:
        return self.calls.total() - self.stage.service.wire.throttled.total()

    def plan(self) -> Plan:
        """Resolve, read and plan, as `mlz plan` does."""
        before = self._answered()
        service, client = self.stage.service, self.stage.organization
        names = [spec.name for spec in specs(self.scenario, self.scenario.members)]
        state = read(service, names, threads=1)
        found = resolve(client, {stage: Scope((f"ou-simu-{stage}",)) for stage in STAGES}, len(state.accounts), True)
        members = {name: membership.accounts for name, membership in found.stages.items()}
        wanted = specs(self.scenario, members)
        known = standing(client, state.accounts - {a for spec in wanted for a in spec.accounts}, found)
        made = make(wanted, state, known, ALLOWED)
        self.read_calls += self._answered() - before
        self.read_least += self._least_reads(state, names)
        self.plans.append(made)
        return made

    def _least_reads(self, state: State, names: list[str]) -> int:
        listed = sum(max(1, ceil(len(held.instances) / 100)) for held in state.sets.values())
        units = sum(max(1, ceil(len(accounts) / 20)) + 1 for accounts in self.scenario.members.values())
        return min(ceil(self.scenario.accounts / 20), units) + len(names) + listed

    def run(self) -> Run:
        """One command; accounts that failed are repaired when it has ended, and credentials renewed."""
        log, began = Log(), self.stage.clock.now()
        engine = Engine(
            service=self.stage.service, report=log, clock=self.stage.clock, pace=Pace(), durations=self.durations
        )
        outcome, message = "done", ""
        try:
            plan = settled(self.plan, engine)
            log.actions, self.plans[-1:] = 0, [plan]
            apply(plan, engine)
        except AccountsFailed as problem:
            outcome, message = "accounts failed", problem.message
        except KeyboardInterrupt:
            outcome = "stopped"
        except ToolError as problem:
            outcome, message = "cut off", problem.message
        if self.plans:
            self.bounds += bounds(self.plans[-1], self.stage, log.actions)
        self.bounds += self._looks(log)
        return Run(outcome, message, began, self.stage.clock.now(), log.started, log.failed, self.left())

    def _looks(self, log: Log) -> Bounds:
        first = Pace().first
        least = sum(max(1, ceil(log2(max(2.0, one.seconds / first)))) for one in log.operations)
        return Bounds(looks=least, operations=len(log.operations))

    def left(self) -> dict[str, int]:
        """Stack set → accounts that are not at what is wanted."""
        wanted = specs(self.scenario, self._members())
        found = {spec.name: self._behind(spec) for spec in wanted}
        return {name: count for name, count in found.items() if count}

    def _members(self) -> dict[str, tuple[str, ...]]:
        out = self.stage.service.fate.suspended
        return {name: tuple(a for a in ids if a not in out) for name, ids in self.scenario.members.items()}

    def _behind(self, spec: StackSetSpec) -> int:
        held = self.stage.service.sets.get(spec.name)
        if held is None or held.definition != spec.definition:
            return len(spec.accounts)
        return len({target.account for target in spec.targets if not held.is_done((target.account, target.region))})

    def repair(self, run: Run) -> None:
        """What people do between two runs."""
        for account in run.failed:
            self.stage.service.fate.failing.pop(account, None)
        self.stage.service.wire.sign_in()


def forecast(scenario: Scenario, most: int = 20, stop_at: float = inf) -> Forecast:
    """Run the command until nothing is left, at most so often; only once when it is stopped at a moment."""
    simulation = Simulation(scenario)
    clock, wire = simulation.stage.clock, simulation.stage.service.wire
    clock.until = stop_at
    runs: list[Run] = []
    while len(runs) < most:
        runs.append(simulation.run())
        simulation.repair(runs[-1])
        if runs[-1].outcome in ("done", "stopped"):
            break
    seconds, calls, throttled = clock.now(), Counter(wire.calls), Counter(wire.throttled)
    reads, least = simulation.read_calls, simulation.read_least
    writes = wire.mutations
    looks = sum(calls[api] - throttled[api] for api in LOOKS)
    before = simulation.read_calls, simulation.read_least
    clock.until = inf
    idle = (0, 0)
    if runs[-1].outcome == "done":
        simulation.plan()
        idle = simulation.read_calls - before[0], simulation.read_least - before[1]
    found = simulation.bounds
    return Forecast(
        runs=tuple(runs),
        seconds=seconds,
        calls=dict(sorted(calls.items())),
        throttled=dict(sorted(throttled.items())),
        reads=(reads, least),
        writes=(writes, found.writes),
        looks=(looks, found.looks),
        operations=found.operations,
        bound_safe=found.safe,
        bound_free=found.free,
        reads_idle=idle,
    )
