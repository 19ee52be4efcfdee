"""Intrinsic functions of emitted templates: a value with references becomes plain data, without any call to AWS."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

import yaml

from generator.errors import ToolError

NO_VALUE = object()
_PLACE = re.compile(r"\$\{(!?)([^}]+)\}")


class Scope(Protocol):
    """What names mean inside one stack; a name that the stack does not know is a KeyError."""

    def ref(self, name: str) -> Any: ...
    def attribute(self, title: str, attribute: str) -> Any: ...
    def condition(self, name: str) -> bool: ...
    def mapping(self, name: str, first: str, second: str) -> Any: ...
    def imported(self, name: str) -> Any: ...


class _Loader(yaml.CSafeLoader):
    """YAML with CloudFormation's short forms."""


def _short_form(loader: yaml.CSafeLoader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    match node:
        case yaml.ScalarNode():
            value: Any = loader.construct_scalar(node)
        case yaml.SequenceNode():
            value = loader.construct_sequence(node, deep=True)
        case yaml.MappingNode():
            value = loader.construct_mapping(node, deep=True)
        case _:
            raise ToolError(f"!{suffix}: a form that YAML does not have")
    if suffix == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": value}


_Loader.add_multi_constructor("!", _short_form)


def read_template(path: Path) -> dict[str, Any]:
    """An emitted template as plain data, functions in their long form."""
    try:
        document = yaml.load(path.read_text(), _Loader)
    except (OSError, yaml.YAMLError) as problem:
        raise ToolError(f"{path}: not a template that can be read: {problem}", "generate again: mlz generate") from None
    if not isinstance(document, dict) or "Resources" not in document:
        raise ToolError(f"{path}: not a template: no Resources", "generate again: mlz generate")
    return document


def resolve(node: Any, scope: Scope) -> Any:
    """The value of a node; AWS::NoValue takes the key or item that holds it away."""
    match node:
        case dict() if len(node) == 1 and (made := _function(node)) is not None:
            function, argument = made
            return function(argument, scope)
        case dict():
            values = {key: resolve(value, scope) for key, value in node.items()}
            return {key: value for key, value in values.items() if value is not NO_VALUE}
        case list():
            return [value for item in node if (value := resolve(item, scope)) is not NO_VALUE]
        case _:
            return node


def _function(node: Mapping[str, Any]) -> tuple[Callable[[Any, Scope], Any], Any] | None:
    ((name, argument),) = node.items()
    if name == "Condition" and not isinstance(argument, str):
        return None
    function = FUNCTIONS.get(name)
    if function is None and isinstance(name, str) and name.startswith("Fn::"):
        raise ToolError(f"{name}: a function that the access commands do not evaluate")
    return None if function is None else (function, argument)


def text(value: Any) -> str:
    """A scalar as CloudFormation writes it into a string."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _ref(name: Any, scope: Scope) -> Any:
    return NO_VALUE if name == "AWS::NoValue" else scope.ref(name)


def _sub(argument: Any, scope: Scope) -> str:
    pattern, own = argument if isinstance(argument, list) else (argument, {})

    def value(match: re.Match[str]) -> str:
        if match[1]:
            return "${" + match[2] + "}"
        name = match[2].strip()
        if name in own:
            return text(resolve(own[name], scope))
        return text(scope.attribute(*name.split(".", 1)) if "." in name else scope.ref(name))

    return _PLACE.sub(value, pattern)


def _join(argument: Any, scope: Scope) -> str:
    values = resolve(argument[1], scope)
    return str(argument[0]).join(text(value) for value in ([values] if isinstance(values, str) else values))


def _select(argument: Any, scope: Scope) -> Any:
    index, values = int(resolve(argument[0], scope)), resolve(argument[1], scope)
    return values[index] if index < len(values) else f"{values[0]}.{index}"


def _cidr(argument: Any, scope: Scope) -> list[str]:
    block, count, *bits = resolve(argument, scope)
    network = ipaddress.ip_network(block)
    blocks = network.subnets(new_prefix=network.max_prefixlen - int(bits[0] if bits else 8))
    return [str(next(blocks)) for _ in range(int(count))]


def _equals(argument: Any, scope: Scope) -> bool:
    left, right = (resolve(side, scope) for side in argument)
    return bool(left == right) if isinstance(left, list | dict) else text(left) == text(right)


FUNCTIONS: Mapping[str, Callable[[Any, Scope], Any]] = {
    "Ref": _ref,
    "Condition": lambda name, scope: scope.condition(name),
    "Fn::GetAtt": lambda at, scope: scope.attribute(at[0], ".".join(text(resolve(part, scope)) for part in at[1:])),
    "Fn::Sub": _sub,
    "Fn::Join": _join,
    "Fn::Split": lambda at, scope: text(resolve(at[1], scope)).split(at[0]),
    "Fn::Select": _select,
    "Fn::FindInMap": lambda at, scope: scope.mapping(*(text(resolve(part, scope)) for part in at[:3])),
    "Fn::If": lambda at, scope: resolve(at[1] if scope.condition(at[0]) else at[2], scope),
    "Fn::Equals": _equals,
    "Fn::And": lambda terms, scope: all(resolve(term, scope) for term in terms),
    "Fn::Or": lambda terms, scope: any(resolve(term, scope) for term in terms),
    "Fn::Not": lambda terms, scope: not resolve(terms[0], scope),
    "Fn::Cidr": _cidr,
    "Fn::GetAZs": lambda region, scope: [f"{resolve(region, scope) or scope.ref('AWS::Region')}{n}" for n in "abc"],
    "Fn::ImportValue": lambda name, scope: scope.imported(text(resolve(name, scope))),
    "Fn::Base64": lambda value, scope: resolve(value, scope),
    "Fn::ToJsonString": lambda value, scope: str(resolve(value, scope)),
    "Fn::Length": lambda value, scope: len(resolve(value, scope)),
}
