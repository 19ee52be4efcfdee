"""Every name that a template uses must be one that it has."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from generator.errors import WiringError

_VARIABLE = re.compile(r"\$\{(?!!)([^}]+)\}")


def check_names(document: dict[str, Any], file: str) -> None:
    """Raise WiringError for a Ref, GetAtt, Sub, DependsOn or condition that names nothing in the template."""
    resources = document["Resources"]
    conditions = document.get("Conditions", {})
    values = {**resources, **document.get("Parameters", {})}
    for title, resource in resources.items():
        _known(file, title, conditions, [resource["Condition"]] if "Condition" in resource else [], "condition")
        needed = resource.get("DependsOn", [])
        _known(file, title, resources, [needed] if isinstance(needed, str) else needed, "resource")
        _check(file, title, resource.get("Properties", {}), values, conditions)
    for section in ("Outputs", "Conditions"):
        for title, part in document.get(section, {}).items():
            _check(file, title, part, values, conditions)


def _check(file: str, title: str, part: Any, values: dict[str, Any], conditions: dict[str, Any]) -> None:
    _known(file, title, values, references(part), "parameter or resource")
    _known(file, title, conditions, _conditions(part), "condition")


def _known(file: str, title: str, known: dict[str, Any], names: Iterator[str] | list[str], kind: str) -> None:
    for name in names:
        if name not in known:
            raise WiringError(f"{file}: {title} uses {name}, which is no {kind} of it", f"it has: {', '.join(known)}")


def references(part: Any) -> Iterator[str]:
    """The names that Ref, GetAtt and Sub use below `part`, pseudo parameters left out."""
    match part:
        case {"Ref": str(name)}:
            if not name.startswith("AWS::"):
                yield name
        case {"Fn::GetAtt": [str(name), *_]}:
            yield name
        case {"Fn::Sub": str(text)}:
            yield from _variables(text, {})
        case {"Fn::Sub": [str(text), dict(given)]}:
            yield from _variables(text, given)
            for value in given.values():
                yield from references(value)
        case dict():
            for value in part.values():
                yield from references(value)
        case list():
            for value in part:
                yield from references(value)


def _variables(text: str, given: dict[str, Any]) -> Iterator[str]:
    for name in _VARIABLE.findall(text):
        if name not in given and not name.startswith("AWS::"):
            yield name.split(".")[0]


def _conditions(part: Any) -> Iterator[str]:
    match part:
        case {"Fn::If": [str(name), *branches]}:
            yield name
            for branch in branches:
                yield from _conditions(branch)
        case {"Condition": str(name)} if len(part) == 1:
            yield name
        case dict():
            for value in part.values():
                yield from _conditions(value)
        case list():
            for value in part:
                yield from _conditions(value)
