"""Faults to order, in Python and over HTTP."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError

from generator.errors import ToolError
from sandbox.faults import Fault, Faults, fault_from
from sandbox.server import Sandbox


def test_throttling_n_times(aws: Sandbox, client: Any) -> None:
    aws.faults.order(Fault("throttle", service="cloudformation", operation="DescribeStacks", times=2))
    cfn = client("cloudformation")
    for _ in range(2):
        with pytest.raises(ClientError) as caught:
            cfn.describe_stacks()
        assert caught.value.response["Error"] == {"Type": "Sender", "Code": "Throttling", "Message": "Rate exceeded"}
    assert cfn.describe_stacks()["Stacks"] == []


@pytest.mark.parametrize(
    ("service", "call", "code"),
    [
        ("organizations", "list_roots", "TooManyRequestsException"),
        ("s3", "list_buckets", "SlowDown"),
        ("iam", "list_roles", "ThrottlingException"),
        ("ec2", "describe_vpcs", "ThrottlingException"),
        ("ssm", "describe_parameters", "ThrottlingException"),
        ("servicecatalog", "list_portfolios", "ThrottlingException"),
        ("lambda", "list_functions", "ThrottlingException"),
    ],
)
def test_every_protocol_carries_a_fault(aws: Sandbox, client: Any, service: str, call: str, code: str) -> None:
    aws.faults.order(Fault("throttle", service=service))
    with pytest.raises(ClientError) as caught:
        getattr(client(service), call)()
    assert caught.value.response["Error"]["Code"] == code


def test_a_lost_response_took_effect(aws: Sandbox, client: Any) -> None:
    aws.faults.order(Fault("lost_response", service="ssm", operation="PutParameter", times=1))
    ssm = client("ssm")
    with pytest.raises((ConnectionClosedError, OSError)):
        ssm.put_parameter(Name="/x", Value="1", Type="String")
    assert ssm.get_parameter(Name="/x")["Parameter"]["Value"] == "1"


def test_a_slow_request_and_a_server_error(aws: Sandbox, client: Any) -> None:
    aws.faults.order(
        Fault("slow_request", service="sts", seconds=0.2, times=1),
        Fault("server_error", service="iam", account="222222222222"),
    )
    begun = time.monotonic()
    client("sts").get_caller_identity()
    assert time.monotonic() - begun >= 0.2
    assert client("iam", "111111111111").list_roles()["Roles"] == []
    with pytest.raises(ClientError) as caught:
        client("iam", "222222222222").list_roles()
    assert caught.value.response["Error"]["Code"] == "ServiceUnavailable"
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 503


def test_any_error_can_be_ordered(aws: Sandbox, client: Any) -> None:
    reason = "Another operation has been performed on this stack set"
    aws.faults.order(Fault("error", service="cloudformation", code="StaleRequestException", reason=reason, status=409))
    with pytest.raises(ClientError) as caught:
        client("cloudformation").list_stack_sets()
    assert caught.value.response["Error"] == {"Type": "Sender", "Code": "StaleRequestException", "Message": reason}
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 409


def test_chance_is_repeatable() -> None:
    def draws(seed: int) -> list[bool]:
        faults = Faults()
        faults.order(Fault("throttle", probability=0.5, seed=seed))
        return [bool(faults.of_request("s3", "PutObject", "1")) for _ in range(64)]

    assert draws(1) == draws(1)
    assert draws(1) != draws(2)
    assert 10 < sum(draws(1)) < 54


def test_account_faults_strike_resources_only() -> None:
    faults = Faults()
    faults.order(Fault("failing_account", account="2", resource_type="AWS::IAM::Role", reason="no", times=1))
    assert faults.of_request("iam", "CreateRole", "2") == []
    assert faults.at_resource("1", "eu-west-1", "AWS::IAM::Role", "create") is None
    assert faults.at_resource("2", "eu-west-1", "AWS::SSM::Parameter", "create") is None
    assert faults.at_resource("2", "eu-west-1", "AWS::IAM::Role", "delete") is None
    assert faults.at_resource("2", "eu-west-1", "AWS::IAM::Role", "create") == "no"
    assert faults.at_resource("2", "eu-west-1", "AWS::IAM::Role", "create") is None


def test_over_http(aws: Sandbox, client: Any) -> None:
    def control(method: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{aws.endpoint}/_sandbox/faults", data, method=method)
        with urllib.request.urlopen(request) as response:
            return json.loads(response.read())

    control("POST", [{"kind": "throttle", "service": "sts", "times": 5}, {"kind": "slow_account", "account": "1"}])
    shown = control("GET")
    assert [(row["kind"], row["left"]) for row in shown] == [("throttle", 5), ("slow_account", None)]
    with pytest.raises(ClientError, match="ThrottlingException"):
        client("sts").get_caller_identity()
    assert control("GET")[0]["left"] == 4
    control("DELETE")
    assert control("GET") == []
    with pytest.raises(urllib.error.HTTPError) as caught:
        control("POST", {"kind": "earthquake"})
    assert json.loads(caught.value.read()) == {
        "error": "fault: unknown kind 'earthquake'\nhint: the kinds are throttle, server_error, error, lost_response, "
        "slow_request, failing_account, slow_account"
    }


def test_an_unknown_field_is_refused() -> None:
    with pytest.raises(ToolError, match="fault: unknown field acount"):
        fault_from({"kind": "throttle", "acount": "1"})
