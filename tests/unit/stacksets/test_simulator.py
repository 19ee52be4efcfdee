"""The simulated service against what is known of the real one: operations, tolerance, queueing, throttles."""

from __future__ import annotations

import pytest

from generator.errors import ToolError
from stacksets.client import Refused
from stacksets.service import Busy, OperationExists
from stacksets.simulator.faults import Faults, chosen, parse
from stacksets.simulator.model import Held, Job
from stacksets.simulator.service import Quotas
from stacksets.simulator.wire import Crash, Wire
from stacksets.spec import Preferences
from stacksets.state import read
from tests.unit.stacksets.world import World, fleet, spec

TEN = fleet(10)
HERE = ("eu-west-1",)
NAME = "e-roles-staging"


def made(world: World, accounts: tuple[str, ...] = TEN) -> Held:
    world.create_set(spec("staging", "roles", accounts).definition)
    return world.sets[NAME]


def create(world: World, preferences: Preferences, operation: str = "a", accounts: tuple[str, ...] = TEN) -> Job:
    world.create_instances(NAME, accounts, HERE, {}, preferences, operation)
    return world.sets[NAME].jobs[operation]


def statuses(job: Job) -> str:
    """S, F, C: how each account ended, in order."""
    return "".join(job.outcomes[cell].status[0] for cell in job.cells)


def test_strict_tolerance_0_is_one_account_after_another() -> None:
    world = World(seconds=60)
    made(world)
    job = create(world, Preferences(is_soft=False))
    world.clock.drain()
    assert (job.status, job.ended) == ("SUCCEEDED", 600)


def test_strict_concurrency_is_tolerance_and_one_and_shrinks_with_failures() -> None:
    world = World(seconds=60, failing={TEN[0]: "x"})
    made(world)
    job = create(world, Preferences(is_soft=False, failure_tolerance_count=2))
    world.clock.drain()
    assert (statuses(job), job.status) == ("FSSSSSSSSS", "SUCCEEDED")
    assert job.ended == 60 * (1 + 4)


def test_soft_concurrency_stays_and_what_was_in_flight_may_fail_too() -> None:
    world = World(seconds=60, failing=dict.fromkeys(TEN, "x"))
    made(world)
    job = create(world, Preferences(max_concurrent_count=4, failure_tolerance_count=1))
    world.clock.drain()
    assert (statuses(job), job.status) == ("FFFFFCCCCC", "FAILED")


def test_regions_one_after_another_stop_behind_a_failed_one() -> None:
    world = World(failing={TEN[0]: "x"})
    made(world)
    world.create_instances(NAME, TEN[:2], ("r-1", "r-2"), {}, Preferences(regions_parallel=False), "a")
    world.clock.drain()
    held = world.sets[NAME]
    assert {cell: one.status for cell, one in held.jobs["a"].outcomes.items()} == {
        (TEN[0], "r-1"): "FAILED",
        (TEN[1], "r-1"): "SUCCEEDED",
        (TEN[0], "r-2"): "CANCELLED",
        (TEN[1], "r-2"): "CANCELLED",
    }
    assert held.instances[TEN[0], "r-2"].reason == "Cancelled since failure tolerance has exceeded"


def test_suspended_accounts_are_skipped_and_do_not_count() -> None:
    world = World(suspended=TEN[:1])
    made(world)
    job = create(world, Preferences())
    world.clock.drain()
    found = world.sets[NAME].instances[TEN[0], "eu-west-1"]
    assert (job.status, found.status, found.detailed) == ("SUCCEEDED", "OUTDATED", "SKIPPED_SUSPENDED_ACCOUNT")


def test_managed_execution_queues_what_conflicts_and_runs_the_rest() -> None:
    world = World(seconds=60)
    made(world)
    first = create(world, Preferences(), "first", TEN[:5])
    again = create(world, Preferences(), "again", TEN[4:6])
    other = create(world, Preferences(), "other", TEN[6:])
    assert [job.status for job in (first, again, other)] == ["RUNNING", "QUEUED", "RUNNING"]
    world.clock.drain()
    assert [job.ended for job in (first, again, other)] == [60, 120, 60]


def test_without_managed_execution_a_second_operation_is_refused() -> None:
    world = World()
    made(world).is_managed = False
    create(world, Preferences(), "first", TEN[:5])
    with pytest.raises(Busy) as caught:
        create(world, Preferences(), "second", TEN[5:])
    assert caught.value.message == "e-roles-staging: first is in progress"


def test_an_operation_id_is_taken_once() -> None:
    world = World()
    made(world)
    create(world, Preferences())
    world.clock.drain()
    with pytest.raises(OperationExists):
        create(world, Preferences())


