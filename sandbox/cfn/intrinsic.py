"""Intrinsic functions: a template's value with references becomes a plain value."""

from __future__ import annotations

import base64
import ipaddress
import json
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Protocol

from .errors import CfnError, invalid
from .model import JSON

NO_VALUE = object()
KNOWN_AFTER_APPLY = "{{changeSet:KNOWN_AFTER_APPLY}}"
SELECT_FORM = "Template error: Fn::Select requires a list argument with two elements: an integer index and a list"
_SUB = re.compile(r"\$\{(!?)([^}]+)\}")


class Lookup(Protocol):
    """What names mean to a stack; every method raises CfnError when there is no such thing."""

    def ref(self, name: str) -> JSON: ...
    def attribute(self, logical_id: str, attribute: str) -> JSON: ...
    def condition(self, name: str) -> bool: ...
    def mapping(self, name: str, first: str, second: str) -> JSON: ...
    def imported(self, name: str) -> str: ...
    def zones(self, region: str) -> list[str]: ...


def text(value: JSON) -> str:
    """A scalar as CloudFormation writes it into a string."""
    match value:
        case bool():
            return "true" if value else "false"
        case float() if value.is_integer():
            return str(int(value))
        case _:
            return str(value)


def resolve(node: JSON, lookup: Lookup) -> JSON:
    """The node's value; AWS::NoValue removes the key or item that holds it, and is NO_VALUE at the top."""
    if isinstance(node, dict):
        if len(node) == 1:
            ((key, argument),) = node.items()
            function = FUNCTIONS.get(key)
            if function is not None and not (key == "Condition" and not isinstance(argument, str)):
                return function(argument, lookup)
            if isinstance(key, str) and key.startswith("Fn::"):
                raise invalid(f"Template error: unsupported function: {key}")
        resolved = {key: resolve(value, lookup) for key, value in node.items()}
        return {key: value for key, value in resolved.items() if value is not NO_VALUE}
    if isinstance(node, list):
        return [value for item in node if (value := resolve(item, lookup)) is not NO_VALUE]
    return node


def _ref(argument: JSON, lookup: Lookup) -> JSON:
    return NO_VALUE if argument == "AWS::NoValue" else lookup.ref(argument)


def _get_att(argument: JSON, lookup: Lookup) -> JSON:
    if isinstance(argument, str):
        argument = argument.split(".", 1)
    if not isinstance(argument, list) or len(argument) < 2:
        raise invalid("Template error: every Fn::GetAtt object requires two non-empty parameters, "
                      "the resource name and the resource attribute")  # fmt: skip
    return lookup.attribute(argument[0], ".".join(text(resolve(part, lookup)) for part in argument[1:]))


@lru_cache(maxsize=4096)
def substitutions(pattern: str) -> tuple[tuple[str, str], ...]:
    """A Fn::Sub string as (literal before, name) pairs; the last pair has no name."""
    pieces: list[tuple[str, str]] = []
    start, literal = 0, ""
    for match in _SUB.finditer(pattern):
        literal += pattern[start : match.start()]
        start = match.end()
        if match[1]:
            literal += "${" + match[2] + "}"
        else:
            pieces.append((literal, match[2].strip()))
            literal = ""
    return (*pieces, (literal + pattern[start:], ""))


def _sub(argument: JSON, lookup: Lookup) -> str:
    pattern, variables = argument if isinstance(argument, list) and len(argument) == 2 else (argument, {})
    if not isinstance(pattern, str) or not isinstance(variables, dict):
        raise invalid("Template error: One or more Fn::Sub intrinsic functions don't specify expected arguments. "
                      "Specify a string as first argument, and an optional second argument to specify a mapping of "
                      "values to replace in the string")  # fmt: skip
    return "".join(
        before + (_substitute(name, variables, lookup) if name else "") for before, name in substitutions(pattern)
    )


def _substitute(name: str, variables: Mapping[str, JSON], lookup: Lookup) -> str:
    if name in variables:
        value = resolve(variables[name], lookup)
    elif "." in name:
        value = lookup.attribute(*name.split(".", 1))
    else:
        value = lookup.ref(name)
    if isinstance(value, list | dict):
        raise invalid("Template error: variable names in Fn::Sub syntax must resolve to a string, "
                      f"{name} is a list or an object")  # fmt: skip
    return "" if value is NO_VALUE else text(value)


def _join(argument: JSON, lookup: Lookup) -> str:
    if not isinstance(argument, list) or len(argument) != 2 or not isinstance(argument[0], str):
        raise invalid("Template error: every Fn::Join object requires two parameters, (1) a string delimiter and "
                      "(2) a list of strings to be joined or a function that returns a list of strings (such as "
                      "Fn::GetAZs) to be joined.")  # fmt: skip
    values = resolve(argument[1], lookup)
    if values == KNOWN_AFTER_APPLY:
        return KNOWN_AFTER_APPLY
    if not isinstance(values, list) or any(isinstance(value, list | dict) for value in values):
        raise invalid("Template error: every Fn::Join object requires two parameters, (1) a string delimiter and "
                      "(2) a list of strings to be joined or a function that returns a list of strings (such as "
                      "Fn::GetAZs) to be joined.")  # fmt: skip
    return argument[0].join(text(value) for value in values)


def _split(argument: JSON, lookup: Lookup) -> JSON:
    if not isinstance(argument, list) or len(argument) != 2:
        raise invalid("Template error: every Fn::Split object requires two parameters, (1) a string delimiter and "
                      "(2) a string to be split or a function that returns a string to be split.")  # fmt: skip
    source = resolve(argument[1], lookup)
    if not isinstance(source, str):
        raise invalid("Template error: every Fn::Split object requires two parameters, (1) a string delimiter and "
                      "(2) a string to be split or a function that returns a string to be split.")  # fmt: skip
    return source.split(argument[0])


