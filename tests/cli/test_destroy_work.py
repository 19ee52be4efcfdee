"""`mlz destroy`: what people made in an environment is shown and stays; history is no leftover; lag is waited for."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from mlz import cli
from mlz.stories import world
from sandbox.server import Sandbox

REGION, ACCOUNT = "eu-west-1", "111111111111"
SETTINGS = f"environment: {{name: shop, type: dev}}\nregion: {REGION}\nrollout: {{poll_seconds: 0.05}}\n"
TAGS = [{"Key": "EnvironmentName", "Value": "shop"}, {"Key": "EnvironmentType", "Value": "dev"}]
ROLE = f"arn:aws:iam::{ACCOUNT}:role/people"
OUTPUT = {"S3OutputPath": "s3://people/out"}
LIMITS: dict[str, Any] = {
    "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
    "StoppingCondition": {"MaxRuntimeInSeconds": 60},
}

Client = Callable[[str], Any]


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Client]:
    monkeypatch.chdir(tmp_path)
    Path("mlz.yaml").write_text(SETTINGS)
    keys = tmp_path / "credentials"
    with Sandbox() as aws, world.environment(world.variables(keys, aws.endpoint, ACCOUNT, REGION)):
        given = aws.credentials(ACCOUNT)
        yield lambda name: boto3.client(name, endpoint_url=aws.endpoint, region_name=REGION, **given)


def proof(capture: pytest.CaptureFixture[str], *words: str, code: int = 0) -> dict[str, list[tuple[str, str]]]:
    capture.readouterr()
    assert cli.run(["destroy", *words, "--yes", "--output", "json", "--quiet"]) == code
    found = json.loads(capture.readouterr().out)
    return {word: [(one["kind"], one["name"]) for one in found[word]] for word in ("left", "kept")}


@pytest.mark.parametrize("words", [(), ("--purge",)])
def test_peoples_work_is_kept_and_history_is_nothing(
    client: Client, capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    sagemaker = client("sagemaker")
    sagemaker.create_model_package_group(ModelPackageGroupName="churn", Tags=TAGS)
    sagemaker.create_training_job(
        TrainingJobName="yesterday",
        AlgorithmSpecification={"TrainingImage": "image", "TrainingInputMode": "File"},
        RoleArn=ROLE,
        OutputDataConfig=OUTPUT,
        Tags=TAGS,
        **LIMITS,
    )
    assert proof(capsys, *words) == {"left": [], "kept": [("sagemaker model-package-group", "churn")]}
    assert [
        row["ModelPackageGroupName"] for row in sagemaker.list_model_package_groups()["ModelPackageGroupSummaryList"]
    ]


def test_the_next_step_is_one_that_does_something(client: Client, capsys: pytest.CaptureFixture[str]) -> None:
    def following(*words: str) -> str:
        assert cli.run(["destroy", *words]) == 0
        return capsys.readouterr().err.splitlines()[-1]

    assert following("--plan") == "next: nothing to do"
    client("sagemaker").create_model_package_group(ModelPackageGroupName="churn", Tags=TAGS)
    assert following("--plan") == "next: nothing to do"
    assert following("--yes") == "next: data and its keys were kept; mlz destroy --purge deletes them too"
    assert following("--purge", "--yes") == (
        "next: people's work was kept; mlz project delete NAME --models deletes a project's models"
    )


def test_what_resists_is_left(client: Client, capsys: pytest.CaptureFixture[str]) -> None:
    """Tags say that it is the environment's, and no stack holds it: nobody deletes it, and everybody sees it."""
    client("ec2").create_vpc(CidrBlock="10.0.0.0/16", TagSpecifications=[{"ResourceType": "vpc", "Tags": TAGS}])
    client("iam").create_role(RoleName="shop-dev-role", AssumeRolePolicyDocument="{}", Tags=TAGS)
    left = proof(capsys, "env", code=1)["left"]
    assert [kind for kind, _ in left] == ["VPC", "role"]
    assert proof(capsys, "core") == {"left": [], "kept": []}
