"""`mlz project`: the environment's SageMaker projects, listed, created and deleted as Studio would."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from generator.errors import ToolError
from mlz.options import Run, Verbs, verb

if TYPE_CHECKING:
    from mlz.config.settings import Settings
    from mlz.mlops.project_creation import Wish
    from mlz.mlops.projects import Project
    from stacksets.client import Cloud

KINDS = ("build-train", "deploy")
PROVIDERS = ("CodeCommit", "CodeConnections", "S3")


@click.group(cls=Verbs, help="List, create and delete SageMaker projects.")
def command() -> None:
    pass


@verb("Show the environment's projects and what their pipelines did last.")
def listed(run: Run) -> None:
    from mlz.mlops import projects
    from mlz.session import connected
    from mlz.terminal.output import text_of
    from mlz.terminal.wording import count, table

    settings = run.settings()
    cloud = connected(settings)
    everyone = projects.everyone(cloud)
    found = [one for one in everyone if one.environment == settings.identity]
    rows = [_row(cloud, one) for one in found]
    if run.output != "text":
        run.console.data(text_of({"projects": rows}, run.output))
    elif rows:
        run.console.data("\n".join(table(list(rows[0]), [[cell or "-" for cell in row.values()] for row in rows])))
    else:
        run.console.progress(f"{settings.identity} has no projects")
    if len(everyone) > len(found):
        run.console.progress(f"{count(len(everyone) - len(found), 'project')} of others in this account")
    run.console.next("mlz project create NAME --kind build-train" if not rows else "mlz model versions NAME-ID")


@verb("Create a project: NAME is of up to 32 letters, digits and hyphens.")
@click.argument("name", metavar="NAME")
@click.option("--kind", type=click.Choice(KINDS), required=True, help="Which of the two templates.")
@click.option("--parameter", "given", multiple=True, metavar="KEY=VALUE", help="A parameter of it; repeat for more.")
@click.option("--repository-provider", type=click.Choice(PROVIDERS), help="Where its repository is.")
@click.option("--from", "source", type=click.Choice(("portfolio", "s3")), default="portfolio", show_default=True)
@click.option("--role", default="", metavar="ARN", help="With --from s3: another role than the launch role.")
@click.option("--description", default="", help="What people read of it in Studio.")
def create(
    run: Run,
    name: str,
    kind: str,
    given: tuple[str, ...],
    repository_provider: str | None,
    source: str,
    role: str,
    description: str,
) -> None:
    from mlz.mlops import project_creation, projects
    from mlz.session import connected

    projects.refuse_name(name)
    parameters = _pairs(given) | ({"RepositoryProvider": repository_provider} if repository_provider else {})
    wish = project_creation.Wish(
        name=name, kind=kind, source=source, role=role, description=description, parameters=parameters
    )
    settings = run.settings()
    cloud = connected(settings)
    made = project_creation.standing(settings, cloud, wish, run.console)
    if made is not None:
        run.console.progress(f"project {name}: it is there already, nothing to change")
    else:
        made = _created(run, settings, cloud, wish)
    if made is not None:
        _show(run, cloud, made)


@verb(
    "Delete a project with its endpoints' stack sets and its artifacts; models stay.",
    "Delete a project with its endpoints; models stay.",
)
@click.argument("name", metavar="NAME")
@click.option("--models", is_flag=True, help="Delete its model package group and its SageMaker pipeline too.")
def delete(run: Run, name: str, models: bool) -> None:
    from mlz.mlops import project_deletion
    from mlz.session import connected
    from mlz.terminal.output import text_of

    settings = run.settings()
    cloud = connected(settings)
    project = _own(settings, cloud, name)
    for line in project_deletion.holdings(cloud, project).lines(project, models=models):
        run.console.progress(line, "remove" if line.startswith("-") else "")
    if run.dry_run:
        run.console.next("the same without --dry-run does it")
        return
    run.console.agreed_by_name(name, f"This deletes the project {name}.", yes=run.yes)
    kept = project_deletion.delete(settings, cloud, project, run.console, models=models)
    if run.output != "text":
        run.console.data(text_of({"deleted": project.full_name, "kept": kept}, run.output))
    else:
        run.console.data("\n".join([f"deleted: {project.full_name}", *(f"kept: {one}" for one in kept)]))
    run.console.next(f"mlz project delete {name} --models deletes those too" if kept else "mlz project list")


def _created(run: Run, settings: Settings, cloud: Cloud, wish: Wish) -> Project | None:
    from mlz.mlops import project_creation

    source = project_creation.origin(settings, cloud, wish)
    run.console.progress(f"+ project {wish.name} ({wish.kind}) from {source.words}", "add")
    for key, value in sorted(wish.parameters.items()):
        run.console.progress(f"    {key} = {value}")
    if run.dry_run:
        run.console.next("the same without --dry-run creates it")
        return None
    run.console.agreed(f"Create the project {wish.name}?", yes=run.yes)
    return project_creation.create(settings, cloud, wish, source, run.console)


def _own(settings: Settings, cloud: Cloud, name: str) -> Project:
    """The project of this environment, or what is left of it; ToolError when it is another's, or there is none."""
    from mlz.config.document import nearest
    from mlz.mlops import project_deletion, projects

    found = projects.find(cloud, name) or project_deletion.remains(cloud, settings, name)
    if found is None:
        known = [one.name for one in projects.of(cloud, settings)]
        raise ToolError(
            f"project {name}: there is none, and nothing is left of one",
            nearest(name, known) if known else f"{settings.identity} has no projects",
        )
    if found.environment != settings.identity:
        raise ToolError(
            f"project {name}: it is of {found.environment or 'no environment'}, not of {settings.identity}",
            "use the settings of its environment; nothing was changed",
        )
    return found


def _pairs(given: tuple[str, ...]) -> dict[str, str]:
    pairs = [one.partition("=") for one in given]
    for key, equals, _ in pairs:
        if not (key and equals):
            raise click.UsageError(f"--parameter {key}: give it as KEY=VALUE")
    return {key: value for key, _, value in pairs}


def _show(run: Run, cloud: Cloud, project: Project) -> None:
    from mlz.terminal.output import text_of

    row = _row(cloud, project)
    run.console.data(
        "  ".join(cell or "-" for cell in row.values()) if run.output == "text" else text_of(row, run.output)
    )
    has_deliveries = project.kind == "deploy"
    run.console.next(f"mlz model status {project.full_name} --wait" if has_deliveries else "mlz project list")


def _row(cloud: Cloud, project: Project) -> dict[str, str]:
    from mlz.mlops import projects

    return {
        "name": project.name,
        "id": project.id,
        "kind": project.kind,
        "status": project.status,
        "created": project.created,
        "pipeline": projects.last_run(cloud, project.full_name, project.kind) if project.kind else "",
    }


listed.name = "list"
for one in (listed, create, delete):
    command.add_command(one)
