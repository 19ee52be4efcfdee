"""The life of a model on the embedded AWS: registered, approved, tested, deployed by account, and taken back."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.request import Request, urlopen

from generator.errors import ToolError
from mlz.mlops.models import pipeline
from mlz.stories import world
from mlz.stories.story import NOTHING, Scene, Stage, played, prove
from mlz.terminal.console import Console

if TYPE_CHECKING:
    from stacksets.client import Cloud

REGION = "eu-west-1"
BUCKET = "mlz-demo-model"
EACH = 4
PROJECT = "ages"
LATEST = 60.0
STAGES = re.compile(r"run |staging|prod|  \d{12}[: ]")
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
ENDING = (
    Scene(
        "The project goes, with its endpoints in every account.",
        ("project", "delete", PROJECT, "--models", "--yes"),
    ),
    Scene("Then the platform, and every account is searched.", ("destroy", "--yes", "--purge")),
)
PRODUCTION = tuple(f"prod-{number:02}" for number in range(1, EACH + 1))
# docs/sandbox.md, "Pipelines and builds"
ALARM = {
    "kind": "failing_account",
    "times": 1,
    "resource_type": "AWS::SageMaker::Endpoint",
    "action": "update",
    "reason": "An alarm went off, and the deployment was rolled back",
}


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
        stage.play(CREATING)
        _life(Life.begun(stage, connect("", REGION), endpoint), min(made.accounts[name] for name in PRODUCTION))
        stage.play_all(ENDING)
    prove(stage, endpoint)


def _life(life: Life, first_account: str) -> None:
    """`first_account` is the one that production's first wave goes to."""
    life.follows("Its first run finds no approved model, and that is no failure.")
    for _ in range(2):
        life.registers()
        life.reaches_production()
    life.order("models", {"model_package": "*/3", "value": -5})
    life.registers()
    life.follows("It answers with ages below zero: the test refuses it, and production never sees it.", code=1)
    life.registers()
    life.passes_staging()
    life.order("faults", ALARM | {"account": first_account})
    life.follows("In the first account an alarm goes off and rolls it back: no other account is touched.", code=1)
    told = "The way back to version 1 is a run like any other, with test and approval."
    life.stage.play(Scene(told, ("model", "rollback", life.project, "--to", "1", "--ticket", "CHG-42", "--yes")))
    life.runs += 1
    life.reaches_production()


@dataclass
class Life:
    """A project's models: how many were registered, and how many runs its pipeline has begun."""

    stage: Stage
    cloud: Cloud
    endpoint: str
    project: str
    models: int = 0
    runs: int = 1

    @classmethod
    def begun(cls, stage: Stage, cloud: Cloud, endpoint: str) -> Life:
        identity = cloud.client("sagemaker").describe_project(ProjectName=PROJECT)["ProjectId"]
        return cls(stage, cloud, endpoint, f"{PROJECT}-{identity}")

    def order(self, what: str, order: Mapping[str, Any]) -> None:
        """What the embedded AWS is to do later."""
        request = Request(f"{self.endpoint}/_sandbox/{what}", json.dumps(order).encode(), method="POST")
        urlopen(request, timeout=30).close()

    def registers(self) -> None:
        """What a training pipeline and then the team's administrator do, by the API."""
        self.models += 1
        self.runs += 1
        api: Any = self.cloud.client("sagemaker")
        self.stage.say(f"\nTraining registers version {self.models}; the team's administrator approves it.", "title")
        container = {
            "Image": f"{self.cloud.account}.dkr.ecr.{self.cloud.region}.amazonaws.com/abalone:{self.models}",
            "ModelDataUrl": f"s3://models/{self.models}",
        }
        inference = {
            "Containers": [container],
            "SupportedContentTypes": ["text/csv"],
            "SupportedResponseMIMETypes": ["text/csv"],
        }
        arn = api.create_model_package(
            ModelPackageGroupName=self.project,
            InferenceSpecification=inference,
            ModelApprovalStatus="PendingManualApproval",
        )["ModelPackageArn"]
        short = f"…:model-package/{arn.rpartition(':model-package/')[2]}"
        self.stage.say(
            f"$ aws sagemaker update-model-package --model-approval-status Approved --model-package-arn {short}", "hint"
        )
        api.update_model_package(ModelPackageArn=arn, ModelApprovalStatus="Approved")

    def reaches_production(self) -> None:
        self.passes_staging()
        self.follows("Production: one account first, a smoke test, then the others.")

    def passes_staging(self) -> None:
        self.follows("Staging: a stack set puts the endpoint there, the test calls it.")
        approving = ("model", "approve", self.project, "--yes")
        self.stage.play(Scene("A person lets it into production.", approving))

    def follows(self, told: str, code: int = 0) -> None:
        """Show the run until it ends or waits for a person."""
        self._await_run()
        self.stage.play(Scene(told, ("model", "status", self.project, "--wait"), STAGES, code=code, streams=True))

    def _await_run(self) -> None:
        """Events take their time."""
        name, until = pipeline(self.project), time.monotonic() + LATEST
        api: Any = self.cloud.client("codepipeline")
        while len(api.list_pipeline_executions(pipelineName=name)["pipelineExecutionSummaries"]) < self.runs:
            if time.monotonic() > until:
                raise ToolError(f"demo: run {self.runs} of {name} did not begin", "report this")
            time.sleep(0.1)
