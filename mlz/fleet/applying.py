"""Carrying out a plan of stack sets with progress, and saying what is left when it does not end well."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from generator.errors import ToolError
from mlz.fleet import convergence, inside, own_sets, planview
from mlz.terminal.reporter import reporting

if TYPE_CHECKING:
    from mlz.config.rollout import StackSet
    from mlz.config.settings import Settings
    from mlz.fleet.convergence import Insistence
    from mlz.options import Run
    from mlz.terminal.console import Console
    from stacksets.actions import Plan
    from stacksets.apply import Diagnose
    from stacksets.client import Cloud
    from stacksets.diagnosis import Door, Members
    from stacksets.service import StackSets
    from stacksets.state import State


def shown(run: Run, plan: Plan, names: dict[str, str]) -> None:
    """The plan on stdout, as text or as data."""
    from mlz.terminal.output import text_of

    if run.output == "text":
        run.console.lines(planview.lines(plan, names, detailed=run.console.verbosity > 0))
    else:
        run.console.data(text_of(planview.document(plan, names), run.output))


@dataclass(frozen=True)
class Manner:
    """How to apply: wait for operations of others or leave, and the wave after which to stop."""

    waits: bool = True
    pause_after: str = ""

    def of(self, plan: Plan) -> Plan:
        """What is left of the plan; ToolError that names who holds a stack set, when we are not to wait for it."""
        from stacksets.actions import AwaitOperation

        for action in plan.actions:
            if isinstance(action, AwaitOperation) and not self.waits:
                whose = "another run of mlz" if action.operation.startswith("mlz-") else "somebody else"
                what = action.reason.split(":")[0]
                raise ToolError(
                    f"{action.stack_set}: {whose} holds it: operation {action.operation}: {what}",
                    "run the same command later, or with --wait",
                )
        return plan if plan.must_settle or not self.pause_after else plan.until(self.pause_after)


PATIENT = Manner()


def applied(
    settings: Settings, cloud: Cloud, state: State, plan: Plan, console: Console, manner: Manner = PATIENT
) -> None:
    """Apply; AccountsFailed names the accounts that did not get there."""
    from stacksets.apply import Engine, apply
    from stacksets.health import Watch
    from stacksets.waiting import Pace

    service = convergence.service(cloud)
    own_sets.published(own_sets.sources(settings, cloud, Path()), cloud, plan)
    pace = Pace(first=settings.rollout.poll_seconds)
    with reporting(console) as report:
        engine = Engine(
            service=service,
            report=report,
            diagnose=_diagnosing(settings, cloud, service, state),
            pace=pace if manner.waits else replace(pace, patience=0.0),
            health=Watch(cloud),
        )
        apply(plan, engine)


def _diagnosing(settings: Settings, cloud: Cloud, service: StackSets, state: State) -> Diagnose:
    """Each set's accounts are looked into with the roles of the set."""
    from stacksets.diagnosis import Diagnosis, Members

    door = inside.door(settings)
    environment = Members(cloud, _administration_role(settings, cloud, state), settings.setup_role, door)
    known = {name: Diagnosis(service, _own_members(cloud, one, door)) for name, one in settings.stack_sets.items()}
    usual = Diagnosis(service, environment)
    return lambda name, results: known.get(name, usual)(name, results)


def _own_members(cloud: Cloud, one: StackSet, door: Door) -> Members:
    from stacksets.diagnosis import Members

    administration = one.administration_role or own_sets.ADMINISTRATION
    arn = f"arn:{cloud.partition}:iam::{cloud.account}:role/{administration}"
    return Members(cloud, arn, one.execution_role or own_sets.EXECUTION, door)


def _administration_role(settings: Settings, cloud: Cloud, state: State) -> str:
    """As the sets have it, else by its name (templates.published.STACK_SET_ADMINISTRATION_ROLE)."""
    held = next((one.administration_role_arn for one in state.sets.values() if one.administration_role_arn), "")
    name = f"{settings.identity}-{settings.region}-stackset-admin"
    return held or f"arn:{cloud.partition}:iam::{cloud.account}:role/{name}"


def converged(run: Run, settings: Settings, cloud: Cloud, insistence: Insistence, manner: Manner = PATIENT) -> bool:
    """Plan, show, ask, apply; again after operations of an earlier run have ended. False when a dry run leaves work."""
    manifest = convergence.release(settings)
    while True:
        found = convergence.situation(settings, manifest, cloud, insistence)
        whole = convergence.plan(settings, found, insistence)
        plan = manner.of(whole)
        shown(run, plan, dict(found.names))
        if run.dry_run or plan.is_empty:
            paused(run.console, whole, plan)
            return plan.is_empty or not run.dry_run
        run.console.agreed("Apply this plan?", yes=run.yes)
        applied(settings, cloud, found.state, plan, run.console, manner)
        run.console.progress(planview.outcome(plan), "add")
        if not plan.must_settle:
            paused(run.console, whole, plan)
            return True


def paused(console: Console, whole: Plan, plan: Plan) -> None:
    """Say what was held back."""
    left = [step.name for step in whole.steps if step not in plan.steps]
    if left:
        console.progress(f"paused; still to come: {', '.join(left)}", "change")
