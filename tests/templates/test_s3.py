"""Who reaches the buckets from where, asked of the policies as they would stand in AWS (B017-B021, B048-B050)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from templates.env.s3 import EnvS3
from tests.templates.asking import allow_together
from tests.templates.deployed import ACCOUNT, Deployed, statement

PIPELINE = f"arn:aws:iam::{ACCOUNT}:role/pipeline"
EXECUTION = f"arn:aws:iam::{ACCOUNT}:role/execution"
PROD_ROLE = "arn:aws:iam::444444444444:role/ml-prod-eu-west-1-model-execution"
IN_PROD = {"aws:PrincipalOrgID": "o-abc", "aws:PrincipalOrgPaths": ["o-abc/r-1/ou-1-prod/"]}
FROM_PROD = {
    "aws:SourceVpce": "vpce-prod",
    "aws:VpceAccount": "444444444444",
    "aws:VpceOrgPaths": ["o-abc/r-1/ou-1-prod/"],
}
FROM_DEV = {"aws:SourceVpce": "vpce-0dev", "aws:VpceAccount": ACCOUNT}
OWN_POLICY = {"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "*"}


def deployed(**parameters: str) -> Deployed:
    given = {
        "EnvName": "ml",
        "DataBucketName": "data",
        "ModelBucketName": "models",
        "VPCEndpointS3Id": "vpce-0dev",
        "S3BucketKMSKeyId": "key-1",
        "SageMakerPipelineExecutionRoleArn": PIPELINE,
        "SageMakerExecutionRoleArn": EXECUTION,
        "TargetOrgPaths": "o-abc/*/ou-1-stag/*,o-abc/*/ou-1-prod/*",
    }
    return Deployed(EnvS3, **(given | parameters))


def policy(bucket: str, **parameters: str) -> dict[str, Any]:
    found: dict[str, Any] = deployed(**parameters).resources("AWS::S3::BucketPolicy")[f"{bucket}Policy"][
        "PolicyDocument"
    ]
    return found


def may(document: dict[str, Any], action: str, role: str = EXECUTION, *, key: str = "/k", **context: Any) -> bool:
    """Within the account the caller's own policy allows everything; across accounts the bucket must allow it."""
    usual = {
        "aws:PrincipalArn": role,
        "aws:PrincipalIsAWSService": "false",
        "aws:ViaAWSService": "false",
        "aws:SecureTransport": "true",
        "s3:TlsVersion": "1.3",
    }
    title = "DataBucket" if "DataBucket" in json.dumps(document) else "ModelBucket"
    documents = [document, {"Statement": OWN_POLICY}] if ACCOUNT in role else [document]
    resource = f"arn:aws:s3:::{title}{key}"
    return allow_together(documents, f"s3:{action}", resource, role=role, context=usual | context)


DATA_ACTIONS = (
    "GetObject",
    "GetObjectVersion",
    "GetObjectTagging",
    "PutObject",
    "PutObjectTagging",
    "DeleteObject",
    "DeleteObjectVersion",
    "AbortMultipartUpload",
    "ListMultipartUploadParts",
    "ReplicateObject",
    "RestoreObject",
)


@pytest.mark.parametrize("action", DATA_ACTIONS)
@pytest.mark.parametrize("bucket", ["DataBucket", "ModelBucket"])
def test_objects_are_reached_from_the_network_only(bucket: str, action: str) -> None:
    document = policy(bucket)
    scientist = f"arn:aws:iam::{ACCOUNT}:role/scientist"
    assert may(document, action, scientist, **FROM_DEV)
    assert not may(document, action, scientist)
    assert not may(document, action, scientist, **{"aws:SourceVpce": "vpce-other", "aws:VpceAccount": "999999999999"})


@pytest.mark.parametrize("action", ["ListBucket", "ListBucketVersions", "ListBucketMultipartUploads"])
def test_listing_too(action: str) -> None:
    assert not may(policy("DataBucket"), action, key="")
    assert may(policy("DataBucket"), action, key="", **FROM_DEV)


@pytest.mark.parametrize(
    "action",
    ["PutBucketPolicy", "DeleteBucketPolicy", "GetBucketPolicy", "DeleteBucket", "PutEncryptionConfiguration"],
)
def test_control_plane_actions_work_from_everywhere(action: str) -> None:
    assert may(policy("DataBucket"), action, key="")


def test_services_and_forwarded_calls_pass() -> None:
    assert may(policy("DataBucket"), "GetObject", **{"aws:ViaAWSService": "true"})
    assert may(policy("DataBucket"), "PutObject", **{"aws:PrincipalIsAWSService": "true"})


def test_sagemaker_uses_the_roles_from_its_own_network() -> None:
    assert may(policy("DataBucket"), "GetObject", PIPELINE)
    assert not may(policy("DataBucket"), "GetObject", EXECUTION)
    assert may(policy("ModelBucket"), "GetObject", EXECUTION)


