"""Taking back one step of an update: the resource is again what it was."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from .errors import DeploymentError, ResourceError
from .handler import Task, safely
from .handlers.table import handler_of
from .lookup import NESTED
from .model import Resource, Stack
from .registry import Registry


@dataclass
class Step:
    """Something done to a resource that `revert` would take back."""

    logical_id: str
    action: Literal["created", "updated", "replaced", "recreated"]
    old: Resource | None = None


def undo(registry: Registry, stack: Stack, step: Step, made: list[Resource]) -> None:
    """Take one step back; what it had made is added to `made`, to be deleted in the cleanup."""
    current = stack.resources.get(step.logical_id)
    if step.old is None:
        if current is not None:
            del stack.resources[step.logical_id]
            made.append(current)
        return
    assert current is not None
    registry.mark(stack, step.old, "UPDATE_IN_PROGRESS")
    try:
        restored = _restore(registry, stack, step, current, made)
    except ResourceError as error:
        registry.mark(stack, current, "UPDATE_FAILED", error.reason)
        raise DeploymentError(f"The following resource(s) failed to update: [{step.logical_id}]. ") from error
    stack.resources[step.logical_id] = restored
    registry.mark(stack, restored, "UPDATE_COMPLETE")


def _restore(registry: Registry, stack: Stack, step: Step, current: Resource, made: list[Resource]) -> Resource:
    old = step.old
    assert old is not None
    handler = handler_of(old.type)
    scope = registry.scope(stack, old.logical_id, old.tags)
    registry.before(stack, "update", old.type, old.logical_id)
    if step.action in ("replaced", "recreated"):
        if current.physical_id and current.physical_id != old.physical_id:
            made.append(current)
        if step.action == "replaced":
            return old
        again = safely(handler.create, Task(scope, old.type, old.properties, registry))
        return replace(old, physical_id=again.physical_id, attributes=again.attributes)
    if handler.update is not None and old.type != NESTED:
        back = safely(handler.update, Task(scope, old.type, old.properties, registry, current))
        return replace(old, physical_id=back.physical_id, attributes=back.attributes)
    return old
