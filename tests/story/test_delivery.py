"""platform-delivery.yaml as a real pipeline on the embedded AWS: commits go through builds, roles and approvals."""

from __future__ import annotations

import io
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest

from mlz import cli
from mlz.release.source import ROOT, source_archive
from mlz.stories import world
from sandbox.server import Sandbox
from stacksets.client import connect

REGION, EACH, PATIENCE = "eu-west-1", 2, 240
RELEASES, SOURCES, ARCHIVE = "delivered", "sources", "platform.zip"
NAME = "sm-mlops-dev-delivery"
CHANGED = Path("templates/target/iam_target_account_roles.py")
CHANGE = {
    CHANGED.as_posix(): (ROOT / CHANGED).read_text().replace('DESCRIPTION = "', 'DESCRIPTION = "A change to the ', 1)
}
EXPECTATION = (
    "- {name: Nobody makes users, who: data-scientist@dev, action: 'iam:CreateUser', "
    "resource: 'arn:aws:iam::{dev}:user/x', expect: denied, reason: So.}\n"
)


@dataclass(frozen=True)
class Delivery:
    """The pipeline, and a repository of which each commit has `files`; `staging` is the one account of that stage."""

    client: Callable[[str], Any]
    staging: str
    files: Mapping[str, str]

    def commit(self, files: Mapping[str, str]) -> None:
        """This repository's source with other files, as one archive."""
        body = changed(source_archive(), {**self.files, **files})
        self.client("s3").put_object(Bucket=SOURCES, Key=ARCHIVE, Body=body)

    def create(self) -> str:
        """The stack; the id of the first delivery, which begins with it."""
        given = {
            "EnvName": "sm-mlops",
            "RepositoryProvider": "S3",
            "Repository": ARCHIVE,
            "SourceS3BucketName": SOURCES,
        }
        cloudformation = self.client("cloudformation")
        cloudformation.create_stack(
            StackName="platform-delivery",
            TemplateURL=f"https://{RELEASES}.s3.{REGION}.amazonaws.com/sagemaker-mlops/platform-delivery.yaml",
            Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in given.items()],
            Capabilities=["CAPABILITY_IAM"],
        )
        cloudformation.get_waiter("stack_create_complete").wait(
            StackName="platform-delivery", WaiterConfig={"Delay": 1, "MaxAttempts": 60}
        )
        found = self.client("codepipeline").list_pipeline_executions(pipelineName=NAME)
        return str(found["pipelineExecutionSummaries"][0]["pipelineExecutionId"])

    def start(self) -> str:
        return str(self.client("codepipeline").start_pipeline_execution(name=NAME)["pipelineExecutionId"])

    def approve(self, execution: str, stage: str) -> str:
        """Answer the approval that the execution comes to; what it said."""
        action = f"Approve{stage}"
        self.until(lambda: action in self.waiting() or self.status(execution) != "InProgress")
        assert action in self.waiting(), self.failure(execution)
        place, token = self.waiting()[action]
        self.client("codepipeline").put_approval_result(
            pipelineName=NAME,
            stageName=place,
            actionName=action,
            token=token,
            result={"status": "Approved", "summary": "read"},
        )
        found = next(one for one in self.actions(execution) if one["actionName"] == action)
        return str(found["input"]["resolvedConfiguration"]["CustomData"])

    def waiting(self) -> dict[str, tuple[str, str]]:
        """Approval -> its stage and token."""
        states = self.client("codepipeline").get_pipeline_state(name=NAME)["stageStates"]
        return {
            one["actionName"]: (stage["stageName"], one["latestExecution"]["token"])
            for stage in states
            for one in stage["actionStates"]
            if "token" in one.get("latestExecution", {})
        }

    def ended(self, execution: str) -> str:
        self.until(lambda: self.status(execution) != "InProgress")
        return self.status(execution)

    def until(self, enough: Callable[[], bool]) -> None:
        end = time.monotonic() + PATIENCE
        while not enough():
            assert time.monotonic() < end
            time.sleep(0.2)

    def failure(self, execution: str) -> str:
        """The action that failed, with the log of its build."""
        [name] = [one["actionName"] for one in self.actions(execution) if one["status"] == "Failed"]
        return f"{name}\n{self.log(name.lower())}"

    def remove_by_hand(self, stack_set: str) -> None:
        """Take the staging account out of one of its stack sets, as a person might."""
        cloudformation = self.client("cloudformation")
        operation = cloudformation.delete_stack_instances(
            StackSetName=stack_set, Accounts=[self.staging], Regions=[REGION], RetainStacks=False
        )["OperationId"]
        wanted = {"StackSetName": stack_set, "OperationId": operation}
        self.until(
            lambda: cloudformation.describe_stack_set_operation(**wanted)["StackSetOperation"]["Status"] == "SUCCEEDED"
        )

    def status(self, execution: str) -> str:
        found = self.client("codepipeline").get_pipeline_execution(pipelineName=NAME, pipelineExecutionId=execution)
        return str(found["pipelineExecution"]["status"])

    def actions(self, execution: str) -> list[dict[str, Any]]:
        """The newest first."""
        wanted = {"pipelineExecutionId": execution}
        found = self.client("codepipeline").list_action_executions(pipelineName=NAME, filter=wanted)
        return list(found["actionExecutionDetails"])

    def log(self, step: str) -> str:
        """What the newest build of a step printed."""
        group, logs = f"/aws/codebuild/{NAME}-{step}", self.client("logs")
        [newest] = self.client("codebuild").list_builds_for_project(projectName=f"{NAME}-{step}")["ids"][:1]
        events = logs.get_log_events(logGroupName=group, logStreamName=newest.partition(":")[2])["events"]
        return "\n".join(row["message"] for row in events)


