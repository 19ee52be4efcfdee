"""Parameters: what a template declares, what a caller gave, and the checked values between them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from .errors import invalid
from .intrinsic import KNOWN_AFTER_APPLY, text
from .model import JSON, StackRequest
from .quotas import check_parameter
from .template import Template

PLAIN_TYPES = frozenset({"String", "Number", "CommaDelimitedList", "List<Number>", "List<String>"})
_AWS_TYPE = re.compile(r"(List<)?AWS::(EC2|Route53|SSM)::[A-Za-z:]+>?")
_SSM_TYPE = re.compile(r"AWS::SSM::Parameter::Value<(.+)>")
_KEYS = frozenset(
    {"Type", "Default", "Description", "NoEcho", "AllowedValues", "AllowedPattern", "ConstraintDescription"}
    | {"MinLength", "MaxLength", "MinValue", "MaxValue"}
)


@dataclass(frozen=True)
class Parameters:
    """`given` is what DescribeStacks shows (with defaults filled in); `values` is what Ref returns (lists split)."""

    given: Mapping[str, str]
    values: Mapping[str, JSON]
    no_echo: frozenset[str]


def check_declarations(template: Template) -> None:
    for name, spec in template.parameters.items():
        for key in spec:
            if key not in _KEYS:
                raise invalid(f"Invalid template parameter property '{key}'")
        kind = spec.get("Type")
        if kind is None:
            raise invalid(f"Template format error: Every Parameters object must contain a Type member. ({name})")
        if kind not in PLAIN_TYPES and not _AWS_TYPE.fullmatch(str(kind)) and not _SSM_TYPE.fullmatch(str(kind)):
            raise invalid(f"Template format error: Unrecognized parameter type: {kind}")


def decide(
    template: Template, request: StackRequest, previous: Mapping[str, str], stored: Callable[[str], str | None]
) -> Parameters:
    """Check every constraint. `previous` are the stack's values (for UsePreviousValue); `stored` reads SSM by name."""
    unknown = [name for name in (*request.parameters, *sorted(request.previous)) if name not in template.parameters]
    if unknown:
        raise invalid(f"Parameters: [{', '.join(unknown)}] do not exist in the template")
    given = {name: _given(name, spec, request, previous) for name, spec in template.parameters.items()}
    missing = [name for name, value in given.items() if value is None]
    if missing:
        raise invalid(f"Parameters: [{', '.join(missing)}] must have values")
    for name, value in request.parameters.items():
        check_parameter(name, value)
    chosen = {name: value for name, value in given.items() if value is not None}
    values = {name: _value(name, template.parameters[name], value, stored) for name, value in chosen.items()}
    no_echo = frozenset(name for name, spec in template.parameters.items() if text(spec.get("NoEcho")) == "true")
    return Parameters(chosen, values, no_echo)


def _given(name: str, spec: Mapping[str, JSON], request: StackRequest, previous: Mapping[str, str]) -> str | None:
    if name in request.parameters:
        return request.parameters[name]
    if name in request.previous:
        if name not in previous:
            raise invalid(
                f"Invalid input for parameter key {name}. Cannot specify usePreviousValue as true for a parameter key "
                "not in the previous template"
            )
        return previous[name]
    return text(spec["Default"]) if "Default" in spec else None


def _value(name: str, spec: Mapping[str, JSON], given: str, stored: Callable[[str], str | None]) -> JSON:
    kind = spec["Type"]
    if match := _SSM_TYPE.fullmatch(kind):
        kind, fetched = match[1], stored(given)
        if fetched is None:
            raise invalid(f"Unable to fetch parameters [{given}] from parameter store for this account.")
        return _split(fetched) if kind.startswith("List<") or kind == "CommaDelimitedList" else fetched
    if kind == "CommaDelimitedList" or kind.startswith("List<"):
        items = _split(given)
        for item in items:
            _check(name, spec, item, number=kind == "List<Number>")
        return items
    _check(name, spec, given, number=kind == "Number")
    return given


def _split(value: str) -> list[str]:
    return [item.strip() for item in value.split(",")] if value else []


def _check(name: str, spec: Mapping[str, JSON], value: str, *, number: bool) -> None:
    if KNOWN_AFTER_APPLY in value:
        return
    problem = _number_problem(name, spec, value) if number else _string_problem(name, spec, value)
    allowed = spec.get("AllowedValues")
    if allowed is not None and value not in [text(item) for item in allowed]:
        problem = f"Parameter '{name}' must be one of AllowedValues"
    if problem:
        hint = spec.get("ConstraintDescription")
        raise invalid(f"Parameter {name} failed to satisfy constraint: {hint}" if hint else problem)


def _number_problem(name: str, spec: Mapping[str, JSON], value: str) -> str | None:
    try:
        number = float(value)
    except ValueError:
        return f"Parameter '{name}' must be a number"
    if "MinValue" in spec and number < float(spec["MinValue"]):
        return f"Parameter '{name}' must be a number not less than {text(spec['MinValue'])}"
    if "MaxValue" in spec and number > float(spec["MaxValue"]):
        return f"Parameter '{name}' must be a number not greater than {text(spec['MaxValue'])}"
    return None


def _string_problem(name: str, spec: Mapping[str, JSON], value: str) -> str | None:
    if "MinLength" in spec and len(value) < int(spec["MinLength"]):
        return f"Parameter '{name}' must contain at least {text(spec['MinLength'])} characters"
    if "MaxLength" in spec and len(value) > int(spec["MaxLength"]):
        return f"Parameter '{name}' must contain at most {text(spec['MaxLength'])} characters"
    pattern = spec.get("AllowedPattern")
    if pattern is not None and not re.fullmatch(pattern, value):
        return f"Parameter '{name}' must match pattern {pattern}"
    return None
