"""Endpoints of stacks: they come, are described, answer as ordered, and go."""

from __future__ import annotations

import json
import time
import urllib.request
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sandbox.faults import Fault
from sandbox.server import Sandbox
from tests.sandbox.conftest import Client

ACCOUNT = "222222222222"
TEMPLATE = """Parameters: {Package: {Type: String}, Kind: {Type: String, Default: ml.g6.xlarge}}
Resources:
  Model:
    Type: AWS::SageMaker::Model
    Properties:
      ExecutionRoleArn: arn:aws:iam::222222222222:role/runs
      PrimaryContainer: {ModelPackageName: !Ref Package}
  Config:
    Type: AWS::SageMaker::EndpointConfig
    Properties:
      ProductionVariants:
      - {VariantName: All, ModelName: !Select [1, !Split [":model/", !Ref Model]], InitialInstanceCount: 1,
         InitialVariantWeight: 1, InstanceType: !Ref Kind}
  Endpoint:
    Type: AWS::SageMaker::Endpoint
    Properties:
      EndpointName: ages
      EndpointConfigName: !Select [1, !Split [":endpoint-config/", !Ref Config]]
"""


@pytest.fixture
def packages(client: Client) -> list[str]:
    """ARNs of two packages in another account."""
    sagemaker = client("sagemaker")
    sagemaker.create_model_package_group(ModelPackageGroupName="ages")
    inference = {
        "Containers": [{"Image": "image", "ModelDataUrl": "s3://models/1"}],
        "SupportedContentTypes": ["text/csv"],
        "SupportedResponseMIMETypes": ["text/csv"],
    }
    return [
        sagemaker.create_model_package(ModelPackageGroupName="ages", InferenceSpecification=inference)[
            "ModelPackageArn"
        ]
        for _ in range(2)
    ]


def deploy(client: Client, package: str) -> str:
    """Create or update the stack; its status."""
    cloudformation = client("cloudformation", ACCOUNT)
    given = [{"ParameterKey": "Package", "ParameterValue": package}]
    known = [row["StackName"] for row in cloudformation.describe_stacks()["Stacks"]]
    call = cloudformation.update_stack if "endpoint" in known else cloudformation.create_stack
    call(StackName="endpoint", TemplateBody=TEMPLATE, Parameters=given)
    return settled(cloudformation)


def settled(cloudformation: Any) -> str:
    while (status := cloudformation.describe_stacks()["Stacks"][0]["StackStatus"]).endswith("PROGRESS"):
        time.sleep(0.02)
    return str(status)


def order(aws: Sandbox, **behaviour: Any) -> None:
    request = urllib.request.Request(f"{aws.endpoint}/_sandbox/models", json.dumps(behaviour).encode(), method="POST")
    urllib.request.urlopen(request).read()


def answer(client: Client, body: str = "1,2\n3,4\n", kind: str = "text/csv") -> str:
    got = client("sagemaker-runtime", ACCOUNT).invoke_endpoint(
        EndpointName="ages", Body=body.encode(), ContentType=kind, Accept=kind
    )
    return str(got["Body"].read().decode())


def test_an_endpoint_of_a_stack_is_described_updated_and_deleted(client: Client, packages: list[str]) -> None:
    assert deploy(client, packages[0]) == "CREATE_COMPLETE"
    sagemaker = client("sagemaker", ACCOUNT)
    before = sagemaker.describe_endpoint(EndpointName="ages")
    assert (before["EndpointStatus"], before["ProductionVariants"][0]["VariantName"]) == ("InService", "All")
    assert deploy(client, packages[1]) == "UPDATE_COMPLETE"
    config = sagemaker.describe_endpoint(EndpointName="ages")["EndpointConfigName"]
    assert config != before["EndpointConfigName"]
    model = sagemaker.describe_endpoint_config(EndpointConfigName=config)["ProductionVariants"][0]["ModelName"]
    container = sagemaker.describe_model(ModelName=model)["PrimaryContainer"]
    assert container == {"ModelPackageName": packages[1]}
    assert len(sagemaker.list_models()["Models"]) == 1

    cloudformation = client("cloudformation", ACCOUNT)
    cloudformation.delete_stack(StackName="endpoint")
    while cloudformation.describe_stacks()["Stacks"]:
        time.sleep(0.02)
    assert (sagemaker.list_endpoints()["Endpoints"], sagemaker.list_models()["Models"]) == ([], [])


