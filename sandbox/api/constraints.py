"""The constraints that a service model states: required members, lengths, patterns, enumerations."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping
from typing import Any

from botocore.model import ListShape, Shape, StringShape, StructureShape

from sandbox.api.errors import validation_error


def check(shape: StructureShape, params: Mapping[str, Any]) -> None:
    """ValidationError with every violation, in the words of the AWS front end."""
    problems = list(_structure(shape, params, ""))
    if problems:
        noun = "error" if len(problems) == 1 else "errors"
        raise validation_error(f"{len(problems)} validation {noun} detected: {'; '.join(problems)}")


def _structure(shape: StructureShape, params: Mapping[str, Any], path: str) -> Iterator[str]:
    for name in shape.required_members:
        if name not in params:
            yield _problem("null", path + _camel(name), "Member must not be null", quote=False)
    for name, value in params.items():
        yield from _value(shape.members[name], value, path + _camel(name))


def _value(shape: Shape, value: Any, path: str) -> Iterator[str]:
    match shape:
        case StructureShape():
            yield from _structure(shape, value, f"{path}.")
        case ListShape():
            for number, item in enumerate(value, 1):
                yield from _value(shape.member, item, f"{path}.{number}.member")
        case StringShape():
            yield from _string(shape, value, path)
        case Shape(type_name="integer" | "long"):
            yield from _number(shape, value, path)


def _string(shape: StringShape, value: str, path: str) -> Iterator[str]:
    facts = shape.metadata
    shown = value if len(value) <= 200 else value[:200] + "…"
    if shape.enum and value not in shape.enum:
        yield _problem(shown, path, f"Member must satisfy enum value set: [{', '.join(shape.enum)}]")
    if len(value) < facts.get("min", 0):
        yield _problem(shown, path, f"Member must have length greater than or equal to {facts['min']}")
    if len(value) > facts.get("max", len(value)):
        yield _problem(shown, path, f"Member must have length less than or equal to {facts['max']}")
    if "pattern" in facts and not _pattern(facts["pattern"]).fullmatch(value):
        yield _problem(shown, path, f"Member must satisfy regular expression pattern: {facts['pattern']}")


def _number(shape: Shape, value: int, path: str) -> Iterator[str]:
    facts = shape.metadata
    if value < facts.get("min", value):
        yield _problem(str(value), path, f"Member must have value greater than or equal to {facts['min']}")
    if value > facts.get("max", value):
        yield _problem(str(value), path, f"Member must have value less than or equal to {facts['max']}")


def _problem(value: str, path: str, constraint: str, *, quote: bool = True) -> str:
    shown = f"'{value}'" if quote else value
    return f"Value {shown} at '{path}' failed to satisfy constraint: {constraint}"


def _camel(name: str) -> str:
    return name[:1].lower() + name[1:]


@functools.cache
def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text, re.DOTALL)
