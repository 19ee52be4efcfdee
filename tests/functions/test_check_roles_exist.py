from __future__ import annotations

from typing import Any

import boto3
import pytest
from moto import mock_aws

PROPERTIES = {"RoleNames": ["Launch", "Use"], "Owner": "arn:aws:cloudformation:eu-west-1:111111111111:stack/core/1"}
TRUST = '{"Version":"2012-10-17","Statement":[]}'


@pytest.fixture
def handler(load: Any) -> Any:
    return load("check-roles-exist").handler


@mock_aws
def test_only_roles_of_others_are_left_out_on_create_and_update(invoke: Any, handler: Any) -> None:
    """B009, B011, B012."""
    boto3.client("iam").create_role(RoleName="Launch", AssumeRolePolicyDocument=TRUST)
    wanted = {"Launch": "", "Use": "Use"}
    created = invoke(handler, "Create", PROPERTIES)
    assert (created["PhysicalResourceId"], created["Data"]) == ("Launch,Use", wanted)
    tags = [{"Key": "Owner", "Value": "arn:aws:cloudformation:eu-west-1:111111111111:stack/core/1"}]
    boto3.client("iam").create_role(RoleName="Use", AssumeRolePolicyDocument=TRUST, Tags=tags)
    updated = invoke(handler, "Update", PROPERTIES, "Launch,Use")
    assert (updated["PhysicalResourceId"], updated["Data"]) == ("Launch,Use", wanted)


@mock_aws
def test_another_core_stacks_role_is_not_ours(invoke: Any, handler: Any) -> None:
    tags = [{"Key": "Owner", "Value": "arn:aws:cloudformation:us-east-1:111111111111:stack/core/2"}]
    boto3.client("iam").create_role(RoleName="Use", AssumeRolePolicyDocument=TRUST, Tags=tags)
    assert invoke(handler, "Create", PROPERTIES)["Data"] == {"Launch": "Launch", "Use": ""}


def test_delete_asks_nothing(invoke: Any, handler: Any, clients: dict[str, Any]) -> None:
    assert clients == {}
    assert invoke(handler, "Delete", PROPERTIES, "Launch,Use")["Status"] == "SUCCESS"


def test_an_unexpected_exception_is_answered(invoke: Any, handler: Any, clients: dict[str, Any]) -> None:
    """B029."""
    assert clients == {}
    assert invoke(handler, "Create", PROPERTIES)["Reason"] == "KeyError: 'iam'"
