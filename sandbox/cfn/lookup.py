"""What the names in one stack's template mean: parameters, pseudo parameters, conditions, resources, exports."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache

from . import naming, schema
from .errors import CfnError, invalid
from .intrinsic import KNOWN_AFTER_APPLY, NO_VALUE, resolve, truth
from .model import JSON, Resource, Scope
from .template import Template

NESTED = "AWS::CloudFormation::Stack"
PSEUDO = frozenset(
    f"AWS::{name}"
    for name in ("AccountId", "NotificationARNs", "NoValue", "Partition", "Region", "StackId", "StackName", "URLSuffix")
)


class StackLookup:
    """Implements intrinsic.Lookup over one stack.

    `resources` is read at each use, so it may grow while a stack is being made. `unknown` names the resources whose
    values a change set cannot know yet.
    """

    def __init__(
        self,
        template: Template,
        scope: Scope,
        values: Mapping[str, JSON],
        *,
        notification_arns: tuple[str, ...] = (),
        resources: Mapping[str, Resource] | None = None,
        find_export: Callable[[str], str | None] | None = None,
        unknown: frozenset[str] = frozenset(),
    ) -> None:
        self.template = template
        self.scope = scope
        self.values = values
        self.notification_arns = notification_arns
        self.resources = resources if resources is not None else {}
        self.find_export = find_export
        self.unknown = unknown
        self.imports: set[str] = set()
        self._conditions: dict[str, bool | None] = {}

    def ref(self, name: str) -> JSON:
        if name in self.values:
            return self.values[name]
        if name.startswith("AWS::"):
            return self._pseudo(name)
        if name in self.unknown:
            return KNOWN_AFTER_APPLY
        if name in self.resources:
            return self.resources[name].physical_id
        raise invalid(
            f"Template format error: Unresolved resource dependencies [{name}] in the Resources block of the template"
        )

    def _pseudo(self, name: str) -> JSON:
        scope = self.scope
        match name:
            case "AWS::AccountId":
                return scope.account
            case "AWS::Region":
                return scope.region
            case "AWS::Partition":
                return scope.partition
            case "AWS::URLSuffix":
                return scope.url_suffix
            case "AWS::StackName":
                return scope.stack_name
            case "AWS::StackId":
                return scope.stack_id
            case "AWS::NotificationARNs":
                return list(self.notification_arns)
            case "AWS::NoValue":
                return NO_VALUE
            case _:
                raise invalid(f"Template error: unresolved pseudo parameter {name}")

    def attribute(self, logical_id: str, attribute: str) -> JSON:
        if logical_id in self.unknown:
            return KNOWN_AFTER_APPLY
        resource = self.resources.get(logical_id)
        if resource is None:
            raise invalid(
                f"Template format error: Unresolved resource dependencies [{logical_id}] in the Resources block of the template"  # noqa: E501
            )
        if attribute in resource.attributes:
            return resource.attributes[attribute]
        return self._made_up(resource, attribute)

    def _made_up(self, resource: Resource, attribute: str) -> JSON:
        if is_custom(resource.type):
            where = f"{self.scope.stack_id}|{resource.logical_id}|{resource.physical_id}"
            raise invalid(
                f"CustomResource attribute error: Vendor response doesn't contain {attribute} attribute "
                f"in object {where}"
            )
        kind = schema.of(resource.type, self.scope.region)
        if kind is None or resource.type == NESTED:
            raise unsupported(resource.logical_id, attribute)
        path = attribute.replace(".", "/")
        return naming.attribute(kind, path, resource.physical_id, resource.properties, self.scope)

    def condition(self, name: str) -> bool:
        known = self._conditions.get(name, self)
        if known is None:
            raise invalid(f"Template format error: Circular dependency between conditions: [{name}]")
        if isinstance(known, bool):
            return known
        if name not in self.template.conditions:
            raise invalid(f"Template error: unresolved condition dependency {name} in Fn::If")
        self._conditions[name] = None
        result = self._conditions[name] = truth(resolve(self.template.conditions[name], self))
        return result

    def mapping(self, name: str, first: str, second: str) -> JSON:
        table = self.template.mappings.get(name)
        if table is None:
            raise invalid(
                f"Template error: Mapping named '{name}' is not present in the 'Mappings' section of template."
            )
        row = table.get(first)
        if not isinstance(row, dict) or second not in row:
            raise invalid(f"Template error: Unable to get mapping for {name}::{first}::{second}")
        return row[second]

    def imported(self, name: str) -> str:
        value = self.find_export(name) if self.find_export else None
        if value is None:
            raise CfnError("ValidationError", f"No export named {name} found.")
        self.imports.add(name)
        return value

    def zones(self, region: str) -> list[str]:
        return zones(region)


def is_custom(type_name: str) -> bool:
    return type_name.startswith("Custom::") or type_name == schema.CUSTOM


def unsupported(logical_id: str, attribute: str) -> CfnError:
    return invalid(f"Template error: resource {logical_id} does not support attribute type {attribute} in Fn::GetAtt")


@lru_cache(maxsize=64)
def zones(region: str) -> list[str]:
    """The Region's availability zones as the service layer knows them, so that subnets can be made there."""
    from moto.ec2.models.availability_zones_and_regions import RegionsAndZonesBackend

    return sorted(zone.name for zone in RegionsAndZonesBackend.zones.get(region, []))
