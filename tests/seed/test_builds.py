"""The buildspecs of both repositories, run command by command with an AWS behind them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.seed.platform import REGION, Platform, running
from tests.seed.seeds import DEPLOY, SEEDS


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[Platform]:
    with running(tmp_path) as made:
        yield made


def test_the_first_run_of_a_project_makes_the_group_and_is_no_failure(platform: Platform) -> None:
    """B066."""
    made = platform.build("model-deploy")
    assert (made.code, made.output.splitlines()[-1]) == (
        0,
        "ages-p-abc: no model package is approved yet, so nothing is deployed",
    )
    assert made.exported == {"DEPLOY": "NO", "DEPLOYED_PACKAGE": "none"}
    assert {name: text for name, text in made.artifacts.items() if name.endswith(".json")} == {
        "staging-config.json": "[]",
        "prod-config.json": "[]",
        "staging-accounts.json": "[]",
        "prod-first-accounts.json": "[]",
        "prod-accounts.json": "[]",
    }
    assert made.calls == ["pip install --quiet --upgrade boto3"]


def test_a_model_goes_to_staging_is_replaced_and_comes_back(platform: Platform) -> None:
    """B065: every run deploys the package that it names; a former one is the way back."""
    platform.build("model-deploy")
    first = platform.register()
    platform.deploy(platform.build("model-deploy", MODEL_PACKAGE_ARN=first))
    assert platform.deployed() == dict.fromkeys(platform.staging, first)
    before = platform.models()
    assert [account for account, _ in before] == platform.staging

    second = platform.register()
    built = platform.build("model-deploy", MODEL_PACKAGE_ARN=second)
    assert built.exported == {"DEPLOY": "YES", "DEPLOYED_PACKAGE": second}
    platform.deploy(built)
    assert platform.deployed() == dict.fromkeys(platform.staging, second)
    assert not {*before} & {*platform.models()}

    platform.deploy(platform.build("model-deploy", MODEL_PACKAGE_ARN=first))
    assert platform.deployed() == dict.fromkeys(platform.staging, first)


@pytest.mark.parametrize(
    ("settings", "made"),
    [
        ({}, {"AWS::ApplicationAutoScaling::ScalableTarget": 0, "AWS::CloudWatch::Alarm": 2}),
        ({"EndpointMaxInstanceCount": "4"}, {"AWS::ApplicationAutoScaling::ScalableTarget": 1}),
        ({"EndpointInstanceType": "ml.m5d.large", "CapturePercentage": "0"}, {"AWS::SageMaker::Endpoint": 1}),
        (
            {"EndpointKind": "ASYNCHRONOUS", "EndpointMaxInstanceCount": "4"},
            {"AWS::ApplicationAutoScaling::ScalableTarget": 0, "AWS::SageMaker::Endpoint": 1},
        ),
        ({"EndpointKind": "SERVERLESS"}, {"AWS::KMS::Key": 1, "AWS::SageMaker::Endpoint": 1}),
        (
            {"EndpointKind": "MULTI_MODEL", "EndpointMaxInstanceCount": "4"},
            {"AWS::ApplicationAutoScaling::ScalableTarget": 1, "AWS::SageMaker::Endpoint": 1},
        ),
        (
            {"EndpointKind": "BATCH", "BatchSchedule": "rate(1 day)", "AlarmTopicName": "on-call"},
            {"AWS::Scheduler::Schedule": 1, "AWS::Events::Rule": 1, "AWS::SageMaker::Endpoint": 0},
        ),
        (
            {"EndpointKind": "BATCH"},
            {
                "AWS::Scheduler::Schedule": 0,
                "AWS::CloudWatch::Alarm": 0,
                "AWS::S3::Bucket": 1,
                "AWS::SageMaker::EndpointConfig": 0,
            },
        ),
    ],
)
def test_every_kind_of_endpoint_comes_up(platform: Platform, settings: dict[str, str], made: dict[str, int]) -> None:
    """B068: CloudFormation's own schemas accept each of them."""
    platform.build("model-deploy")
    platform.register()
    path = SEEDS / "model-deploy" / "staging-config-template.json"
    built = platform.build("model-deploy", settings=json.dumps(json.loads(path.read_text()) | settings))
    platform.deploy(built)
    found = [one.type for one in platform.aws.inventory() if one.account == platform.staging[0]]
    assert {type_: found.count(type_) for type_ in made} == made


