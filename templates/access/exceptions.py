"""Rules of AWS's Guard registry that do not fit how this product writes roles, functions and logs: which, and why."""

from __future__ import annotations

from typing import Any

from generator.cfn.lint import guard_exception, scan_exception

_INLINE = {
    "IAM_NO_INLINE_POLICY_CHECK": "a policy inside its role goes with it, and nobody else can be given it",
}
_EVERYWHERE = {
    "IAM_POLICYDOCUMENT_NO_WILDCARD_RESOURCE": "it reads, takes no resource type or has a condition: a test holds that",
}
_BUCKET = {
    "S3_BUCKET_DEFAULT_LOCK_ENABLED": "a lock can never be taken off again; versions keep what was there",
    "S3_BUCKET_NO_PUBLIC_RW_ACL": "there are no ACLs: the bucket's owner owns every object",
    "S3_BUCKET_REPLICATION_ENABLED": "a copy elsewhere would leave the perimeter; whoever wants one adds it",
}
# A role whose statements all name resources, one some of whose actions take none, and a managed policy of that kind
ROLE = guard_exception(**_INLINE)
SEEING_ROLE = guard_exception(**_INLINE, **_EVERYWHERE)
SEEING_POLICY = guard_exception(**_EVERYWHERE)
BUCKET = guard_exception(**_BUCKET)
BUILD = guard_exception(CODEBUILD_ENCRYPTION_KEY_RULE="it puts out no artifacts that a key could encrypt")


def unlogged_bucket(reason: str) -> dict[str, Any]:
    """Of a bucket without access logs, for `reason`: checkov's word for that, and the rest of BUCKET."""
    return {**scan_exception(CKV_AWS_18=reason), **guard_exception(**_BUCKET, S3_BUCKET_LOGGING_ENABLED=reason)}
