"""Credentials and AssumeRole over HTTP."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sandbox.world import Built


def _role(client: Any, account: str, name: str, trust: str, policy: dict[str, Any] | None = None) -> str:
    iam = client("iam", account)
    arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    if policy:
        document = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **policy}]})
        iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=document)
    return str(arn)


def _assume(sts: Any, arn: str, **more: str) -> dict[str, Any]:
    return sts.assume_role(RoleArn=arn, RoleSessionName="test", **more)["Credentials"]  # type: ignore[no-any-return]


def test_an_account_id_as_access_key_is_that_account(client: Any) -> None:
    identity = client("sts", "222222222222").get_caller_identity()
    assert (identity["Account"], identity["Arn"]) == ("222222222222", "arn:aws:iam::222222222222:root")
    client("ssm", "222222222222").put_parameter(Name="/x", Value="1", Type="String")
    assert client("ssm", "333333333333").describe_parameters()["Parameters"] == []
    assert [p["Name"] for p in client("ssm", "222222222222").describe_parameters()["Parameters"]] == ["/x"]


def test_unknown_keys_are_the_management_account(client: Any) -> None:
    keys = {"AccessKeyId": "testing", "SecretAccessKey": "x", "SessionToken": "y"}
    assert client("sts", credentials=keys).get_caller_identity()["Account"] == "111111111111"


def test_sessions_act_in_the_roles_account(world: Built, client: Any) -> None:
    target = world.accounts["workloads/prod"][0]
    arn = f"arn:aws:iam::{target}:role/OrganizationAccountAccessRole"
    session = _assume(client("sts"), arn)
    assert client("sts", credentials=session).get_caller_identity()["Arn"] == (
        f"arn:aws:sts::{target}:assumed-role/OrganizationAccountAccessRole/test"
    )
    client("iam", credentials=session).create_role(RoleName="made", AssumeRolePolicyDocument="{}")
    assert client("iam", target).get_role(RoleName="made")["Role"]["Arn"] == f"arn:aws:iam::{target}:role/made"
    with pytest.raises(ClientError) as caught:
        _assume(client("sts", world.dev), arn)
    refused = f"User: arn:aws:iam::{world.dev}:root is not authorized to perform: sts:AssumeRole on resource: {arn}"
    assert caught.value.response["Error"] == {"Type": "Sender", "Code": "AccessDenied", "Message": refused}
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403


def test_a_session_does_what_its_role_may(client: Any, trusting: Any) -> None:
    arn = _role(client, "222222222222", "reader", trusting("222222222222"), {"Action": "ssm:Get*", "Resource": "*"})
    client("ssm", "222222222222").put_parameter(Name="/x", Value="1", Type="String")
    session = _assume(client("sts", "222222222222"), arn)
    assert client("ssm", credentials=session).get_parameter(Name="/x")["Parameter"]["Value"] == "1"
    with pytest.raises(ClientError) as caught:
        client("ssm", credentials=session).delete_parameter(Name="/x")
    assert caught.value.response["Error"]["Message"] == (
        "User: arn:aws:sts::222222222222:assumed-role/reader/test is not authorized to perform: ssm:DeleteParameter "
        "because no identity-based policy allows the ssm:DeleteParameter action"
    )


def test_a_role_must_exist(client: Any) -> None:
    with pytest.raises(ClientError, match="AccessDenied"):
        _assume(client("sts"), "arn:aws:iam::222222222222:role/none")


def test_conditions_of_the_trust_are_evaluated(world: Built, client: Any, trusting: Any) -> None:
    prod, other = world.accounts["workloads/prod"][0], world.accounts["workloads/staging"][0]
    path = f"{world.organization}/{world.root}/{world.units['workloads']}/{world.units['workloads/prod']}/"
    condition = {
        "ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": f"{path}*"},
        "StringEquals": {"sts:ExternalId": "secret"},
    }
    arn = _role(client, world.dev, "guarded", trusting("*", condition=condition))
    assert _assume(client("sts", prod), arn, ExternalId="secret")["AccessKeyId"].startswith("ASIA")
    for caller, more in ((prod, {}), (prod, {"ExternalId": "wrong"}), (other, {"ExternalId": "secret"})):
        with pytest.raises(ClientError, match="AccessDenied"):
            _assume(client("sts", caller), arn, **more)


def test_a_role_needs_its_own_permission_across_accounts(world: Built, client: Any, trusting: Any) -> None:
    target = world.accounts["workloads/prod"][0]
    far = _role(client, target, "far", trusting(f"arn:aws:iam::{world.dev}:root"))
    allowed = {"Action": "sts:AssumeRole", "Resource": "arn:aws:iam::*:role/far"}
    self_trust = trusting(f"arn:aws:iam::{world.dev}:root")
    may = _assume(client("sts", world.dev), _role(client, world.dev, "may", self_trust, allowed))
    may_not = _assume(client("sts", world.dev), _role(client, world.dev, "may-not", self_trust))
    assert _assume(client("sts", credentials=may), far)["AccessKeyId"].startswith("ASIA")
    with pytest.raises(ClientError, match="AccessDenied"):
        _assume(client("sts", credentials=may_not), far)


def test_iam_users_keys_are_their_accounts(client: Any) -> None:
    client("iam", "444444444444").create_user(UserName="u")
    key = client("iam", "444444444444").create_access_key(UserName="u")["AccessKey"]
    keys = {"AccessKeyId": key["AccessKeyId"], "SecretAccessKey": key["SecretAccessKey"], "SessionToken": "t"}
    assert client("sts", credentials=keys).get_caller_identity()["Account"] == "444444444444"
