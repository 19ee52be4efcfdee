"""Waves of accounts: who is in which, what waits for what, and applying them against a service in memory."""

from __future__ import annotations

import sys
from collections import Counter
from dataclasses import replace

import pytest

from generator.errors import AccountsFailed, GateError, ToolError
from stacksets.actions import CreateSet, Plan, Step, decode, encode
from stacksets.apply import Engine, apply
from stacksets.graph import walk
from stacksets.health import awaited, unwatched
from stacksets.plan import make
from stacksets.report import Baking, Event, silent
from stacksets.simulator.clock import VirtualClock
from stacksets.spec import DEFAULTS, Definition, Preferences, StackSetSpec
from stacksets.state import read
from stacksets.waves import Gate, Rollout, Wave, partition
from tests.unit.stacksets.world import World, fleet, spec

STAGING, PROD = fleet(8), fleet(4, first=100)
WAVES = (Wave("canary", frozenset(STAGING[:1] + PROD[:1])), Wave("half", percent=50))


def two(text: str, rollout: Rollout, preferences: Preferences = DEFAULTS) -> list[StackSetSpec]:
    return [
        replace(spec(stage, "roles", accounts, text, preferences=preferences), rollout=rollout)
        for stage, accounts in (("staging", STAGING), ("prod", PROD))
    ]


def plan_of(world: World, specs: list[StackSetSpec]) -> Plan:
    return make(specs, read(world, [one.name for one in specs]))


def engine(world: World, events: list[Event] | None = None) -> Engine:
    return Engine(service=world, clock=world.clock, report=(events if events is not None else []).append)


def carried(world: World, text: str) -> Counter[str]:
    """How many accounts of each set have the template `text`."""
    digest = spec("staging", "roles", (), text).template.sha256
    return Counter(
        name for name, held in world.sets.items() for content in held.stacks.values() if content.template == digest
    )


def deployed(rollout: Rollout) -> World:
    world = World()
    apply(plan_of(world, two("v1", rollout)), engine(world))
    return world


def test_shares_are_of_the_whole_stage_and_the_same_in_every_order() -> None:
    place = partition((Wave("canary", frozenset({"000000000003"})), Wave("half", percent=50)), STAGING)
    assert Counter(place.values()) == {0: 1, 1: 3, 2: 4}
    assert place["000000000003"] == 0
    assert partition((Wave("half", percent=50),), reversed(STAGING)) == partition((Wave("half", percent=50),), STAGING)


def test_a_share_of_a_tiny_stage_is_at_least_one_account_and_a_hundred_percent_leaves_no_rest() -> None:
    assert Counter(partition((Wave("first", percent=1),), fleet(3)).values()) == {0: 1, 1: 2}
    assert Counter(partition((Wave("all", percent=100),), fleet(3)).values()) == {0: 3}
    assert partition((Wave("first", percent=1),), ()) == {}


def test_each_wave_is_converged_before_the_next_and_a_change_is_brought_once() -> None:
    world = deployed(Rollout(WAVES))
    plan = plan_of(world, two("v2", Rollout(WAVES)))
    names = ["staging/canary", "staging/half", "staging/rest", "prod/canary", "prod/half", "prod/rest"]
    assert [step.name for step in plan.steps] == names
    served = []
    for name in names:
        apply(plan_of(world, two("v2", Rollout(WAVES))).until(name), engine(world))
        served.append((carried(world, "v2")["e-roles-staging"], carried(world, "v2")["e-roles-prod"]))
    assert served == [(1, 0), (4, 0), (8, 0), (8, 1), (8, 2), (8, 4)]
    assert world.calls["UpdateStackSet"] == 6
    assert plan_of(world, two("v2", Rollout(WAVES))).is_empty


def test_pausing_where_nothing_is_left_to_do_holds_back_the_rest_all_the_same() -> None:
    world = deployed(Rollout(WAVES))
    apply(plan_of(world, two("v2", Rollout(WAVES))).until("canary"), engine(world))
    assert plan_of(world, two("v2", Rollout(WAVES))).until("canary").steps == ()
    after_stage = plan_of(world, two("v2", Rollout(WAVES))).until("staging")
    assert [step.name for step in after_stage.steps] == ["staging/half", "staging/rest"]


def test_a_misspelt_wave_is_refused() -> None:
    world = deployed(Rollout(WAVES))
    with pytest.raises(ToolError) as caught:
        plan_of(world, two("v2", Rollout((Wave("canary", frozenset(STAGING)),)))).until("canaries")
    assert str(caught.value) == (
        "--pause-after canaries: the plan has no such wave\n"
        "hint: it has: leave, prod/canary, prod/rest, staging/canary, staging/rest"
    )


def test_a_failing_canary_stops_everything_after_it() -> None:
    world = deployed(Rollout(WAVES))
    world.fate.failing[STAGING[0]] = "no"
    with pytest.raises(AccountsFailed) as caught:
        apply(plan_of(world, two("v2", Rollout(WAVES))), engine(world))
    assert caught.value.message == (
        "e-roles-staging: 1 account failed (000000000001): no\n"
        "not started because of this: staging/half, staging/rest, prod/canary, prod/half, prod/rest"
    )
    assert carried(world, "v2") == {}


def test_within_the_budget_the_roll_out_goes_on_and_the_failed_are_named_at_the_end() -> None:
    rollout, lenient = Rollout(WAVES, budget_percent=25), Preferences(failure_tolerance_percent=50)
    world = deployed(rollout)
    half = [account for account, place in partition(WAVES, STAGING).items() if place == 1]
    world.fate.failing[half[0]] = "no"
    with pytest.raises(AccountsFailed) as caught:
        apply(plan_of(world, two("v2", rollout, lenient)), engine(world))
    assert caught.value.message == f"e-roles-staging: 1 account failed ({half[0]}): no"
    assert carried(world, "v2") == {"e-roles-staging": 7, "e-roles-prod": 4}