def test_a_roll_back_on_an_alarm_is_ordered_as_a_fault(aws: Sandbox, client: Client, packages: list[str]) -> None:
    deploy(client, packages[0])
    before = client("sagemaker", ACCOUNT).describe_endpoint(EndpointName="ages")["EndpointConfigName"]
    reason = "An alarm went off, and the deployment was rolled back"
    endpoint = {"account": ACCOUNT, "resource_type": "AWS::SageMaker::Endpoint", "action": "update"}
    aws.faults.order(Fault("failing_account", times=1, reason=reason, **endpoint))
    assert deploy(client, packages[1]) == "UPDATE_ROLLBACK_COMPLETE"
    assert client("sagemaker", ACCOUNT).describe_endpoint(EndpointName="ages")["EndpointConfigName"] == before
    events = client("cloudformation", ACCOUNT).describe_stack_events(StackName="endpoint")["StackEvents"]
    assert [event["ResourceStatusReason"] for event in events if event["ResourceStatus"] == "UPDATE_FAILED"] == [reason]


def test_a_package_that_is_not_there(client: Client) -> None:
    gone = "arn:aws:sagemaker:eu-west-1:111111111111:model-package/ages/9"
    assert deploy(client, gone) == "ROLLBACK_COMPLETE"
    events = client("cloudformation", ACCOUNT).describe_stack_events(StackName="endpoint")["StackEvents"]
    reasons = [event.get("ResourceStatusReason") for event in events if event["ResourceStatus"] == "CREATE_FAILED"]
    assert reasons == [f"Could not find model package '{gone}'."]


@pytest.mark.parametrize(
    ("body", "kind", "answered"),
    [
        ("1,2\n\n3,4", "text/csv", "10.0\n10.0\n"),
        ('{"instances": [[1], [2], [3]]}', "application/json", '{"predictions": [10.0, 10.0, 10.0]}'),
        ('{"text": "one"}', "application/json", '{"predictions": [10.0]}'),
    ],
)
def test_an_endpoint_answers_a_number_for_each_line(
    client: Client, packages: list[str], body: str, kind: str, answered: str
) -> None:
    deploy(client, packages[0])
    assert answer(client, body, kind) == answered


def test_answers_as_ordered(aws: Sandbox, client: Client, packages: list[str]) -> None:
    deploy(client, packages[0])
    order(aws, value=3.5, values_per_line=2)
    assert answer(client) == "3.5,3.5\n3.5,3.5\n"
    order(aws, endpoint="a*", body="nonsense")
    order(aws, endpoint="b*", body="for others")
    assert answer(client) == "nonsense"
    order(aws, account=ACCOUNT, seconds=0.2)
    began = time.monotonic()
    assert answer(client) == "10.0\n10.0\n"
    assert time.monotonic() - began >= 0.2


def test_a_version_that_fails_while_the_one_before_it_works(aws: Sandbox, client: Client, packages: list[str]) -> None:
    order(aws, model_package="*/2", status=500, message="no such feature")
    deploy(client, packages[0])
    assert answer(client) == "10.0\n10.0\n"
    deploy(client, packages[1])
    with pytest.raises(ClientError, match=r"ModelError.*Received server error \(500\): no such feature"):
        answer(client)


def test_an_unknown_endpoint_and_an_unknown_field(aws: Sandbox, client: Client) -> None:
    with pytest.raises(ClientError, match=f"Endpoint ages of account {ACCOUNT} not found."):
        answer(client)
    with pytest.raises(urllib.error.HTTPError) as refused:
        order(aws, speed=1)
    assert json.loads(refused.value.read())["error"].startswith("model: unknown field speed")


def test_asynchronous_invocations_are_refused(client: Client) -> None:
    with pytest.raises(ClientError, match="does not implement sagemaker-runtime:InvokeEndpointAsync"):
        client("sagemaker-runtime", ACCOUNT).invoke_endpoint_async(EndpointName="ages", InputLocation="s3://a/b")