def _select(argument: JSON, lookup: Lookup) -> JSON:
    if not isinstance(argument, list) or len(argument) != 2:
        raise invalid(SELECT_FORM)
    index, values = resolve(argument[0], lookup), resolve(argument[1], lookup)
    if values == KNOWN_AFTER_APPLY or (isinstance(values, list) and KNOWN_AFTER_APPLY in values):
        return KNOWN_AFTER_APPLY
    if not isinstance(values, list) or not str(index).isdigit():
        raise invalid(SELECT_FORM)
    if int(index) >= len(values):
        raise invalid(f"Template error: Fn::Select cannot select nonexistent value at index {index}")
    return values[int(index)]


def _find_in_map(argument: JSON, lookup: Lookup) -> JSON:
    if not isinstance(argument, list) or len(argument) not in (3, 4):
        raise invalid("Template error: every Fn::FindInMap object requires three parameters, the map name, "
                      "map key and the attribute for return value")  # fmt: skip
    name, first, second = (text(resolve(part, lookup)) for part in argument[:3])
    if KNOWN_AFTER_APPLY in (first, second):
        return KNOWN_AFTER_APPLY
    if len(argument) == 4 and "DefaultValue" in argument[3]:
        try:
            return lookup.mapping(name, first, second)
        except CfnError as error:
            if "Unable to get mapping" not in error.message:
                raise
            return resolve(argument[3]["DefaultValue"], lookup)
    return lookup.mapping(name, first, second)


def _if(argument: JSON, lookup: Lookup) -> JSON:
    if not isinstance(argument, list) or len(argument) != 3:
        raise invalid("Template error: Fn::If requires a list argument with three elements")
    return resolve(argument[1] if lookup.condition(argument[0]) else argument[2], lookup)


def _equals(argument: JSON, lookup: Lookup) -> bool:
    if not isinstance(argument, list) or len(argument) != 2:
        raise invalid("Template error: Fn::Equals requires a list argument with two elements")
    left, right = (resolve(side, lookup) for side in argument)
    return bool(_comparable(left) == _comparable(right))


def _comparable(value: JSON) -> JSON:
    return value if isinstance(value, list | dict) else text(value)


def truth(value: JSON) -> bool:
    """A condition's value; strings count as AWS reads them."""
    return value if isinstance(value, bool) else text(value) == "true"


def _terms(name: str, argument: JSON, lookup: Lookup) -> list[bool]:
    if not isinstance(argument, list) or not 1 <= len(argument) <= 10:
        raise invalid(
            f"Template error: every {name} object requires a list of at least 2 and at most 10 boolean parameters."
        )
    return [truth(resolve(term, lookup)) for term in argument]


def _not(argument: JSON, lookup: Lookup) -> bool:
    if not isinstance(argument, list) or len(argument) != 1:
        raise invalid("Template error: Fn::Not requires a list argument with one element")
    return not truth(resolve(argument[0], lookup))


def _base64(argument: JSON, lookup: Lookup) -> str:
    return base64.b64encode(text(resolve(argument, lookup)).encode()).decode()


def _cidr(argument: JSON, lookup: Lookup) -> JSON:
    block, count, *bits = resolve(argument, lookup)
    if block == KNOWN_AFTER_APPLY:
        return [KNOWN_AFTER_APPLY] * int(count)
    network = ipaddress.ip_network(block)
    prefix = network.max_prefixlen - int(bits[0] if bits else 8)
    if prefix < network.prefixlen or 2 ** (prefix - network.prefixlen) < int(count):
        raise invalid("Template error: Fn::Cidr can not generate more subnets than its block holds")
    subnets = network.subnets(new_prefix=prefix)
    return [str(next(subnets)) for _ in range(int(count))]


def _zones(argument: JSON, lookup: Lookup) -> list[str]:
    region = text(resolve(argument, lookup))
    return lookup.zones(region or lookup.ref("AWS::Region"))


def _import(argument: JSON, lookup: Lookup) -> str:
    return lookup.imported(text(resolve(argument, lookup)))


def _length(argument: JSON, lookup: Lookup) -> int:
    return len(resolve(argument, lookup))


def _json(argument: JSON, lookup: Lookup) -> str:
    return json.dumps(resolve(argument, lookup), separators=(",", ":"))


def _transform(_argument: JSON, _lookup: Lookup) -> JSON:
    raise invalid("Transform AWS::Include and macros are not supported by this sandbox")


FUNCTIONS: Mapping[str, Callable[[JSON, Lookup], JSON]] = {
    "Ref": _ref,
    "Fn::GetAtt": _get_att,
    "Fn::Sub": _sub,
    "Fn::Join": _join,
    "Fn::Split": _split,
    "Fn::Select": _select,
    "Fn::FindInMap": _find_in_map,
    "Fn::If": _if,
    "Fn::Equals": _equals,
    "Fn::And": lambda argument, lookup: all(_terms("Fn::And", argument, lookup)),
    "Fn::Or": lambda argument, lookup: any(_terms("Fn::Or", argument, lookup)),
    "Fn::Not": _not,
    "Condition": lambda argument, lookup: lookup.condition(argument),
    "Fn::Base64": _base64,
    "Fn::Cidr": _cidr,
    "Fn::GetAZs": _zones,
    "Fn::ImportValue": _import,
    "Fn::Length": _length,
    "Fn::ToJsonString": _json,
    "Fn::Transform": _transform,
}
