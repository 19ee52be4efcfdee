"""What a resource should be: its template entry resolved, checked by its schema, and compared with what exists."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from . import schema, services
from .errors import CfnError, ResourceError
from .intrinsic import resolve
from .lookup import StackLookup, is_custom
from .model import JSON, Resource
from .schema import Schema
from .template import ResourceSpec

_DYNAMIC = re.compile(r"\{\{resolve:(ssm|ssm-secure|secretsmanager):([^}]+)\}\}")


@dataclass(frozen=True, slots=True)
class Desired:
    properties: dict[str, JSON]
    tags: dict[str, str]
    deletion_policy: str
    replace_policy: str


@dataclass(frozen=True, slots=True)
class Difference:
    """`changed` are top-level property names; `replaced` those of them, or paths in them, that need a new resource."""

    changed: tuple[str, ...]
    replaced: tuple[str, ...]
    conditional: tuple[str, ...]
    tags: bool

    def __bool__(self) -> bool:
        return bool(self.changed or self.tags)


def desired(spec: ResourceSpec, lookup: StackLookup, stack_tags: Mapping[str, str], *, strict: bool = True) -> Desired:
    """ResourceError when the values do not fit the type's schema (`strict`), or a reference has no value."""
    try:
        properties = resolve(spec.properties, lookup)
        policies = [resolve(policy, lookup) for policy in (spec.deletion_policy, spec.replace_policy)]
    except CfnError as error:
        raise ResourceError(error.message) from error
    kind = schema.of(spec.type, lookup.scope.region)
    if kind is None:
        raise ResourceError(f"Unrecognized resource type {spec.type}")
    if "{{resolve:" in str(properties):
        properties = dynamic(properties, lookup)
    properties, errors = kind.normalise(properties)
    if errors and strict and not is_custom(spec.type):
        raise refused(spec.logical_id, errors)
    tags = {**stack_tags, **own_tags(kind, properties)}
    return Desired(properties, tags, policies[0] or "Delete", policies[1] or "Delete")


def refused(logical_id: str, errors: list[str]) -> ResourceError:
    """Schema violations in CloudFormation's words."""
    for error in errors:
        if match := re.fullmatch(r"#: extraneous key \[(.+)\] is not permitted", error):
            return ResourceError(f"Encountered unsupported property {match[1]}", "InvalidRequest")
    listed = ", ".join(errors)
    return ResourceError(
        f"Properties validation failed for resource {logical_id} with message:\n[{listed}]", "InvalidRequest"
    )


def own_tags(kind: Schema, properties: Mapping[str, JSON]) -> dict[str, str]:
    tags = properties.get(kind.tags) if kind.tags else None
    match tags:
        case dict():
            return {str(key): str(value) for key, value in tags.items()}
        case list():
            return {
                str(tag["Key"]): str(tag.get("Value", "")) for tag in tags if isinstance(tag, dict) and "Key" in tag
            }
        case _:
            return {}


def dynamic(value: JSON, lookup: StackLookup) -> JSON:
    """Replace `{{resolve:ssm:name:version}}` and its kin by what the account's stores hold."""
    match value:
        case dict():
            return {key: dynamic(item, lookup) for key, item in value.items()}
        case list():
            return [dynamic(item, lookup) for item in value]
        case str():
            return _DYNAMIC.sub(lambda match: _fetched(match[1], match[2], lookup), value)
        case _:
            return value


def _fetched(service: str, reference: str, lookup: StackLookup) -> str:
    if service == "secretsmanager":
        found = services.secret(lookup.scope, reference)
    else:
        found = services.stored_parameter(lookup.scope, reference)
    if found is None:
        name = reference.split(":")[0]
        raise ResourceError(f"Parameter {name} not found. (Service: Ssm, Status Code: 400)", "NotFound")
    return found


def difference(kind: Schema, old: Resource, wanted: Desired) -> Difference:
    before, after = old.properties, wanted.properties
    if before == after and old.tags == wanted.tags:
        return Difference((), (), (), False)
    changed = tuple(sorted(key for key in before.keys() | after.keys() if before.get(key) != after.get(key)))
    return Difference(
        changed,
        _touched(kind.create_only, before, after),
        _touched(kind.conditional, before, after),
        old.tags != wanted.tags,
    )


def _touched(paths: frozenset[str], before: Mapping[str, JSON], after: Mapping[str, JSON]) -> tuple[str, ...]:
    return tuple(sorted(path for path in paths if _at(before, path) != _at(after, path)))


def _at(value: JSON, path: str) -> JSON:
    for part in path.split("/"):
        if part == "*" or not isinstance(value, dict):
            return value
        value = value.get(part)
    return value
