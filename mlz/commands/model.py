"""`mlz model`: a project's versions, and the way back to one of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from mlz.options import Run, verb

if TYPE_CHECKING:
    from mlz.models import Version


@click.group(help="Show a project's model versions, and go back to one.")
def command() -> None:
    pass


@verb("Show the versions of a project's model.")
@click.argument("project", metavar="PROJECT")
@click.option("--group", default="", metavar="NAME", help="Model package group, where it is not named like PROJECT.")
def versions(run: Run, project: str, group: str) -> None:
    from mlz import models
    from mlz.output import text_of
    from mlz.session import connected

    found = models.versions(connected(run.settings()).client("sagemaker"), group or project)
    if run.output == "text":
        run.console.data("\n".join(f"{one.number:>4}  {one.status:<22} {one.made}" for one in found))
    else:
        run.console.data(text_of({"versions": [_row(one) for one in found]}, run.output))
    run.console.next(f"mlz model rollback {project} --to VERSION" if found else "approve a model, and it is deployed")


@verb("Deploy a former version: PROJECT is <name>-<id>, as in its pipeline's name.")
@click.argument("project", metavar="PROJECT")
@click.option("--to", "number", type=click.IntRange(min=1), required=True, metavar="VERSION", help="Version number.")
@click.option("--ticket", default="none", help="Change ticket, which the approver sees.")
@click.option("--group", default="", metavar="NAME", help="Model package group, where it is not named like PROJECT.")
def rollback(run: Run, project: str, number: int, ticket: str, group: str) -> None:
    from mlz import models
    from mlz.output import text_of
    from mlz.session import connected

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
    run.console.next(f"reject the version that you leave, or the next push to {project}'s repository brings it back")


def _row(version: Version) -> dict[str, object]:
    return {"number": version.number, "arn": version.arn, "status": version.status, "made": version.made}


command.add_command(versions)
command.add_command(rollback)
