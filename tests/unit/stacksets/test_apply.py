"""Plans applied to a service in memory: order, gates, failures, interruptions, and that nothing is done twice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from generator.errors import AccountsFailed, ToolError
from stacksets.actions import Plan, decode, encode
from stacksets.apply import Engine, apply, settled
from stacksets.plan import destroy, make, refuse_stale
from stacksets.report import AccountFailed, Event, GatePassed, OperationFinished, OperationStarted, StepStarted, Waiting
from stacksets.spec import Preferences, StackSetSpec
from stacksets.state import read
from stacksets.waiting import Pace
from tests.unit.stacksets.world import World, fleet, spec

STAGING, PROD = fleet(3), fleet(5, first=100)
READS = ("DescribeStackSet", "ListStackInstances", "DescribeStackSetOperation")


def engine(world: World, events: list[Event] | None = None) -> Engine:
    return Engine(service=world, clock=world.clock, report=(events if events is not None else []).append)


def plan_of(world: World, specs: Sequence[StackSetSpec]) -> Plan:
    return make(specs, read(world, [one.name for one in specs]), insists=True)


def four(text: str = "v1", staging: tuple[str, ...] = STAGING, prod: tuple[str, ...] = PROD) -> list[StackSetSpec]:
    return [
        spec(stage, layer, accounts, text)
        for stage, accounts in (("staging", staging), ("prod", prod))
        for layer in ("roles", "network")
    ]


def stacks(world: World) -> dict[str, list[str]]:
    """Which accounts have a stack of which set."""
    return {name: sorted(account for account, _ in held.stacks) for name, held in world.sets.items()}


def test_from_nothing_to_converged_then_nothing_to_do() -> None:
    world, events = World(), list[Event]()
    apply(plan_of(world, four()), engine(world, events))
    assert stacks(world) == {
        "e-roles-staging": list(STAGING),
        "e-network-staging": list(STAGING),
        "e-roles-prod": list(PROD),
        "e-network-prod": list(PROD),
    }
    steps = [event for event in events if isinstance(event, StepStarted | GatePassed)]
    assert steps == [StepStarted("staging", 4), GatePassed("staging", "prod"), StepStarted("prod", 4)]
    assert plan_of(world, four()).is_empty


def test_a_plan_without_changes_makes_the_least_calls() -> None:
    world = World()
    apply(plan_of(world, four(prod=fleet(250, first=100))), engine(world))
    world.calls.clear()
    assert plan_of(world, four(prod=fleet(250, first=100))).is_empty
    assert world.calls == {"DescribeStackSet": 4, "ListStackInstances": 1 + 1 + 3 + 3}


def test_a_change_is_one_update_a_set_and_few_polls() -> None:
    world = World(seconds=300)
    apply(plan_of(world, four()), engine(world))
    world.calls.clear()
    apply(plan_of(world, four("v2")), engine(world))
    assert world.calls["UpdateStackSet"] == 4
    assert {key for key in world.calls if key not in READS} == {"UpdateStackSet"}
    assert world.calls["DescribeStackSetOperation"] <= 2 * (1 + 16) + 2 * (1 + 7)
    assert plan_of(world, four("v2")).is_empty


def test_a_failing_account_keeps_prod_untouched_and_a_second_run_finishes() -> None:
    world, events = World(failing={STAGING[1]: "Bucket x already exists in 000000000002"}), list[Event]()
    with pytest.raises(AccountsFailed) as caught:
        apply(plan_of(world, four()), engine(world, events))
    assert caught.value.message == (
        "e-roles-staging: 1 account failed (000000000002): Bucket x already exists in 000000000002\n"
        "not started because of this: e-network-staging, prod"
    )
    assert caught.value.hint == (
        "something of this name is there already: delete it, or import it into the stack; "
        "then run the same command again: it goes on with what is left"
    )
    assert [e for e in events if isinstance(e, AccountFailed)] == [
        AccountFailed("e-roles-staging", "000000000002", "eu-west-1", "Bucket x already exists in 000000000002")
    ]
    assert set(world.sets) == {"e-roles-staging"}
    world.fate.failing.clear()
    apply(plan_of(world, four()), engine(world))
    assert plan_of(world, four()).is_empty


def test_within_the_tolerance_a_stage_goes_on_but_its_gate_stays_shut() -> None:
    world = World(failing={STAGING[1]: "no"})
    tolerant = [replace(one, preferences=Preferences(failure_tolerance_count=1)) for one in four()]
    with pytest.raises(AccountsFailed):
        apply(plan_of(world, tolerant), engine(world))
    assert stacks(world) == {"e-roles-staging": [STAGING[0], STAGING[2]], "e-network-staging": [STAGING[0], STAGING[2]]}


def test_accounts_with_their_own_values_get_an_operation_each_all_at_once() -> None:
    world = World(seconds=100)
    own = {account: {"VPCCIDR": f"10.{position}.0.0/16"} for position, account in enumerate(STAGING)}
    specs = [spec("staging", "network", STAGING, overrides=own)]
    apply(plan_of(world, specs), engine(world))
    assert world.calls["CreateStackInstances"] == 3
    assert world.clock.time < 200
    assert {account: values for (account, _), values in world.sets["e-network-staging"].overrides.items()} == own
    assert plan_of(world, specs).is_empty


def test_after_too_many_failures_no_further_operation_is_started() -> None:
    accounts = fleet(20)
    world = World(failing=dict.fromkeys(accounts, "no"))
    own = {account: {"VPCCIDR": f"10.{position}.0.0/16"} for position, account in enumerate(accounts)}
    gentle = Preferences(max_concurrent_count=4)
    with pytest.raises(AccountsFailed) as caught:
        apply(plan_of(world, [spec("staging", "network", accounts, overrides=own, preferences=gentle)]), engine(world))
    assert world.calls["CreateStackInstances"] == 4
    assert caught.value.message == (
        "e-network-staging: 4 accounts failed (000000000001, 000000000002, 000000000003, 000000000004): no\n"
        "e-network-staging: 16 accounts failed "
        "(000000000005, 000000000006, 000000000007, 000000000008, 000000000009, …): "
        "not begun: more accounts failed before its turn than are tolerated"
    )


def test_an_interrupted_run_leaves_its_operation_and_the_next_waits_for_it() -> None:
    world, events = World(seconds=500), list[Event]()
    world.clock.until = 50
    with pytest.raises(KeyboardInterrupt):
        apply(plan_of(world, four()), engine(world))
    assert world.calls["CreateStackInstances"] == 1
    plan = settled(lambda: plan_of(world, four()), engine(world, events))
    apply(plan, engine(world, events))
    assert [event.is_adopted for event in events if isinstance(event, OperationStarted)] == [True, False, False, False]
    assert world.calls["CreateStackInstances"] == 4
    assert plan_of(world, four()).is_empty


@pytest.mark.parametrize("moment", range(1, 130, 7))
def test_interrupted_at_any_moment_the_same_command_ends_in_the_same_state(moment: int) -> None:
    world = World()
    apply(plan_of(world, four()), engine(world))
    world.clock.until = world.clock.time + moment
    changed = four("v2", staging=STAGING[:2], prod=(*PROD, STAGING[2]))
    try:
        apply(settled(lambda: plan_of(world, changed), engine(world)), engine(world))
    except KeyboardInterrupt:
        apply(settled(lambda: plan_of(world, changed), engine(world)), engine(world))
    assert plan_of(world, changed).is_empty
    digests = {content.template for held in world.sets.values() for content in held.stacks.values()}
    assert digests == {changed[0].template.sha256}
    ids = [job.id for held in world.sets.values() for job in held.jobs.values()]
    assert len(ids) == len(set(ids))


def test_a_lost_answer_does_not_submit_twice() -> None:
    world, events = World(lost=1), list[Event]()
    apply(plan_of(world, [spec("staging", "roles", STAGING)]), engine(world, events))
    assert [event.is_adopted for event in events if isinstance(event, OperationStarted)] == [True]
    assert len(world.sets["e-roles-staging"].jobs) == 1


def test_another_operation_is_waited_for() -> None:
    world, events = World(busy=3), list[Event]()
    apply(plan_of(world, [spec("staging", "roles", STAGING)]), engine(world, events))
    waits = [event for event in events if isinstance(event, Waiting)]
    assert [wait.reason for wait in waits] == ["e-roles-staging: another operation is in progress"] * 3
    assert waits[0].seconds < waits[1].seconds < waits[2].seconds


def test_patience_ends() -> None:
    world = World(busy=10_000)
    busy = replace(engine(world), pace=Pace(patience=100))
    with pytest.raises(ToolError) as caught:
        apply(plan_of(world, [spec("staging", "roles", STAGING)]), busy)
    assert caught.value.message == "e-roles-staging: another operation holds the stack set for more than 100 s"


def test_the_same_change_twice_takes_the_next_attempt() -> None:
    world, events = World(), list[Event]()
    for accounts in (STAGING, STAGING[:2], STAGING):
        apply(plan_of(world, [spec("staging", "roles", accounts)]), engine(world, events))
    ids = [event.operation for event in events if isinstance(event, OperationFinished)]
    assert [name.rpartition("-")[2] for name in ids] == ["0", "0", "0"]
    for accounts in (STAGING[:2], STAGING):
        apply(plan_of(world, [spec("staging", "roles", accounts)]), engine(world, events))
    ids = [event.operation for event in events if isinstance(event, OperationFinished)]
    assert [name.rpartition("-")[2] for name in ids] == ["0", "0", "0", "1", "1"]


def test_who_cannot_be_removed_keeps_nobody_from_converging() -> None:
    world = World()
    apply(plan_of(world, four()), engine(world))
    world.fate.failing[PROD[0]] = "role cannot be assumed"
    changed = four("v2", prod=PROD[1:])
    with pytest.raises(AccountsFailed):
        apply(plan_of(world, changed), engine(world))
    stacks = world.sets["e-roles-staging"].stacks
    assert {content.template for content in stacks.values()} == {changed[0].template.sha256}


def test_destroy_leaves_nothing() -> None:
    world = World()
    apply(plan_of(world, four()), engine(world))
    state = read(world, [one.name for one in four()])
    apply(destroy(four(), state), engine(world))
    assert world.sets == {}


def test_a_saved_plan_is_applied_later_and_refused_when_the_state_moved() -> None:
    world = World()
    saved = decode(encode(plan_of(world, four())), "plan.json")
    refuse_stale(saved, read(world, [one.name for one in four()]))
    apply(saved, engine(world))
    with pytest.raises(ToolError) as caught:
        refuse_stale(saved, read(world, [one.name for one in four()]))
    assert caught.value.message == "plan: the stack sets have changed since it was made"


def test_ten_thousand_accounts() -> None:
    world, many = World(), fleet(10_000, first=1000)
    apply(plan_of(world, four(prod=many)), engine(world))
    world.calls.clear()
    apply(plan_of(world, four("v2", prod=many)), engine(world))
    assert world.calls["UpdateStackSet"] == 4
    assert plan_of(world, four("v2", prod=many)).is_empty
