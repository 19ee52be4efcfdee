"""Carrying out a plan of stack sets with progress, and saying what is left when it does not end well."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlz import convergence, inside, planview
from mlz.reporter import reporting

if TYPE_CHECKING:
    from generator.package.manifest import Manifest
    from mlz.console import Console
    from mlz.convergence import Insistence
    from mlz.options import Run
    from mlz.settings import Settings
    from stacksets.actions import Plan
    from stacksets.client import Cloud
    from stacksets.state import State


def shown(run: Run, plan: Plan, names: dict[str, str]) -> None:
    """The plan on stdout, as text or as data."""
    from mlz.output import text_of

    if run.output == "text":
        run.console.lines(planview.lines(plan, names, detailed=run.console.verbosity > 0))
    else:
        run.console.data(text_of(planview.document(plan, names), run.output))


def applied(settings: Settings, cloud: Cloud, state: State, plan: Plan, console: Console) -> None:
    """Apply; AccountsFailed names the accounts that did not get there."""
    from stacksets.apply import Engine, apply
    from stacksets.diagnosis import Diagnosis, Members
    from stacksets.waiting import Pace

    service = convergence.service(cloud)
    members = Members(cloud, _administration_role(settings, cloud, state), settings.setup_role, inside.door(settings))
    with reporting(console) as report:
        engine = Engine(
            service=service,
            report=report,
            diagnose=Diagnosis(service, members),
            pace=Pace(first=settings.rollout.poll_seconds),
        )
        apply(plan, engine)


def _administration_role(settings: Settings, cloud: Cloud, state: State) -> str:
    """As the sets have it, else by its name (templates.published.STACK_SET_ADMINISTRATION_ROLE)."""
    held = next((one.administration_role_arn for one in state.sets.values() if one.administration_role_arn), "")
    name = f"{settings.identity}-{settings.region}-stackset-admin"
    return held or f"arn:{cloud.partition}:iam::{cloud.account}:role/{name}"


def converged(run: Run, settings: Settings, manifest: Manifest, cloud: Cloud, insistence: Insistence) -> bool:
    """Plan, show, ask, apply; once more after operations of an earlier run have ended. False when it was a dry run."""
    while True:
        found = convergence.situation(settings, manifest, cloud, insistence)
        plan = convergence.plan(settings, found, insistence)
        shown(run, plan, dict(found.names))
        if run.dry_run or plan.is_empty:
            return not run.dry_run
        run.console.agreed("Apply this plan?", yes=run.yes)
        applied(settings, cloud, found.state, plan, run.console)
        run.console.progress(planview.outcome(plan), "add")
        if not plan.must_settle:
            return True
