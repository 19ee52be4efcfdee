"""The project template and its seed code, run whole: no model yet, a good one, a bad one, and the way back."""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from mlz import cli
from mlz.stories import world
from sandbox.server import Sandbox
from stacksets.client import connect

REGION, EACH, PATIENCE = "eu-west-1", 2, 120
STAGES = ("Source", "Build", "DeployModelStaging", "DeployModelProd")
ENDED = ("Succeeded", "Failed", "Stopped", "Superseded")


@dataclass(frozen=True)
class Project:
    """A deploy project in the development account; one staging account and two of production are active."""

    aws: Sandbox
    made: world.World
    client: Callable[[str, str], Any]
    id: str

    def dev(self, service: str) -> Any:
        return self.client(service, self.made.development)

    @property
    def group(self) -> str:
        return f"ages-{self.id}"

    @property
    def pipeline(self) -> str:
        return f"sagemaker-ages-{self.id}-modeldeploy"

    def approve_package(self) -> str:
        specification = {
            "Containers": [{"Image": "image", "ModelDataUrl": "s3://models/1"}],
            "SupportedContentTypes": ["text/csv"],
            "SupportedResponseMIMETypes": ["text/csv"],
        }
        sagemaker = self.dev("sagemaker")
        package = str(
            sagemaker.create_model_package(
                ModelPackageGroupName=self.group,
                InferenceSpecification=specification,
                ModelApprovalStatus="PendingManualApproval",
            )["ModelPackageArn"]
        )
        sagemaker.update_model_package(ModelPackageArn=package, ModelApprovalStatus="Approved")
        return package

    def newest(self) -> str:
        found = self.dev("codepipeline").list_pipeline_executions(pipelineName=self.pipeline)
        return str(found["pipelineExecutionSummaries"][0]["pipelineExecutionId"])

    def states(self) -> dict[str, Any]:
        found = self.dev("codepipeline").get_pipeline_state(name=self.pipeline)
        return {stage["stageName"]: stage for stage in found["stageStates"]}

    def followed(self, execution: str) -> str:
        """The execution's end; whatever waits for approval gets it."""
        end = time.monotonic() + PATIENCE
        while (status := self.execution(execution)["status"]) not in ENDED:
            assert time.monotonic() < end, self.failures(execution)
            self._approve()
            time.sleep(0.1)
        return str(status)

    def _approve(self) -> None:
        for stage, state in self.states().items():
            for action in state["actionStates"]:
                token = action.get("latestExecution", {}).get("token")
                if token:
                    self.dev("codepipeline").put_approval_result(
                        pipelineName=self.pipeline, stageName=stage, actionName=action["actionName"], token=token,
                        result={"status": "Approved", "summary": "tested"},
                    )  # fmt: skip

    def execution(self, execution: str) -> dict[str, Any]:
        found = self.dev("codepipeline").get_pipeline_execution(
            pipelineName=self.pipeline, pipelineExecutionId=execution
        )
        return dict(found["pipelineExecution"])

    def failures(self, execution: str) -> dict[str, str]:
        """Action -> why it failed."""
        found = self.dev("codepipeline").list_action_executions(
            pipelineName=self.pipeline, filter={"pipelineExecutionId": execution}
        )["actionExecutionDetails"]
        results = {row["actionName"]: row["output"]["executionResult"] for row in found if row["status"] == "Failed"}
        return {name: result["errorDetails"]["message"] for name, result in results.items()}

    def deployed(self) -> dict[str, list[str]]:
        """Stage -> package behind the endpoint of each of its accounts."""
        accounts = {"staging": ("staging-01",), "prod": ("prod-01", "prod-02")}
        return {
            stage: [self._package(stage, self.made.accounts[name]) for name in accounts[stage]] for stage in accounts
        }

    def _package(self, stage: str, account: str) -> str:
        sagemaker = self.client("sagemaker", account)
        config = sagemaker.describe_endpoint(EndpointName=f"{self.group}-{stage}")["EndpointConfigName"]
        variants = sagemaker.describe_endpoint_config(EndpointConfigName=config)["ProductionVariants"]
        return str(sagemaker.describe_model(ModelName=variants[0]["ModelName"])["PrimaryContainer"]["ModelPackageName"])


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    monkeypatch.chdir(tmp_path)
    keys = tmp_path / "credentials"
    with Sandbox() as aws:
        with world.environment(world.variables(keys, aws.endpoint, world.MANAGEMENT, REGION)):
            made = world.seed(connect("", REGION), EACH)
        Path("mlz.yaml").write_text(world.settings(made, "pipelines-bucket", REGION))
        with world.environment(world.variables(keys, aws.endpoint, made.development, REGION)):
            for words in ("package --no-lint", "bootstrap", "deploy core", "deploy env", "deploy targets"):
                assert cli.run([*words.split(), "--yes", "--quiet"]) == 0
            wish = "project create ages --kind deploy --from s3 --parameter MultiAccountDeployment=YES --yes --quiet"
            assert cli.run(wish.split()) == 0
            session = connect("", REGION)
            project_id = session.client("sagemaker").describe_project(ProjectName="ages")["ProjectId"]
            yield Project(aws, made, lambda service, account: _client(aws, service, account), project_id)


