"""The reference's guide, step by step with the AWS CLI: core and environment from their S3 addresses, with OU ids."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest

from mlz.stories import world
from sandbox.server import Sandbox
from stacksets.client import connect

REGION = "eu-west-1"
BUCKET = "guide-bucket"


@dataclass(frozen=True)
class Desk:
    """A shell in a folder with settings, whose AWS is the embedded one and whose account is the development account."""

    aws: Sandbox
    world: world.World
    folder: Path
    variables: dict[str, str]

    def run(self, *words: str) -> str:
        program = str(Path(sys.executable).parent / words[0])
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.folder), **self.variables}
        done = subprocess.run(
            [program, *words[1:]],
            cwd=self.folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"
        return done.stdout

    def stack(self, name: str, template: str, **parameters: str) -> dict[str, str]:
        """Create a stack as the guide says, wait for it, and return its outputs."""
        given = [f"ParameterKey={key},ParameterValue='{value}'" for key, value in parameters.items()]
        self.run(
            "aws", "cloudformation", "create-stack",
            "--stack-name", name,
            "--template-url", f"https://s3.{REGION}.amazonaws.com/{BUCKET}/sagemaker-mlops/{template}",
            "--capabilities", "CAPABILITY_IAM", "CAPABILITY_NAMED_IAM",
            "--parameters", *given,
        )  # fmt: skip
        self.wait("stack_create_complete", name)
        described = json.loads(self.run("aws", "cloudformation", "describe-stacks", "--stack-name", name))
        return {output["OutputKey"]: output["OutputValue"] for output in described["Stacks"][0].get("Outputs", [])}

    def wait(self, state: str, name: str) -> None:
        """The same waiter as the CLI's, which looks every thirty seconds, looking every half."""
        stacks = self.client("cloudformation", self.world.development)
        stacks.get_waiter(state).wait(StackName=name, WaiterConfig={"Delay": 0.5, "MaxAttempts": 600})

    def client(self, service: str, account: str) -> Any:
        return boto3.client(
            service, endpoint_url=self.aws.endpoint, region_name=REGION, **self.aws.credentials(account)
        )


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    folder = tmp_path_factory.mktemp("guide")
    with Sandbox() as aws:
        keys = folder / "credentials"
        with world.environment(world.variables(keys, aws.endpoint, world.MANAGEMENT, REGION)):
            made = world.seed(connect("", REGION))
        (folder / "mlz.yaml").write_text(world.settings(made, BUCKET, REGION))
        yield Desk(aws, made, folder, world.variables(keys, aws.endpoint, made.development, REGION))


def test_core_and_environment_from_their_addresses_reach_every_target_account(desk: Desk) -> None:
    desk.run("mlz", "package")
    desk.run("mlz", "bootstrap", "--yes")
    core = desk.stack("sm-mlops-core", "core-main.yaml", StackSetName="sm-mlops-core")
    assert core["ProvisioningArtifactIds"]

    env = desk.stack(
        "sm-mlops-dev",
        "env-main.yaml",
        EnvName="sm-mlops",
        EnvType="dev",
        AvailabilityZones=f"{REGION}a,{REGION}b",
        SeedCodeS3BucketName=BUCKET,
        OrganizationalUnitStagingId=desk.world.staging,
        OrganizationalUnitProdId=desk.world.prod,
        SetupStackSetExecutionRoleName=f"sm-mlops-dev-{REGION}-setup-stackset",
    )
    assert env["SageMakerDomainId"].startswith("d-")

    cloudformation = desk.client("cloudformation", desk.world.development)
    sets = {summary["StackSetName"] for summary in cloudformation.list_stack_sets(Status="ACTIVE")["Summaries"]}
    assert sets == {f"sm-mlops-dev-{layer}-{stage}" for layer in ("roles", "network") for stage in ("staging", "prod")}
    for stage in ("staging", "prod"):
        wanted = {
            account
            for name, account in desk.world.accounts.items()
            if name.startswith(stage) and name != world.suspended()
        }
        for layer in ("roles", "network"):
            pages = cloudformation.get_paginator("list_stack_instances").paginate(
                StackSetName=f"sm-mlops-dev-{layer}-{stage}"
            )
            held = {one["Account"]: one["Status"] for page in pages for one in page["Summaries"]}
            assert held == dict.fromkeys(wanted, "CURRENT")


def test_what_a_target_account_has_then(desk: Desk) -> None:
    account = desk.world.accounts["prod-03"]
    roles = {role["RoleName"] for role in desk.client("iam", account).list_roles()["Roles"]}
    assert f"sm-mlops-dev-{REGION}-setup-stackset" in roles
    assert any(name.endswith("-model-execution") for name in roles)
    ssm = desk.client("ssm", account)
    subnets = ssm.get_parameter(Name="sm-mlops-prod-private-subnet-ids")["Parameter"]["Value"].split(",")
    vpc = ssm.get_parameter(Name="sm-mlops-prod-vpc-id")["Parameter"]["Value"]
    found = desk.client("ec2", account).describe_subnets(SubnetIds=subnets)["Subnets"]
    assert {subnet["VpcId"] for subnet in found} == {vpc}
    assert len({subnet["AvailabilityZone"] for subnet in found}) == 2


def test_the_model_bucket_names_paths_and_no_account(desk: Desk) -> None:
    """Nothing grows with the number of accounts, nothing has to be edited when one joins or leaves."""
    bucket = f"sm-mlops-dev-{REGION}-{desk.world.development}-models"
    policy = desk.client("s3", desk.world.development).get_bucket_policy(Bucket=bucket)["Policy"]
    assert [account for name, account in desk.world.accounts.items() if name != "ml-dev" and account in policy] == []
    assert desk.world.staging in policy
    assert desk.world.prod in policy


def test_deleting_the_stacks_leaves_no_stack_in_any_target(desk: Desk) -> None:
    for name in ("sm-mlops-dev", "sm-mlops-core"):
        desk.run("aws", "cloudformation", "delete-stack", "--stack-name", name)
        desk.wait("stack_delete_complete", name)
    for account in desk.world.accounts.values():
        left = desk.client("cloudformation", account).list_stacks()["StackSummaries"]
        living = {one["StackName"] for one in left if one["StackStatus"] != "DELETE_COMPLETE"}
        assert {name for name in living if "setup" not in name and "bootstrap" not in name} == set()
