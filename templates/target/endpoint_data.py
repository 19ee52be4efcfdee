"""Statements for what an endpoint's stack keeps beside the endpoint: its key, and the bucket of captured data."""

from __future__ import annotations

from awacs import kms
from awacs.aws import Statement
from troposphere import Ref

from generator.cfn.arns import arn, role_arn, service
from generator.cfn.iam import ADMINISTER_KEY, Conditions, allow
from templates.access.actions import of
from templates.access.data import OWN_ACCOUNT, OWN_TAGS

# CloudFormation builds a bucket's name from that of the stack instance, which is `StackSet-<stack set>-<id>`
CAPTURES = "stackset-sagemaker-*"


def may_keep_endpoint_keys() -> list[Statement]:
    """Keys that are made with the stage's tags; administration only, by the same tags."""
    tagged: Conditions = {
        "StringEquals": {
            "aws:RequestTag/EnvironmentName": Ref("EnvName"),
            "aws:RequestTag/EnvironmentType": Ref("EnvType"),
        }
    }
    # Tags of a new key take a right over all keys (KMS Developer Guide, "Controlling access to tags"); no key that
    # an environment has already is claimed by it.
    first: Conditions = {**tagged, "Null": {"aws:ResourceTag/EnvironmentName": "true"}}
    elsewhere = (kms.ListAliases, kms.CreateAlias, kms.DeleteAlias, kms.UpdateAlias, kms.DescribeKey)
    administer = [action for action in ADMINISTER_KEY if action not in elsewhere]
    return [
        # A new key has no ARN yet; its tags limit it.
        allow("CreateKeys", of("kms", "CreateKey"), "*", when=tagged),
        allow("TagNewKeys", of("kms", "TagResource"), arn("kms", "key/*"), when=first),
        allow("KeepKeys", administer, arn("kms", "key/*"), when={"StringEquals": OWN_TAGS}),
    ]


def may_keep_endpoint_buckets() -> Statement:
    """Buckets of stack instances of projects, their settings and policies; no object."""
    keep = of("s3", "CreateBucket", "DeleteBucket", "DeleteBucketPolicy", "GetBucketLocation", "GetBucketLogging")
    keep += of("s3", "GetBucketOwnershipControls", "GetBucketPolicy", "GetBucketPublicAccessBlock", "GetBucketTagging")
    keep += of("s3", "GetBucketVersioning", "GetEncryptionConfiguration", "GetLifecycleConfiguration", "ListBucket")
    keep += of("s3", "ListTagsForResource", "PutBucketLogging", "PutBucketOwnershipControls", "PutBucketPolicy")
    keep += of("s3", "PutBucketPublicAccessBlock", "PutBucketTagging", "PutBucketVersioning", "TagResource")
    keep += of("s3", "PutEncryptionConfiguration", "PutLifecycleConfiguration", "UntagResource")
    return allow("KeepEndpointData", keep, arn("s3", CAPTURES, region="", account=""), when=OWN_ACCOUNT)


def may_link_scaling() -> Statement:
    """The first endpoint of an account that scales makes the role with which the service scales it."""
    name = service("sagemaker.application-autoscaling")
    return allow(
        "LinkScaling",
        of("iam", "CreateServiceLinkedRole"),
        role_arn("aws-service-role/*"),
        when={"StringEquals": {"iam:AWSServiceName": name}},
    )