def _client(aws: Sandbox, service: str, account: str) -> Any:
    import boto3

    return boto3.client(service, region_name=REGION, endpoint_url=aws.endpoint, **aws.credentials(account))  # type: ignore[call-overload]


def order(project: Project, **behaviour: Any) -> None:
    url = f"{project.aws.endpoint}/_sandbox/models"
    urllib.request.urlopen(urllib.request.Request(url, json.dumps(behaviour).encode(), method="POST")).read()


def test_the_life_of_two_models(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    first_run = project.newest()
    assert project.followed(first_run) == "Succeeded", project.failures(first_run)
    skipped = {name: stage["latestExecution"]["status"] for name, stage in project.states().items()}
    assert skipped == dict(zip(STAGES, ("Succeeded", "Succeeded", "Skipped", "Skipped"), strict=True))

    good = project.approve_package()
    run = project.newest()
    assert project.followed(run) == "Succeeded", project.failures(run)
    assert project.execution(run)["variables"][0] == {"name": "ModelPackageArn", "resolvedValue": good}
    assert project.deployed() == {"staging": [good], "prod": [good] * 2}

    order(project, model_package="*/2", value=-5)
    bad = project.approve_package()
    run = project.newest()
    assert project.followed(run) == "Failed"
    [(action, reason)] = project.failures(run).items()
    assert (action, reason.partition(" python ")[0]) == (
        "TestStaging",
        (
            "Build terminated with state: FAILED. Phase: BUILD, Code: COMMAND_EXECUTION_ERROR, Message: "
            "Error while executing command:"
        ),
    )
    assert project.deployed() == {"staging": [bad], "prod": [good] * 2}

    out = said(capsys, 1, "model", "status", project.group)
    assert out[0] == f"run {run}: Failed, version 2, change ticket none"
    assert out[-3:] == [
        f"  {project.made.accounts['staging-01']}: -5 is not within 0 and 40",
        "staging: version 2 in 1 account",
        "prod: version 1 in 2 accounts",
    ]
    assert said(capsys, 1, "model", "approve", project.group, "--yes") == []

    (back,) = said(capsys, 0, "model", "rollback", project.group, "--to", "1", "--ticket", "CHG-42", "--yes")
    assert said(capsys, 0, "model", "status", project.group, "--wait") == [
        f"run {back}: InProgress, version 1, change ticket CHG-42",
        "staging: version 1 in 1 account",
        "prod: version 1 in 2 accounts",
    ]
    said(capsys, 0, "model", "approve", project.group, "--reason", "seen", "--yes")
    assert said(capsys, 0, "model", "status", project.group, "--wait", "--output", "json")[0] == "{"
    states = project.states()["DeployModelStaging"]["actionStates"]
    summaries = {one["actionName"]: one["latestExecution"].get("summary", "") for one in states}
    assert summaries["ApproveStagingDeployment"].endswith(": seen")
    assert project.execution(back)["status"] == "Succeeded"
    assert project.deployed() == {"staging": [good], "prod": [good] * 2}


def said(capsys: pytest.CaptureFixture[str], code: int, *words: str) -> list[str]:
    """The lines on stdout of a command that must end with this code."""
    capsys.readouterr()
    assert cli.run(list(words)) == code
    return capsys.readouterr().out.splitlines()
