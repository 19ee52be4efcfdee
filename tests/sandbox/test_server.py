"""The server itself: protocols, refusals, control interface, connections."""

from __future__ import annotations

import http.client
import json
import socket
import urllib.request
from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.exceptions import ClientError

from sandbox.api.rpc import from_cbor
from sandbox.server import Sandbox


def _get(aws: Sandbox, path: str, method: str = "GET", body: Any = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{aws.endpoint}{path}", data, method=method)
    with urllib.request.urlopen(request) as response:
        return json.loads(response.read())


def test_an_operation_that_is_not_implemented_says_so(client: Any) -> None:
    with pytest.raises(ClientError) as caught:
        client("cloudformation").list_types()
    assert caught.value.response["Error"] == {
        "Type": "Receiver",
        "Code": "NotImplemented",
        "Message": "the sandbox does not implement cloudformation:ListTypes",
    }


def test_what_moto_does_not_implement_says_so_too(client: Any) -> None:
    with pytest.raises(ClientError, match="the sandbox does not implement organizations:ListHandshakesForAccount"):
        client("organizations").list_handshakes_for_account()


def test_a_defect_is_answered_with_its_place(aws: Sandbox, client: Any) -> None:
    aws.engine.stacks = lambda *_args, **_more: 1 / 0  # type: ignore[method-assign,assignment]
    with pytest.raises(ClientError) as caught:
        client("cloudformation").describe_stacks()
    assert caught.value.response["Error"]["Code"] == "InternalFailure"
    message = caught.value.response["Error"]["Message"]
    assert message.startswith("the sandbox failed: ZeroDivisionError: division by zero (test_server.py:")


def test_errors_of_moto_keep_their_code(client: Any) -> None:
    client("organizations").create_organization()
    with pytest.raises(ClientError, match="AccountNotFoundException"):
        client("organizations").describe_account(AccountId="999999999999")


def test_health_names_endpoint_and_account(aws: Sandbox) -> None:
    assert _get(aws, "/_sandbox/health") == {
        "status": "ok",
        "endpoint": aws.endpoint,
        "management_account": "111111111111",
    }


def test_calls_are_counted_by_operation(aws: Sandbox, client: Any) -> None:
    s3 = client("s3", region="us-east-1")
    s3.create_bucket(Bucket="bucket")
    s3.put_object(Bucket="bucket", Key="a", Body=b"1")
    s3.put_object(Bucket="bucket", Key="b", Body=b"2")
    s3.head_object(Bucket="bucket", Key="a")
    client("servicecatalog").list_portfolios()
    client("organizations").create_organization()
    client("ec2").describe_vpcs()
    assert _get(aws, "/_sandbox/calls") == {
        "ec2.DescribeVpcs": 1,
        "organizations.CreateOrganization": 1,
        "s3.CreateBucket": 1,
        "s3.HeadObject": 1,
        "s3.PutObject": 2,
        "servicecatalog.ListPortfolios": 1,
    }
    _get(aws, "/_sandbox/calls", "DELETE")
    assert _get(aws, "/_sandbox/calls") == {}


def test_unknown_control_paths_are_refused(aws: Sandbox) -> None:
    with pytest.raises(urllib.error.HTTPError, match="404"):
        _get(aws, "/_sandbox/nothing")
    with pytest.raises(urllib.error.HTTPError, match="404"):
        _get(aws, "/_sandbox/signal/nobody", "PUT", {})


def test_connections_are_kept(aws: Sandbox) -> None:
    connection = http.client.HTTPConnection(urlsplit(aws.endpoint).netloc)
    connection.request("GET", "/_sandbox/health")
    connection.getresponse().read()
    first = connection.sock
    connection.request("GET", "/_sandbox/calls")
    assert connection.getresponse().status == 200
    assert connection.sock is first
    connection.close()


def test_chunked_bodies_and_presigned_urls(client: Any) -> None:
    s3 = client("s3", region="us-east-1")
    s3.create_bucket(Bucket="bucket")
    url = s3.generate_presigned_url("put_object", Params={"Bucket": "bucket", "Key": "k"})
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc)
    connection.request("PUT", f"{parts.path}?{parts.query}", iter([b"one", b"two"]), encode_chunked=True)
    assert connection.getresponse().status == 200
    connection.close()
    assert s3.get_object(Bucket="bucket", Key="k")["Body"].read() == b"onetwo"


