"""Executions in the shapes of CodePipeline's API."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from moto.codepipeline.models import CodePipeline

from sandbox.builds.model import Stored
from sandbox.events import Events
from sandbox.pipelines.model import ActionRun, Execution, StageRun

Row = Mapping[str, Any]


def execution(one: Execution) -> Row:
    """A PipelineExecution."""
    return _given(
        pipelineName=one.name,
        pipelineVersion=one.declaration.get("version", 1),
        pipelineExecutionId=one.id,
        status=one.status,
        statusSummary=one.summary,
        artifactRevisions=[
            {"name": row["actionName"], "revisionId": row["revisionId"], "revisionSummary": row["revisionSummary"]}
            for row in one.revisions
        ],
        variables=[{"name": n, "resolvedValue": v} for n, v in one.namespaces["variables"].items()],
        trigger=dict(one.trigger),
        executionMode=one.mode,
        executionType="STANDARD",
    )


def summary(one: Execution) -> Row:
    """A PipelineExecutionSummary."""
    return _given(
        pipelineExecutionId=one.id,
        status=one.status,
        statusSummary=one.summary,
        startTime=one.started,
        lastUpdateTime=one.changed,
        sourceRevisions=[dict(row) for row in one.revisions],
        trigger=dict(one.trigger),
        executionMode=one.mode,
        executionType="STANDARD",
    )


def action(one: Execution, run: ActionRun) -> Row:
    """An ActionExecutionDetail."""
    given = run.declaration
    return _given(
        pipelineExecutionId=one.id,
        actionExecutionId=run.id,
        pipelineVersion=one.declaration.get("version", 1),
        stageName=run.stage,
        actionName=run.name,
        startTime=run.started,
        lastUpdateTime=run.changed,
        updatedBy=run.decided_by,
        status=run.status,
        input=_given(
            actionTypeId=given["actionTypeId"],
            configuration={key: str(value) for key, value in (given.get("configuration") or {}).items()},
            resolvedConfiguration=dict(run.resolved),
            roleArn=given.get("roleArn") or one.declaration["roleArn"],
            region=given.get("region") or one.region,
            inputArtifacts=[_artifact(stored) for stored in run.inputs],
            namespace=given.get("namespace"),
        ),
        output=_given(
            outputArtifacts=[_artifact(stored) for stored in run.outputs if run.status == "Succeeded"],
            executionResult=_given(
                externalExecutionId=run.external_id,
                externalExecutionSummary=run.outcome.summary,
                errorDetails=_error(run),
            ),
            outputVariables=dict(run.outcome.variables),
        ),
    )


def state(pipeline: CodePipeline, executions: Sequence[Execution]) -> Row:
    """GetPipelineState: each stage with the newest execution that came to it."""
    declaration = pipeline.pipeline
    return _given(
        pipelineName=declaration["name"],
        pipelineVersion=declaration["version"],
        stageStates=[_stage(stage, executions) for stage in declaration["stages"]],
        created=pipeline._created,
        updated=pipeline._updated,
    )


def _stage(stage: Row, executions: Sequence[Execution]) -> Row:
    name = stage["name"]
    newest = next((one for one in reversed(executions) if name in one.stages), None)
    waiting = [one for one in executions if one.waits_for == name]
    return _given(
        stageName=name,
        inboundExecution=_inbound(waiting[-1]) if waiting else None,
        inboundTransitionState={"enabled": True},
        actionStates=[_action_state(name, action, newest) for action in stage["actions"]],
        latestExecution=None if newest is None else _stage_execution(newest, newest.stages[name]),
        beforeEntryConditionState=_condition(None if newest is None else newest.stages[name]),
    )


def _inbound(one: Execution) -> Row:
    return {"pipelineExecutionId": one.id, "status": "InProgress"}


def _stage_execution(one: Execution, run: StageRun) -> Row:
    return {"pipelineExecutionId": one.id, "status": run.status, "type": "STANDARD"}


def _condition(run: StageRun | None) -> Row | None:
    """Only a condition that did not hold is shown."""
    if run is None or not run.condition:
        return None
    return {"latestExecution": {"status": "Failed", "summary": run.condition}}


def _action_state(stage: str, declaration: Row, newest: Execution | None) -> Row:
    run = None if newest is None else newest.latest(stage, declaration["name"])
    if run is None:
        return {"actionName": declaration["name"]}
    latest = _given(
        actionExecutionId=run.id,
        status=run.status,
        summary=run.failure.message if run.failure else run.outcome.summary,
        lastStatusChange=run.changed,
        token=run.token,
        lastUpdatedBy=run.decided_by,
        externalExecutionId=run.external_id,
        errorDetails=_error(run),
    )
    return {"actionName": declaration["name"], "latestExecution": latest}


def _error(run: ActionRun) -> Row | None:
    return None if run.failure is None else {"code": run.failure.code, "message": run.failure.message}


def _artifact(stored: Stored) -> Row:
    return {"name": stored.name, "s3location": {"bucket": stored.bucket, "key": stored.key}}


def _given(**members: Any) -> dict[str, Any]:
    """Members without those that are not there."""
    return {key: value for key, value in members.items() if value is not None and value != ""}


def tell_of_execution(events: Events, one: Execution) -> None:
    """An event for each state of an execution; source: CodePipeline User Guide, "Monitoring CodePipeline events"."""
    state = {"InProgress": "STARTED"}.get(one.status, one.status.upper())
    detail = {
        "pipeline": one.name,
        "execution-id": one.id,
        "version": one.declaration.get("version", 1),
        "state": state,
    }
    kind = "CodePipeline Pipeline Execution State Change"
    events.send(one.account, one.region, "aws.codepipeline", kind, [one.arn], detail)