def changed(archive: bytes, files: Mapping[str, str]) -> bytes:
    """The archive with these files in place of those of their names."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(archive)) as old, zipfile.ZipFile(buffer, "w") as new:
        for name in old.namelist():
            if name not in files:
                new.writestr(name, old.read(name))
        for name, text in files.items():
            new.writestr(name, text)
    return buffer.getvalue()


@pytest.fixture
def delivery(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Delivery]:
    """A development account with core and environment, deployed by hand; its targets have the set-up role only."""
    monkeypatch.chdir(tmp_path)
    keys = tmp_path / "credentials"
    with Sandbox() as aws:
        with world.environment(world.variables(keys, aws.endpoint, world.MANAGEMENT, REGION)):
            made = world.seed(connect("", REGION), EACH)
        settings = world.settings(made, RELEASES, REGION)
        Path("mlz.yaml").write_text(settings)
        with world.environment(world.variables(keys, aws.endpoint, made.development, REGION)):
            for words in ("package --no-lint", "bootstrap --yes", "deploy core --yes", "deploy env --yes"):
                assert cli.run([*words.split(), "--quiet"]) == 0
        session = boto3.Session(region_name=REGION, **aws.credentials(made.development))

        def client(service: str) -> Any:
            return session.client(service, endpoint_url=aws.endpoint)  # type: ignore[call-overload]

        client("s3").create_bucket(Bucket=SOURCES, CreateBucketConfiguration={"LocationConstraint": REGION})
        client("s3").put_bucket_versioning(Bucket=SOURCES, VersioningConfiguration={"Status": "Enabled"})
        yield Delivery(client, made.accounts["staging-01"], {"mlz.yaml": settings, "access/own.yaml": EXPECTATION})


def test_commits_go_through_every_stage(delivery: Delivery) -> None:
    delivery.commit({})
    first = delivery.create()
    same = "sm-mlops-core: nothing to change sm-mlops-dev: nothing to change: this goes into the development account."
    assert delivery.approve(first, "Environment").startswith(same)
    assert "1 expectation in 1 file hold" in delivery.log("check")
    planned = "Plan: 6 to add, 0 to change, 0 to remove, 0 unchanged in 4 stack sets"
    assert delivery.approve(first, "Staging").startswith(planned)
    planned = "Plan: 4 to add, 0 to change, 0 to remove, 2 unchanged in 4 stack sets"
    assert delivery.approve(first, "Prod").startswith(planned)
    assert delivery.ended(first) == "Succeeded", delivery.failure(first)
    assert "paused; still to come" in delivery.log("staging")
    assert "No changes: 6 unchanged in 4 stack sets." in delivery.log("prod")

    delivery.commit(CHANGE)
    second = delivery.start()
    delivery.approve(second, "Environment")
    delivery.until(lambda: "ApproveStaging" in delivery.waiting())
    delivery.remove_by_hand("sm-mlops-dev-network-staging")
    planned = "Plan: 0 to add, 3 to change, 0 to remove, 3 unchanged in 4 stack sets"
    assert delivery.approve(second, "Staging").startswith(planned)
    assert delivery.ended(second) == "Failed"
    assert "error: plan: the stack sets have changed since it was made" in delivery.failure(second)
