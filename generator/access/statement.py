"""Statements of policy documents, ready for matching."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from generator.access.conditions import Condition, conditions_of, covers
from generator.access.context import Context
from generator.access.match import Text, any_of, resource_like, text_of
from generator.access.naming import Named, Naming, named_by
from generator.access.principal import Principal
from generator.access.truth import Truth, every, negation, some
from generator.errors import ToolError

_WITH_VARIABLES = "2012-10-17"
_ELEMENTS = frozenset(
    ("Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition")
)


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement. `sid` is its Sid, or `#n` counted from 1; `named` is None where there is no principal element.

    `resources` is None in a trust policy, which has no such element.
    """

    sid: str
    denies: bool
    actions: re.Pattern[str]
    excludes_actions: bool
    resources: tuple[Text, ...] | None
    excludes_resources: bool
    named: Named | None
    excludes_named: bool
    conditions: tuple[Condition, ...]

    def covers_action(self, action: str) -> bool:
        return (self.actions.fullmatch(action) is not None) != self.excludes_actions

    def applies(self, resource: str, context: Context) -> Truth:
        """Whether resource and conditions are met; action and principal are asked apart, as both decide more."""
        covered = self._covers_resource(resource, context)
        if covered is False:
            return False
        return every((covered, every(condition.holds(context) for condition in self.conditions)))

    def _covers_resource(self, resource: str, context: Context) -> Truth:
        if self.resources is None:
            return True
        patterns = [text.resolved(context) for text in self.resources]
        return covers(patterns, resource, resource_like, negated=self.excludes_resources)

    def naming(self, caller: Principal) -> Naming:
        """How an Allow names the caller; NotPrincipal there grants to everybody that it does not name."""
        if self.named is None:
            return Naming.DIRECT
        naming = self.named.naming(caller)
        if self.excludes_named:
            return Naming.DIRECT if naming is Naming.NOT else Naming.NOT
        return naming

    def means(self, caller: Principal, *, bounded: Truth) -> Truth:
        """Whether it is about the caller at all; `bounded`: whether the caller has a permissions boundary.

        A Deny with NotPrincipal is about everybody who has one, named or not (IAM User Guide, NotPrincipal).
        """
        if self.named is None:
            return True
        if self.excludes_named and self.denies:
            return some((negation(self.named.spares(caller)), not self.named.anyone and bounded))
        if self.named.naming(caller) is not Naming.NOT:
            return not self.excludes_named
        return None if self.named.is_open(caller) else self.excludes_named


def statements_of(source: str, document: Mapping[str, Any]) -> tuple[Statement, ...]:
    """The statements of a document; ToolError where it is no policy."""
    variables = document.get("Version") == _WITH_VARIABLES
    return tuple(
        _statement(f"{source}: statement {number}", statement, f"#{number}", variables)
        for number, statement in enumerate(_listed(document.get("Statement", [])), 1)
    )


def _statement(where: str, written: Mapping[str, Any], number: str, variables: bool) -> Statement:
    if not isinstance(written, Mapping) or written.get("Effect") not in ("Allow", "Deny"):
        raise ToolError(f"{where}: no Effect", "Effect is Allow or Deny")
    if unknown := sorted(set(written) - _ELEMENTS):
        raise ToolError(f"{where}: unknown element {unknown[0]}", f"a statement has {', '.join(sorted(_ELEMENTS))}")
    actions, excludes_actions = _element(where, written, "Action")
    resources, excludes_resources = _element(where, written, "Resource")
    principals, excludes_named = _element(where, written, "Principal")
    if actions is None:
        raise ToolError(f"{where}: no Action", "name the actions, or those it is not about in NotAction")
    return Statement(
        str(written.get("Sid") or number),
        written["Effect"] == "Deny",
        any_of(tuple(map(str, _listed(actions)))),
        excludes_actions,
        None if resources is None else tuple(text_of(str(r), variables=variables) for r in _listed(resources)),
        excludes_resources,
        None if principals is None else named_by(where, principals),
        excludes_named,
        tuple(conditions_of(where, written.get("Condition") or {}, variables=variables)),
    )


def _element(where: str, written: Mapping[str, Any], name: str) -> tuple[Any, bool]:
    """An element or its Not form, and whether it is that."""
    if name in written and f"Not{name}" in written:
        raise ToolError(f"{where}: both {name} and Not{name}", "keep one of them")
    return written.get(name, written.get(f"Not{name}")), f"Not{name}" in written


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple)) else [value]