def test_a_change_marks_every_instance_outdated_and_updates_those_named() -> None:
    world = World()
    made(world)
    create(world, Preferences())
    world.clock.drain()
    changed = spec("staging", "roles", TEN, "v2").definition
    world.update_set(changed, Preferences(), "b", TEN[:2], HERE)
    world.clock.drain()
    found = world.sets[NAME].instances
    assert [found[account, "eu-west-1"].status for account in TEN] == ["CURRENT"] * 2 + ["OUTDATED"] * 8


def test_a_failed_deletion_is_inoperable_until_it_is_forgotten() -> None:
    world = World()
    held = made(world)
    create(world, Preferences())
    world.clock.drain()
    world.fate.failing[TEN[0]] = "no role"
    world.delete_instances(NAME, TEN[:1], HERE, False, Preferences(), "b")
    world.clock.drain()
    assert held.instances[TEN[0], "eu-west-1"].status == "INOPERABLE"
    world.delete_instances(NAME, TEN[:1], HERE, True, Preferences(), "c")
    world.clock.drain()
    assert (TEN[0], "eu-west-1") not in held.instances
    assert (TEN[0], "eu-west-1") in held.stacks


def test_operations_and_results_are_listed_late_and_described_at_once() -> None:
    world = World(failing={TEN[0]: "x"})
    made(world)
    world.wire.faults = Faults(lag=5)
    create(world, Preferences(failure_tolerance_count=1))
    assert world.operations(NAME) == ()
    world.clock.sleep(20)
    found = world.operation(NAME, "a")
    assert found is not None
    assert (found.status, found.failed) == ("SUCCEEDED", 1)
    assert [one.status for one in world.operations(NAME)] == ["RUNNING"]
    assert world.failures(NAME, "a") == ()
    world.clock.sleep(5)
    assert [one.status for one in world.operations(NAME)] == ["SUCCEEDED"]
    assert [one.account for one in world.failures(NAME, "a")] == [TEN[0]]


def test_an_operation_that_is_not_listed_yet_is_seen_in_the_state() -> None:
    world = World()
    made(world)
    world.wire.faults = Faults(lag=5)
    create(world, Preferences())
    assert [one.id for one in read(world, [NAME], threads=1).sets[NAME].operations] == ["a"]


def test_throttled_calls_are_tried_again_and_counted() -> None:
    world = World()
    world.wire = Wire(world.clock, Faults(reads=1, burst=2))
    made(world)
    for _ in range(10):
        world.describe(NAME)
    assert world.wire.calls["DescribeStackSet"] == 10 + world.wire.throttled["DescribeStackSet"]
    assert world.wire.throttled["DescribeStackSet"] > 5
    assert world.clock.time >= 8


def test_credentials_expire_and_are_renewed() -> None:
    world = World()
    world.wire = Wire(world.clock, Faults(expires=30))
    made(world)
    world.clock.sleep(30)
    with pytest.raises(Refused) as caught:
        world.describe(NAME)
    assert caught.value.code == "ExpiredToken"
    world.wire.sign_in()
    assert world.describe(NAME) is not None


@pytest.mark.parametrize(("is_after", "exists"), [(False, False), (True, True)])
def test_a_crash_before_or_after_the_service_has_acted(is_after: bool, exists: bool) -> None:
    world = World()
    world.wire.crash_at, world.wire.crash_after = 1, is_after
    with pytest.raises(Crash):
        made(world)
    assert (NAME in world.sets) == exists


def test_quotas() -> None:
    world = World()
    world.quotas = Quotas(instances=9)
    made(world)
    with pytest.raises(Refused) as caught:
        create(world, Preferences())
    assert (caught.value.message, caught.value.code) == ("more than 9 stack instances of a set", "QuotaExceeded")


def test_no_more_instances_at_once_than_the_region_allows() -> None:
    world = World(seconds=60)
    world.runner.regional = 4
    made(world)
    job = create(world, Preferences())
    world.clock.drain()
    assert job.ended == 60 * 3


def test_faults_are_written_as_text() -> None:
    assert parse("failing=1%, lag=5") == Faults(failing=0.01, lag=5)
    assert parse("throttling,reads=7") == Faults(reads=7, writes=0.5, burst=10)
    assert parse("") == Faults()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("unusual", "--faults: there is nothing called unusual"),
        ("failures=1", "--faults: there is no fault failures"),
        ("lag=long", "--faults: lag=long: not a number"),
        ("failing=2", "--faults: failing=2: out of range"),
    ],
)
def test_faults_that_do_not_exist(text: str, message: str) -> None:
    with pytest.raises(ToolError) as caught:
        parse(text)
    assert caught.value.message == message


def test_accounts_are_drawn_by_lot_and_the_same_each_time() -> None:
    assert len(chosen(fleet(1000), 0.01, "seed")) == 10
    assert chosen(TEN, 0.01, "seed") == chosen(reversed(TEN), 0.01, "seed")
    assert len(chosen(TEN, 0.01, "seed")) == 1
    assert chosen(TEN, 0.0, "seed") == frozenset()
