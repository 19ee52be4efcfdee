"""Types that no service here implements: an identifier of the right shape, kept unique, and nothing behind it."""

from __future__ import annotations

from .. import naming, schema
from ..errors import ResourceError
from ..handler import Handler, Made, Task


def _create(task: Task) -> Made:
    kind = schema.of(task.type, task.scope.region)
    assert kind is not None
    physical = naming.physical_id(kind, task.properties, task.scope)
    if not task.registry.claim(task.scope, task.type, physical):
        raise ResourceError(
            f"Resource of type '{task.type}' with identifier '{physical}' already exists.", "AlreadyExists"
        )
    return Made(physical)


def _update(task: Task) -> Made:
    return Made(task.physical_id)


def _delete(task: Task) -> None:
    task.registry.release(task.scope, task.type, task.physical_id)


HANDLER = Handler(create=_create, update=_update, delete=_delete, kind="recorded")
