"""Buckets of what pipelines hand from stage to stage."""

from __future__ import annotations

from typing import Any

from awacs.aws import Principal
from troposphere import Ref, Tags, s3

from generator.cfn.arns import bucket_arn, objects_arn
from generator.cfn.iam import deny, policy
from templates.access.actions import of
from templates.access.exceptions import unlogged_bucket

DAYS = 90


def artifact_bucket(title: str, key: Any, owner: Tags, unlogged: str, **name: Any) -> s3.Bucket:
    """Kept when its stack is deleted, until its objects expire; `unlogged` is why it has no access logs."""
    encryption = s3.ServerSideEncryptionByDefault(SSEAlgorithm="aws:kms", KMSMasterKeyID=key)
    return s3.Bucket(
        title,
        Metadata=unlogged_bucket(unlogged),
        DeletionPolicy="Retain",
        UpdateReplacePolicy="Retain",
        BucketEncryption=s3.BucketEncryption(
            ServerSideEncryptionConfiguration=[
                s3.ServerSideEncryptionRule(BucketKeyEnabled=True, ServerSideEncryptionByDefault=encryption)
            ]
        ),
        LifecycleConfiguration=s3.LifecycleConfiguration(
            Rules=[
                s3.LifecycleRule(
                    Id="ExpireArtifacts",
                    Status="Enabled",
                    ExpirationInDays=DAYS,
                    NoncurrentVersionExpiration=s3.NoncurrentVersionExpiration(NoncurrentDays=DAYS),
                    AbortIncompleteMultipartUpload=s3.AbortIncompleteMultipartUpload(DaysAfterInitiation=7),
                )
            ]
        ),
        OwnershipControls=s3.OwnershipControls(Rules=[s3.OwnershipControlsRule(ObjectOwnership="BucketOwnerEnforced")]),
        PublicAccessBlockConfiguration=s3.PublicAccessBlockConfiguration(
            BlockPublicAcls=True, BlockPublicPolicy=True, IgnorePublicAcls=True, RestrictPublicBuckets=True
        ),
        VersioningConfiguration=s3.VersioningConfiguration(Status="Enabled"),
        Tags=owner,
        **name,
    )


def artifact_policy(title: str, bucket: s3.Bucket) -> s3.BucketPolicy:
    """Every call needs TLS; the policy stays as long as its bucket."""
    name = f"${{{bucket.title}}}"
    needs_tls = deny(
        "NeedsTls",
        of("s3", "*"),
        [bucket_arn(name), objects_arn(name)],
        when={"Bool": {"aws:SecureTransport": False}},
        principal=Principal("*"),
    )
    return s3.BucketPolicy(
        title,
        DeletionPolicy="Retain",
        UpdateReplacePolicy="Retain",
        Bucket=Ref(bucket),
        PolicyDocument=policy(needs_tls),
    )
