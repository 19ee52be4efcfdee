"""CodeCommit repositories, CodeBuild projects and CodePipeline pipelines, as moto's records that the sandbox runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from moto.codebuild.models import CodeBuild
from moto.codepipeline.models import CodePipeline

from sandbox.repositories import Commit, FilledRepository

from .. import naming
from ..errors import ResourceError
from ..handler import Handler, Made, Task
from ..model import JSON

# Maps with names of the user's own, which the API spells as the template does.
_AS_GIVEN = frozenset({"Configuration"})


def api_spelling(value: JSON) -> JSON:
    """Properties with names as the service's API spells them: `RoleArn` is roleArn."""
    match value:
        case dict():
            return {_lower(key): item if key in _AS_GIVEN else api_spelling(item) for key, item in value.items()}
        case list():
            return [api_spelling(item) for item in value]
    return value


def _lower(name: str) -> str:
    return name[:1].lower() + name[1:]


def _create_repository(task: Task) -> Made:
    backend, properties, scope = task.backend("codecommit"), task.properties, task.scope
    name = str(properties["RepositoryName"])
    if name in backend.repositories:
        raise ResourceError(f"Resource of type '{task.type}' with identifier '{name}' already exists.", "AlreadyExists")
    repository = FilledRepository(scope.account, scope.region, properties.get("RepositoryDescription") or "", name)
    repository.head = _first_commit(task)
    backend.repositories[name] = repository
    metadata = repository.repository_metadata
    return Made(metadata["repositoryId"], {
        "RepositoryId": metadata["repositoryId"], "Name": name, "Arn": metadata["Arn"],
        "CloneUrlHttp": metadata["cloneUrlHttp"], "CloneUrlSsh": metadata["cloneUrlSsh"],
    })  # fmt: skip


def _first_commit(task: Task) -> Commit | None:
    code: Any = task.properties.get("Code")
    if not code:
        return None
    place = code["S3"]
    found = task.backend("s3").get_object(place["Bucket"], place["Key"], place.get("ObjectVersion"))
    if found is None:
        raise ResourceError(f"The specified key does not exist: s3://{place['Bucket']}/{place['Key']}", "NotFound")
    return Commit(str(code.get("BranchName") or "main"), bytes(found.value))


def _update_repository(task: Task) -> Made:
    """A change of Code adds no commit, as on AWS; a new name is the repository's."""
    backend = task.backend("codecommit")
    name, before = str(task.properties["RepositoryName"]), str(task.before["RepositoryName"])
    repository = backend.repositories.pop(before)
    repository.repository_metadata["repositoryName"] = name
    repository.repository_metadata["repositoryDescription"] = task.properties.get("RepositoryDescription") or ""
    backend.repositories[name] = repository
    return Made(task.physical_id, {**(task.old.attributes if task.old else {}), "Name": name})


def _delete_repository(task: Task) -> None:
    task.backend("codecommit").repositories.pop(str(task.properties["RepositoryName"]), None)


def _put_project(task: Task, name: str) -> Made:
    given, scope = api_spelling(dict(task.properties)), task.scope
    source = {("buildspec" if key == "buildSpec" else key): value for key, value in given["source"].items()}
    project = CodeBuild(
        scope.account,
        scope.region,
        project_name=name,
        description=given.get("description"),
        project_source=source,
        artifacts=given["artifacts"],
        environment=given["environment"],
        serviceRole=given["serviceRole"],
        tags=[{"key": key, "value": value} for key, value in scope.tags.items()],
        cache=given.get("cache"),
        timeout=given.get("timeoutInMinutes") or 60,
        queued_timeout=given.get("queuedTimeoutInMinutes") or 480,
        source_version=given.get("sourceVersion"),
        logs_config=given.get("logsConfig"),
        vpc_config=given.get("vpcConfig"),
    )
    project.project_metadata["encryptionKey"] = given.get("encryptionKey") or project.project_metadata["encryptionKey"]
    backend = task.backend("codebuild")
    backend.codebuild_projects[name] = project
    backend.build_history.setdefault(name, [])
    return Made(name, {"Arn": project.arn})


def _create_project(task: Task) -> Made:
    name = str(task.properties.get("Name") or naming.generated_name(task.scope))
    if name in task.backend("codebuild").codebuild_projects:
        raise ResourceError(f"Project already exists: {name}", "AlreadyExists")
    return _put_project(task, name)


def _update_project(task: Task) -> Made:
    return _put_project(task, task.physical_id)


def _delete_project(task: Task) -> None:
    task.backend("codebuild").delete_project(task.physical_id)


def _pipeline(task: Task, name: str) -> dict[str, Any]:
    given = api_spelling({key: value for key, value in task.properties.items() if key != "Tags"})
    stores = given.pop("artifactStores", None)
    if stores:
        given["artifactStores"] = {row["region"]: row["artifactStore"] for row in stores}
    return {"pipelineType": "V1", "executionMode": "SUPERSEDED", **given, "name": name}


def _create_pipeline(task: Task) -> Made:
    backend, scope = task.backend("codepipeline"), task.scope
    name = str(task.properties.get("Name") or naming.generated_name(scope, 100))
    if name in backend.pipelines:
        raise ResourceError(f"A pipeline with the name '{name}' already exists", "AlreadyExists")
    made = CodePipeline(scope.account, scope.region, _pipeline(task, name))
    made.tags.update(scope.tags)
    backend.pipelines[name] = made
    task.registry.hooks.pipeline_created(scope.account, scope.region, name)
    return Made(name, {"Version": "1"})


def _update_pipeline(task: Task) -> Made:
    backend = task.backend("codepipeline")
    updated = backend.update_pipeline(_pipeline(task, task.physical_id))
    backend.pipelines[task.physical_id].tags = dict(task.scope.tags)
    return Made(task.physical_id, {"Version": str(updated["version"])})


def _delete_pipeline(task: Task) -> None:
    task.backend("codepipeline").delete_pipeline(task.physical_id)
    task.registry.hooks.pipeline_deleted(task.scope.account, task.scope.region, task.physical_id)


HANDLERS: Mapping[str, Handler] = {
    "AWS::CodeCommit::Repository": Handler(_create_repository, _delete_repository, _update_repository),
    "AWS::CodeBuild::Project": Handler(_create_project, _delete_project, _update_project),
    "AWS::CodePipeline::Pipeline": Handler(_create_pipeline, _delete_pipeline, _update_pipeline),
}
