"""Nested stacks as resources of their parents: what a stack of stacks comes back to.

The engine hands CHILDREN to the registry, so that the table of handlers need not know the deployment that uses it.
"""

from __future__ import annotations

from . import naming
from .changes import differs
from .deletion import Deletion
from .deployment import Deployment
from .errors import CfnError, DeploymentError, MissingError, ResourceError
from .handler import Children, Made, Task
from .intake import intake
from .model import JSON, Stack, StackRequest
from .nested import nested_request


def _request(task: Task, name: str) -> StackRequest:
    parent = task.registry.by_id(task.scope.stack_id)
    return nested_request(task.scope, task.properties, name, parent.capabilities, parent)


def _attributes(child: Stack) -> dict[str, JSON]:
    return {f"Outputs.{output.key}": output.value for output in child.outputs}


def _create(task: Task) -> Made:
    registry = task.registry
    name = naming.generated_name(task.scope, 128)
    try:
        prepared = intake(registry, _request(task, name), None)
        child = registry.new_stack(prepared.request, prepared.body, "CREATE_IN_PROGRESS")
    except CfnError as error:
        raise ResourceError(error.message) from error
    child.parent_id, child.root_id = prepared.request.parent_id, prepared.request.root_id
    registry.status(child, "CREATE_IN_PROGRESS", "User Initiated")
    if task.deployment is not None:
        registry.mark_physical(task.scope, child.stack_id)
    deployment = Deployment(registry, child, prepared, creating=True)
    try:
        deployment.apply()
    except DeploymentError as error:
        registry.status(child, "CREATE_FAILED", error.reason)
        reason = f"Embedded stack {child.stack_id} was not successfully created: {error.reason}"
        raise ResourceError(reason.strip(), physical_id=child.stack_id) from error
    registry.status(child, "CREATE_COMPLETE")
    return Made(child.stack_id, _attributes(child))


def _update(task: Task) -> Made:
    """Converge the child now; what it replaced is deleted when its parent commits."""
    registry = task.registry
    child = registry.by_id(task.physical_id)
    try:
        prepared = intake(registry, _request(task, child.name), child)
    except CfnError as error:
        raise ResourceError(error.message) from error
    if not differs(registry, child, prepared):
        return Made(child.stack_id, _attributes(child))
    deployment = Deployment(registry, child, prepared, creating=False)
    if task.deployment is not None:
        task.deployment.children.append(deployment)
    registry.status(child, "UPDATE_IN_PROGRESS", "User Initiated")
    child.updated = registry.hooks.now()
    try:
        deployment.apply()
    except DeploymentError as error:
        registry.status(child, "UPDATE_FAILED", error.reason)
        reason = f"Embedded stack {child.stack_id} was not successfully updated. {error.reason}"
        raise ResourceError(reason.strip()) from error
    registry.status(child, "UPDATE_COMPLETE")
    return Made(child.stack_id, _attributes(child))


def _delete(task: Task) -> None:
    registry = task.registry
    try:
        child = registry.by_id(task.physical_id)
    except CfnError as error:
        raise MissingError(error.message) from error
    if child.status == "DELETE_COMPLETE":
        return
    creating = child.status == "CREATE_FAILED"
    registry.status(child, "DELETE_IN_PROGRESS")
    failed = Deletion(registry, child).all(creating=creating)
    if failed:
        reason = f"The following resource(s) failed to delete: [{', '.join(failed)}]. "
        registry.status(child, "DELETE_FAILED", reason)
        raise ResourceError(reason)
    child.deleted = registry.hooks.now()
    registry.status(child, "DELETE_COMPLETE")
    registry.retire(child)


CHILDREN = Children(_create, _update, _delete)
