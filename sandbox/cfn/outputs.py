"""A stack's outputs, and the exports and import locks that come with them."""

from __future__ import annotations

from collections.abc import Mapping

from .errors import CfnError, DeploymentError, invalid
from .intrinsic import NO_VALUE, resolve, text
from .model import JSON, Export, Output, Stack
from .preparation import Prepared
from .registry import Registry


class Outputs:
    def __init__(self, registry: Registry, stack: Stack, prepared: Prepared) -> None:
        self.registry = registry
        self.stack = stack
        self.prepared = prepared

    def publish(self) -> None:
        """Resolve and register; DeploymentError for a name that is taken, or one that others import and would lose."""
        try:
            outputs = tuple(
                output
                for key, spec in self.prepared.template.outputs.items()
                if (output := self._output(key, spec)) is not None
            )
        except CfnError as error:
            raise DeploymentError(error.message) from error
        with self.registry.lock:
            self._check(outputs)
            self._register(outputs)
        self.stack.outputs = outputs
        self.stack.imports = frozenset(self.prepared.lookup.imports)

    def restore(self) -> None:
        """Register what the stack's record says again (after a rollback)."""
        with self.registry.lock:
            self._register(self.stack.outputs)

    def _output(self, key: str, spec: Mapping[str, JSON]) -> Output | None:
        lookup = self.prepared.lookup
        if "Condition" in spec and not lookup.condition(spec["Condition"]):
            return None
        value = resolve(spec["Value"], lookup)
        if value is NO_VALUE:
            return None
        if isinstance(value, list | dict):
            raise invalid(
                f"Template format error: Output {key} is malformed. "
                "The Value field of every Outputs member must evaluate to a String."
            )
        export = resolve((spec.get("Export") or {}).get("Name"), lookup)
        name = None if export in (None, NO_VALUE) else text(export)
        return Output(key, text(value), spec.get("Description"), name)

    def _check(self, outputs: tuple[Output, ...]) -> None:
        exports = self.registry.home(self.stack.account, self.stack.region).exports
        fresh = {output.export_name: output.value for output in outputs if output.export_name}
        for name in fresh:
            if name in exports and exports[name].stack_id != self.stack.stack_id:
                raise DeploymentError(
                    f"Export with name {name} is already exported by stack {exports[name].stack_name}. "
                )
        for name, export in exports.items():
            if export.stack_id != self.stack.stack_id or fresh.get(name) == export.value:
                continue
            users = importers(self.registry, self.stack, name)
            if users:
                verb = "updated" if name in fresh else "deleted"
                raise DeploymentError(f"Export {name} cannot be {verb} as it is in use by {users[0]}")

    def _register(self, outputs: tuple[Output, ...]) -> None:
        stack = self.stack
        exports = self.registry.home(stack.account, stack.region).exports
        for name in [name for name, export in exports.items() if export.stack_id == stack.stack_id]:
            del exports[name]
        for output in outputs:
            if output.export_name:
                exports[output.export_name] = Export(output.export_name, output.value, stack.stack_id, stack.name)


def importers(registry: Registry, stack: Stack, name: str) -> list[str]:
    """Names of living stacks beside this one that import the export."""
    living = registry.home(stack.account, stack.region).living
    return sorted(other.name for other in list(living.values()) if name in other.imports and other is not stack)
