"""A model's versions, and the run that brings one back."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from generator.errors import ToolError
from mlz import cli
from mlz.mlops import models
from sandbox.server import Sandbox

DEV = "222222222222"
GROUP = "ages-p-abc"
ARN = f"arn:aws:sagemaker:eu-west-1:{DEV}:model-package/{GROUP}/2"


def version(number: int, status: str = "Approved") -> models.Version:
    return models.Version(number, f"{ARN[:-1]}{number}", status, "2026-11-21")


def test_an_approved_version_is_chosen() -> None:
    assert models.chosen([version(3), version(2)], 2, GROUP) == version(2)


@pytest.mark.parametrize(
    ("number", "message", "hint"),
    [
        (
            1,
            "ages-p-abc: version 1 is Rejected",
            "only approved versions are deployed; approve it first, or choose another",
        ),
        (9, "ages-p-abc: has no version 9", "there are: 2, 1"),
    ],
)
def test_another_version_is_refused(number: int, message: str, hint: str) -> None:
    with pytest.raises(ToolError) as problem:
        models.chosen([version(2), version(1, "Rejected")], number, GROUP)
    assert (problem.value.message, problem.value.hint) == (message, hint)


def test_the_pipeline_is_started_with_the_version_and_the_ticket() -> None:
    codepipeline = boto3.Session("x", "x", region_name="eu-west-1").client("codepipeline")
    expected = {
        "name": "sagemaker-ages-p-abc-modeldeploy",
        "variables": [{"name": "ModelPackageArn", "value": ARN}, {"name": "ChangeTicket", "value": "CHG-42"}],
    }
    with Stubber(codepipeline) as stubbed:
        execution = "12345678-1234-1234-1234-123456789012"
        stubbed.add_response("start_pipeline_execution", {"pipelineExecutionId": execution}, expected)
        assert models.start(codepipeline, GROUP, version(2), "CHG-42") == execution


@pytest.fixture
def platform(monkeypatch: pytest.MonkeyPatch) -> Any:
    with Sandbox() as aws:
        for name, value in aws.environment(DEV, "eu-west-1").items():
            monkeypatch.setenv(name, value)
        monkeypatch.delenv("AWS_PROFILE", raising=False)
        sagemaker = boto3.Session().client("sagemaker")
        sagemaker.create_model_package_group(ModelPackageGroupName=GROUP)
        for status in ("Approved", "Approved", "Rejected"):
            sagemaker.create_model_package(ModelPackageGroupName=GROUP, ModelApprovalStatus=status)
        yield aws


@pytest.mark.usefixtures("platform")
def test_versions_are_listed_with_the_newest_first(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["model", "versions", GROUP, "--region", "eu-west-1"]) == 0
    out = capsys.readouterr().out
    assert [line.split()[:2] for line in out.splitlines()] == [["3", "Rejected"], ["2", "Approved"], ["1", "Approved"]]


@pytest.mark.usefixtures("platform")
def test_a_rejected_version_starts_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["model", "rollback", GROUP, "--to", "3", "--yes", "--region", "eu-west-1"]) == 1
    assert capsys.readouterr().err.splitlines()[0] == "error: ages-p-abc: version 3 is Rejected"


def test_a_dry_run_says_what_it_would_start(platform: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["model", "rollback", GROUP, "--to", "1", "--dry-run", "--region", "eu-west-1"]) == 0
    assert capsys.readouterr().err.splitlines() == [
        "sagemaker-ages-p-abc-modeldeploy: version 1, test and approval as for any model",
        "next: the same without --dry-run starts it",
    ]
    assert not [call for call in platform.calls.shown() if call.startswith("codepipeline")]
