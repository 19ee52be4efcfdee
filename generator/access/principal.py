"""Who asks: users, roles and their sessions, accounts, services, federated identities, and nobody in particular."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from generator.errors import ToolError


class PrincipalKind(StrEnum):
    """The values are those of aws:PrincipalType where it has one."""

    ROOT = "Account"
    USER = "User"
    ROLE = "Role"
    SESSION = "AssumedRole"
    FEDERATED_USER = "FederatedUser"
    PROVIDER = "Provider"
    SERVICE = "Service"
    ANONYMOUS = "Anonymous"


@dataclass(frozen=True)
class Principal:
    """One caller. A SESSION has its role's ARN in `role`; a ROLE is any session of that role, its name left open.

    `arn` of a SERVICE is its name (lambda.amazonaws.com), of a PROVIDER what a trust names as Federated; an ANONYMOUS
    has none. `account` is empty for these three.
    """

    kind: PrincipalKind
    arn: str = ""
    account: str = ""
    role: str = ""

    @property
    def is_service_linked(self) -> bool:
        """Neither SCPs nor RCPs apply to service-linked roles (Organizations User Guide, SCPs, RCPs)."""
        return ":role/aws-service-role/" in self.role

    @property
    def identity(self) -> str:
        """What aws:PrincipalArn holds: the role's ARN for a session, the own one for others."""
        return self.role or self.arn


ANONYMOUS = Principal(PrincipalKind.ANONYMOUS)


def principal_of(text: str) -> Principal:
    """A principal as people write it: an ARN, a service's name, `*` for anonymous, 12 digits for an account's root.

    The ARN of a session does not tell its role's path; where the role has one, use `session`.
    """
    if text == "*":
        return ANONYMOUS
    if text.isdigit() and len(text) == 12:
        return Principal(PrincipalKind.ROOT, text, text)
    parts = text.split(":", 5)
    if len(parts) == 6:
        return _of_arn(text, parts[1], parts[4], parts[5])
    if "." in text and "/" not in text and ":" not in text:
        return Principal(PrincipalKind.SERVICE, text)
    raise ToolError(
        f"{text}: not a principal",
        "give ROLE@ACCOUNT such as data-scientist@dev, an ARN, an account id, or a service; roles: mlz access matrix",
    )


def session(role_arn: str, name: str) -> Principal:
    """The session of that name of a role."""
    _, partition, _, _, account, resource = role_arn.split(":", 5)
    arn = f"arn:{partition}:sts::{account}:assumed-role/{resource.rsplit('/', 1)[-1]}/{name}"
    return Principal(PrincipalKind.SESSION, arn, account, role_arn)


def service(name: str) -> Principal:
    return Principal(PrincipalKind.SERVICE, name)


def provider(arn: str) -> Principal:
    """Whoever an identity provider vouches for, before a role is assumed."""
    return Principal(PrincipalKind.PROVIDER, arn)


def _of_arn(arn: str, partition: str, account: str, resource: str) -> Principal:
    kind, _, rest = resource.partition("/")
    match kind:
        case "root":
            return Principal(PrincipalKind.ROOT, arn, account)
        case "user":
            return Principal(PrincipalKind.USER, arn, account)
        case "role":
            return Principal(PrincipalKind.ROLE, arn, account, arn)
        case "assumed-role":
            role = f"arn:{partition}:iam::{account}:role/{rest.split('/', 1)[0]}"
            return Principal(PrincipalKind.SESSION, arn, account, role)
        case "federated-user":
            return Principal(PrincipalKind.FEDERATED_USER, arn, account)
        case "saml-provider" | "oidc-provider":
            return provider(arn)
    raise ToolError(f"{arn}: not a principal", "give the ARN of a role, user, session, identity provider or root")
