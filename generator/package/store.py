"""The S3 calls that publishing needs, on one bucket: owner expected, checksum sent, errors translated."""

from __future__ import annotations

import contextlib
import datetime
import email.utils
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from generator.errors import ToolError
from generator.package import accounts, bucket, release
from generator.package.release import Pointer

ATTEMPTS = 8
CONNECTIONS = 16
_TIMEOUT_SECONDS = 15
_OTHER_REGION = frozenset({"PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException"})
_DENIED = frozenset({"AccessDenied", "AllAccessDisabled", "403", "Forbidden"})
_BAD_CREDENTIALS = frozenset(
    {"ExpiredToken", "ExpiredTokenException", "InvalidAccessKeyId", "InvalidClientTokenId", "SignatureDoesNotMatch"}
)


@dataclass(frozen=True)
class Access:
    """Whose credentials, and what a new bucket is encrypted with.

    `account` is the id of the account that must own the bucket; without it, it is that of the credentials: as they say
    themselves (roles, SSO, `aws_account_id`), as remembered in the folder `memory` for this access key, or as STS says.
    """

    profile: str = ""
    account: str = ""
    kms_key: str = ""
    memory: Path | None = None


@dataclass(frozen=True)
class Remote:
    """The release pointer as read: `etag` is None where there is none; `age` in seconds by S3's clock."""

    pointer: Pointer
    etag: str | None
    age: float
    bucket_exists: bool


class Conflict(Exception):
    """A conditional write lost against another writer."""


@dataclass(frozen=True)
class Store:
    """One bucket. `requests` grows by the operation name of every HTTP attempt."""

    client: Any
    bucket: str
    region: str
    owner: str
    kms_key: str = ""
    requests: list[str] = field(default_factory=list)

    @staticmethod
    def open(bucket_name: str, region: str, access: Access) -> Store:
        """Connect; asks STS for the account only where nothing else tells it."""
        if access.account:
            release.check_account(access.account)
        requests: list[str] = []
        with _translated(f"s3://{bucket_name}", ""):
            session = _session(access)
            owner = access.account or _account(session, region, access.memory, requests)
            client = _client(session, "s3", region, requests)
        store = Store(client, bucket_name, region, owner, access.kms_key, requests)
        client.meta.events.register_first("needs-retry.s3", store._refuse_other_region)
        return store

    def where(self, key: str = "") -> str:
        return f"s3://{self.bucket}/{key}" if key else f"s3://{self.bucket}"

    def pointer(self, key: str) -> Remote:
        """Read the release pointer under `key`; an absent bucket or object is an empty pointer."""
        from botocore.exceptions import ClientError

        with _translated(self.where(), self.owner):
            try:
                answer = self.client.get_object(**self._named(key), ChecksumMode="ENABLED")
                content = answer["Body"].read()
            except ClientError as problem:
                match problem.response["Error"]["Code"]:
                    case "NoSuchBucket":
                        return Remote(Pointer(), None, 0, False)
                    case "NoSuchKey":
                        return Remote(Pointer(), None, 0, True)
                    case _:
                        raise
        return Remote(release.decode(content, self.where(key)), answer["ETag"], _age(answer), True)

    def check_region(self) -> None:
        """S3 itself answers 301 to a client of another Region; imitations of it only tell when asked."""
        with _translated(self.where(), self.owner):
            answer = self.client.head_bucket(Bucket=self.bucket, ExpectedBucketOwner=self.owner)
        actual = answer["ResponseMetadata"]["HTTPHeaders"].get("x-amz-bucket-region", self.region)
        if actual != self.region:
            raise bucket.elsewhere(self.where(), actual, self.region)

    def sizes(self, prefix: str, most: int) -> dict[str, int]:
        """Bytes by key of the first `most` objects under `prefix`."""
        with _translated(self.where(), self.owner):
            pages = self.client.get_paginator("list_objects_v2").paginate(
                Bucket=self.bucket,
                Prefix=prefix,
                ExpectedBucketOwner=self.owner,
                PaginationConfig={"MaxItems": most, "PageSize": 1000},
            )
            return {item["Key"]: item["Size"] for page in pages for item in page.get("Contents", ())}

    def has_policy(self) -> bool:
        from botocore.exceptions import ClientError

        with _translated(self.where(), self.owner):
            try:
                self.client.get_bucket_policy(Bucket=self.bucket, ExpectedBucketOwner=self.owner)
            except ClientError as problem:
                if problem.response["Error"]["Code"] == "NoSuchBucketPolicy":
                    return False
                raise
        return True

    def create_bucket(self) -> None:
        from botocore.exceptions import ClientError

        with _translated(self.where(), self.owner):
            try:
                self.client.create_bucket(**bucket.creation(self.bucket, self.region))
            except ClientError as problem:
                match problem.response["Error"]["Code"]:
                    case "BucketAlreadyExists":
                        raise bucket.foreign(self.where(), self.owner) from problem
                    case "BucketAlreadyOwnedByYou":
                        raise bucket.elsewhere(self.where(), "another Region", self.region) from problem
                    case _:
                        raise
        self.configure_bucket()

    def configure_bucket(self) -> None:
        """Make the bucket what bucket.py says; the policy last, as the sign that nothing before it is missing."""
        whose = {"Bucket": self.bucket, "ExpectedBucketOwner": self.owner, "ChecksumAlgorithm": "SHA256"}
        with _translated(self.where(), self.owner):
            self.client.put_public_access_block(**whose, PublicAccessBlockConfiguration=bucket.PUBLIC_ACCESS_BLOCK)
            self.client.put_bucket_encryption(
                **whose, ServerSideEncryptionConfiguration=bucket.encryption(self.kms_key)
            )
            self.client.put_bucket_versioning(**whose, VersioningConfiguration=bucket.VERSIONING)
            self.client.put_bucket_cors(**whose, CORSConfiguration=bucket.CORS)
            self.client.put_bucket_policy(**whose, Policy=bucket.tls_only(self.bucket, self.client.meta.partition))

    def put(self, key: str, content: bytes, checksum: str, content_type: str, tags: Mapping[str, str]) -> None:
        """Write one object; S3 refuses it where `checksum` (base64 of SHA-256) is not that of what arrived."""
        tagging = {"Tagging": urlencode(sorted(tags.items()))} if tags else {}
        with _translated(self.where(key), self.owner):
            self.client.put_object(
                **self._named(key),
                Body=content,
                ContentType=content_type,
                ChecksumAlgorithm="SHA256",
                ChecksumSHA256=checksum,
                **tagging,
            )

    def replace(self, key: str, content: bytes, etag: str | None) -> str:
        """Write `key` if it still is what `etag` says (None: absent) and return the new ETag; Conflict if it is not."""
        from botocore.exceptions import ClientError

        condition = {"IfNoneMatch": "*"} if etag is None else {"IfMatch": etag}
        with _translated(self.where(key), self.owner):
            try:
                answer = self.client.put_object(
                    **self._named(key),
                    Body=content,
                    ContentType="application/json",
                    ChecksumAlgorithm="SHA256",
                    **condition,
                )
            except ClientError as problem:
                if problem.response["Error"]["Code"] not in {"PreconditionFailed", "ConditionalRequestConflict"}:
                    raise
                return self._won_before(key, content)
            return str(answer["ETag"])

    def _won_before(self, key: str, content: bytes) -> str:
        """The ETag if a lost answer hides that the first attempt arrived: then what stands there is `content`."""
        answer = self.client.get_object(**self._named(key), ChecksumMode="ENABLED")
        if answer["Body"].read() != content:
            raise Conflict(key)
        return str(answer["ETag"])

    def _named(self, key: str) -> dict[str, str]:
        return {"Bucket": self.bucket, "Key": key, "ExpectedBucketOwner": self.owner}

    def _refuse_other_region(self, response: Any = None, **_: Any) -> None:
        """botocore would follow S3 to the bucket's Region; the templates name this one."""
        if response is None:
            return
        http, parsed = response
        error = parsed.get("Error", {})
        if error.get("Code") in _OTHER_REGION or http.status_code in {301, 307}:
            headers = parsed.get("ResponseMetadata", {}).get("HTTPHeaders", {})
            actual = error.get("Region") or headers.get("x-amz-bucket-region") or "another Region"
            if actual != self.region:
                raise bucket.elsewhere(self.where(), actual, self.region)


