"""Any history of memberships, changes, failures and interruptions ends, after one quiet run, where it should."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from generator.errors import AccountsFailed
from stacksets.apply import Engine, apply, settled
from stacksets.plan import make
from stacksets.spec import Preferences, StackSetSpec
from stacksets.state import read
from tests.unit.stacksets.world import World, fleet, spec

ACCOUNTS = fleet(8)


@dataclass(frozen=True)
class Day:
    """What is wanted on one day, and what goes wrong."""

    homes: tuple[str, ...]
    text: str
    failing: frozenset[str]
    interrupted_after: float
    busy: int
    lost: int
    own_values: bool
    gentle: bool


DAYS = st.lists(
    st.builds(
        Day,
        homes=st.tuples(*(st.sampled_from(("", "staging", "prod")) for _ in ACCOUNTS)),
        text=st.sampled_from(("v1", "v2", "v3")),
        failing=st.frozensets(st.sampled_from(ACCOUNTS), max_size=2),
        interrupted_after=st.one_of(st.just(float("inf")), st.floats(1, 300)),
        busy=st.integers(0, 2),
        lost=st.integers(0, 2),
        own_values=st.booleans(),
        gentle=st.booleans(),
    ),
    min_size=1,
    max_size=5,
)


def wanted(day: Day) -> list[StackSetSpec]:
    specs = []
    for stage in ("staging", "prod"):
        accounts = tuple(account for account, home in zip(ACCOUNTS, day.homes, strict=True) if home == stage)
        own = {account: {"VPCCIDR": f"10.{int(account)}.0.0/16"} for account in accounts} if day.own_values else {}
        preferences = Preferences(max_concurrent_count=2, failure_tolerance_count=1) if day.gentle else Preferences()
        specs.append(spec(stage, "roles", accounts, day.text, preferences=preferences))
        specs.append(spec(stage, "network", accounts, day.text, overrides=own, preferences=preferences))
    return specs


def run(world: World, specs: list[StackSetSpec]) -> None:
    engine = Engine(service=world, clock=world.clock)
    names = [one.name for one in specs]
    apply(settled(lambda: make(specs, read(world, names), insists=True), engine), engine)


def live(world: World, day: Day) -> None:
    world.failing = dict.fromkeys(day.failing, "bad day")
    world.busy, world.lost = day.busy, day.lost
    world.clock.until = world.clock.time + day.interrupted_after
    with suppress(KeyboardInterrupt, AccountsFailed):
        run(world, wanted(day))
    world.clock.until = float("inf")
    world.busy = world.lost = 0


@settings(max_examples=150, deadline=None)
@given(DAYS)
def test_a_quiet_run_ends_every_history(days: list[Day]) -> None:
    world = World()
    for day in days:
        live(world, day)
    world.failing = {}
    specs = wanted(days[-1])
    run(world, specs)
    for one in specs:
        held = world.sets[one.name]
        assert {account for account, _ in held.stacks} == set(one.accounts)
        assert {content[0] for content in held.stacks.values()} <= {one.template.sha256}
        assert all(instance.is_quiet for instance in held.instances.values())
    assert make(specs, read(world, [one.name for one in specs]), insists=True).is_empty


@settings(max_examples=100, deadline=None)
@given(DAYS)
def test_prod_is_not_touched_after_staging_failed(days: list[Day]) -> None:
    world = World()
    for day in days:
        before = {name: len(held.jobs) for name, held in world.sets.items()}
        live(world, day)
        cells = [
            (one.name, (t.account, t.region)) for one in wanted(day) if one.stage == "staging" for t in one.targets
        ]
        found = [world.sets[name].instances.get(cell) for name, cell in cells if name in world.sets]
        done = all(instance is not None and instance.is_quiet for instance in found)
        started = [
            job.kind for name, held in world.sets.items() for job in held.jobs[before.get(name, 0) :] if "prod" in name
        ]
        assert done or set(started) <= {"delete"}
