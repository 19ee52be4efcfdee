"""CodeBuild actions: the project's build with the action's artifacts and variables."""

from __future__ import annotations

import json
from typing import Any

from sandbox.api.errors import AwsError
from sandbox.builds.model import Build, Order, Stored
from sandbox.builds.service import merged, project_of
from sandbox.pipelines.context import Context
from sandbox.pipelines.model import ActionFailed, Outcome


def build(context: Context) -> Outcome:
    """Start, wait to the end; what the build exports are the action's variables."""
    execution, run = context.execution, context.run
    context.may("codebuild", "StartBuild", "BatchGetBuilds")
    try:
        project = project_of(execution.account, execution.region, context.required("ProjectName"))
    except AwsError as error:
        raise ActionFailed(error.message, "ConfigurationError") from None
    started = context.builds.start(
        Order(
            project,
            execution.account,
            execution.region,
            merged(project, _variables(context)),
            str(project.get("source", {}).get("buildspec") or ""),
            _primary_first(run.inputs, context.configuration.get("PrimarySource", "")),
            None,
            run.outputs,
            f"codepipeline/{execution.name}",
        )
    )
    while not started.done.wait(0.05):
        if context.is_abandoned:
            started.stopping.set()
    if started.status != "SUCCEEDED":
        raise ActionFailed(_problem(started), external_id=started.id)
    return Outcome(dict(started.exported), external_id=started.id)


def _variables(context: Context) -> list[dict[str, Any]]:
    text = context.configuration.get("EnvironmentVariables", "[]")
    try:
        return [dict(row) for row in json.loads(text)]
    except ValueError as error:
        raise ActionFailed(f"EnvironmentVariables is no JSON array: {error}", "ConfigurationError") from None


def _primary_first(inputs: tuple[Stored, ...], primary: str) -> tuple[Stored, ...]:
    return tuple(sorted(inputs, key=lambda stored: stored.name != primary)) if primary else inputs


def _problem(ended: Build) -> str:
    """As CodePipeline shows it."""
    failure = ended.failure
    assert failure is not None
    return (
        f"Build terminated with state: {ended.status}. Phase: {failure.phase}, Code: {failure.code}, "
        f"Message: {failure.message}"
    )
