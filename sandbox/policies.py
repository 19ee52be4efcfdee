"""Evaluation of policy documents: principals, actions, resources and the condition operators in common use."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

Context = Mapping[str, str | list[str]]

_VARIABLE = re.compile(r"\$\{([^},]+)\}")
_ACCOUNT = re.compile(r"^\d{12}$")


@dataclass(frozen=True)
class Question:
    """May this happen? `principals` are all spellings of the caller; an empty tuple asks an identity policy."""

    action: str
    resource: str
    principals: tuple[str, ...] = ()
    service: str = ""
    context: Context | None = None


def is_allowed(documents: Iterable[Mapping[str, Any]], question: Question) -> bool:
    """Whether some statement allows it and none denies it."""
    effects = {
        statement.get("Effect")
        for document in documents
        for statement in listed(document.get("Statement"))
        if _applies(statement, question)
    }
    return "Allow" in effects and "Deny" not in effects


def listed(value: Any) -> list[Any]:
    """A policy element that may be absent, one, or a list, always as a list."""
    if value is None:
        return []
    return list(value) if isinstance(value, (list, tuple)) else [value]


def _applies(statement: Mapping[str, Any], question: Question) -> bool:
    return (
        _covers_principal(statement, question)
        and _covers(statement, "Action", question.action.lower(), str.lower)
        and _covers(statement, "Resource", question.resource, str)
        and conditions_hold(statement.get("Condition") or {}, question.context or {})
    )


def _covers(statement: Mapping[str, Any], element: str, value: str, fold: Callable[[str], str]) -> bool:
    if f"Not{element}" in statement:
        return not any(like(fold(p), value) for p in listed(statement[f"Not{element}"]))
    patterns = listed(statement.get(element))
    # A trust policy has no Resource.
    return (not patterns and element == "Resource") or any(like(fold(p), value) for p in patterns)


def _covers_principal(statement: Mapping[str, Any], question: Question) -> bool:
    if not question.principals and not question.service:
        return True
    if "NotPrincipal" in statement:
        return not _names(statement["NotPrincipal"], question)
    return _names(statement.get("Principal"), question)


def _names(principal: Any, question: Question) -> bool:
    if principal == "*":
        return True
    if not isinstance(principal, Mapping):
        return False
    if question.service and question.service in listed(principal.get("Service")):
        return True
    return any(_is_caller(str(name), question.principals) for name in listed(principal.get("AWS")))


def _is_caller(name: str, principals: tuple[str, ...]) -> bool:
    if name == "*":
        return bool(principals)
    account = f"arn:aws:iam::{name}:root" if _ACCOUNT.match(name) else name
    return account in principals


def like(pattern: str, value: str) -> bool:
    """IAM's wildcard match: `*` and `?`, case sensitive."""
    escaped = pattern.replace("[", "[[]")
    return fnmatch.fnmatchcase(value, escaped)


def arn_like(pattern: str, value: str) -> bool:
    """A wildcard match in each of the six parts of an ARN."""
    wanted, given = pattern.split(":", 5), value.split(":", 5)
    if len(wanted) != len(given):
        return like(pattern, value)
    return all(like(w, g) for w, g in zip(wanted, given, strict=True))


def conditions_hold(conditions: Mapping[str, Any], context: Context) -> bool:
    """All operators and keys of a Condition element; an operator that is not known here is an error, never a guess."""
    folded = {key.lower(): value for key, value in context.items()}
    return all(
        _key_holds(operator, [_resolved(value, folded) for value in listed(wanted)], folded.get(key.lower()))
        for operator, keys in conditions.items()
        for key, wanted in keys.items()
    )


def _resolved(value: Any, context: Mapping[str, str | list[str]]) -> Any:
    """Policy variables such as ${aws:PrincipalOrgID} replaced; one without a value stays, and so matches nothing."""
    if not isinstance(value, str) or "${" not in value:
        return value
    return _VARIABLE.sub(lambda found: str(context.get(found[1].lower(), found[0])), value)


def _key_holds(operator: str, wanted: list[Any], given: str | list[str] | None) -> bool:
    quantifier, _, plain = operator.rpartition(":")
    if plain == "Null":
        return str(wanted[0]).lower() == ("true" if given is None else "false")
    name, optional = plain.removesuffix("IfExists"), plain.endswith("IfExists")
    test, negated = _operator(name)
    values = [str(w) for w in wanted]
    if given is None:
        return optional or negated or quantifier == "ForAllValues"
    results = [any(test(w, g) for w in values) != negated for g in listed(given)]
    return any(results) if quantifier == "ForAnyValue" else all(results)


def _operator(name: str) -> tuple[Callable[[str, str], bool], bool]:
    negated = "Not" in name
    test = _TESTS.get(name.replace("Not", ""))
    if test is None:
        raise ValueError(f"condition operator {name} is not evaluated by the sandbox")
    return test, negated


def _equal_folded(wanted: str, given: str) -> bool:
    return wanted.lower() == given.lower()


def _equal_number(wanted: str, given: str) -> bool:
    return float(wanted) == float(given)


def _less(wanted: str, given: str) -> bool:
    return float(given) < float(wanted)


_TESTS: Mapping[str, Callable[[str, str], bool]] = {
    "StringEquals": str.__eq__,
    "StringEqualsIgnoreCase": _equal_folded,
    "StringLike": like,
    "ArnEquals": arn_like,
    "ArnLike": arn_like,
    "Bool": _equal_folded,
    "NumericEquals": _equal_number,
    "NumericLessThan": _less,
}
