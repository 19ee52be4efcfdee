"""A life of an organization and its stack sets: days on which something is wanted, and something goes wrong."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from math import inf

from generator.errors import AccountsFailed, ToolError
from stacksets.actions import Action, Plan
from stacksets.apply import Engine, apply, settled
from stacksets.plan import make
from stacksets.report import AccountFailed, ActionStarted, Event
from stacksets.simulator import rivals
from stacksets.simulator.clock import VirtualClock
from stacksets.simulator.faults import Faults
from stacksets.simulator.runner import Fate
from stacksets.simulator.service import Simulator
from stacksets.simulator.wire import Crash, Wire
from stacksets.spec import Preferences, StackSetSpec
from stacksets.state import State, read
from stacksets.waves import AT_ONCE, Gate, Rollout, Wave
from tests.chaos.witness import Scope, Served, Witness
from tests.unit.stacksets.world import fleet, spec

ACCOUNTS = fleet(8)
BYSTANDERS = fleet(3, first=900)
REGIONS = ("eu-west-1", "eu-central-1")
BUDGETS = (
    Preferences(),
    Preferences(max_concurrent_count=2, failure_tolerance_count=1),
    Preferences(is_soft=False),
    Preferences(is_soft=False, failure_tolerance_percent=50),
    Preferences(max_concurrent_percent=25, regions_parallel=False),
)
ROLLOUTS = (
    AT_ONCE,
    Rollout((Wave("canary", frozenset(ACCOUNTS[:2])),)),
    Rollout((Wave("canary", frozenset(ACCOUNTS[2:3])), Wave("half", percent=50)), Gate(bake=30)),
    Rollout((Wave("half", percent=50),), budget_percent=40),
)


@dataclass(frozen=True)
class Day:
    """What is wanted on one day, and what goes wrong. Seconds and call numbers of 0 or infinity: does not happen."""

    homes: tuple[str, ...]
    text: str = "v1"
    own_values: bool = False
    regions: int = 1
    budget: int = 0
    rollout: int = 0
    failing: frozenset[str] = frozenset()
    suspended: frozenset[str] = frozenset()
    interrupted: float = inf
    crash_at: int = 0
    crash_after: bool = False
    busy: int = 0
    lost: int = 0
    cut: int = 0
    lag: float = 0.0
    reads: float = 0.0
    expires: float = inf
    rivals: tuple[tuple[float, str], ...] = ()
    pause: float = 0.0


def random_day(dice: random.Random) -> Day:
    """Half of the faults are left out, so that some of what follows each of them is seen alone."""

    def maybe(share: float, value: object, otherwise: object) -> object:
        return value if dice.random() < share else otherwise

    some = frozenset(dice.sample(ACCOUNTS, dice.randint(1, 3)))
    moments = tuple((dice.uniform(1, 120), dice.choice(rivals.DEEDS)) for _ in range(2))
    values: dict[str, object] = {
        "homes": tuple(dice.choice(("", "staging", "staging", "prod", "prod")) for _ in ACCOUNTS),
        "text": dice.choice(("v1", "v2", "v3")),
        "own_values": dice.random() < 0.5,
        "regions": maybe(0.2, 2, 1),
        "budget": dice.randrange(len(BUDGETS)),
        "rollout": maybe(0.6, dice.randrange(len(ROLLOUTS)), 0),
        "failing": maybe(0.4, some, frozenset()),
        "suspended": maybe(0.2, frozenset(dice.sample(ACCOUNTS, 1)), frozenset()),
        "interrupted": maybe(0.3, dice.uniform(1, 300), inf),
        "crash_at": maybe(0.5, dice.randint(1, 60), 0),
        "crash_after": dice.random() < 0.5,
        "busy": maybe(0.2, dice.randint(1, 3), 0),
        "lost": maybe(0.2, dice.randint(1, 3), 0),
        "cut": maybe(0.2, 1, 0),
        "lag": maybe(0.3, dice.uniform(1, 10), 0.0),
        "reads": maybe(0.2, dice.uniform(0.5, 5), 0.0),
        "expires": maybe(0.2, dice.uniform(5, 200), inf),
        "rivals": maybe(0.2, moments, ()),
        "pause": maybe(0.5, dice.uniform(0, 200), 0.0),
    }
    return Day(**values)  # type: ignore[arg-type]


def random_life(seed: int) -> tuple[Day, ...]:
    dice = random.Random(seed)
    return tuple(random_day(dice) for _ in range(dice.randint(1, 5)))


@dataclass
class Ending:
    """How a run ended: DONE, FAILED (some accounts did), CUT (by a fault, a crash or an interruption)."""

    kind: str
    message: str = ""
    events: list[Event] = field(default_factory=list)

    @property
    def reported(self) -> set[tuple[str, str]]:
        found = (event for event in self.events if isinstance(event, AccountFailed))
        return {(event.stack_set, event.account) for event in found if event.cause}


class Story:
    """One world through all days. `check` raises on the first thing that must never happen."""

    def __init__(self, seed: str = "") -> None:
        self.clock = VirtualClock()
        self.fate = Fate(seed=seed, spread=0.5)
        self.runner = Witness(self.clock, self.fate, scope=Scope(bystanders=frozenset(BYSTANDERS)))
        self.service = Simulator(self.clock, Wire(self.clock), self.runner)
        self.runner.sets = self.service.sets
        self.day = Day(("",) * len(ACCOUNTS))
        self.disturbed_until = 0.0
        self.actions: Iterator[Action] = iter(())

    @property
    def is_disturbed(self) -> bool:
        """Somebody else has changed or is about to change something since the last plan."""
        return self.clock.time < self.disturbed_until

    def live(self, day: Day) -> Ending:
        """One run with everything that the day brings."""
        self.want(day)
        self.fate.failing = {account: f"bad day of {account}" for account in sorted(day.failing)}
        faults = Faults(lag=day.lag, reads=day.reads, expires=day.expires)
        wire = Wire(self.clock, faults, busy=day.busy, lost=day.lost, cut=day.cut)
        wire.crash_at, wire.crash_after, wire.latency = day.crash_at, day.crash_after, 0.1
        wire.sign_in()
        self.service.wire = wire
        self.clock.until = self.clock.time + day.interrupted
        for seconds, what in day.rivals:
            self.clock.after(seconds, lambda what=what: self.rival(what))  # type: ignore[misc]
        ending = self.run()
        self.clock.until = inf
        self.service.wire = Wire(self.clock, Faults(lag=day.lag))
        self.clock.sleep(day.pause)
        self.check_wrongs()
        if not self.runner.scope.is_disturbed:
            self.check_reported(ending)
        return ending

    def want(self, day: Day) -> None:
        self.day = day
        self.runner.scope.specs = {one.name: one for one in self.specs()}
        self.disturbed_until = max([self.disturbed_until, *(self.clock.time + seconds for seconds, _ in day.rivals)])
        self.runner.scope.is_disturbed = self.is_disturbed
        self.fate.suspended = set(day.suspended)

    def specs(self) -> list[StackSetSpec]:
        """Four sets; a suspended account is in no stage, as `organization.resolve` leaves it out."""
        day, found = self.day, []
        for stage in ("staging", "prod"):
            homes = zip(ACCOUNTS, day.homes, strict=True)
            accounts = tuple(one for one, home in homes if home == stage and one not in day.suspended)
            own = {one: {"VPCCIDR": f"10.{int(one)}.0.0/16"} for one in accounts} if day.own_values else {}
            for layer, overrides in (("roles", {}), ("network", own)):
                found.append(self._spec(stage, layer, accounts, overrides))
        return found

    def _spec(
        self, stage: str, layer: str, accounts: tuple[str, ...], overrides: Mapping[str, Mapping[str, str]]
    ) -> StackSetSpec:
        day = self.day
        regions, budget = REGIONS[: day.regions], BUDGETS[day.budget]
        made = spec(stage, layer, accounts, day.text, overrides=overrides, regions=regions, preferences=budget)
        return replace(made, rollout=ROLLOUTS[day.rollout])

    def state(self) -> State:
        return read(self.service, [one.name for one in self.specs()], threads=1)

    def plan(self, standing: Mapping[str, str]) -> Plan:
        specs, state = self.specs(), self.state()
        pairs = ((one, state.sets[one.name]) for one in specs if one.name in state.sets)
        usable = ((one, {i.account for i in held.instances if i.status != "INOPERABLE"}) for one, held in pairs)
        self.runner.scope.newcomers = frozenset(a for one, held in usable if held for a in set(one.accounts) - held)
        return make(specs, state, standing, insists=True)

    def run(self) -> Ending:
        """What `mlz deploy targets` does; never raises."""
        ending = Ending("DONE")
        engine = Engine(service=self.service, clock=self.clock, report=partial(self._heard, ending))
        standing = dict.fromkeys(sorted(self.day.suspended), "SUSPENDED")
        try:
            plan = settled(lambda: self.plan(standing), engine)
            self.actions = iter(plan.actions)
            apply(plan, engine)
        except AccountsFailed as problem:
            ending.kind, ending.message = "FAILED", problem.message
        except (Crash, KeyboardInterrupt, ToolError) as problem:
            ending.kind, ending.message = "CUT", str(problem)
        return ending

    def _heard(self, ending: Ending, event: Event) -> None:
        """Tells the witness which action is being done, so that it can hold failures against its tolerance."""
        ending.events.append(event)
        if isinstance(event, ActionStarted):
            action = next(self.actions, None)
            self.runner.begin(action if isinstance(action, Served) else None)

    def rival(self, what: str) -> None:
        """Somebody else does something to a set; refused while an operation is under way, as for anybody."""
        for held in list(self.service.sets.values())[:1]:
            rivals.act(self.service, held, what)

    def rest(self) -> Ending:
        """A run on a day without faults, when everything of before has ended."""
        self.service.wire = Wire(self.clock)
        self.fate.failing = {}
        self.runner.scope.is_disturbed = False
        self.clock.drain()
        ending = self.run()
        self.check_wrongs()
        return ending

    def check_wrongs(self) -> None:
        assert self.runner.wrongs == [], self.runner.wrongs

    def check_reported(self, ending: Ending) -> None:
        """Every wanted instance is done, or said to have failed, or belongs to a set that is said to be left."""
        if ending.kind == "CUT":
            return
        for one in self.specs():
            held = self.service.sets.get(one.name)
            for cell in self.runner.scope.cells(one.name):
                if held is not None and held.is_done(cell):
                    continue
                said = ending.message.partition("not started because of this: ")[2].split(", ")
                left = {name.partition("/")[0] for name in said}
                found = held.instances.get(cell) if held else None
                is_told = (one.name, cell[0]) in ending.reported or bool(found and found.reason)
                assert is_told or one.name in left or one.stage in left, (one.name, cell, found, ending.message)

    def check_end(self) -> None:
        """Everything is as wanted; a second run plans nothing and changes nothing."""
        for one in self.specs():
            held = self.service.sets[one.name]
            assert held.definition == one.definition
            assert set(held.instances) - self._kept() == self.runner.scope.cells(one.name)
            behind = [cell for cell in self.runner.scope.cells(one.name) if not held.is_done(cell)]
            assert behind == [], (one.name, behind)
        standing = dict.fromkeys(sorted(self.day.suspended), "SUSPENDED")
        assert make(self.specs(), self.state(), standing, insists=True).actions == ()
        before = self.service.wire.mutations
        assert self.run().kind == "DONE"
        assert self.service.wire.mutations == before

    def _kept(self) -> set[tuple[str, str]]:
        return {(account, region) for account in self.day.suspended for region in REGIONS}
