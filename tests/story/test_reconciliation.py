"""Continuous reconciliation on the embedded AWS: launched in both of its accounts, and removed without a trace."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from generator.package.build import Assembly, Site
from sandbox.server import Sandbox
from sandbox.world import World, build
from templates.catalog import SOURCES
from templates.core.reconciliation import CoreReconciliation

REGION, NAME = "eu-west-1", "reconciliation"


@pytest.fixture
def aws() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


def launched(aws: Sandbox, account: str, **parameters: str) -> dict[str, str]:
    """Create the stack and return its outputs."""
    api = client(aws, account)
    text = Assembly(Site("a-bucket", "mlops", REGION), SOURCES).template(CoreReconciliation).artifact.content.decode()
    given = [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()]
    api.create_stack(StackName=NAME, TemplateBody=text, Parameters=given, Capabilities=["CAPABILITY_NAMED_IAM"])
    api.get_waiter("stack_create_complete").wait(StackName=NAME, WaiterConfig={"Delay": 0.1, "MaxAttempts": 300})
    outputs = api.describe_stacks(StackName=NAME)["Stacks"][0].get("Outputs", [])
    return {output["OutputKey"]: output["OutputValue"] for output in outputs}


def client(aws: Sandbox, account: str) -> Any:
    return boto3.client("cloudformation", endpoint_url=aws.endpoint, region_name=REGION, **aws.credentials(account))


def test_it_comes_and_goes_in_both_accounts(aws: Sandbox) -> None:
    made = build(aws, World())
    home = launched(aws, made.dev, S3BucketName="a-bucket", ManagementAccountId=made.management)
    assert set(home) == {"EventBusArn", "ProjectName", "TopicArn"}
    forwarding = launched(aws, made.management, S3BucketName="a-bucket", ForwardsToEventBusArn=home["EventBusArn"])
    assert forwarding == {}
    assert {one.account for one in aws.engine.inventory()} == {made.dev, made.management}
    for account in (made.management, made.dev):
        api = client(aws, account)
        api.delete_stack(StackName=NAME)
        api.get_waiter("stack_delete_complete").wait(StackName=NAME, WaiterConfig={"Delay": 0.1, "MaxAttempts": 300})
    assert list(aws.engine.inventory()) == []
