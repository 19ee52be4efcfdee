"""Deleting a project with what it made: stack sets, the project itself, artifacts, and models when that is asked for.

Every step finds nothing to do when it was done before, so a deletion that was cut off goes on with the same call.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from mlz.fleet import inside
from mlz.mlops import project_progress, projects
from mlz.mlops.projects import GONE, Project
from mlz.removal import purge
from mlz.stacks import stack_resources
from mlz.terminal.reporter import reporting
from mlz.terminal.wording import count
from stacksets.client import Refused, pages, translated

if TYPE_CHECKING:
    from mlz.config.settings import Settings
    from mlz.terminal.console import Console
    from stacksets.actions import Plan
    from stacksets.client import Cloud
    from stacksets.service import StackSets
    from stacksets.spec import StackSetSpec
    from stacksets.state import State

# The seed code's own tag (pipelines/environment.py).
PROJECT_TAG = "sagemaker:project-id"
DELETABLE = ("CreateCompleted", "CreateFailed", "UpdateCompleted", "UpdateFailed", "DeleteFailed")


@dataclass(frozen=True, kw_only=True)
class Holdings:
    """What a project has beside itself: each is named after its id, or carries it as a tag.

    `group` is the model package group that its build makes, `versions` the ARNs in it; `pipeline` is SageMaker's.
    `has_code`: its stack made a repository, which goes with the stack.
    """

    stack_sets: tuple[str, ...] = ()
    accounts: int = 0
    has_code: bool = False
    buckets: tuple[str, ...] = ()
    group: str = ""
    versions: tuple[str, ...] = ()
    pipeline: str = ""

    def lines(self, project: Project, *, models: bool) -> list[str]:
        """What deleting the project does, a line each; what stays begins with `kept: `."""
        sets = [f"- stack set {name}" for name in self.stack_sets]
        if sets:
            sets.append(f"- the endpoints' stacks in {count(self.accounts, 'account')}")
        own = [] if project.status == GONE else [f"- project {project.name} ({project.id}) with its stack"]
        code = ["- its CodeCommit repository with all code in it: clone what you want to keep"] if self.has_code else []
        stores = [f"- bucket {name} with every version of its objects" for name in self.buckets]
        return [*sets, *own, *code, *stores, *(f"{'- ' if models else 'kept: '}{one}" for one in self.models())]

    def models(self) -> list[str]:
        """What outlives a project unless its models are to go too."""
        group = [f"model package group {self.group} with {count(len(self.versions), 'version')}"] if self.group else []
        return [*group, *([f"SageMaker pipeline {self.pipeline}"] if self.pipeline else [])]


def remains(cloud: Cloud, settings: Settings, name: str) -> Project | None:
    """A project that is deleted while something of it is left: a bucket, its SageMaker pipeline or its model package
    group, as their tags say; None when nothing is.
    """
    tagged = (*_pipelines(cloud, name).values(), *_groups_tags(cloud, name))
    found = [
        *((one.id, one.environment) for one in projects.buckets(cloud, name)),
        *((tags.get(PROJECT_TAG, ""), projects.environment_of(tags)) for tags in tagged),
    ]
    ids = [identity for identity, environment in found if identity and environment == settings.identity]
    return Project(name=name, id=ids[0], status=GONE, environment=settings.identity) if ids else None


def holdings(cloud: Cloud, project: Project) -> Holdings:
    """Read what there is; changes nothing."""
    from stacksets.api import StackSetsApi
    from stacksets.state import read

    names = projects.stack_sets(cloud, project)
    buckets = [one.bucket for one in projects.buckets(cloud, project.name) if one.id == project.id]
    versions, pipeline = _versions(cloud, project.full_name), f"sagemaker-{project.full_name}"
    return Holdings(
        stack_sets=tuple(names),
        accounts=len(read(StackSetsApi(cloud), names).accounts),
        has_code=bool(project.stack and stack_resources.of(cloud, project.stack, "AWS::CodeCommit::Repository")),
        buckets=tuple(buckets),
        group="" if versions is None else project.full_name,
        versions=versions or (),
        pipeline=pipeline if pipeline in _pipelines(cloud, project.name) else "",
    )


def delete(settings: Settings, cloud: Cloud, project: Project, console: Console, *, models: bool = False) -> list[str]:
    """Delete the project and what it holds, the endpoints first; what was kept, a line each.

    AccountsFailed names the accounts whose endpoints resist: the project is then still there. `models`: its model
    package group and its SageMaker pipeline too. ToolError with the first cause when the project's stack resists.
    """
    held = holdings(cloud, project)
    if held.stack_sets:
        _undeploy(settings, cloud, held.stack_sets, console)
    if project.status != GONE:
        _delete_project(settings, cloud, project, console)
    for bucket in held.buckets:
        gone = purge.emptied(cloud, [bucket])
        with translated(f"s3://{bucket}"):
            cloud.client("s3").delete_bucket(Bucket=bucket)
        console.progress(f"  deleted the bucket {bucket} with {count(gone, 'version')} of objects")
    if not models:
        return held.models()
    _delete_models(cloud, held, console)
    return []


def _undeploy(settings: Settings, cloud: Cloud, names: tuple[str, ...], console: Console) -> None:
    from stacksets.api import StackSetsApi
    from stacksets.apply import Engine, apply, settled
    from stacksets.diagnosis import Diagnosis
    from stacksets.state import read
    from stacksets.waiting import Pace

    service = StackSetsApi(cloud)
    ways = inside.members(settings, cloud, read(service, names))
    with reporting(console) as report:
        engine = Engine(
            service=service,
            report=report,
            diagnose=lambda name, results: Diagnosis(service, ways(name))(name, results),
            pace=Pace(first=settings.rollout.poll_seconds),
        )
        apply(settled(partial(_planned, settings, service, names), engine), engine)


def _planned(settings: Settings, service: StackSets, names: tuple[str, ...]) -> Plan:
    from stacksets import plan
    from stacksets.state import read

    state = read(service, names)
    return plan.destroy([_shell(name) for name in names], state, _standing(settings, state))


def _standing(settings: Settings, state: State) -> dict[str, str]:
    """Closed accounts, whose stacks cannot be deleted; nobody is asked where no organization is declared."""
    from mlz.fleet import convergence
    from mlz.session import management
    from stacksets import organization

    if not any(stage.organizational_units for stage in settings.targets.stages):
        return {}
    client = management(settings).client("organizations")
    resolution = organization.resolve(client, convergence.scopes(settings), len(state.accounts), allow_empty=True)
    return organization.standing(client, state.accounts, resolution)


def _shell(name: str) -> StackSetSpec:
    """Enough of a specification to take the set down; the sets of a project do not depend on each other."""
    from generator.package.manifest import TemplateEntry
    from stacksets.spec import Definition, StackSetSpec

    return StackSetSpec(
        definition=Definition(name, "", ""),
        template=TemplateEntry("", "", 0, ""),
        layer=name,
        stage=name,
        stage_position=0,
        layer_position=0,
        targets=(),
        family=name,
    )


def _delete_project(settings: Settings, cloud: Cloud, project: Project, console: Console) -> None:
    with reporting(console) as report:
        follower = project_progress.Following(cloud, project, report, settings.rollout.poll_seconds)
        if project.status not in DELETABLE:
            project = follower.settled() or project
        with translated(f"project {project.name}"):
            cloud.client("sagemaker").delete_project(ProjectName=project.name)
        left = follower.settled()
    if left is not None:
        raise project_progress.failure(cloud, left, f"then run the same command again: mlz project delete {left.name}")
    console.progress(f"  deleted the project {project.name}")


def _versions(cloud: Cloud, group: str) -> tuple[str, ...] | None:
    """ARNs of the group's model packages; None when there is no such group."""
    api = cloud.client("sagemaker")
    try:
        with translated(f"model package group {group}"):
            api.describe_model_package_group(ModelPackageGroupName=group)
            found = pages(api.list_model_packages, "ModelPackageSummaryList", ModelPackageGroupName=group)
            return tuple(row["ModelPackageArn"] for row in found)
    except Refused as problem:
        if "does not exist" in problem.message:
            return None
        raise


