"""Deletes what deleting a stack leaves alone on purpose: objects, buckets, keys."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from mlz.leftovers import BUCKET, KEY, SERVICE_ROLE, Leftover

if TYPE_CHECKING:
    from stacksets.client import Cloud

WAITING_DAYS = 7  # the shortest that KMS accepts: ScheduleKeyDeletion, PendingWindowInDays


def emptied(cloud: Cloud, buckets: Iterable[str]) -> int:
    """Delete every version of every object; how many there were."""
    from stacksets.client import translated

    api, count = cloud.client("s3"), 0
    for bucket in buckets:
        with translated(f"s3://{bucket}"):
            for page in api.get_paginator("list_object_versions").paginate(Bucket=bucket):
                found = [*page.get("Versions", ()), *page.get("DeleteMarkers", ())]
                named = [{"Key": one["Key"], "VersionId": one["VersionId"]} for one in found]
                if named:
                    api.delete_objects(Bucket=bucket, Delete={"Objects": named, "Quiet": True})
                count += len(named)
    return count


def purged(cloud: Cloud, found: Iterable[Leftover]) -> list[str]:
    """Delete what stacks retain among the leftovers; what was done, one line each."""
    done = []
    for one in found:
        if one.kind == BUCKET:
            _delete_bucket(cloud, one.name)
            done.append(f"deleted the bucket {one.name}")
        elif one.kind == KEY:
            _schedule(cloud, one.name)
            done.append(f"the key {one.name} is deleted in {WAITING_DAYS} days, unless you cancel that")
        elif one.kind == SERVICE_ROLE:
            _delete_role(cloud, one.name)
            done.append(f"deleted the role {one.name}")
    return done


def _delete_bucket(cloud: Cloud, bucket: str) -> None:
    from stacksets.client import translated

    emptied(cloud, [bucket])
    with translated(f"s3://{bucket}"):
        cloud.client("s3").delete_bucket(Bucket=bucket)


def _schedule(cloud: Cloud, key: str) -> None:
    from stacksets.client import translated

    with translated(f"key {key}"):
        cloud.client("kms").schedule_key_deletion(KeyId=key, PendingWindowInDays=WAITING_DAYS)


def _delete_role(cloud: Cloud, role: str) -> None:
    from stacksets.client import translated

    api = cloud.client("iam")
    with translated(f"role {role}"):
        for page in api.get_paginator("list_attached_role_policies").paginate(RoleName=role):
            for policy in page["AttachedPolicies"]:
                api.detach_role_policy(RoleName=role, PolicyArn=policy["PolicyArn"])
        for page in api.get_paginator("list_role_policies").paginate(RoleName=role):
            for name in page["PolicyNames"]:
                api.delete_role_policy(RoleName=role, PolicyName=name)
        api.delete_role(RoleName=role)