def test_everything_goes_over_modern_tls() -> None:
    for bucket in ("DataBucket", "ModelBucket", "AccessLogBucket"):
        document = policy(bucket)
        plain = statement(document, "OnlyOverTLS")
        assert plain["Condition"] == {"Bool": {"aws:SecureTransport": False}}
        assert plain["Resource"] == [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"]
        assert statement(document, "OnlyModernTLS")["Condition"] == {"NumericLessThan": {"s3:TlsVersion": "1.2"}}
    assert not may(policy("DataBucket"), "GetObject", **FROM_DEV, **{"s3:TlsVersion": "1.1"})


def test_an_upload_may_not_choose_weaker_encryption() -> None:
    name = "s3:x-amz-server-side-encryption"
    assert may(policy("DataBucket"), "PutObject", **FROM_DEV)
    assert may(policy("DataBucket"), "PutObject", **FROM_DEV, **{name: "aws:kms"})
    assert not may(policy("DataBucket"), "PutObject", **FROM_DEV, **{name: "AES256"})


def test_target_roles_read_models_from_their_own_network() -> None:
    """B020."""
    models = policy("ModelBucket")
    assert may(models, "GetObject", PROD_ROLE, **IN_PROD, **FROM_PROD)
    assert may(models, "ListBucket", PROD_ROLE, key="", **IN_PROD, **FROM_PROD)
    assert not may(models, "GetObject", PROD_ROLE, **IN_PROD)
    assert not may(models, "PutObject", PROD_ROLE, **IN_PROD, **FROM_PROD)
    assert not may(policy("DataBucket"), "GetObject", PROD_ROLE, **IN_PROD, **FROM_PROD)


def test_an_account_that_left_its_unit_reads_nothing() -> None:
    """B016, B018."""
    left = IN_PROD | {"aws:PrincipalOrgPaths": ["o-abc/r-1/ou-1-other/"]}
    assert not may(policy("ModelBucket"), "GetObject", PROD_ROLE, **left, **FROM_PROD)


def test_listed_accounts_read_models() -> None:
    """B020."""
    models = policy("ModelBucket", TargetOrgPaths="", TargetAccounts="444444444444")
    assert may(models, "GetObject", PROD_ROLE, **{"aws:SourceVpce": "vpce-p", "aws:VpceAccount": "444444444444"})
    other = PROD_ROLE.replace("444444444444", "555555555555")
    assert not may(models, "GetObject", other, **{"aws:SourceVpce": "vpce-p", "aws:VpceAccount": "555555555555"})


def test_without_targets_nobody_outside_is_named() -> None:
    """B020."""
    models = policy("ModelBucket", TargetOrgPaths="")
    assert [one["Effect"] for one in models["Statement"]] == ["Deny"] * 5


def test_the_policy_has_room_for_hundreds_of_listed_accounts() -> None:
    """B021: S3's quota of a policy is 20 KB; with units it does not grow (tests/access/test_growth.py)."""
    listed = ",".join(f"{600000000000 + number}" for number in range(300))
    few, many = (policy("ModelBucket", TargetOrgPaths="", TargetAccounts=one) for one in (listed[:12], listed))
    assert len(json.dumps(few)) < len(json.dumps(many)) < 20_480


def test_buckets_are_versioned_logged_encrypted_and_expire_old_versions() -> None:
    buckets = deployed().resources("AWS::S3::Bucket")
    data = buckets["DataBucket"]
    assert data["BucketName"] == "data"
    assert data["VersioningConfiguration"] == {"Status": "Enabled"}
    assert data["LoggingConfiguration"] == {"DestinationBucketName": "AccessLogBucket", "LogFilePrefix": "DataBucket/"}
    assert data["OwnershipControls"] == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    assert data["BucketEncryption"]["ServerSideEncryptionConfiguration"] == [
        {
            "ServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": "key-1"},
            "BucketKeyEnabled": True,
        }
    ]
    assert data["LifecycleConfiguration"]["Rules"][0]["NoncurrentVersionExpiration"] == {"NoncurrentDays": "90"}
    assert "BucketName" not in buckets["AccessLogBucket"]


def test_only_s3_delivers_logs_of_these_buckets() -> None:
    delivery = statement(policy("AccessLogBucket"), "LogDelivery")
    assert delivery == {
        "Sid": "LogDelivery",
        "Effect": "Allow",
        "Principal": {"Service": "logging.s3.amazonaws.com"},
        "Action": ["s3:PutObject"],
        "Resource": ["arn:aws:s3:::AccessLogBucket/*"],
        "Condition": {
            "StringEquals": {"aws:SourceAccount": ACCOUNT},
            "ArnEquals": {"aws:SourceArn": ["arn:aws:s3:::data", "arn:aws:s3:::models"]},
        },
    }
