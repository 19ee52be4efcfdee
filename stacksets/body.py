"""A template's text as data, what differs between two of them, and the text made small enough for a request."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

import yaml

from generator.errors import ToolError
from stacksets.access import widens
from stacksets.changeset import ResourceChange

Template: TypeAlias = Mapping[str, Any]

# Bytes of a template body in a request (CloudFormation quotas, read 2026-11-21).
REQUEST_LIMIT = 51_200
ONE_LINE = 2**30
TOLD = ("Type", "Properties", "Condition")
WITHOUT_EFFECT = frozenset({"AWSTemplateFormatVersion", "Description", "Metadata", "Outputs", "Rules"})
OF_PARAMETER = frozenset({"Type", "Default", "NoEcho"})
IN_TEXT = re.compile(r"\$\{([A-Za-z0-9]+)[.}]")


class _Loader(yaml.CSafeLoader):
    """Reads the short forms of intrinsic functions as the long ones."""


def _function(loader: yaml.CSafeLoader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    match node:
        case yaml.ScalarNode():
            value: Any = loader.construct_scalar(node)
        case yaml.SequenceNode():
            value = loader.construct_sequence(node, deep=True)
        case _:
            value = loader.construct_mapping(node, deep=True)  # type: ignore[arg-type]
    if suffix == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": value}


_Loader.add_multi_constructor("!", _function)


def parsed(text: str, where: str) -> Template:
    """A template in YAML or JSON as plain data; ToolError when it is neither."""
    try:
        found = yaml.load(text, Loader=_Loader)
    except yaml.YAMLError as problem:
        raise ToolError(f"{where}: the template cannot be read: {problem}", "look at the template") from problem
    if not isinstance(found, dict):
        raise ToolError(f"{where}: this is no template", "look at the template")
    return found


def difference(before: Template, after: Template, parameters: frozenset[str]) -> tuple[ResourceChange, ...]:
    """What the texts alone tell: resources added, removed, changed, or touched by `parameters` whose values changed.

    Whether a change replaces its resource depends on its type and account, so that no change here says so.
    """
    old, new = _resources(before), _resources(after)
    moved = _reached(after, parameters)
    changes = [
        _change(name, old.get(name), new.get(name), moved)
        for name in sorted({*old, *new})
        if name not in old or name not in new or _properties(old[name], new[name], moved)
    ]
    return tuple(changes)


def _resources(template: Template) -> dict[str, Any]:
    return {name: entry for name, entry in (template.get("Resources") or {}).items() if isinstance(entry, dict)}


def _reached(template: Template, parameters: frozenset[str]) -> frozenset[str]:
    """The parameters, and the conditions that depend on them, directly or by way of another."""
    reached, conditions = set(parameters), template.get("Conditions") or {}
    while more := {name for name, node in conditions.items() if name not in reached and reached & set(_names(node))}:
        reached |= more
    return frozenset(reached)


def _names(node: object) -> Iterator[str]:
    """Every parameter, resource and condition that an expression names."""
    match node:
        case dict():
            for key, value in node.items():
                yield from _named_by(key, value)
                yield from _names(value)
        case list():
            for value in node:
                yield from _names(value)


def _named_by(key: str, value: object) -> Iterator[str]:
    if key in ("Ref", "Condition") and isinstance(value, str):
        yield value
    elif key == "Fn::If" and isinstance(value, list) and value:
        yield str(value[0])
    elif key == "Fn::Sub":
        yield from IN_TEXT.findall(
            value if isinstance(value, str) else str(value[0] if isinstance(value, list) else "")
        )


def _properties(before: Mapping[str, Any], after: Mapping[str, Any], moved: frozenset[str]) -> tuple[str, ...]:
    """The properties (and other parts of a resource) that differ, or that name something in `moved`."""
    old, new = before.get("Properties") or {}, after.get("Properties") or {}
    inside = {k for k in {*old, *new} if old.get(k) != new.get(k) or moved.intersection(_names(new.get(k)))}
    outside = {key for key in TOLD if key != "Properties" and before.get(key) != after.get(key)}
    if after.get("Condition") in moved:
        outside.add("Condition")
    return tuple(sorted(inside | outside))


def _change(
    name: str, before: Mapping[str, Any] | None, after: Mapping[str, Any] | None, moved: frozenset[str]
) -> ResourceChange:
    action = "Add" if before is None else "Remove" if after is None else "Modify"
    properties = _properties(before, after, moved) if before is not None and after is not None else ()
    kind = str((after or before or {}).get("Type", ""))
    asked = {
        "Action": action,
        "ResourceType": kind,
        "Details": [{"Target": {"Name": one}} for one in properties],
        "BeforeContext": json.dumps({"Properties": (before or {}).get("Properties") or {}}, default=str),
        "AfterContext": json.dumps({"Properties": (after or {}).get("Properties") or {}}, default=str),
    }
    return ResourceChange((name,), kind, action, "", properties, widens(asked))


def carried(text: str, where: str) -> str:
    """The text for a request, reduced to what resources depend on when it is too long; empty when that is not enough.

    Descriptions, outputs, rules and what parameters may not be have no part in which resources change. A part a line
    in YAML has fewer quotes than JSON; a text that began with a brace would be taken for JSON.
    """
    if len(text.encode()) <= REQUEST_LIMIT:
        return text
    bare = {key: value for key, value in parsed(text, where).items() if key not in WITHOUT_EFFECT}
    known = (bare.get("Parameters") or {}).items()
    bare["Parameters"] = {name: {k: v for k, v in entry.items() if k in OF_PARAMETER} for name, entry in known}
    small = "".join(f"{key}: {_on_one_line(value)}\n" for key, value in bare.items())
    return small if len(small.encode()) <= REQUEST_LIMIT else ""


def _on_one_line(value: object) -> str:
    if not isinstance(value, dict):
        return json.dumps(value)
    text: str = yaml.dump(value, Dumper=yaml.CSafeDumper, default_flow_style=True, sort_keys=False, width=ONE_LINE)
    return text.rstrip()
