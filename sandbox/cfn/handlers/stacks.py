"""The types that are stacks themselves: nested stacks and stack sets."""

from __future__ import annotations

from collections.abc import Mapping

from ..handler import Handler, Made, Task


def _create(task: Task) -> Made:
    return task.registry.children.create(task)


def _update(task: Task) -> Made:
    return task.registry.children.update(task)


def _delete(task: Task) -> None:
    task.registry.children.delete(task)


def _create_set(task: Task) -> Made:
    physical_id = task.registry.hooks.stack_set_resource("create", task.scope, None, task.properties)
    return Made(physical_id, {"StackSetId": physical_id})


def _update_set(task: Task) -> Made:
    physical_id = task.registry.hooks.stack_set_resource("update", task.scope, task.physical_id, task.properties)
    return Made(physical_id, {"StackSetId": physical_id})


def _delete_set(task: Task) -> None:
    task.registry.hooks.stack_set_resource("delete", task.scope, task.physical_id, task.properties)


HANDLERS: Mapping[str, Handler] = {
    "AWS::CloudFormation::Stack": Handler(create=_create, update=_update, delete=_delete, slow=True),
    "AWS::CloudFormation::StackSet": Handler(create=_create_set, update=_update_set, delete=_delete_set, slow=True),
}
