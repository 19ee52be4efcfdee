"""The buildspecs of both repositories, run command by command with an AWS behind them."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from sandbox.server import Sandbox
from sandbox.world import Built, Unit, World
from sandbox.world import build as build_world
from tests.seed.codebuild import Build, run
from tests.seed.seeds import DEPLOY, SEEDS
from tests.seed.test_model_deploy import VARIABLES

REGION = "eu-west-1"
MODEL = "s3://models/ages-p-abc/job/output/model.tar.gz"
PROJECT_SET = "sagemaker-ages-p-abc-deploy-staging"


@dataclass(frozen=True)
class Platform:
    """An organization with two staging accounts, the lists that env-main publishes, and the roles that deploy."""

    aws: Sandbox
    world: Built
    scratch: Path

    def client(self, service: str, account: str) -> Any:
        config = Config(retries={"total_max_attempts": 1})
        keys = self.aws.credentials(account)
        return boto3.client(service, region_name=REGION, endpoint_url=self.aws.endpoint, config=config, **keys)

    @property
    def staging(self) -> list[str]:
        return sorted(self.world.below("workloads/staging"))

    def register(self, status: str = "Approved") -> str:
        made = self.client("sagemaker", self.world.dev).create_model_package(
            ModelPackageGroupName="ages-p-abc",
            ModelApprovalStatus=status,
            InferenceSpecification={
                "Containers": [{"Image": "i", "ModelDataUrl": MODEL}],
                "SupportedContentTypes": ["text/csv"],
                "SupportedResponseMIMETypes": ["text/csv"],
            },
        )
        return str(made["ModelPackageArn"])

    def build(self, seed: str, buildspec: str = "buildspec.yml", settings: str = "", **variables: str) -> Build:
        """A build of a fresh checkout, in the development account; `settings` replaces those of staging."""
        repository = self.scratch / seed
        shutil.rmtree(repository, ignore_errors=True)
        shutil.copytree(SEEDS / seed, repository, ignore=shutil.ignore_patterns("__pycache__"))
        if settings:
            (repository / "staging-config-template.json").write_text(settings)
        given = {**VARIABLES, **self.aws.environment(self.world.dev, REGION), **variables}
        return run(repository, buildspec, self.scratch, given)

    def deploy(self, made: Build) -> None:
        """What CodePipeline's stack set action does with a build's files."""
        cfn = self.client("cloudformation", self.world.dev)
        given = {
            "StackSetName": PROJECT_SET,
            "TemplateBody": made.artifacts["cfn-sm-endpoint.yaml"],
            "Parameters": json.loads(made.artifacts["staging-config.json"]),
            "AdministrationRoleARN": f"arn:aws:iam::{self.world.dev}:role/Admin",
            "ExecutionRoleName": "Exec",
        }
        if PROJECT_SET in [one["StackSetName"] for one in cfn.list_stack_sets(Status="ACTIVE")["Summaries"]]:
            operation = cfn.update_stack_set(**given)["OperationId"]
        else:
            cfn.create_stack_set(**given)
            accounts = json.loads(made.artifacts["staging-accounts.json"])
            operation = cfn.create_stack_instances(StackSetName=PROJECT_SET, Accounts=accounts, Regions=[REGION])[
                "OperationId"
            ]
        self.succeeds(cfn, PROJECT_SET, operation)

    def succeeds(self, cfn: Any, stack_set: str, operation: str) -> None:
        while True:
            found = cfn.describe_stack_set_operation(StackSetName=stack_set, OperationId=operation)
            if found["StackSetOperation"]["Status"] not in ("QUEUED", "RUNNING"):
                break
            time.sleep(0.02)
        rows = cfn.list_stack_set_operation_results(StackSetName=stack_set, OperationId=operation)["Summaries"]
        results = {row["Account"]: (row["Status"], row.get("StatusReason")) for row in rows}
        assert results == dict.fromkeys(self.staging, ("SUCCEEDED", None))

    def bring_roles(self) -> None:
        """What the orchestrator does for staging: the accounts of its stack set, and a list that says `none`."""
        name, cfn = "sm-mlops-dev-roles-staging", self.client("cloudformation", self.world.dev)
        self.client("ssm", self.world.dev).put_parameter(
            Name="sm-mlops-dev-staging-account-list", Value="none", Overwrite=True
        )
        cfn.create_stack_set(
            StackSetName=name,
            TemplateBody='{"Resources": {"Roles": {"Type": "AWS::CloudFormation::WaitConditionHandle"}}}',
            AdministrationRoleARN=f"arn:aws:iam::{self.world.dev}:role/Admin",
            ExecutionRoleName="Exec",
        )
        made = cfn.create_stack_instances(StackSetName=name, Accounts=self.staging, Regions=[REGION])
        self.succeeds(cfn, name, made["OperationId"])

    def deployed(self) -> dict[str, str]:
        """Account -> the model package that its endpoint is of."""
        found = {}
        for account in self.staging:
            stacks = self.client("cloudformation", account).describe_stacks()["Stacks"]
            (stack,) = [one for one in stacks if one["StackName"].startswith(f"StackSet-{PROJECT_SET}-")]
            given = {one["ParameterKey"]: one["ParameterValue"] for one in stack["Parameters"]}
            found[account] = given["ModelPackageName"]
        return found

    def models(self) -> list[tuple[str, str]]:
        """Accounts and the physical ids of their models."""
        return sorted((m.account, m.physical_id) for m in self.aws.inventory() if m.type == "AWS::SageMaker::Model")


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[Platform]:
    with Sandbox() as aws:
        world = build_world(
            aws, World((Unit("workloads", units=(Unit("staging", accounts=2), Unit("prod", accounts=1))),))
        )
        made = Platform(aws, world, tmp_path)
        ssm = made.client("ssm", world.dev)
        for stage, key in (("staging", "staging"), ("prod", "production")):
            accounts = ",".join(world.below(f"workloads/{stage}"))
            ssm.put_parameter(Name=f"sm-mlops-dev-{key}-account-list", Value=accounts, Type="String")
        s3 = made.client("s3", world.dev)
        s3.create_bucket(Bucket="models", CreateBucketConfiguration={"LocationConstraint": REGION})
        s3.put_object(Bucket="models", Key="ages-p-abc/job/output/model.tar.gz", Body=b"model")
        roles(made)
        for account in made.staging:
            there = made.client("ssm", account)
            for key, value in (("private-subnet-ids", "subnet-1,subnet-2"), ("sagemaker-sg-ids", "sg-1")):
                there.put_parameter(Name=f"sm-mlops-staging-{key}", Value=value, Type="String")
        yield made


def roles(platform: Platform) -> None:
    """The administration role here; in each staging account the role that trusts it, and those of models and tests."""

    def trusting(principal: dict[str, str]) -> str:
        statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal}
        return json.dumps({"Version": "2012-10-17", "Statement": [statement]})

    iam = platform.client("iam", platform.world.dev)
    iam.create_role(RoleName="Admin", AssumeRolePolicyDocument=trusting({"Service": "cloudformation.amazonaws.com"}))
    assume = {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "arn:aws:iam::*:role/Exec"}
    text = json.dumps({"Version": "2012-10-17", "Statement": [assume]})
    iam.put_role_policy(RoleName="Admin", PolicyName="Assume", PolicyDocument=text)
    admin = f"arn:aws:iam::{platform.world.dev}:role/Admin"
    for account in platform.staging:
        there = platform.client("iam", account)
        there.create_role(RoleName="Exec", AssumeRolePolicyDocument=trusting({"AWS": admin}))
        for name in ("runs-models", *(f"sm-mlops-staging-eu-west-1-model-{one}" for one in ("test", "batch"))):
            there.create_role(RoleName=name, AssumeRolePolicyDocument=trusting({"Service": "sagemaker.amazonaws.com"}))


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
            {"EndpointKind": "BATCH", "BatchSchedule": "rate(1 day)"},
            {"AWS::Scheduler::Schedule": 1, "AWS::SageMaker::Model": 1, "AWS::SageMaker::Endpoint": 0},
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


def test_the_training_build_puts_its_data_and_runs_its_pipeline(platform: Platform) -> None:
    s3 = platform.client("s3", platform.world.dev)
    address = "s3://data/datasets/p-abc/abalone.csv"
    s3.create_bucket(Bucket="data", CreateBucketConfiguration={"LocationConstraint": REGION})
    made = platform.build("model-build-train", DATA_BUCKET="data")
    assert (made.code, made.calls) == (
        0,
        [
            "pip install --quiet --requirement requirements.txt",
            "pip install --quiet --no-deps .",
            f"python -m pipelines.run_pipeline --module pipelines.abalone.pipeline --input {address}",
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
