"""`mlz model`: a project's versions, where they stand, the decision in between, and the way back to one of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from mlz.options import Run, Verbs, verb

if TYPE_CHECKING:
    from mlz.mlops.models import Version


@click.group(
    cls=Verbs, help="A project's model: its versions, where they are, whom they wait for, and the way back to one."
)
def command() -> None:
    pass


@verb("Show the versions of a project's model.")
@click.argument("project", metavar="PROJECT")
@click.option("--group", default="", metavar="NAME", help="Model package group, where it is not named like PROJECT.")
def versions(run: Run, project: str, group: str) -> None:
    from mlz.mlops import models
    from mlz.session import connected
    from mlz.terminal.console import Line
    from mlz.terminal.output import text_of

    found = models.versions(connected(run.settings()).client("sagemaker"), group or project)
    if run.output == "text":
        run.console.lines([Line(f"{one.number:>4}  {one.status:<22} {one.made}") for one in found])
        if not found:
            run.console.progress(f"model package group {group or project}: no versions")
    else:
        run.console.data(text_of({"versions": [_row(one) for one in found]}, run.output))
    run.console.next(f"mlz model rollback {project} --to VERSION" if found else "approve a model, and it is deployed")


@verb(
    "Deploy a former version: PROJECT is <name>-<id>, as in its pipeline's name.",
    "Deploy a former version.",
)
@click.argument("project", metavar="PROJECT")
@click.option("--to", "number", type=click.IntRange(min=1), required=True, metavar="VERSION", help="Version number.")
@click.option("--ticket", default="none", help="Change ticket, which the approver sees.")
@click.option("--group", default="", metavar="NAME", help="Model package group, where it is not named like PROJECT.")
def rollback(run: Run, project: str, number: int, ticket: str, group: str) -> None:
    from mlz.mlops import models
    from mlz.session import connected
    from mlz.terminal.output import text_of

    cloud = connected(run.settings())
    known = group or project
    version = models.chosen(models.versions(cloud.client("sagemaker"), known), number, known)
    line = f"{models.pipeline(project)}: version {number}, test and approval as for any model"
    run.console.progress(line, "title")
    if run.dry_run:
        run.console.next("the same without --dry-run starts it")
        return
    run.console.agreed(f"Start {models.pipeline(project)} with version {number}?", yes=run.yes)
    execution = models.start(cloud.client("codepipeline"), project, version, ticket)
    document = {"pipeline": models.pipeline(project), "execution": execution, "model_package": version.arn}
    run.console.data(execution if run.output == "text" else text_of(document, run.output))
    run.console.progress(
        f"reject the version that you leave, or the next push to {project}'s repository brings it back"
    )
    run.console.next(f"mlz model status {project} --wait")


@verb(
    "Show the run of the deploy pipeline, and the version of each account.",
    "Show the last run and each account's version.",
)
@click.argument("project", metavar="PROJECT")
@click.option("--wait", is_flag=True, help="Show what happens until the run has ended or waits for a person.")
def status(run: Run, project: str, wait: bool) -> int:
    from mlz.mlops import delivery, deliveryview
    from mlz.session import connected
    from mlz.terminal.output import text_of

    settings = run.settings()
    cloud = connected(settings)
    api = cloud.client("codepipeline")
    poll = settings.rollout.poll_seconds
    found = deliveryview.followed(api, project, run.console, poll) if wait else delivery.current(api, project)
    stages = [stage.name for stage in settings.targets.stages]
    standings = delivery.standings(cloud.client("cloudformation"), project, stages)
    codebuild, logs = cloud.client("codebuild"), cloud.client("logs")
    failed = found.actions if found else ()
    reasons = [reason for action in failed for reason in delivery.reasons(codebuild, logs, action)]
    if run.output == "text":
        run.console.lines(deliveryview.lines(found, standings, reasons, told=wait))
    else:
        run.console.data(text_of({"run": found, "accounts": standings, "reasons": reasons}, run.output))
    waits = found is not None and found.waiting is not None
    run.console.next(f"mlz model approve {project}" if waits else f"mlz model versions {project}")
    return 1 if found is not None and found.status == "Failed" else 0


@verb("Let the model that waits into production, or --reject it.")
@click.argument("project", metavar="PROJECT")
@click.option("--reject", is_flag=True, help="It does not go to production.")
@click.option("--reason", default="", help="What the record says.")
def approve(run: Run, project: str, reject: bool, reason: str) -> None:
    from mlz.mlops import delivery
    from mlz.session import connected

    api = connected(run.settings()).client("codepipeline")
    found, waiting = delivery.awaited(delivery.current(api, project), project)
    verb_, done = ("reject", "rejected") if reject else ("approve", "approved")
    what = f"{delivery.version(found.package)} of {project}, change ticket {found.ticket}"
    if run.dry_run:
        run.console.progress(f"would {verb_} {what}")
        return
    run.console.agreed(f"{verb_.capitalize()} {what}?", yes=run.yes)
    delivery.decide(api, project, waiting, approved=not reject, reason=reason or done)
    run.console.progress(f"{done}: {what}")
    run.console.next(f"mlz model status {project} --wait")


def _row(version: Version) -> dict[str, object]:
    return {"number": version.number, "arn": version.arn, "status": version.status, "made": version.made}


for _verb in (versions, status, approve, rollback):
    command.add_command(_verb)
