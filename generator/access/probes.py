"""Requests that show what a statement lets through: its patterns made concrete, its conditions met and missed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

Statement = Mapping[str, Any]
Context = dict[str, Any]
_VARIABLE = re.compile(r"\$\{[^}]*\}")
ANY = "anything"


def listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [] if value is None else [value]


def actions(statement: Statement, known: Iterable[str]) -> list[str]:
    """The actions of a statement: named ones, and for a pattern those that any policy names."""
    found: dict[str, None] = {}
    for pattern in listed(statement.get("Action")):
        if "*" not in pattern:
            found[pattern] = None
            continue
        matching = [one for one in known if fnmatchcase(one.lower(), pattern.lower())]
        service = pattern.split(":")[0].replace("*", "s3")
        name = pattern.partition(":")[2].replace("*", "") or "Anything"
        found |= dict.fromkeys(matching or [f"{service}:{name}"])
    return list(found)


def names(statements: Iterable[Statement]) -> list[str]:
    """All actions that statements name without a wildcard."""
    every = {one for statement in statements for one in listed(statement.get("Action")) if "*" not in one}
    return sorted(every)


def covers(statement: Statement, action: str) -> bool:
    patterns = listed(statement.get("Action"))
    if "NotAction" in statement:
        return not any(fnmatchcase(action.lower(), one.lower()) for one in listed(statement["NotAction"]))
    return any(fnmatchcase(action.lower(), one.lower()) for one in patterns)


def resources(statement: Statement, real: Iterable[str] = ()) -> list[str]:
    """A text for each pattern of a statement, and those of `real` that it covers."""
    patterns = listed(statement.get("Resource", "*"))
    covered = [one for one in real for pattern in patterns if pattern != "*" and fnmatchcase(one, pattern)]
    return [*(concrete(one) for one in patterns), *covered]


def variables(statement: Statement) -> set[str]:
    """The policy variables of services in a statement; the global ones follow from the caller."""
    found = {one[2:-1] for one in _VARIABLE.findall(str(statement))}
    return {name for name in found if not name.startswith("aws:")}


def concrete(pattern: str) -> str:
    """A text that matches a pattern; `*` alone stays: a request without a resource."""
    if pattern == "*":
        return pattern
    return _VARIABLE.sub(ANY, pattern).replace("*", ANY).replace("?", "x")


def met(conditions: Mapping[str, Mapping[str, Any]]) -> Context:
    """Context keys with which conditions hold; None is a key that the request does not have."""
    found: Context = {}
    for operator, keys in conditions.items():
        for key, values in keys.items():
            if key not in found:
                found[key] = _value(operator, listed(values), holds=True)
    return found


def missed(conditions: Mapping[str, Mapping[str, Any]]) -> Iterator[Context]:
    """Contexts that miss one key after the other, and meet the others."""
    whole = met(conditions)
    for operator, keys in conditions.items():
        for key, values in keys.items():
            yield {**whole, key: _value(operator, listed(values), holds=False)}


def _value(operator: str, values: list[Any], *, holds: bool) -> Any:
    first = concrete(str(values[0])) if values else ANY
    name = operator.rpartition(":")[2]
    if name == "Null":
        return None if (first == "true") is holds else ANY
    if name.startswith("Bool"):
        return first if holds else {"true": "false", "false": "true"}[first]
    if name.startswith(("Numeric", "Date")):
        return "0" if ("LessThan" in name) is holds else "9999999"
    negated = "Not" in name.removesuffix("IfExists")
    value = f"other-{ANY}" if negated is holds else first
    return [value] if operator.startswith("For") else value
