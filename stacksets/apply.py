"""Carry out a plan: submit each operation, wait for it, report it, and stop at a gate where an account failed."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import TypeAlias, assert_never

from generator.errors import ToolError
from stacksets import graph, health, shortfall
from stacksets.actions import (
    Action,
    AwaitOperation,
    CreateInstances,
    CreateSet,
    DeleteInstances,
    DeleteSet,
    Group,
    Plan,
    RetryInstances,
    Step,
    UpdateInstances,
    UpdateSet,
)
from stacksets.cause import Failure, accounts_failed, by_reason
from stacksets.health import Health, unwatched
from stacksets.report import (
    AccountFailed,
    ActionFinished,
    ActionStarted,
    GatePassed,
    OperationFinished,
    OperationProgress,
    OperationStarted,
    Report,
    StepStarted,
    silent,
)
from stacksets.service import Result, StackSets
from stacksets.state import Operation
from stacksets.waiting import SYSTEM, Clock, Pace, submit, wait_turns

Diagnose: TypeAlias = Callable[[str, tuple[Result, ...]], tuple[Failure, ...]]
Grouped: TypeAlias = RetryInstances | CreateInstances | UpdateInstances | DeleteInstances


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """What applying works with: the service, where events go, who explains failures, who judges health, how it waits.

    Where stages are independent, all of these are used by several threads at a time.

    `durations` collects how long each kind of action took on each layer, in seconds, so that the next stage's looks
    come when they are worth it.
    """

    service: StackSets
    report: Report = silent
    diagnose: Diagnose = by_reason
    pace: Pace = field(default_factory=Pace)
    clock: Clock = SYSTEM
    health: Health = unwatched
    durations: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Flight:
    """An operation under way."""

    operation: str
    group: Group
    started: float


def apply(plan: Plan, engine: Engine) -> None:
    """Do every action in order. AccountsFailed names the accounts that did not get there, each with its first cause.

    Operations go on in the service when this is interrupted; the same call finds them and goes on.
    """
    course = Course(plan, engine)
    untouched = graph.walk(plan.steps, course.work)
    if course.failures:
        left = (*course.left, *(step.name for step in untouched))
        raise accounts_failed(tuple(course.failures), untouched=left)


class Course:
    """One applying: what has failed so far, and which stack sets were left out because of it."""

    def __init__(self, plan: Plan, engine: Engine) -> None:
        self._plan, self._engine = plan, engine
        self.failures: list[Failure] = []
        self.left: list[str] = []
        self._failed: dict[str, set[str]] = {}

    def work(self, step: Step) -> bool:
        """Do a step when what came before it is healthy; False when nothing may follow it."""
        engine = self._engine
        health.awaited(step, engine.health, engine.clock, engine.report)
        failed, left, is_spent = _step(step, engine)
        self.failures += failed
        self.left += left
        if not step.is_gate:
            return True
        lost = self._failed.setdefault(step.stage, set())
        lost |= {failure.account for failure in failed}
        if is_spent or len(lost) > step.allowed:
            return False
        following = next((other.name for other in self._plan.steps if step.name in other.after), "")
        if following:
            engine.report(GatePassed(step.name, following))
        return True


def settled(planning: Callable[[], Plan], engine: Engine, rounds: int = 10) -> Plan:
    """A plan without operations under way: while there are any, wait for them and plan again.

    `planning` reads the state and makes a plan. ToolError when others keep starting operations.
    """
    for _ in range(rounds):
        plan = planning()
        if not plan.must_settle:
            return plan
        apply(plan, engine)
    raise ToolError("plan: others keep changing these stack sets", "find out who, then run the same command again")


def _step(step: Step, engine: Engine) -> tuple[list[Failure], tuple[str, ...], bool]:
    """The failures, the stack sets of actions that were not started because of them, whether an action gave up."""
    engine.report(StepStarted(step.name, len(step.actions)))
    failures: list[Failure] = []
    for position, action in enumerate(step.actions):
        engine.report(ActionStarted(action.stack_set, type(action).__name__, len(action.accounts)))
        results = _timed(action, step, engine)
        explained = engine.diagnose(action.stack_set, results) if results else ()
        for failure in explained:
            engine.report(AccountFailed(failure.stack_set, failure.account, failure.region, failure.cause))
        engine.report(ActionFinished(action.stack_set, type(action).__name__, len(explained)))
        failures += explained
        if _is_spent(action, results) and step.is_gate:
            return failures, tuple(dict.fromkeys(later.stack_set for later in step.actions[position + 1 :])), True
    return failures, (), False


def _timed(action: Action, step: Step, engine: Engine) -> tuple[Result, ...]:
    """Learns from the same wave of another stage, else from the wave before."""
    began, known = engine.clock.now(), engine.durations
    kind = f"{_likeness(action)} {action.stack_set.replace(step.stage or step.name, '*')}"
    here = f"{kind}{step.name.removeprefix(step.stage)}"
    results = _act(action, known.get(here, known.get(kind, 0.0)), engine)
    known[kind] = known[here] = engine.clock.now() - began
    return results


def _likeness(action: Action) -> str:
    """What takes about as long has one name: the waves that follow a change do what its first wave does."""
    is_follower = isinstance(action, RetryInstances) and action.follows
    return UpdateSet.__name__ if is_follower else type(action).__name__


def _is_spent(action: Action, results: tuple[Result, ...]) -> bool:
    """More accounts failed than the action tolerates: nothing after it in its step is started."""
    if not results or isinstance(action, (CreateSet, DeleteSet, AwaitOperation)):
        return False
    return len({result.account for result in results}) > action.preferences.tolerated(len(action.accounts))


def _act(action: Action, expected: float, engine: Engine) -> tuple[Result, ...]:
    """Do one action, which took `expected` seconds elsewhere, and return the results that failed."""
    match action:
        case CreateSet():
            engine.service.create_set(action.definition)
            return ()
        case DeleteSet():
            submit(
                engine.clock,
                engine.pace,
                engine.report,
                action.stack_set,
                partial(engine.service.delete_set, action.stack_set),
            )
            return ()
        case AwaitOperation():
            group = Group(action.accounts, (), "")
            _await(action.stack_set, Flight(action.operation, group, engine.clock.now()), engine)
            return ()
        case UpdateSet():
            return _fly(action, (Group(action.accounts, action.regions, action.operation),), expected, engine)
        case RetryInstances() | CreateInstances() | UpdateInstances() | DeleteInstances():
            return _fly(action, action.groups, expected, engine)
        case _:
            assert_never(action)


def _fly(action: UpdateSet | Grouped, groups: tuple[Group, ...], expected: float, engine: Engine) -> tuple[Result, ...]:
    """Run the operations of an action, as many at a time as it allows, until all have ended or too many failed."""
    waiting, flying, failed = deque(groups), list[Flight](), list[Result]()
    accounts = len(action.accounts)
    window, tolerated = action.preferences.concurrent(accounts), action.preferences.tolerated(accounts)
    delays = wait_turns(engine.pace, expected)
    while waiting or flying:
        while waiting and len(flying) < window:
            flying.append(_launch(action, waiting.popleft(), engine))
        engine.clock.sleep(next(delays))
        for flight, operation in _look(action.stack_set, flying, engine):
            flying.remove(flight)
            failed += shortfall.of(action.stack_set, flight.group, operation, engine.service, engine.clock, engine.pace)
        if len(failed) > tolerated:
            failed += shortfall.not_begun(waiting)
            waiting.clear()
    return tuple(failed)


def _await(name: str, flight: Flight, engine: Engine) -> None:
    """Wait for an operation of another run; what it left behind is in the state that the next plan is made from."""
    delays = wait_turns(engine.pace)
    engine.report(OperationStarted(name, flight.operation, len(flight.group.accounts), True))
    while not _look(name, [flight], engine):
        engine.clock.sleep(next(delays))


def _launch(action: UpdateSet | Grouped, group: Group, engine: Engine) -> Flight:
    """Submit under the first attempt that is not used up; one that is under way already is waited for instead."""
    name = action.stack_set
    for attempt in range(engine.pace.attempts):
        operation = f"mlz-{group.operation}-{attempt}"
        known = engine.service.operation(name, operation)
        if known is not None and not known.is_active:
            continue
        send = partial(_send, action, group, operation, engine.service)
        is_adopted = known is not None or not submit(engine.clock, engine.pace, engine.report, name, send)
        engine.report(OperationStarted(name, operation, len(group.accounts), is_adopted))
        return Flight(operation, group, engine.clock.now())
    raise ToolError(
        f"{name}: the operation mlz-{group.operation} was tried {engine.pace.attempts} times before",
        "look at what fails in its accounts: mlz status",
    )


def _send(action: UpdateSet | Grouped, group: Group, operation: str, service: StackSets) -> None:
    name, to = action.stack_set, (group.accounts, group.regions)
    match action:
        case UpdateSet():
            some = (group.accounts, group.regions) if group.regions else ((), ())
            service.update_set(action.definition, action.preferences, operation, *some)
        case RetryInstances():
            service.retry_instances(action.definition, *to, action.preferences, operation)
        case CreateInstances():
            service.create_instances(name, *to, group.overrides, action.preferences, operation)
        case UpdateInstances():
            service.update_instances(name, *to, group.overrides, action.preferences, operation)
        case DeleteInstances():
            service.delete_instances(name, *to, action.retain, action.preferences, operation)
        case _:
            assert_never(action)


def _look(name: str, flying: list[Flight], engine: Engine) -> list[tuple[Flight, Operation]]:
    """One look at all operations under way: a describe for one, a list for more, which is confirmed by a describe."""
    if len(flying) > 1:
        seen = {operation.id: operation for operation in engine.service.operations(name, 2 * len(flying) + 10)}
        flying = [flight for flight in flying if flight.operation in seen and not seen[flight.operation].is_active]
    ended: list[tuple[Flight, Operation]] = []
    for flight in flying:
        operation = engine.service.operation(name, flight.operation)
        if operation is None:
            raise ToolError(f"{name}: the operation {flight.operation} is gone", "plan again: mlz plan")
        seconds = engine.clock.now() - flight.started
        kind = OperationProgress if operation.is_active else OperationFinished
        engine.report(kind(name, operation.id, operation.status, operation.failed, seconds))
        if not operation.is_active:
            ended.append((flight, operation))
    return ended