@pytest.mark.parametrize(
    ("kind", "results"),
    [
        ("REALTIME", {"status": "InService", "requests": 50, "errors": 0}),
        ("SERVERLESS", {"status": "InService", "requests": 50, "errors": 0}),
        ("ASYNCHRONOUS", {"status": "InService"}),
        ("BATCH", {"status": "NoEndpoint"}),
    ],
)
def test_the_deployed_kind_is_tested_in_every_account_as_its_buildspec_says(
    platform: Platform, kind: str, results: dict[str, Any]
) -> None:
    """B067: the sandbox's endpoints answer one number for each line."""
    tested = platform.test(kind)
    assert tested.code == 0, tested.output
    document = json.loads(tested.artifacts["test-results.json"])
    assert (document["passed"], document["extent"], list(document["accounts"])) == (True, "full", platform.staging)
    for account in document["accounts"].values():
        assert {name: account[name] for name in results} == results
        assert account["problems"] == []


def test_each_model_of_a_deployed_multi_model_endpoint_is_tested(platform: Platform) -> None:
    tested = platform.test("MULTI_MODEL")
    assert tested.code == 0, tested.output
    accounts = json.loads(tested.artifacts["test-results.json"])["accounts"]
    assert {account: list(one["models"]) for account, one in accounts.items()} == {
        account: ["1.tar.gz"] for account in platform.staging
    }


def test_the_comparisons_build_looks_for_the_accounts_of_production_too(platform: Platform) -> None:
    ssm = platform.client("ssm", platform.world.dev)
    ssm.put_parameter(Name="sm-mlops-dev-production-account-list", Value="none", Overwrite=True)
    platform.client("s3", platform.world.dev).put_object(Bucket="models", Key="train/1.csv", Body=b"9,1")
    addresses = {"BASELINE_S3_URI": "s3://models/train/", "LABELS_S3_URI": "s3://models/labels/"}
    made = platform.build("model-deploy", "monitor/buildspec.yml", **addresses)
    assert made.code == 1
    assert made.output.splitlines()[-1] == (
        "prod: SSM parameter sm-mlops-dev-production-account-list names no account, and stack set "
        "sm-mlops-dev-roles-prod has no current instance in eu-west-1; deploy env-main with accounts for this stage, "
        "or run `mlz deploy targets`"
    )


def test_where_an_orchestrator_keeps_the_stack_sets_their_accounts_are_the_targets(platform: Platform) -> None:
    platform.build("model-deploy")
    platform.register()
    platform.bring_roles()
    built = platform.build("model-deploy")
    assert built.code == 0, built.output
    assert json.loads(built.artifacts["staging-accounts.json"]) == platform.staging
    platform.deploy(built)
    assert list(platform.deployed()) == platform.staging


def test_a_package_that_lost_its_approval_stops_the_build(platform: Platform) -> None:
    platform.build("model-deploy")
    rejected = platform.register("Rejected")
    made = platform.build("model-deploy", MODEL_PACKAGE_ARN=rejected)
    assert (made.code, made.output.splitlines()[-1]) == (
        1,
        f"{rejected}: is Rejected, only an approved model package is deployed",
    )


def test_the_training_build_puts_its_data_and_starts_its_pipeline_for_its_run(platform: Platform) -> None:
    s3 = platform.client("s3", platform.world.dev)
    address = "s3://data/datasets/p-abc/abalone.csv"
    s3.create_bucket(Bucket="data", CreateBucketConfiguration={"LocationConstraint": REGION})
    run = "5f9c7a4e-1111-2222-3333-444455556666"
    made = platform.build("model-build-train", DATA_BUCKET="data", DELIVERY_RUN=run)
    assert (made.code, made.calls) == (
        0,
        [
            "pip install --quiet --requirement requirements.txt",
            "pip install --quiet --no-deps .",
            f"python -m pipelines.run_pipeline --module pipelines.abalone.pipeline --input {address} --run {run}",
        ],
    ), made.output
    data = s3.get_object(Bucket="data", Key="datasets/p-abc/abalone.csv")["Body"].read().decode()
    assert len(data.splitlines()) == 4177
    assert {len(line.split(",")) for line in data.splitlines()} == {9}


def test_the_payload_has_as_many_features_as_training_makes() -> None:
    """Seven measures and three sexes, without the label; drift is compared by the same names."""
    payload = (DEPLOY / "payload.csv").read_text().splitlines()
    names = json.loads((DEPLOY / "monitor" / "settings.json").read_text())["names"]
    assert {len(line.split(",")) for line in payload} == {len(names)} == {10}
    assert json.loads((DEPLOY / "payload.json").read_text())["answer"]["values"] == len(payload)