def _session(access: Access) -> Any:
    import botocore.session

    return botocore.session.Session(profile=access.profile or None)


def _client(session: Any, service: str, region: str, requests: list[str]) -> Any:
    from botocore.config import Config

    settings = Config(
        retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
        max_pool_connections=CONNECTIONS,
        connect_timeout=_TIMEOUT_SECONDS,
        read_timeout=_TIMEOUT_SECONDS,
    )
    client = session.create_client(service, region_name=region, config=settings)
    client.meta.events.register("before-send", lambda event_name, **_: requests.append(event_name.split(".")[-1]))
    return client


def _account(session: Any, region: str, memory: Path | None, requests: list[str]) -> str:
    from botocore.exceptions import NoCredentialsError

    credentials = session.get_credentials()
    if credentials is None:
        raise NoCredentialsError
    frozen = credentials.get_frozen_credentials()
    if frozen.account_id:
        return str(frozen.account_id)
    key = hashlib.sha256(frozen.access_key.encode()).hexdigest()
    remembered = accounts.remembered(memory)
    if key not in remembered:
        answer = _client(session, "sts", region, requests).get_caller_identity()
        remembered = {**remembered, key: str(answer["Account"])}
        accounts.remember(memory, remembered)
    return remembered[key]


def _age(answer: Mapping[str, Any]) -> float:
    """By S3's clock, or by ours where an imitation of S3 sends no Date."""
    date = answer["ResponseMetadata"]["HTTPHeaders"].get("date")
    now = email.utils.parsedate_to_datetime(date) if date else datetime.datetime.now(datetime.UTC)
    return max(0.0, float((now - answer["LastModified"]).total_seconds()))


@contextlib.contextmanager
def _translated(where: str, owner: str) -> Iterator[None]:
    """botocore's errors as ours: what is wrong, and what to do."""
    from botocore import exceptions

    try:
        yield
    except exceptions.ClientError as problem:
        raise _refusal(where, owner, problem.response["Error"]) from problem
    except (exceptions.NoCredentialsError, exceptions.PartialCredentialsError) as problem:
        raise ToolError(
            f"{where}: no AWS credentials", "give --profile, set AWS_PROFILE, or sign in: aws sso login"
        ) from problem
    except exceptions.ProfileNotFound as problem:
        raise ToolError(f"{where}: {problem}", "list profiles: aws configure list-profiles") from problem
    except exceptions.BotoCoreError as problem:
        raise ToolError(f"{where}: {problem}", "check the network, AWS_ENDPOINT_URL and the credentials") from problem


def _refusal(where: str, owner: str, error: Mapping[str, Any]) -> ToolError:
    code = str(error.get("Code", ""))
    if code in _DENIED and owner:
        return bucket.foreign(where, owner)
    if code in _BAD_CREDENTIALS:
        return ToolError(f"{where}: the credentials are not valid: {code}", "renew them: aws sso login, or --profile")
    return ToolError(
        f"{where}: {code}: {error.get('Message', '')}", "run the same command again: what has arrived stays"
    )
