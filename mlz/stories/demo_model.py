"""The life of a model on the embedded AWS: registered, approved, tested, deployed by account, and taken back."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.request import Request, urlopen

from generator.errors import ToolError
from mlz.stories import world
from mlz.stories.story import NOTHING, OUTLINE, Scene, Stage, played, prove
from mlz.terminal.console import Console

if TYPE_CHECKING:
    from stacksets.client import Cloud

REGION = "eu-west-1"
BUCKET = "mlz-demo-model"
EACH = 4
PROJECT = "ages"
LATEST = 60.0
STAGES = re.compile(r"run |staging|prod|  \d{12}: ")
PLATFORM = (
    Scene("The platform, as in `make demo`: published, core, environment, target accounts.", ("package", "--no-lint")),
    Scene("", ("bootstrap", "--yes"), NOTHING),
    Scene("", ("deploy", "core", "--yes"), NOTHING),
    Scene("", ("deploy", "env", "--yes"), NOTHING),
    Scene("", ("deploy", "targets", "--yes"), NOTHING),
    Scene("", ("status",), re.compile(r"\d+ accounts")),
)
CREATING = Scene(
    "A team makes a project, as it would in Studio: repository, builds, pipeline, roles of its own.",
    (
        "project",
        "create",
        PROJECT,
        "--kind",
        "deploy",
        "--parameter",
        "MultiAccountDeployment=YES",
        "--from",
        "s3",
        "--yes",
    ),
)


def demo(console: Console) -> None:
    """Play the story of one model."""
    played(console, _story)


def _story(stage: Stage, endpoint: str, folder: Path) -> None:
    from stacksets.client import connect

    keys = folder / "credentials"
    with world.environment(world.variables(keys, endpoint, world.MANAGEMENT, REGION)):
        made = world.seed(connect("", REGION), EACH)
    stage.say(f"An organization on the embedded AWS ({endpoint})", "title")
    stage.say(f"  ml-dev {made.development}, {EACH - 1} staging and {EACH} prod accounts")
    (folder / "mlz.yaml").write_text(world.settings(made, BUCKET, REGION), encoding="utf-8")
    with world.environment(world.variables(keys, endpoint, made.development, REGION)):
        stage.play_all(PLATFORM)
        _life(stage, connect("", REGION), endpoint)
        _end(stage)
    prove(stage, endpoint)


def _life(stage: Stage, cloud: Cloud, endpoint: str) -> None:
    stage.play(CREATING)
    project = f"{PROJECT}-{cloud.client('sagemaker').describe_project(ProjectName=PROJECT)['ProjectId']}"
    _run_begun(cloud, project, 1)
    first = "Its first run finds no approved model, and that is no failure."
    stage.play(Scene(first, ("model", "status", project, "--wait"), STAGES, streams=True))
    for number in (1, 2):
        _registered(stage, cloud, project, number)
        _run_begun(cloud, project, number + 1)
        _delivered(stage, project, "Staging: a stack set puts the endpoint there, the test calls it.")
    _refused(stage, cloud, project, endpoint)
    told = "Version 2 disappoints too. The way back is a run like any other, with test and approval."
    stage.play(Scene(told, ("model", "rollback", project, "--to", "1", "--ticket", "CHG-42", "--yes"), OUTLINE))
    _delivered(stage, project, "")


def _refused(stage: Stage, cloud: Cloud, project: str, endpoint: str) -> None:
    """A third version answers nonsense, which the sandbox is told beforehand."""
    answers = json.dumps({"model_package": "*/3", "value": -5}).encode()
    with urlopen(Request(f"{endpoint}/_sandbox/models", answers, method="POST"), timeout=30):
        _registered(stage, cloud, project, 3)
    _run_begun(cloud, project, 4)
    told = "Version 3 answers with ages below zero: the test refuses it, and production never sees it."
    stage.play(Scene(told, ("model", "status", project, "--wait"), STAGES, code=1, streams=True))


def _delivered(stage: Stage, project: str, told: str) -> None:
    following = ("model", "status", project, "--wait")
    stage.play(Scene(told, following, STAGES, streams=True))
    stage.play(Scene("A person lets it into production.", ("model", "approve", project, "--yes"), OUTLINE))
    stage.play(Scene("Production: one account first, a smoke test, then the others.", following, STAGES, streams=True))


def _registered(stage: Stage, cloud: Cloud, project: str, number: int) -> None:
    """What a training pipeline and then the team's administrator do, by the API."""
    api: Any = cloud.client("sagemaker")
    stage.say(f"\nTraining registers version {number}; the team's administrator approves it.", "title")
    container = {
        "Image": f"{cloud.account}.dkr.ecr.{cloud.region}.amazonaws.com/abalone:{number}",
        "ModelDataUrl": f"s3://models/{number}",
    }
    inference = {
        "Containers": [container],
        "SupportedContentTypes": ["text/csv"],
        "SupportedResponseMIMETypes": ["text/csv"],
    }
    arn = api.create_model_package(
        ModelPackageGroupName=project, InferenceSpecification=inference, ModelApprovalStatus="PendingManualApproval"
    )["ModelPackageArn"]
    stage.say(
        f"$ aws sagemaker update-model-package --model-package-arn {arn} --model-approval-status Approved", "hint"
    )
    api.update_model_package(ModelPackageArn=arn, ModelApprovalStatus="Approved")


def _run_begun(cloud: Cloud, project: str, number: int) -> None:
    """Wait until the pipeline has begun its `number`th run; events take their time."""
    from mlz.mlops.models import pipeline

    api, until = cloud.client("codepipeline"), time.monotonic() + LATEST
    while len(api.list_pipeline_executions(pipelineName=pipeline(project))["pipelineExecutionSummaries"]) < number:
        if time.monotonic() > until:
            raise ToolError(f"demo: run {number} of {pipeline(project)} did not begin", "report this")
        time.sleep(0.1)


def _end(stage: Stage) -> None:
    stage.play(
        Scene(
            "The project goes, with its endpoints in every account.",
            ("project", "delete", PROJECT, "--models", "--yes"),
        )
    )
    stage.play(Scene("Then the platform, and every account is searched.", ("destroy", "--yes", "--purge")))
