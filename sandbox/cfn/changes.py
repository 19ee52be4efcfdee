"""What an update would do, without doing it: the changes of a change set, and whether there are any."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace

from . import schema
from .desire import Desired, Difference, desired, difference
from .intake import intake
from .intrinsic import KNOWN_AFTER_APPLY, resolve, text
from .lookup import NESTED, StackLookup
from .model import JSON, Change, ChangeDetail, Resource, Stack
from .nested import nested_request
from .preparation import Prepared
from .references import references
from .registry import Registry
from .template import ResourceSpec

Source = str


@dataclass
class Nested:
    """A nested stack's own preview."""

    preview: Preview
    changes: list[Change]


class Preview:
    """Walks the new template in order; resources that will be new or replaced have values nobody knows yet.

    Without `include_nested` an existing nested stack is listed as changed, unseen, as AWS does.
    """

    def __init__(self, registry: Registry, stack: Stack, prepared: Prepared, *, include_nested: bool = False) -> None:
        self.include_nested = include_nested
        self.children: dict[str, Nested] = {}
        self.registry = registry
        self.stack = stack
        self.prepared = prepared
        self.existing = {
            name: item
            for name, item in stack.resources.items()
            if item.physical_id and item.status != "DELETE_COMPLETE"
        }
        self.unknown: set[str] = set()
        self.touched: set[str] = set()

    def changes(self) -> list[Change]:
        """In dependency order, removals last."""
        found: list[Change] = []
        for name in self.prepared.graph.order:
            change = self._resource(name)
            if change is not None:
                found.append(change)
        present = self.prepared.graph.needs
        return found + [self._removal(item) for name, item in self.existing.items() if name not in present]

    def _removal(self, item: Resource) -> Change:
        kept = item.deletion_policy in ("Retain", "RetainExceptOnCreate")
        return Change(
            "Remove", item.logical_id, item.physical_id, item.type, policy_action="Retain" if kept else "Delete"
        )

    def _lookup(self) -> StackLookup:
        base = self.prepared.lookup
        lookup = StackLookup(
            base.template,
            self.registry.scope(self.stack),
            base.values,
            notification_arns=base.notification_arns,
            resources=self.existing,
            find_export=base.find_export,
            unknown=frozenset(self.unknown),
        )
        lookup.imports = base.imports
        return lookup

    def _resource(self, name: str) -> Change | None:
        spec = self.prepared.template.resources[name]
        old = self.existing.get(name)
        if old is None:
            self.unknown.add(name)
            if spec.type == NESTED and self.include_nested:
                self._look_inside(name, desired(spec, self._lookup(), self.prepared.tags, strict=False), None)
            return Change("Add", name, None, spec.type)
        wanted = desired(spec, self._lookup(), self.prepared.tags, strict=False)
        kind = schema.of(spec.type, self.stack.region)
        assert kind is not None
        found = difference(kind, old, wanted)
        if spec.type == NESTED and self.include_nested:
            inside = self._look_inside(name, wanted, old)
            if not inside and not found:
                return None
        elif not found and spec.type != NESTED:
            return None
        return self._modification(spec, old, wanted, found)

    def _look_inside(self, name: str, wanted: Desired, old: Resource | None) -> bool:
        """Preview a nested stack; its outputs become what the preview says. True if it changes."""
        scope = self.registry.scope(self.stack, name, wanted.tags)
        child = self.registry.by_id(old.physical_id) if old else None
        request = nested_request(scope, wanted.properties, child.name if child else f"{self.stack.name}-{name}",
                                 self.prepared.request.capabilities, None)  # fmt: skip
        prepared = intake(self.registry, request, child)
        stack = child or Stack(scope.stack_id, request.name, scope.account, scope.region, self.stack.created,
                               "REVIEW_IN_PROGRESS", request, prepared.body)  # fmt: skip
        preview = Preview(self.registry, stack, prepared, include_nested=True)
        changes = preview.changes()
        self.children[name] = Nested(preview, changes)
        if old is None:
            return True
        after = preview.outputs()
        self.existing[name] = replace(old, attributes={f"Outputs.{key}": value for key, (value, _) in after.items()})
        return bool(changes) or preview.outputs_differ() or stack.tags != dict(prepared.tags)

    def _modification(self, spec: ResourceSpec, old: Resource, wanted: Desired, found: Difference) -> Change:
        dynamic = [key for key in found.changed if KNOWN_AFTER_APPLY in str(wanted.properties.get(key))]
        certain = [path for path in found.replaced if path.split("/")[0] not in dynamic]
        replacement = "True" if certain else "Conditional" if found.replaced or found.conditional else "False"
        if replacement == "True" or (spec.type == NESTED and not self.include_nested):
            self.unknown.add(spec.logical_id)
        self.touched.add(spec.logical_id)
        details = tuple(self._details(spec, old, wanted, found, dynamic))
        scope = tuple(sorted({detail.attribute for detail in details}))
        return Change(
            "Modify", spec.logical_id, old.physical_id, spec.type, replacement, scope, details,  # type: ignore[arg-type]
            policy_action="ReplaceAndRetain" if replacement == "True" and old.replace_policy == "Retain"
            else "ReplaceAndDelete" if replacement == "True" else None,
        )  # fmt: skip

    def _details(
        self, spec: ResourceSpec, old: Resource, wanted: Desired, found: Difference, dynamic: list[str]
    ) -> Iterable[ChangeDetail]:
        replaced = {path.split("/")[0] for path in found.replaced}
        conditional = {path.split("/")[0] for path in found.conditional}
        for key in found.changed:
            recreation = "Always" if key in replaced else "Conditionally" if key in conditional else "Never"
            source, cause = self._source(spec.properties.get(key))
            attribute = "Tags" if key == "Tags" else "Properties"
            yield ChangeDetail(
                attribute, None if attribute == "Tags" else key, recreation,  # type: ignore[arg-type]
                "Dynamic" if key in dynamic else "Static", source, cause,  # type: ignore[arg-type]
                _shown(old.properties.get(key)), _shown(wanted.properties.get(key)),
            )  # fmt: skip
        if found.tags and "Tags" not in found.changed:
            yield ChangeDetail("Tags", None, "Never", "Static", "DirectModification")
        if spec.type == NESTED and not found:
            yield ChangeDetail("Properties", None, "Never", "Dynamic", "Automatic")

    def _source(self, node: JSON) -> tuple[Source, str | None]:
        for function, name, attribute in references(node):
            if name in self.touched or name in self.unknown:
                if function == "Fn::GetAtt":
                    return "ResourceAttribute", f"{name}.{attribute}"
                return "ResourceReference", name
        for function, name, _ in references(node):
            if function == "Ref" and self.stack.values.get(name) != self.prepared.parameters.values.get(name):
                return "ParameterReference", name
        return "DirectModification", None

    def outputs(self) -> dict[str, tuple[str, JSON]]:
        """Each output's value and export name after the update, as far as they can be known."""
        lookup = self._lookup()
        after: dict[str, tuple[str, JSON]] = {}
        for key, spec in self.prepared.template.outputs.items():
            if "Condition" not in spec or lookup.condition(spec["Condition"]):
                export = (spec.get("Export") or {}).get("Name")
                after[key] = (text(resolve(spec["Value"], lookup)), resolve(export, lookup) if export else None)
        return after

    def outputs_differ(self) -> bool:
        return self.outputs() != {output.key: (output.value, output.export_name) for output in self.stack.outputs}


def _shown(value: JSON) -> str | None:
    if value is None:
        return None
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True, separators=(",", ":"))


def differs(registry: Registry, stack: Stack, prepared: Prepared) -> bool:
    """Whether an update would change anything; a nested stack always might."""
    preview = Preview(registry, stack, prepared)
    return bool(preview.changes()) or stack.tags != dict(prepared.tags) or preview.outputs_differ()
