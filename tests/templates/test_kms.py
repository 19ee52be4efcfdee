"""Who may use, administer and break the keys, asked of the policies as they would stand (B005, B017-B021, B050)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from templates.env.kms import EnvKms
from tests.templates.asking import allow_together
from tests.templates.deployed import ACCOUNT, Deployed, sids, statement

ROOT = f"arn:aws:iam::{ACCOUNT}:root"
SCIENTIST = f"arn:aws:iam::{ACCOUNT}:role/scientist"
EXECUTION = f"arn:aws:iam::{ACCOUNT}:role/execution"
STAGING_ROLE = "arn:aws:iam::333333333333:role/ml-staging-eu-west-1-model-execution"
KEYS = ("SagemakerEBSKMSKey", "SageMakerStudioStorageKMSKey", "S3BucketKMSKey")
VIA_S3 = {"kms:ViaService": "s3.eu-west-1.amazonaws.com", "aws:ViaAWSService": "true"}
IN_STAGING = {"aws:PrincipalOrgID": "o-abc", "aws:PrincipalOrgPaths": ["o-abc/r-1/ou-1-root/ou-1-stag/"]}


def policies(**parameters: str) -> dict[str, dict[str, Any]]:
    given = {
        "EnvName": "ml",
        "DSTeamAdministratorRoleArn": f"arn:aws:iam::{ACCOUNT}:role/lead",
        "DataScientistRoleArn": SCIENTIST,
        "SageMakerExecutionRoleArn": EXECUTION,
        "VPCEndpointKMSId": "vpce-0dev",
        "TargetOrgPaths": "o-abc/*/ou-1-stag/*,o-abc/*/ou-1-prod/*",
    }
    keys = Deployed(EnvKms, **(given | parameters)).resources("AWS::KMS::Key")
    return {title: key["KeyPolicy"] for title, key in keys.items()}


def may(policy: dict[str, Any], action: str, role: str, **context: Any) -> bool:
    """Asks the key alone: a principal is known by its role and by its account."""
    keys = {"aws:PrincipalArn": role, "aws:PrincipalIsAWSService": "false", "aws:ViaAWSService": "false"}
    return allow_together([policy], f"kms:{action}", role=role, context=keys | context)


@pytest.mark.parametrize("title", KEYS)
def test_an_administrator_is_never_locked_out(title: str) -> None:
    policy = policies(VPCEndpointKMSId="", DataScientistRoleArn="", SageMakerExecutionRoleArn="")[title]
    administrator = f"arn:aws:iam::{ACCOUNT}:role/admin"
    assert all(may(policy, action, administrator) for action in ("PutKeyPolicy", "DescribeKey", "ScheduleKeyDeletion"))


@pytest.mark.parametrize("title", KEYS)
def test_who_works_with_data_does_not_administer(title: str) -> None:
    policy = policies()[title]
    for role in (SCIENTIST, EXECUTION):
        assert not may(policy, "PutKeyPolicy", role)
        assert not may(policy, "ScheduleKeyDeletion", role)


@pytest.mark.parametrize("title", KEYS)
def test_an_empty_role_parameter_names_nobody(title: str) -> None:
    policy = policies(DataScientistRoleArn="", SageMakerExecutionRoleArn="", DSTeamAdministratorRoleArn="")[title]
    assert not may(policy, "Decrypt", f"arn:aws:iam::{ACCOUNT}:role/anyone")
    assert json.dumps(policy).count('"AWS": ""') == 0


def test_storage_keys_are_granted_to_aws_resources_only() -> None:
    policy = policies()["SagemakerEBSKMSKey"]
    via = {"kms:ViaService": "sagemaker.eu-west-1.amazonaws.com"}
    assert may(policy, "CreateGrant", SCIENTIST, **via, **{"kms:GrantIsForAWSResource": "true"})
    assert not may(policy, "CreateGrant", SCIENTIST, **via, **{"kms:GrantIsForAWSResource": "false"})
    assert not may(policy, "CreateGrant", SCIENTIST, **{"kms:GrantIsForAWSResource": "true"})


def test_jobs_make_grants_in_their_own_role_for_aws_resources_only() -> None:
    """SageMaker wears the role then, and no caller stands behind it."""
    policy = policies()["SagemakerEBSKMSKey"]
    assert may(policy, "CreateGrant", EXECUTION, **{"kms:GrantIsForAWSResource": "true"})
    assert not may(policy, "CreateGrant", EXECUTION, **{"kms:GrantIsForAWSResource": "false"})
    assert not may(policies()["S3BucketKMSKey"], "CreateGrant", EXECUTION, **{"kms:GrantIsForAWSResource": "true"})


def test_bucket_key_refuses_direct_calls_from_elsewhere() -> None:
    policy = policies()["S3BucketKMSKey"]
    assert not may(policy, "Decrypt", EXECUTION)
    assert not may(policy, "Decrypt", EXECUTION, **{"aws:SourceVpce": "vpce-other"})
    assert may(policy, "Decrypt", EXECUTION, **{"aws:SourceVpce": "vpce-0dev"})
    assert may(policy, "Decrypt", EXECUTION, **VIA_S3)


def test_eventbridge_uses_the_bucket_key_for_topics_of_projects_only() -> None:
    policy = policies()["S3BucketKMSKey"]
    assert statement(policy, "EventsReachProjectTopics") == {
        "Sid": "EventsReachProjectTopics",
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": ["kms:Decrypt", "kms:GenerateDataKey*"],
        "Resource": ["*"],
        "Condition": {
            "StringLike": {"kms:EncryptionContext:aws:sns:topicArn": f"arn:aws:sns:eu-west-1:{ACCOUNT}:sagemaker-*"}
        },
    }


def test_without_a_kms_endpoint_nothing_is_denied() -> None:
    policy = policies(VPCEndpointKMSId="")["S3BucketKMSKey"]
    assert "DirectCallsOnlyFromTheNetwork" not in sids(policy)
    assert may(policy, "Decrypt", EXECUTION)


def test_the_refusal_spares_control_plane_actions() -> None:
    denied = statement(policies()["S3BucketKMSKey"], "DirectCallsOnlyFromTheNetwork")["Action"]
    assert denied == ["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"]


def test_target_roles_decrypt_through_s3_while_their_account_is_in_the_unit() -> None:
    """B018, B020."""
    policy = policies()["S3BucketKMSKey"]
    assert may(policy, "Decrypt", STAGING_ROLE, **VIA_S3, **IN_STAGING)
    moved = IN_STAGING | {"aws:PrincipalOrgPaths": ["o-abc/r-1/ou-1-other/"]}
    assert not may(policy, "Decrypt", STAGING_ROLE, **VIA_S3, **moved)
    assert not may(policy, "Decrypt", STAGING_ROLE.replace("model-", "other-"), **VIA_S3, **IN_STAGING)
    assert not may(policy, "Encrypt", STAGING_ROLE, **VIA_S3, **IN_STAGING)


def test_listed_accounts_decrypt_and_others_do_not() -> None:
    """B018, B020."""
    policy = policies(TargetOrgPaths="", TargetAccounts="333333333333,444444444444")["S3BucketKMSKey"]
    assert may(policy, "Decrypt", STAGING_ROLE, **VIA_S3)
    assert not may(policy, "Decrypt", STAGING_ROLE.replace("333333333333", "555555555555"), **VIA_S3)


def test_a_model_role_of_ones_own_is_admitted_by_name() -> None:
    policy = policies(SageMakerModelExecutionRoleName="own-role")["S3BucketKMSKey"]
    assert may(policy, "Decrypt", "arn:aws:iam::333333333333:role/own-role", **VIA_S3, **IN_STAGING)


def test_the_policy_has_room_for_hundreds_of_listed_accounts() -> None:
    """B021: KMS's quota of a policy is 32 KB; with units it does not grow (tests/access/test_growth.py)."""
    listed = ",".join(f"{600000000000 + number}" for number in range(300))
    few, many = (policies(TargetOrgPaths="", TargetAccounts=one)["S3BucketKMSKey"] for one in (listed[:12], listed))
    assert len(json.dumps(few)) < len(json.dumps(many)) < 32_768


def test_keys_outlive_their_stack_and_publish_their_arns() -> None:
    deployed = Deployed(EnvKms, EnvName="ml")
    for title, key in deployed.resources("AWS::KMS::Key").items():
        assert (key["EnableKeyRotation"], key["PendingWindowInDays"]) == (True, 30), title
    names = {p["Name"]: p["Value"] for p in deployed.resources("AWS::SSM::Parameter").values()}
    assert names == {
        "ml-dev-kms-ebs-key-arn": "SagemakerEBSKMSKey.Arn",
        "ml-dev-kms-efs-key-arn": "SageMakerStudioStorageKMSKey.Arn",
        "ml-dev-kms-s3-key-arn": "S3BucketKMSKey.Arn",
    }
    aliases = [alias["AliasName"] for alias in deployed.resources("AWS::KMS::Alias").values()]
    assert aliases == ["alias/ml-dev-kms-ebs", "alias/ml-dev-kms-efs", "alias/ml-dev-kms-s3"]
