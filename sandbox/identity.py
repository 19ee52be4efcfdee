"""Who is calling: credentials of accounts and of assumed roles, and whether a role's trust admits a caller."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from moto.iam.models import get_account_id_from, iam_backends

from generator.access.policy import Kind, Policy
from generator.access.principal import Principal, principal_of, service, session
from sandbox.api.errors import AwsError
from sandbox.authorization import Context, boundary_policies, identity_policies, is_allowed, request_of
from sandbox.organizations import membership
from sandbox.roles import Role, find_role

MANAGEMENT_ACCOUNT = "111111111111"


@dataclass(frozen=True)
class Caller:
    """A principal; `role` is set when it is a session of a role."""

    account: str
    arn: str
    role: Role | None = None
    session_name: str = ""

    @property
    def principal(self) -> Principal:
        return principal_of(self.arn) if self.role is None else session(self.role.arn, self.session_name)

    def policies(self) -> list[Policy]:
        """The policies and the boundary of the caller's role; an account's root needs none."""
        if self.role is None:
            return []
        return [*identity_policies(self.role.policies()), *boundary_policies(self.role.boundary())]


@dataclass
class Identity:
    """The sessions that this sandbox has issued; thread-safe."""

    default_account: str = MANAGEMENT_ACCOUNT
    _sessions: dict[str, Caller] = field(default_factory=dict)
    _numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def caller(self, access_key: str) -> Caller:
        """An account id as access key is that account's administrator; an unknown key is the default account's."""
        if access_key in self._sessions:
            return self._sessions[access_key]
        account = access_key if is_account_id(access_key) else self._account_of_user(access_key)
        return Caller(account, f"arn:aws:iam::{account}:root")

    def _account_of_user(self, access_key: str) -> str:
        known = any(access_key in account["aws"].access_keys for account in list(iam_backends.values()))
        return get_account_id_from(access_key) if known else self.default_account

    def issue(self, role: Role, session_name: str) -> dict[str, Any]:
        """Credentials of a new session, in the shape of STS; no check is made here."""
        arn = f"arn:aws:sts::{role.account}:assumed-role/{role.name}/{session_name}"
        with self._lock:
            key = f"ASIASANDBOX{next(self._numbers):09d}"
            self._sessions[key] = Caller(role.account, arn, role, session_name)
        return {
            "AccessKeyId": key,
            "SecretAccessKey": f"secret-of-{key}",
            "SessionToken": f"token-of-{key}",
            "Expiration": datetime.now(UTC) + timedelta(hours=1),
        }

    def assume_role(self, caller: Caller, params: Mapping[str, Any]) -> dict[str, Any]:
        """sts:AssumeRole: refused unless the role exists, its trust admits the caller, and the caller may ask."""
        role_arn, session_name = str(params.get("RoleArn")), str(params.get("RoleSessionName"))
        extra: dict[str, str | list[str]] = {"sts:RoleSessionName": session_name}
        if params.get("ExternalId"):
            extra["sts:ExternalId"] = params["ExternalId"]
        role = find_role(role_arn)
        if role is None or not may_assume(caller, role, extra):
            raise AwsError(
                "AccessDenied",
                f"User: {caller.arn} is not authorized to perform: sts:AssumeRole on resource: {role_arn}",
                403,
            )
        credentials = self.issue(role, session_name)
        arn = self._sessions[credentials["AccessKeyId"]].arn
        return {
            "Credentials": credentials,
            "AssumedRoleUser": {"AssumedRoleId": f"{role.id}:{session_name}", "Arn": arn},
        }


def is_account_id(text: str) -> bool:
    return len(text) == 12 and text.isdigit()


def caller_identity(caller: Caller) -> dict[str, Any]:
    """sts:GetCallerIdentity."""
    user = caller.account if caller.role is None else f"{caller.role.id}:{caller.session_name}"
    return {"UserId": user, "Account": caller.account, "Arn": caller.arn}


def principal_context(caller: Caller) -> dict[str, str | list[str]]:
    """The aws:Principal… condition keys of a caller, including those of its organization."""
    context: dict[str, str | list[str]] = {
        "aws:PrincipalAccount": caller.account,
        "aws:PrincipalArn": caller.role.arn if caller.role else caller.arn,
        "aws:PrincipalIsAWSService": "false",
        "aws:PrincipalType": "AssumedRole" if caller.role else "Account",
        "aws:SecureTransport": "true",
    }
    member = membership(caller.account)
    if member is not None:
        context["aws:PrincipalOrgID"] = member.organization
        context["aws:PrincipalOrgPaths"] = [member.path]
        context["aws:PrincipalOrgMasterAccountId"] = member.management
    return context


def resource_context(account: str) -> dict[str, str | list[str]]:
    """The aws:Resource… condition keys of what an account owns."""
    member = membership(account)
    organization: dict[str, str | list[str]] = {} if member is None else {"aws:ResourceOrgID": member.organization}
    return {"aws:ResourceAccount": account, **organization}


def may_assume(caller: Caller, role: Role, extra: Context | None = None) -> bool:
    """Both halves: the role's trust and, unless in one account that names the caller, the caller's own policies."""
    context = {**principal_context(caller), **resource_context(role.account), **(extra or {})}
    request = request_of(caller.principal, "sts:AssumeRole", role.arn, role.account, context)
    return is_allowed(request, [_trust(role), *caller.policies()])


def service_may_assume(name: str, role: Role, source_account: str, source_arn: str) -> bool:
    """Whether a service, acting for a resource of `source_account`, may assume the role."""
    context = {"aws:SourceAccount": source_account, "aws:SourceArn": source_arn}
    request = request_of(service(name), "sts:AssumeRole", role.arn, role.account, context)
    return is_allowed(request, [_trust(role)])


def _trust(role: Role) -> Policy:
    return Policy(f"trust of {role.name}", Kind.TRUST, role.trust)
