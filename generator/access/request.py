"""A request as authorization sees it: who, what, on what, in which context."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from generator.access.context import Context, Missing, Value
from generator.access.policy import Kind
from generator.access.principal import Principal, PrincipalKind
from generator.errors import ToolError


@dataclass(frozen=True)
class Request:
    """One question. In `context` a string is a single value, a tuple the values of a multi-valued key.

    Keys that `context` does not name are `others`: unknown unless declared absent. What follows from the principal and
    the resource (aws:PrincipalArn, aws:PrincipalAccount, aws:ResourceAccount …) is added unless the context says it.
    `unseen` are kinds of policies that exist, but that nobody has shown: they can forbid, and can not be counted on.
    """

    principal: Principal
    action: str
    resource: str = "*"
    resource_account: str = ""
    context: Mapping[str, Value] = field(default_factory=dict, hash=False)
    others: Missing = Missing.UNKNOWN
    unseen: frozenset[Kind] = frozenset()

    @cached_property
    def owner(self) -> str:
        """The account that owns the resource; ToolError when neither the ARN nor `resource_account` tells it."""
        parts = self.resource.split(":", 5)
        if self.resource_account or (len(parts) == 6 and parts[4]):
            return self.resource_account or parts[4]
        if self.resource == "*":
            return self.principal.account
        raise ToolError(f"{self.resource}: the ARN does not name the account that owns it", "give the owner's account")

    @cached_property
    def keys(self) -> Mapping[str, Value]:
        """All context keys that are declared or that follow, by lower-case name: IAM ignores the case of key names."""
        return {**_derived(self), **{name.lower(): value for name, value in self.context.items()}}

    def asked(self) -> Context:
        """The keys for one evaluation."""
        return Context(self.keys, self.others)

    @property
    def is_cross_account(self) -> bool:
        return bool(self.principal.account) and self.principal.account != self.owner


def _derived(request: Request) -> dict[str, Value]:
    """The keys that follow from principal and resource: IAM User Guide, global condition keys, read 2026-11-21."""
    caller = request.principal
    keys: dict[str, Value] = {"aws:resourceaccount": request.owner or Missing.ABSENT}
    signed = caller.kind not in (PrincipalKind.ANONYMOUS, PrincipalKind.PROVIDER)
    is_service = caller.kind is PrincipalKind.SERVICE
    keys["aws:principalisawsservice"] = str(is_service).lower() if signed else Missing.ABSENT
    keys["aws:principalservicename"] = caller.arn if is_service else Missing.ABSENT
    keys["aws:principalaccount"] = caller.account or Missing.ABSENT
    keys["aws:principalarn"] = caller.identity if caller.account else Missing.ABSENT
    keys["aws:username"] = caller.arn.rsplit("/", 1)[-1] if caller.kind is PrincipalKind.USER else Missing.ABSENT
    if not caller.account:
        keys["aws:principalorgid"] = keys["aws:principalorgpaths"] = Missing.ABSENT
    if caller.account and request.action.lower().startswith("kms:"):
        keys["kms:calleraccount"] = caller.account
    return keys
