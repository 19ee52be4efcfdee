"""Access to S3 across accounts, and the templates that CloudFormation reads from it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from moto.iam.access_control import PermissionResult
from moto.s3.models import FakeBucket, s3_backends

from generator.access.policy import Kind, Policy
from sandbox.api.errors import AwsError
from sandbox.authorization import is_allowed, request_of
from sandbox.cfn.errors import CfnError, invalid
from sandbox.identity import Caller, principal_context

_HOST = re.compile(
    r"^(?:(?P<bucket>[a-z0-9][a-z0-9.-]*)\.)?s3(?:[.-](?P<region>[a-z0-9-]+))?\.amazonaws\.com(?:\.cn)?$"
)
_MORE = "For more information check http://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html"

# Operations whose permission is not `s3:<operation>`; bucket-level ones first.
_ACTIONS: Mapping[str, str] = {
    "HeadBucket": "s3:ListBucket",
    "ListObjects": "s3:ListBucket",
    "ListObjectsV2": "s3:ListBucket",
    "HeadObject": "s3:GetObject",
    "CopyObject": "s3:PutObject",
    "CreateMultipartUpload": "s3:PutObject",
    "UploadPart": "s3:PutObject",
    "CompleteMultipartUpload": "s3:PutObject",
    "DeleteObjects": "s3:DeleteObject",
}


def take_over_policies() -> None:
    """Stop moto from reading bucket policies: it takes a Deny for met whatever its Condition says (TLS only, say)."""
    FakeBucket.get_permission = lambda *_: PermissionResult.NEUTRAL  # type: ignore[method-assign]


def guard(caller: Caller, operation: str, path: str, expected_owner: str | None) -> None:
    """AccessDenied for another account's bucket whose policy does not admit the caller, or an unexpected owner."""
    bucket_name, _, key = unquote(path).lstrip("/").partition("/")
    owner = owner_of(bucket_name)
    if owner is None or operation in ("CreateBucket", ""):
        return
    action = _ACTIONS.get(operation, f"s3:{operation}")
    foreign = owner != caller.account and not _policy_admits(caller, action, bucket_name, key, owner)
    if foreign or expected_owner not in (None, owner):
        raise AwsError("AccessDenied", "Access Denied", 403)


def owner_of(bucket_name: str) -> str | None:
    """The account that owns the bucket; None if there is no such bucket."""
    found = s3_backends.bucket_accounts.get(bucket_name)
    return found[1] if found else None


def _policy_admits(caller: Caller, action: str, bucket_name: str, key: str, owner: str) -> bool:
    policy = _bucket(bucket_name).policy
    if not policy:
        return False
    resource = f"arn:aws:s3:::{bucket_name}" + (f"/{key}" if key else "")
    request = request_of(caller.principal, action, resource, owner, principal_context(caller))
    return is_allowed(
        request, [Policy(f"policy of {bucket_name}", Kind.RESOURCE, json.loads(policy)), *caller.policies()]
    )


def _bucket(name: str) -> FakeBucket:
    partition, account = s3_backends.bucket_accounts[name]
    return s3_backends[account][partition].get_bucket(name)


def read_template(url: str, account: str) -> str:
    """The text behind a TemplateURL, read as the account's administrator; CfnError in CloudFormation's words."""
    bucket_name, key, version, region = _parse(url)
    if owner_of(bucket_name) is None:
        raise _s3_error("The specified bucket does not exist")
    caller = Caller(account, f"arn:aws:iam::{account}:root")
    try:
        guard(caller, "GetObject", f"/{bucket_name}/{key}", None)
    except AwsError as error:
        raise _s3_error(error.message) from None
    bucket = _bucket(bucket_name)
    if region and region != bucket.region_name:
        raise _s3_error(
            "The bucket you are attempting to access must be addressed using the specified endpoint. "
            "Please send all future requests to this endpoint."
        )
    return _content(bucket, key, version)


def _parse(url: str) -> tuple[str, str, str | None, str | None]:
    parts = urlsplit(url)
    host = _HOST.match(parts.hostname or "")
    if parts.scheme != "https" or host is None:
        raise invalid("TemplateURL must be a supported URL.")
    path = unquote(parts.path).lstrip("/")
    bucket, _, key = (host["bucket"], "", path) if host["bucket"] else path.partition("/")
    if not key:
        raise invalid("TemplateURL must reference a valid S3 object to which you have access.")
    return bucket, key, parse_qs(parts.query).get("versionId", [None])[0], host["region"]


def _content(bucket: FakeBucket, key: str, version: str | None) -> str:
    partition, account = s3_backends.bucket_accounts[bucket.name]
    stored: Any = s3_backends[account][partition].get_object(bucket.name, key, version)
    if stored is None:
        raise _s3_error("The specified key does not exist.")
    try:
        return bytes(stored.value).decode("utf-8")
    except UnicodeDecodeError:
        raise invalid("Template format error: the template is not UTF-8.") from None


def _s3_error(what: str) -> CfnError:
    return invalid(f"S3 error: {what}\n{_MORE}")
