"""What a bucket of ours looks like: the request bodies that make it, without a call."""

from __future__ import annotations

import json
from typing import Any

from generator.errors import ToolError

# Where S3 wants no LocationConstraint: CreateBucket, API reference, "LocationConstraint"
_CLASSIC_REGION = "us-east-1"

PUBLIC_ACCESS_BLOCK = {
    "BlockPublicAcls": True,
    "IgnorePublicAcls": True,
    "BlockPublicPolicy": True,
    "RestrictPublicBuckets": True,
}
VERSIONING = {"Status": "Enabled"}
# Studio reads project templates from the browser (SageMaker Developer Guide, "Using a template from an S3 bucket")
CORS = {
    "CORSRules": [
        {
            "AllowedOrigins": ["https://*.sagemaker.aws"],
            "AllowedMethods": ["GET", "HEAD"],
            "AllowedHeaders": ["*"],
            "ExposeHeaders": ["ETag", "x-amz-request-id", "x-amz-version-id"],
        }
    ]
}


def creation(bucket: str, region: str) -> dict[str, Any]:
    """The arguments of CreateBucket."""
    arguments: dict[str, Any] = {"Bucket": bucket, "ObjectOwnership": "BucketOwnerEnforced"}
    if region != _CLASSIC_REGION:
        arguments["CreateBucketConfiguration"] = {"LocationConstraint": region}
    return arguments


def encryption(kms_key: str = "") -> dict[str, Any]:
    """Default encryption by S3's own key, or by `kms_key` (id, ARN or alias) with a bucket key."""
    default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": kms_key} if kms_key else {"SSEAlgorithm": "AES256"}
    return {"Rules": [{"ApplyServerSideEncryptionByDefault": default, "BucketKeyEnabled": bool(kms_key)}]}


def tls_only(bucket: str, partition: str) -> str:
    """The bucket policy: nobody without TLS."""
    arn = f"arn:{partition}:s3:::{bucket}"
    statement = {
        "Sid": "DenyWithoutTls",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [arn, f"{arn}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]}, sort_keys=True)


def foreign(where: str, owner: str) -> ToolError:
    """S3 says the same of a bucket of someone else and of missing rights."""
    return ToolError(
        f"{where}: belongs to another account, or account {owner} may not use it",
        "choose another bucket name, or the credentials of the account that owns it",
    )


def elsewhere(where: str, actual: str, wanted: str) -> ToolError:
    return ToolError(f"{where}: is in {actual}, not in {wanted}", f"choose a bucket in {wanted}, or deploy to {actual}")
