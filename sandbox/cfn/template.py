"""Template text becomes a checked, immutable Template: YAML or JSON, short tags spelled out, dates left as strings."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import yaml

from .errors import CfnError, invalid
from .model import JSON

BODY_LIMIT = 51_200
URL_LIMIT = 1_000_000
SECTIONS = frozenset(
    {"AWSTemplateFormatVersion", "Description", "Metadata", "Parameters", "Mappings", "Conditions", "Rules"}
    | {"Transform", "Resources", "Outputs", "Hooks"}
)
RESOURCE_KEYS = frozenset(
    {"Type", "Properties", "Condition", "DependsOn", "DeletionPolicy", "UpdateReplacePolicy", "Metadata"}
    | {"CreationPolicy", "UpdatePolicy", "Description"}
)
POLICIES = frozenset({"Delete", "Retain", "Snapshot", "RetainExceptOnCreate"})
LANGUAGE_EXTENSIONS = "AWS::LanguageExtensions"


@dataclass(frozen=True, eq=False)
class ResourceSpec:
    """A resource as the template declares it, unresolved."""

    logical_id: str
    type: str
    properties: JSON
    condition: str | None
    depends_on: tuple[str, ...]
    deletion_policy: JSON
    replace_policy: JSON
    metadata: JSON


@dataclass(frozen=True, eq=False)
class Template:
    """One per text: `parse` returns the same object for the same text, so it can key caches."""

    document: Mapping[str, JSON]
    description: str | None
    parameters: Mapping[str, Mapping[str, JSON]]
    mappings: Mapping[str, JSON]
    conditions: Mapping[str, JSON]
    rules: Mapping[str, JSON]
    resources: Mapping[str, ResourceSpec]
    outputs: Mapping[str, Mapping[str, JSON]]
    transforms: tuple[str, ...]


class _Loader(yaml.CSafeLoader):
    """libyaml's loader with CloudFormation's tags; each instance parses one text."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.CSafeLoader.yaml_implicit_resolvers.items()
}


def _tag(loader: Any, suffix: str, node: yaml.Node) -> JSON:
    match node:
        case yaml.ScalarNode():
            value: JSON = loader.construct_scalar(node)
        case yaml.SequenceNode():
            value = loader.construct_sequence(node, deep=True)
        case _:
            value = loader.construct_mapping(node, deep=True)
    if suffix in ("Ref", "Condition"):
        return {suffix: value}
    if suffix == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {f"Fn::{suffix}": value}


_Loader.add_multi_constructor("!", _tag)


def checked_size(body: str, limit: int) -> str:
    """The body itself; refuses one over AWS's limit (51,200 bytes inline, 1 MB in S3)."""
    if len(body) * 4 > limit and len(body.encode()) > limit:
        raise invalid(
            f"1 validation error detected: Value '{body[:40]}...' at 'templateBody' failed to satisfy constraint: "
            f"Member must have length less than or equal to {limit}"
        )
    return body


@lru_cache(maxsize=512)
def parse(body: str) -> Template:
    """Checks form and names; what depends on parameters, account or Region is checked by those who know them."""
    document = _load(body)
    if not isinstance(document, dict):
        raise invalid("Template format error: unsupported structure.")
    unknown = sorted(str(key) for key in document if key not in SECTIONS)
    if unknown:
        raise invalid(f"Invalid template property or properties [{', '.join(unknown)}]")
    return Template(
        document=document,
        description=_description(document),
        parameters=_section(document, "Parameters"),
        mappings=_section(document, "Mappings"),
        conditions=_section(document, "Conditions"),
        rules=_section(document, "Rules"),
        resources=_resources(document),
        outputs=_outputs(document),
        transforms=_transforms(document),
    )


def _load(body: str) -> JSON:
    if not body.strip():
        raise invalid("1 validation error detected: Value '' at 'templateBody' failed to satisfy constraint: "
                      "Member must have length greater than or equal to 1")  # fmt: skip
    try:
        if body.lstrip().startswith("{"):
            return json.loads(body)
        return yaml.load(body, Loader=_Loader)
    except json.JSONDecodeError as error:
        where = f"(line {error.lineno}, column {error.colno})"
        raise invalid(f"Template format error: JSON not well-formed. {where}") from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f"(line {mark.line + 1}, column {mark.column + 1})" if mark else ""
        raise invalid(f"Template format error: YAML not well-formed. {where}") from error
    except (ValueError, yaml.YAMLError) as error:
        raise invalid(f"Template format error: {error}") from error


def _description(document: Mapping[str, JSON]) -> str | None:
    text = document.get("Description")
    if text is not None and not isinstance(text, str):
        raise invalid("Template format error: Every Description member must be a string.")
    return text


def _section(document: Mapping[str, JSON], name: str) -> Mapping[str, JSON]:
    section = document.get(name) or {}
    if not isinstance(section, dict):
        raise invalid(f"Template format error: {name} member must be an object.")
    for key, value in section.items():
        if not isinstance(value, dict):
            raise invalid(f"Template format error: Every {name} member must be an object; {key} is not.")
    return section


def _outputs(document: Mapping[str, JSON]) -> Mapping[str, Mapping[str, JSON]]:
    outputs = _section(document, "Outputs")
    for key, value in outputs.items():
        if "Value" not in value:
            raise invalid(f"Template format error: Output {key} is malformed. The Value field is required.")
    return outputs


def _transforms(document: Mapping[str, JSON]) -> tuple[str, ...]:
    given = document.get("Transform") or []
    names = tuple(str(name) for name in (given if isinstance(given, list) else [given]))
    for name in names:
        if name != LANGUAGE_EXTENSIONS:
            raise CfnError("ValidationError", f"No transform named {name} found.")
    return names


def _resources(document: Mapping[str, JSON]) -> Mapping[str, ResourceSpec]:
    section = _section(document, "Resources")
    if not section:
        raise invalid("Template format error: At least one Resources member must be defined.")
    return {name: _resource(name, body) for name, body in section.items()}


def _resource(name: str, body: Mapping[str, JSON]) -> ResourceSpec:
    if not re.fullmatch(r"[A-Za-z0-9]{1,255}", name):
        raise invalid(f"Template format error: Resource name {name} is non alphanumeric.")
    for key in body:
        if key not in RESOURCE_KEYS:
            raise invalid(f"Invalid template resource property '{key}'")
    kind = body.get("Type")
    if not isinstance(kind, str):
        raise invalid(f"Template format error: [/Resources/{name}] Every Resources object must contain a Type member.")
    properties = body.get("Properties")
    if properties is not None and not isinstance(properties, dict):
        raise invalid(f"Template format error: [/Resources/{name}] Every Properties member must be an object.")
    condition = body.get("Condition")
    if condition is not None and not isinstance(condition, str):
        raise invalid("Template format error: Every Condition member must be a string.")
    depends = body.get("DependsOn") or []
    return ResourceSpec(
        name,
        kind,
        properties or {},
        condition,
        tuple(depends) if isinstance(depends, list) else (str(depends),),
        _policy(body, "DeletionPolicy"),
        _policy(body, "UpdateReplacePolicy"),
        body.get("Metadata"),
    )


def _policy(body: Mapping[str, JSON], key: str) -> JSON:
    policy = body.get(key)
    if isinstance(policy, str) and policy not in POLICIES:
        raise invalid(f"Template error: Unrecognized {key} {policy} for resource")
    return policy
