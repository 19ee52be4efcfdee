"""Emptying buckets against the embedded AWS: versions, and policies that keep everybody out."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from generator.errors import ToolError
from mlz.removal import purge
from mlz.stories import world
from sandbox.faults import Fault
from sandbox.server import Sandbox
from stacksets.client import Cloud, Refused, connect

REGION, ACCOUNT, BUCKET = "eu-west-1", "111111111111", "closed"
DENIED = Fault("error", service="s3", operation="ListObjectVersions", code="AccessDenied", status=403, times=1)
POLICY = {
    "Version": "2012-10-17",
    "Statement": {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:ListBucketVersions",
        "Resource": f"arn:aws:s3:::{BUCKET}",
        "Condition": {"StringNotEquals": {"aws:SourceVpce": "vpce-1"}},
    },
}


@pytest.fixture
def cloud(aws: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    """An account with a versioned bucket: two versions, and a marker of a deletion."""
    monkeypatch.setattr(purge, "SETTLING_SECONDS", (0.01, 0.01))
    with world.environment(world.variables(tmp_path / "credentials", aws.endpoint, ACCOUNT, REGION)):
        found = connect("", REGION)
        s3 = found.client("s3")
        s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
        s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
        for _ in range(2):
            s3.put_object(Bucket=BUCKET, Key="key", Body=b"x")
        s3.delete_object(Bucket=BUCKET, Key="key")
        s3.put_bucket_policy(Bucket=BUCKET, Policy=json.dumps(POLICY))
        yield found


def policy(cloud: Cloud) -> Any:
    try:
        return json.loads(cloud.client("s3").get_bucket_policy(Bucket=BUCKET)["Policy"])
    except cloud.client("s3").exceptions.ClientError:
        return None


def test_a_policy_goes_only_where_it_keeps_us_out(aws: Sandbox, cloud: Cloud) -> None:
    """A226."""
    assert purge.emptied(cloud, [BUCKET], "other/") == 0
    assert policy(cloud) == POLICY
    aws.faults.order(DENIED)
    assert purge.emptied(cloud, [BUCKET]) == 3
    assert policy(cloud) is None


def test_what_cannot_be_counted_is_said(aws: Sandbox, cloud: Cloud) -> None:
    assert str(purge.counted(cloud, BUCKET)) == "3 object versions"
    aws.faults.order(DENIED)
    held = purge.counted(cloud, BUCKET)
    assert (str(held), held.is_data) == ("object versions that only its own network may list", False)
    assert policy(cloud) == POLICY


def test_counting_ends_early(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    endless = [{"Versions": [{}] * 9, "IsTruncated": True}] * 30
    monkeypatch.setattr(purge, "_pages", lambda *_: iter(endless))
    assert str(purge.counted(cloud, BUCKET)) == "more than 180 object versions"


def test_another_refusal_is_an_error(aws: Sandbox, cloud: Cloud) -> None:
    aws.faults.order(Fault("error", service="s3", operation="ListObjectVersions", code="InvalidRequest", times=1))
    with pytest.raises(Refused, match="InvalidRequest"):
        purge.emptied(cloud, [BUCKET])
    assert policy(cloud) == POLICY


def test_an_object_that_resists_is_named(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    """DeleteObjects answers 200 with the errors in its body."""
    refused = {"Errors": [{"Key": "key", "Code": "AccessDenied", "Message": "Access Denied because of a lock"}]}
    monkeypatch.setattr(cloud.client("s3"), "delete_objects", lambda **_: refused)
    with pytest.raises(ToolError, match="s3://closed/key: Access Denied because of a lock"):
        purge.emptied(cloud, [BUCKET])
