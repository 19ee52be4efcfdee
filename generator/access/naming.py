"""How Principal and NotPrincipal elements name a caller."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from generator.access.principal import Principal, PrincipalKind
from generator.access.truth import Truth
from generator.errors import ToolError

_ACCOUNT = re.compile(r"(?:arn:[^:]+:iam::)?(\d{12})(?::root)?")


class Naming(IntEnum):
    """By what a statement means the caller; the later, the more does an Allow in the same account reach.

    ACCOUNT leaves it to the account's identity policies; ROLE grants, within boundary and session policies; DIRECT (the
    user, the session, everybody) grants whatever other policies do not allow (IAM User Guide, evaluation logic).
    """

    NOT = 0
    ACCOUNT = 1
    ROLE = 2
    DIRECT = 3


@dataclass(frozen=True, slots=True)
class Named:
    """The names of a Principal element by their type; all types empty and `anyone` for `*`."""

    aws: frozenset[str]
    accounts: frozenset[str]
    services: frozenset[str]
    federated: frozenset[str]
    canonical: frozenset[str]
    anyone: bool

    def naming(self, caller: Principal) -> Naming:
        """The strongest way in which it names the caller."""
        if self.anyone or self._is_direct(caller):
            return Naming.DIRECT
        if caller.role and caller.role in self.aws:
            return Naming.ROLE
        return Naming.ACCOUNT if caller.account and caller.account in self.accounts else Naming.NOT

    def is_open(self, caller: Principal) -> bool:
        """Whether it may mean the caller without saying so.

        A session of a role, an account's canonical id, or a wildcard that AWS documents for neither services nor
        identity providers.
        """
        match caller.kind:
            case PrincipalKind.SERVICE:
                return "*" in self.services
            case PrincipalKind.PROVIDER:
                return "*" in self.federated
            case PrincipalKind.ROLE if any(_is_session_of(name, caller) for name in self.aws):
                return True
        return bool(self.canonical and caller.account)

    def spares(self, caller: Principal) -> Truth:
        """Whether, under NotPrincipal, a Deny passes the caller by.

        Not unless the very user or session is named. Where its account or role is not named too, a service may check
        these first and deny (IAM User Guide, NotPrincipal), or not.
        """
        if self.anyone:
            return True
        if not caller.account or caller.kind is PrincipalKind.ROOT:
            return self.naming(caller) is not Naming.NOT or (None if self.is_open(caller) else False)
        if caller.kind is PrincipalKind.ROLE:
            own = True if caller.role in self.aws else None if self.is_open(caller) else False
        else:
            own = self._is_direct(caller) or (None if self.canonical else False)
        above = caller.account in self.accounts and (not caller.role or caller.role in self.aws)
        return own if own is False or above else None

    def _is_direct(self, caller: Principal) -> bool:
        match caller.kind:
            case PrincipalKind.SERVICE:
                return caller.arn in self.services
            case PrincipalKind.PROVIDER:
                return caller.arn in self.federated
            case PrincipalKind.USER | PrincipalKind.SESSION | PrincipalKind.FEDERATED_USER:
                return caller.arn in self.aws
        return False


def _is_session_of(name: str, caller: Principal) -> bool:
    _, partition, _, _, account, resource = caller.role.split(":", 5)
    return name.startswith(f"arn:{partition}:sts::{account}:assumed-role/{resource.rsplit('/', 1)[-1]}/")


def named_by(where: str, element: Any) -> Named:
    """The Named of a Principal or NotPrincipal element; ToolError where it is none."""
    if element == "*":
        element = {"AWS": "*"}
    if not isinstance(element, Mapping) or not set(element) <= {"AWS", "Service", "Federated", "CanonicalUser", "*"}:
        raise ToolError(f"{where}: {element!r} names no principal", "see IAM's Principal element")
    names = {kind: frozenset(map(str, v if isinstance(v, list) else [v])) for kind, v in element.items()}
    aws = names.get("AWS", frozenset())
    return Named(
        aws,
        frozenset(found[1] for name in aws if (found := _ACCOUNT.fullmatch(name))),
        names.get("Service", frozenset()),
        names.get("Federated", frozenset()),
        names.get("CanonicalUser", frozenset()),
        "*" in aws or "*" in names,
    )
