"""What the deploy pipeline of a project did last, whom it waits for, and which version each account has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from generator.errors import ToolError
from mlz.mlops.models import HINTS, pipeline
from stacksets.client import Refused, pages, translated

if TYPE_CHECKING:
    from stacksets.client import Api

MOVING = "InProgress"
# The build says what it deploys (templates/sources/seed/model-deploy/buildspec.yml).
PACKAGE, NOTHING = "DEPLOYED_PACKAGE", "none"
LOOKED_AT = 20
# CodeBuild's own lines in a build's log begin so; the rest is of the commands.
OF_CODEBUILD = "[Container]"
LOG_LINES, LAST_WORDS = 60, 5


@dataclass(frozen=True)
class Action:
    """One action of a run; `said` is its summary or its error, `token` what a decision about it needs.

    `seconds` is how long it has taken so far, `external` what it started: the id of a build, of an operation.
    """

    stage: str
    name: str
    status: str
    said: str = ""
    token: str = ""
    seconds: float = 0.0
    external: str = ""


@dataclass(frozen=True)
class Run:
    """One execution of the pipeline; `package` is the ARN of what it deploys, empty before its build has said so."""

    id: str
    status: str
    package: str
    ticket: str
    actions: tuple[Action, ...]

    @property
    def waiting(self) -> Action | None:
        """The action that a person has to decide."""
        return next((one for one in self.actions if one.token), None)

    @property
    def is_over(self) -> bool:
        return self.status != MOVING


@dataclass(frozen=True)
class Standing:
    """One account's stack: `package` is what its stack set deploys, which it has when `status` is CURRENT."""

    stage: str
    account: str
    status: str
    package: str
    reason: str


def version(package: str) -> str:
    """`version 3` of `…:model-package/ages-p-abc/3`."""
    return f"version {package.rpartition('/')[2]}" if package else "no version"


def current(api: Api, project: str) -> Run | None:
    """The run under way, the oldest where others queue behind it; else the last one. None when it never ran."""
    name = pipeline(project)
    with translated(f"pipeline {name}", HINTS):
        found = api.list_pipeline_executions(pipelineName=name, maxResults=LOOKED_AT)["pipelineExecutionSummaries"]
    if not found:
        return None
    moving = [row for row in found if row["status"] == MOVING]
    return one(api, project, (moving or found[:1])[-1]["pipelineExecutionId"])


def one(api: Api, project: str, execution: str) -> Run:
    """A run by its id, with its actions in the order in which they began."""
    name = pipeline(project)
    with translated(f"pipeline {name}"):
        whole = api.get_pipeline_execution(pipelineName=name, pipelineExecutionId=execution)["pipelineExecution"]
        filtered = {"pipelineExecutionId": execution}
        answers = api.get_paginator("list_action_executions").paginate(pipelineName=name, filter=filtered)
        rows = [row for answer in answers for row in answer["actionExecutionDetails"]]
        state = api.get_pipeline_state(name=name) if whole["status"] == MOVING else {"stageStates": []}
    tokens = dict(_tokens(state, execution))
    actions = [_action(row, tokens) for row in sorted(rows, key=lambda row: row["startTime"])]
    said = [row.get("output", {}).get("outputVariables", {}).get(PACKAGE, "") for row in rows]
    package = next((one for one in said if one not in ("", NOTHING)), "")
    variables = {row["name"]: row["resolvedValue"] for row in whole.get("variables", [])}
    return Run(execution, whole["status"], package, variables.get("ChangeTicket", NOTHING), tuple(actions))


def _action(row: Mapping[str, Any], tokens: Mapping[str, str]) -> Action:
    result = row.get("output", {}).get("executionResult", {})
    return Action(
        stage=row["stageName"],
        name=row["actionName"],
        status=row["status"],
        said=result.get("errorDetails", {}).get("message", "") or result.get("externalExecutionSummary", ""),
        token=tokens.get(row["actionName"], ""),
        seconds=(row["lastUpdateTime"] - row["startTime"]).total_seconds(),
        external=result.get("externalExecutionId", ""),
    )


def _tokens(state: Mapping[str, Any], execution: str) -> Iterator[tuple[str, str]]:
    for stage in state["stageStates"]:
        if stage.get("latestExecution", {}).get("pipelineExecutionId") != execution:
            continue
        for action in stage["actionStates"]:
            latest = action.get("latestExecution", {})
            if latest.get("token") and latest["status"] == MOVING:
                yield action["actionName"], latest["token"]


def reasons(codebuild: Api, logs: Api, action: Action) -> list[str]:
    """Why an action failed: what a build printed last, or the accounts in which an operation failed."""
    if action.status != "Failed":
        return []
    if ":" not in action.external:
        return action.said.split("; ")[1:]
    try:
        with translated(action.external):
            (build,) = codebuild.batch_get_builds(ids=[action.external])["builds"]
            where = {"logGroupName": build["logs"]["groupName"], "logStreamName": build["logs"]["streamName"]}
            events = logs.get_log_events(**where, startFromHead=False, limit=LOG_LINES)["events"]
    except (Refused, KeyError, ValueError):
        return []
    lines = [line for event in events for line in event["message"].splitlines()]
    return [line for line in lines if line.strip() and not line.startswith(OF_CODEBUILD)][-LAST_WORDS:]


def awaited(run: Run | None, project: str) -> tuple[Run, Action]:
    """The run and its action that a person has to decide; ToolError when there is none."""
    if run is None or run.waiting is None:
        raise ToolError(f"{pipeline(project)}: nothing waits for a decision", f"see: mlz model status {project}")
    return run, run.waiting


def decide(api: Api, project: str, waiting: Action, *, approved: bool, reason: str) -> None:
    """Give the decision; `reason` stands in the pipeline's history."""
    with translated(f"pipeline {pipeline(project)}"):
        api.put_approval_result(
            pipelineName=pipeline(project),
            stageName=waiting.stage,
            actionName=waiting.name,
            token=waiting.token,
            result={"summary": reason, "status": "Approved" if approved else "Rejected"},
        )


def standings(api: Api, project: str, stages: Sequence[str]) -> list[Standing]:
    """Every account that has the project's endpoint, stage by stage."""
    found: list[Standing] = []
    for stage in stages:
        try:
            with translated(f"stage {stage}"):
                found += _of_set(api, f"sagemaker-{project}-deploy-{stage}", stage)
        except Refused as problem:
            if problem.code != "StackSetNotFoundException":
                raise
    return found


def _of_set(api: Api, name: str, stage: str) -> list[Standing]:
    given = api.describe_stack_set(StackSetName=name)["StackSet"].get("Parameters", [])
    package = next((one["ParameterValue"] for one in given if one["ParameterKey"] == "ModelPackageName"), "")
    found = pages(api.list_stack_instances, "Summaries", StackSetName=name)
    rows = [Standing(stage, row["Account"], row["Status"], package, row.get("StatusReason", "")) for row in found]
    return sorted(rows, key=lambda standing: standing.account)
