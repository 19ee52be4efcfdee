"""Services that act with a role of an account: credentials, where the role's trust admits the service."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import boto3
import botocore.session
from botocore.config import Config

from sandbox.api.errors import AwsError
from sandbox.identity import Caller, Identity, may_assume, service_may_assume
from sandbox.roles import Role, find_role

_NOTHING_OF_THE_USERS = {
    "profile": (None, None, None, None),
    "config_file": (None, None, os.devnull, None),
    "credentials_file": (None, None, os.devnull, None),
}


@dataclass
class Clients:
    """boto3 clients of the sandbox itself; `endpoint` is asked at each use. Thread-safe."""

    endpoint: Callable[[], str]
    _session: boto3.Session = field(
        default_factory=lambda: boto3.Session(
            botocore_session=botocore.session.Session(session_vars=_NOTHING_OF_THE_USERS)
        )
    )
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def make(self, service: str, region: str, keys: dict[str, str]) -> Any:
        """`keys` are the three keyword arguments of credentials; no proxy is asked for 127.0.0.1."""
        config = Config(retries={"mode": "standard", "total_max_attempts": 4}, proxies={})
        with self._lock:
            return self._session.client(  # type: ignore[call-overload]
                service, region_name=region, endpoint_url=self.endpoint(), config=config, **keys
            )


@dataclass(frozen=True)
class RoleSession:
    """A role in use by a service; its code may call only what the role's policies name."""

    caller: Caller
    keys: dict[str, str]
    region: str
    clients: Clients

    def client(self, service: str, region: str = "") -> Any:
        return self.clients.make(service, region or self.region, self.keys)

    def environment(self) -> dict[str, str]:
        """What any AWS client of a subprocess reads; nothing of the user's own configuration."""
        return {
            "AWS_ACCESS_KEY_ID": self.keys["aws_access_key_id"],
            "AWS_SECRET_ACCESS_KEY": self.keys["aws_secret_access_key"],
            "AWS_SESSION_TOKEN": self.keys["aws_session_token"],
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
            "AWS_ENDPOINT_URL": self.clients.endpoint(),
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        }


@dataclass(frozen=True)
class ServiceRoles:
    """Assumes roles for services."""

    identity: Identity
    clients: Clients

    def assume(self, service: str, role_arn: str, account: str, source_arn: str, name: str) -> RoleSession:
        """AccessDenied unless the role is there and its trust admits `service` acting for `source_arn`."""
        role = find_role(role_arn)
        if role is None or not service_may_assume(f"{service}.amazonaws.com", role, account, source_arn):
            raise AwsError("AccessDenied", f"{service} is not authorized to perform AssumeRole on role {role_arn}", 403)
        return self._session(role, name, source_arn.split(":")[3])

    def chain(self, session: RoleSession, role_arn: str, name: str) -> RoleSession:
        """The role that a service takes with the rights of the one it has; AccessDenied where that may not."""
        role = find_role(role_arn)
        if role is None or not may_assume(session.caller, role):
            raise AwsError(
                "AccessDenied", f"{session.caller.arn} is not authorized to perform AssumeRole on role {role_arn}", 403
            )
        return self._session(role, name, session.region)

    def _session(self, role: Role, name: str, region: str) -> RoleSession:
        issued = self.identity.issue(role, name[:64])
        keys = {
            "aws_access_key_id": issued["AccessKeyId"],
            "aws_secret_access_key": issued["SecretAccessKey"],
            "aws_session_token": issued["SessionToken"],
        }
        return RoleSession(self.identity.caller(issued["AccessKeyId"]), keys, region, self.clients)
