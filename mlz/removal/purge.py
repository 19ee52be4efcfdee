"""Deletes what deleting a stack leaves alone on purpose: objects, buckets, keys, file systems."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from generator.errors import ToolError
from mlz.removal import shared_home
from mlz.removal.leftovers import Leftover
from mlz.terminal.wording import count
from stacksets.client import Refused, translated

if TYPE_CHECKING:
    from stacksets.client import Api, Cloud

WAITING_DAYS = 7  # the shortest that KMS accepts: ScheduleKeyDeletion, PendingWindowInDays
COUNTED_PAGES = 20  # of 1,000 versions each: enough to see how much is at stake
SETTLING_SECONDS = (2, 4, 8, 16)  # until a bucket has forgotten its policy everywhere


@dataclass(frozen=True)
class Holding:
    """Object versions in a bucket, None where they cannot be listed from here; `is_more` when counting was ended."""

    versions: int | None
    is_more: bool = False

    @property
    def is_data(self) -> bool:
        return bool(self.versions)

    def __str__(self) -> str:
        if self.versions is None:
            return "object versions that only its own network may list"
        return f"{'more than ' if self.is_more else ''}{count(self.versions, 'object version')}"


def emptied(cloud: Cloud, buckets: Iterable[str], prefix: str = "") -> int:
    """Delete every version of every object below the prefix; how many there were.

    A bucket whose policy admits the environment's network only loses the policy first: whoever may delete the bucket
    may do that, and nobody else gains anything by it, since a policy's absence admits nobody (A226).
    """
    api, gone = cloud.client("s3"), 0
    for bucket in buckets:
        _open(api, bucket)
        gone += sum(_delete_versions(api, bucket, page) for page in _pages(api, bucket, prefix))
    return gone


def counted(cloud: Cloud, bucket: str, prefix: str = "") -> Holding:
    """How many versions of objects there are; of a bucket that admits its own network only nobody can tell."""
    seen = 0
    try:
        for number, page in enumerate(_pages(cloud.client("s3"), bucket, prefix), 1):
            seen += len(page.get("Versions", ())) + len(page.get("DeleteMarkers", ()))
            if number == COUNTED_PAGES and page.get("IsTruncated"):
                return Holding(seen, is_more=True)
    except Refused as problem:
        if problem.code != "AccessDenied":
            raise
        return Holding(None)
    return Holding(seen)


def purged(cloud: Cloud, found: Iterable[Leftover], first: float = 1.0) -> list[str]:
    """Delete what stacks retain among the leftovers; what was done, one line each."""
    return [line for one in found if (line := _purged(cloud, one, first))]


def _purged(cloud: Cloud, one: Leftover, first: float) -> str:
    match one.kind:
        case "bucket":
            emptied(cloud, [one.name])
            delete_bucket(cloud, one.name)
        case "key":
            _schedule(cloud, one.name)
            return f"the key {one.name} is deleted in {WAITING_DAYS} days, unless you cancel that"
        case "file system":
            shared_home.delete(cloud, one.name, first)
        case "service role":
            _delete_role(cloud, one.name)
            return f"deleted the role {one.name}"
        case _:
            return ""
    return f"deleted the {one.kind} {one.name}"


def delete_bucket(cloud: Cloud, bucket: str) -> None:
    """S3 refuses when there is anything in it."""
    with translated(f"s3://{bucket}"):
        cloud.client("s3").delete_bucket(Bucket=bucket)


def _pages(api: Api, bucket: str, prefix: str) -> Iterator[dict[str, Any]]:
    with translated(f"s3://{bucket}"):
        yield from api.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=prefix)


def _open(api: Api, bucket: str) -> None:
    """Delete the policy where it keeps us from listing, and wait until that is known everywhere."""
    for seconds in SETTLING_SECONDS:
        try:
            with translated(f"s3://{bucket}"):
                api.list_object_versions(Bucket=bucket, MaxKeys=1)
        except Refused as problem:
            if problem.code != "AccessDenied":
                raise
        else:
            return
        with translated(f"s3://{bucket}"):
            api.delete_bucket_policy(Bucket=bucket)
        time.sleep(seconds)


def _delete_versions(api: Api, bucket: str, page: dict[str, Any]) -> int:
    found = [*page.get("Versions", ()), *page.get("DeleteMarkers", ())]
    if not found:
        return 0
    named = [{"Key": one["Key"], "VersionId": one["VersionId"]} for one in found]
    with translated(f"s3://{bucket}"):
        answer = api.delete_objects(Bucket=bucket, Delete={"Objects": named, "Quiet": True})
    if errors := answer.get("Errors"):
        where = f"s3://{bucket}/{errors[0]['Key']}"
        raise ToolError(f"{where}: {errors[0].get('Message', errors[0]['Code'])}", "run it again where that is allowed")
    return len(found)


def _schedule(cloud: Cloud, key: str) -> None:
    with translated(f"key {key}"):
        cloud.client("kms").schedule_key_deletion(KeyId=key, PendingWindowInDays=WAITING_DAYS)


def _delete_role(cloud: Cloud, role: str) -> None:
    api = cloud.client("iam")
    with translated(f"role {role}"):
        for page in api.get_paginator("list_attached_role_policies").paginate(RoleName=role):
            for policy in page["AttachedPolicies"]:
                api.detach_role_policy(RoleName=role, PolicyArn=policy["PolicyArn"])
        for page in api.get_paginator("list_role_policies").paginate(RoleName=role):
            for name in page["PolicyNames"]:
                api.delete_role_policy(RoleName=role, PolicyName=name)
        api.delete_role(RoleName=role)
