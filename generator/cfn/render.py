"""A template as YAML that people read: sections and keys in reading order, short tags, literal blocks, stable bytes."""

from __future__ import annotations

import re
from typing import Any

import yaml

SECTIONS = (
    "AWSTemplateFormatVersion",
    "Description",
    "Transform",
    "Metadata",
    "Parameters",
    "Rules",
    "Mappings",
    "Conditions",
    "Resources",
    "Outputs",
)
_RESOURCE = (
    "Type",
    "Metadata",
    "Condition",
    "DependsOn",
    "CreationPolicy",
    "DeletionPolicy",
    "UpdateReplacePolicy",
    "UpdatePolicy",
    "Properties",
)
_STATEMENT = (
    "Sid",
    "Effect",
    "Principal",
    "NotPrincipal",
    "Action",
    "NotAction",
    "Resource",
    "NotResource",
    "Condition",
)
_PARAMETER = ("Type", "Description", "Default", "AllowedValues", "AllowedPattern", "ConstraintDescription")
_OUTPUT = ("Condition", "Description", "Value", "Export")
_DIGITS = re.compile(r"[0-9][0-9_.]*")
_FLOW_WIDTH = 90


class _Short:
    """An intrinsic function in its short form: `!Tag value`."""

    def __init__(self, tag: str, value: Any) -> None:
        self.tag = tag
        self.value = value


class _Dumper(yaml.CSafeDumper):
    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - yaml's own signature
        return True


def _short(dumper: Any, data: _Short) -> Any:
    match data.value:
        case list():
            return dumper.represent_sequence(data.tag, data.value, flow_style=_is_flat(data.value))
        case dict():
            return dumper.represent_mapping(data.tag, data.value)
        case _:
            text = str(data.value)
            return dumper.represent_scalar(data.tag, text, style="|" if "\n" in text else None)


def _text(dumper: Any, data: str) -> Any:
    if "\n" in data:
        return dumper.represent_scalar("tag:yaml.org,2002:str", data, style="|")
    style = "'" if _DIGITS.fullmatch(data) else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", data, style=style)


_Dumper.add_representer(_Short, _short)
_Dumper.add_representer(str, _text)


def to_yaml(document: dict[str, Any]) -> str:
    """The template's text. Width is unlimited for values, so that an address or an ARN is never folded."""
    ordered = _in_order(document, SECTIONS)
    for section in ("Resources", "Parameters", "Outputs"):
        if section in ordered:
            keys = {"Resources": _RESOURCE, "Parameters": _PARAMETER, "Outputs": _OUTPUT}[section]
            ordered[section] = {title: _in_order(part, keys) for title, part in ordered[section].items()}
    text: str = yaml.dump(_readable(ordered), Dumper=_Dumper, sort_keys=False, width=10_000, allow_unicode=True)
    for section in SECTIONS[3:]:
        text = text.replace(f"\n{section}:\n", f"\n\n{section}:\n")
    return text


def _in_order(part: dict[str, Any], keys: tuple[str, ...]) -> dict[str, Any]:
    return {key: part[key] for key in keys if key in part} | part


def _readable(part: Any) -> Any:
    match part:
        case dict():
            if len(part) == 1:
                key, value = next(iter(part.items()))
                return _intrinsic(key, value) or {key: _readable(value)}
            if "Effect" in part:
                part = _in_order(part, _STATEMENT)
            return {key: _readable(value) for key, value in part.items()}
        case list() | tuple():
            return [_readable(value) for value in part]
        case _:
            return part


def _intrinsic(key: str, value: Any) -> _Short | None:
    """The short form, unless the argument is itself a short form: YAML allows one tag on a value."""
    if key == "Ref" or (key == "Condition" and isinstance(value, str)):
        return _Short(f"!{key}", value)
    if not key.startswith("Fn::"):
        return None
    tag = f"!{key[4:]}"
    if key == "Fn::GetAtt" and isinstance(value, list) and all(isinstance(name, str) for name in value):
        return _Short(tag, ".".join(value))
    readable = _readable(value)
    return None if isinstance(readable, _Short) else _Short(tag, readable)


def _is_flat(values: list[Any]) -> bool:
    """A list that reads better on one line: plain scalars and short forms of scalars."""
    plain = all(_is_scalar(value) for value in values)
    return plain and sum(len(str(getattr(value, "value", value))) + 8 for value in values) <= _FLOW_WIDTH


def _is_scalar(value: Any) -> bool:
    if isinstance(value, _Short):
        return not isinstance(value.value, (list, dict)) or (isinstance(value.value, list) and _is_flat(value.value))
    return not isinstance(value, (list, dict)) and "\n" not in str(value)