def test_the_budget_counts_over_the_waves_of_a_stage() -> None:
    rollout, lenient = Rollout(WAVES, budget_percent=13), Preferences(failure_tolerance_percent=100)
    world = deployed(rollout)
    place = partition(WAVES, STAGING)
    bad = [next(a for a, position in place.items() if position == wave) for wave in (0, 1)]
    world.fate.failing |= dict.fromkeys(bad, "no")
    with pytest.raises(AccountsFailed) as caught:
        apply(plan_of(world, two("v2", rollout, lenient)), engine(world))
    assert caught.value.message.splitlines()[-1] == (
        "not started because of this: staging/rest, prod/canary, prod/half, prod/rest"
    )


def test_bake_time_passes_and_an_alarm_in_it_stops_the_next_wave() -> None:
    gate = Gate(bake=600, alarms=("errors",))
    world, events = deployed(Rollout(WAVES, gate)), list[Event]()
    looks: list[Gate] = []

    def health(asked: Gate) -> str:
        looks.append(asked)
        return "alarm errors is in ALARM" if len(looks) == 13 else ""

    at = world.clock.now()
    with pytest.raises(GateError) as caught:
        apply(plan_of(world, two("v2", Rollout(WAVES, gate))), replace(engine(world, events), health=health))
    assert caught.value.message == "staging/rest: not begun: alarm errors is in ALARM"
    assert carried(world, "v2") == {"e-roles-staging": 4}
    assert [event for event in events if isinstance(event, Baking)] == [
        Baking("staging/half", 600),
        Baking("staging/rest", 600),
    ]
    assert looks == [*[Gate(alarms=("errors",))] * 10, gate, *[Gate(alarms=("errors",))] * 2]
    assert world.clock.now() - at > 720


def test_after_an_interruption_the_gate_is_passed_before_the_next_wave() -> None:
    gate = Gate(bake=600)
    world, events = deployed(Rollout(WAVES, gate)), list[Event]()
    world.clock.until = world.clock.now() + 5
    with pytest.raises(KeyboardInterrupt):
        apply(plan_of(world, two("v2", Rollout(WAVES, gate))), engine(world))
    world.clock.sleep(60)
    apply(plan_of(world, two("v2", Rollout(WAVES, gate))), engine(world, events))
    assert [event.step for event in events if isinstance(event, Baking)] == [
        "staging/half",
        "staging/rest",
        "prod/canary",
        "prod/half",
        "prod/rest",
    ]
    assert world.calls["UpdateStackSet"] == 6
    assert carried(world, "v2") == {"e-roles-staging": 8, "e-roles-prod": 4}


def test_a_plan_with_waves_survives_its_file() -> None:
    plan = plan_of(deployed(Rollout(WAVES)), two("v2", Rollout(WAVES, Gate(60, ("a",), ("check", "it")), 10)))
    assert decode(encode(plan), "plan.json") == plan


@pytest.mark.parametrize(
    ("command", "complaint"),
    [
        (("-c", ""), ""),
        (("-c", "import sys; sys.exit('not well')"), "exited with 1: not well"),
    ],
)
def test_a_command_judges_by_its_exit_status(command: tuple[str, ...], complaint: str) -> None:
    from stacksets.client import connect
    from stacksets.health import Watch

    found = Watch(connect(region="eu-west-1"))(Gate(command=(sys.executable, *command)))
    assert found == (f"{sys.executable} {' '.join(command)} {complaint}" if complaint else "")


def test_without_bake_time_the_gate_is_looked_at_once() -> None:
    looks: list[Gate] = []
    gate = Gate(alarms=("errors",))
    step = Step("next", (), health=gate)
    awaited(step, lambda asked: looks.append(asked) or "", VirtualClock(), silent)
    assert looks == [gate]
    assert unwatched(gate) == ""


def a_step(name: str, *after: str) -> Step:
    return Step(name, (CreateSet(Definition(name, "", ""), ""),), after=after)


def test_steps_that_do_not_follow_each_other_run_at_the_same_time() -> None:
    import threading

    together = threading.Barrier(2, timeout=10)
    order: list[str] = []

    def work(step: Step) -> bool:
        if step.name in ("left", "right"):
            together.wait()
        order.append(step.name)
        return step.name != "left"

    steps = [a_step("base"), a_step("left", "base"), a_step("right", "base"), a_step("end", "left", "right")]
    assert walk([*steps, a_step("more", "right", "gone")], work) == (steps[3],)
    assert (order[0], sorted(order)) == ("base", ["base", "left", "more", "right"])


def test_an_error_of_one_is_raised_when_the_others_have_ended() -> None:
    import threading

    failed, ended = threading.Event(), list[str]()

    def work(step: Step) -> bool:
        if step.name == "bad":
            failed.set()
            raise ToolError("bad: broken")
        failed.wait(10)
        ended.append(step.name)
        return True

    with pytest.raises(ToolError, match="bad: broken"):
        walk([a_step("bad"), a_step("good"), a_step("later", "good")], work)
    assert ended == ["good"]


def test_what_an_interrupted_roll_out_left_is_a_first_try() -> None:
    world = deployed(Rollout(WAVES))
    apply(plan_of(world, two("v2", Rollout(WAVES))).until("canary"), engine(world))
    left = plan_of(world, two("v2", Rollout(WAVES))).steps[0].actions
    assert [(type(one).__name__, one.reason, getattr(one, "follows", None)) for one in left] == [
        ("RetryInstances", "behind the set", True)
    ]