def test_a_new_sandbox_begins_empty(aws: Sandbox, client: Any) -> None:
    client("s3", region="us-east-1").create_bucket(Bucket="bucket")
    client("organizations").create_organization()
    aws.stop()
    aws.start()
    fresh = {"endpoint_url": aws.endpoint, "region_name": "us-east-1", **aws.credentials("111111111111")}
    assert boto3.client("s3", **fresh).list_buckets()["Buckets"] == []
    with pytest.raises(ClientError, match="AWSOrganizationsNotInUseException"):
        boto3.client("organizations", **fresh).describe_organization()


def test_a_port_that_is_taken() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(OSError, match="Address already in use"):
            Sandbox(port=taken.getsockname()[1]).start()


def test_policies_of_aws_can_be_attached(client: Any) -> None:
    iam = client("iam")
    iam.create_role(RoleName="r", AssumeRolePolicyDocument="{}")
    iam.attach_role_policy(RoleName="r", PolicyArn="arn:aws:iam::aws:policy/ReadOnlyAccess")
    attached = iam.list_attached_role_policies(RoleName="r")["AttachedPolicies"]
    assert attached == [{"PolicyName": "ReadOnlyAccess", "PolicyArn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}]
    with pytest.raises(ClientError, match="NoSuchEntity"):
        iam.attach_role_policy(RoleName="r", PolicyArn="arn:aws:iam::aws:policy/NoSuchPolicy")


def test_cbor_is_spoken(aws: Sandbox) -> None:
    def ask(operation: str, body: bytes) -> tuple[int, dict[str, Any]]:
        scope = "Credential=111111111111/20260101/eu-west-1/servicecatalog/aws4_request"
        headers = {"smithy-protocol": "rpc-v2-cbor", "Content-Type": "application/cbor"}
        headers["Authorization"] = f"AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=x"
        connection = http.client.HTTPConnection(urlsplit(aws.endpoint).netloc)
        connection.request("POST", f"/service/AWS242ServiceCatalogService/operation/{operation}", body, headers)
        response = connection.getresponse()
        assert response.headers["smithy-protocol"] == "rpc-v2-cbor"
        answer = (response.status, from_cbor(response.read()))
        connection.close()
        return answer

    assert ask("ListPortfolios", b"") == (200, {"PortfolioDetails": []})
    status, error = ask("ListPrincipalsForPortfolio", b"\xa1kPortfolioIddnone")
    assert (status, error["__type"]) == (400, "ResourceNotFoundException")
    assert ask("ListAcceptedPortfolioShares", b"\xa0") == (200, {"PortfolioDetails": []})


def test_sagemakers_portfolio_can_be_enabled(client: Any) -> None:
    sagemaker, catalog = client("sagemaker"), client("servicecatalog")
    assert sagemaker.get_sagemaker_servicecatalog_portfolio_status()["Status"] == "Disabled"
    assert catalog.list_accepted_portfolio_shares()["PortfolioDetails"] == []
    sagemaker.enable_sagemaker_servicecatalog_portfolio()
    assert sagemaker.get_sagemaker_servicecatalog_portfolio_status()["Status"] == "Enabled"
    share = catalog.list_accepted_portfolio_shares()["PortfolioDetails"][0]
    assert (share["Id"], share["ProviderName"]) == ("port-sagemakersandbox", "Amazon SageMaker")
    role = "arn:aws:iam::111111111111:role/r"
    catalog.associate_principal_with_portfolio(PortfolioId=share["Id"], PrincipalARN=role, PrincipalType="IAM")
    principals = catalog.list_principals_for_portfolio(PortfolioId=share["Id"])["Principals"]
    assert principals == [{"PrincipalARN": role, "PrincipalType": "IAM"}]
    catalog.disassociate_principal_from_portfolio(PortfolioId=share["Id"], PrincipalARN=role)
    assert catalog.list_principals_for_portfolio(PortfolioId=share["Id"])["Principals"] == []
    sagemaker.disable_sagemaker_servicecatalog_portfolio()
    assert catalog.list_accepted_portfolio_shares()["PortfolioDetails"] == []
