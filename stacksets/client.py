"""Access to AWS: sessions by the usual boto3 chain, roles taken on, errors in our own words, pages to their end."""

from __future__ import annotations

import os
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeAlias

from generator.errors import ToolError

if TYPE_CHECKING:
    import boto3
    from botocore.exceptions import ClientError

Api: TypeAlias = Any
QUOTA = "QuotaExceeded"
HINTS = {
    "AccessDenied": "use credentials that may do this, or have it allowed",
    "AccessDeniedException": "use credentials that may do this, or have it allowed",
    "UnauthorizedOperation": "use credentials that may do this, or have it allowed",
    "ExpiredToken": "sign in again",
    "ExpiredTokenException": "sign in again",
    "InvalidClientTokenId": "check the credentials, and that the Region is enabled in this account",
    "Throttling": "the account is throttled: wait a minute and run the same command again",
    "ThrottlingException": "the account is throttled: wait a minute and run the same command again",
    "TooManyRequestsException": "the account is throttled: wait a minute and run the same command again",
    QUOTA: "raise the quota in this account, or remove what is unused",
}


class Refused(ToolError):
    """AWS refused a request; `code` is its error code."""

    def __init__(self, message: str, hint: str, code: str) -> None:
        super().__init__(message, hint)
        self.code = code


class Cloud:
    """One identity in one Region. Clients are made once and shared by threads; `calls` counts requests by API."""

    def __init__(self, session: boto3.Session, endpoint: str = "", calls: Counter[str] | None = None) -> None:
        self._session = session
        self._endpoint = endpoint
        self._lock = threading.Lock()
        self._clients: dict[tuple[str, str], Api] = {}
        self.calls: Counter[str] = Counter() if calls is None else calls

    @property
    def region(self) -> str:
        """The Region; ToolError when neither a flag, nor the environment, nor the profile names one."""
        if not self._session.region_name:
            raise ToolError("aws: no Region is set", "pass --region, or set AWS_DEFAULT_REGION")
        return str(self._session.region_name)

    @cached_property
    def caller_arn(self) -> str:
        """Who we are; the first call that needs credentials."""
        with translated("credentials"):
            return str(self.client("sts").get_caller_identity()["Arn"])

    @property
    def account(self) -> str:
        return self.caller_arn.split(":")[4]

    @property
    def partition(self) -> str:
        return self.caller_arn.split(":")[1]

    def client(self, service: str, region: str = "") -> Api:
        """A client with standard retries, in which a quota error is no throttle and a template is the text it was."""
        key = service, region or self.region
        with self._lock:
            if key not in self._clients:
                self._clients[key] = self._make(*key)
            return self._clients[key]

    def _make(self, service: str, region: str) -> Api:
        from botocore.config import Config
        from botocore.handlers import json_decode_template_body

        config = Config(retries={"mode": "standard", "max_attempts": 10}, max_pool_connections=32)
        session: Any = self._session
        with translated(f"{service} in {region}"):
            client = session.client(service, region_name=region, endpoint_url=self._endpoint or None, config=config)
        name = client.meta.service_model.service_id.hyphenize()
        client.meta.events.register_first(f"needs-retry.{name}", _name_quota)
        client.meta.events.register("before-call", self._count)
        client.meta.events.unregister("after-call.cloudformation.GetTemplate", json_decode_template_body)
        return client

    def _count(self, model: Api, **_: object) -> None:
        with self._lock:
            self.calls[f"{model.service_model.service_name}:{model.name}"] += 1

    def assume(self, role_arn: str, session_name: str = "mlz", region: str = "") -> Cloud:
        """The identity of a role, for an hour."""
        import boto3

        with translated(role_arn):
            answer = self.client("sts").assume_role(RoleArn=role_arn, RoleSessionName=session_name)
        keys = answer["Credentials"]
        session = boto3.Session(
            botocore_session=self._kin(),
            aws_access_key_id=keys["AccessKeyId"],
            aws_secret_access_key=keys["SecretAccessKey"],
            aws_session_token=keys["SessionToken"],
            region_name=region or self.region,
        )
        return Cloud(session, self._endpoint, self.calls)

    def _kin(self) -> Any:
        """A session with this one's service models: to read them anew takes a tenth of a second a client."""
        import botocore.session

        session: Any = self._session
        kin = botocore.session.get_session()
        kin.register_component("data_loader", session._session.get_component("data_loader"))
        return kin


def connect(profile: str = "", region: str = "", endpoint: str = "") -> Cloud:
    """The identity that profile, environment and machine give; no call is made yet."""
    import boto3
    from botocore.exceptions import ProfileNotFound

    try:
        session = boto3.Session(profile_name=profile or None, region_name=region or None)
    except ProfileNotFound as problem:
        hint = "list them: aws configure list-profiles"
        named = profile or os.environ.get("AWS_PROFILE", "")
        raise ToolError(f"profile {named}: there is no such profile", hint) from problem
    return Cloud(session, endpoint)


def _name_quota(response: tuple[object, dict[str, Any]] | None, **_: object) -> None:
    """Standard retries take LimitExceededException for a throttle (botocore/retries/standard.py): rename it."""
    error = response[1].get("Error", {}) if response else {}
    if error.get("Code") in ("LimitExceededException", "LimitExceeded"):
        error["Code"] = QUOTA


@contextmanager
def translated(where: str, hints: Mapping[str, str] | None = None) -> Iterator[None]:
    """Turn what boto3 raises into Refused or another ToolError; `hints` by code come before the usual ones."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except ClientError as problem:
        code = code_of(problem)
        hint = {**HINTS, **(hints or {})}.get(code, "")
        raise Refused(f"{where}: {message_of(problem)} ({code})", hint, code) from problem
    except BotoCoreError as problem:
        raise ToolError(f"{where}: {problem}", _connection_hint(type(problem).__name__)) from problem


def _connection_hint(kind: str) -> str:
    if "Credential" in kind or "Token" in kind or "SSO" in kind:
        return "sign in, or set AWS_PROFILE; to try it without an account: make demo"
    return "check the network, AWS_ENDPOINT_URL and the Region"


def code_of(problem: ClientError) -> str:
    return str(problem.response.get("Error", {}).get("Code", ""))


def message_of(problem: ClientError) -> str:
    return str(problem.response.get("Error", {}).get("Message", "") or problem)


def pages(call: Api, key: str, most: int = 0, **arguments: object) -> Iterator[Api]:
    """Every entry under `key` over all pages, or the first `most`; a token that repeats is a ToolError."""
    token, count = None, 0
    while True:
        answer = call(**arguments, **({"NextToken": token} if token else {}))
        for entry in answer.get(key, ()):
            yield entry
            count += 1
            if most and count >= most:
                return
        following = answer.get("NextToken")
        if not following:
            return
        if following == token:
            raise ToolError(f"aws: {key}: the same page came twice", "run the same command again")
        token = following