def _pipelines(cloud: Cloud, name: str) -> dict[str, dict[str, str]]:
    """The SageMaker pipelines of projects of this name with their tags (SAGEMAKER_PIPELINE_NAME of the template)."""
    api = cloud.client("sagemaker")
    with translated("SageMaker pipelines"):
        found = list(pages(api.list_pipelines, "PipelineSummaries", PipelineNamePrefix=f"sagemaker-{name}-"))
        tagged = {row["PipelineName"]: projects.tags_of(api, row["PipelineArn"]) for row in found}
    return {one: tags for one, tags in tagged.items() if one == f"sagemaker-{name}-{tags.get(PROJECT_TAG)}"}


def _groups_tags(cloud: Cloud, name: str) -> list[dict[str, str]]:
    """The tags of the model package groups that are named after projects of this name."""
    api = cloud.client("sagemaker")
    with translated("model package groups"):
        found = list(pages(api.list_model_package_groups, "ModelPackageGroupSummaryList", NameContains=f"{name}-"))
        return [
            tags
            for row in found
            if (tags := projects.tags_of(api, row["ModelPackageGroupArn"]))
            and row["ModelPackageGroupName"] == f"{name}-{tags.get(PROJECT_TAG)}"
        ]


def _delete_models(cloud: Cloud, held: Holdings, console: Console) -> None:
    """The pipeline goes last: by it the rest is found again."""
    api = cloud.client("sagemaker")
    if held.group:
        with translated(f"model package group {held.group}"):
            for arn in held.versions:
                api.delete_model_package(ModelPackageName=arn)
            api.delete_model_package_group(ModelPackageGroupName=held.group)
        console.progress(f"  deleted the model package group {held.group} with {count(len(held.versions), 'version')}")
    if held.pipeline:
        with translated(f"SageMaker pipeline {held.pipeline}"):
            api.delete_pipeline(PipelineName=held.pipeline, ClientRequestToken=held.pipeline.ljust(32, "-"))
        console.progress(f"  deleted the SageMaker pipeline {held.pipeline}")
