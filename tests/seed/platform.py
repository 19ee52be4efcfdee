"""An organization with a project's accounts, in which builds of the seed repositories run."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from sandbox.server import Sandbox
from sandbox.world import Built, Unit, World
from sandbox.world import build as build_world
from tests.seed.codebuild import Build, run
from tests.seed.seeds import SEEDS
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

    def test(self, kind: str) -> Build:
        """Deploy an endpoint of this kind to staging, and test it as CodePipeline's test action does."""
        self.build("model-deploy")
        self.register()
        built = self.build("model-deploy", settings=json.dumps({"EndpointKind": kind}))
        self.deploy(built)
        artifact = self.scratch / "artifact"
        artifact.mkdir()
        for name, text in built.artifacts.items():
            (artifact / name).write_text(text)
        variables = {"BUILD_CONFIG": "staging-config", "ACCOUNTS": "staging-accounts", "EXTENT": "full"}
        given = {"CODEBUILD_SRC_DIR_BuildArtifact": str(artifact), "TEST_RESULTS": "test-results", **variables}
        return self.build("model-deploy", "test/buildspec.yml", **given)

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


@contextmanager
def running(scratch: Path) -> Iterator[Platform]:
    with Sandbox() as aws:
        world = build_world(
            aws, World((Unit("workloads", units=(Unit("staging", accounts=2), Unit("prod", accounts=1))),))
        )
        made = Platform(aws, world, scratch)
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
            trusted = {"Service": "sagemaker.amazonaws.com", "AWS": f"arn:aws:iam::{platform.world.dev}:root"}
            there.create_role(RoleName=name, AssumeRolePolicyDocument=trusting(trusted))
        calls = {
            "Effect": "Allow",
            "Action": ["sagemaker:Describe*", "sagemaker:InvokeEndpoint"],
            "Resource": "*",
        }
        there.put_role_policy(
            RoleName="sm-mlops-staging-eu-west-1-model-test",
            PolicyName="Test",
            PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [calls]}),
        )
