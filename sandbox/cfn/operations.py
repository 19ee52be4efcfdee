"""The course of a whole operation on one top-level stack: its statuses from start to end, failures included."""

from __future__ import annotations

from .deletion import Deletion
from .deployment import Deployment
from .errors import DeploymentError
from .model import Stack
from .registry import Registry

USER = "User Initiated"


def create(registry: Registry, stack: Stack, deployment: Deployment) -> None:
    """CREATE_IN_PROGRESS has been set by the caller; ends CREATE_COMPLETE, CREATE_FAILED, ROLLBACK_… or deleted."""
    try:
        deployment.apply()
    except DeploymentError as error:
        _create_failed(registry, stack, deployment, error.reason)
        return
    registry.status(stack, "CREATE_COMPLETE")


def _create_failed(registry: Registry, stack: Stack, deployment: Deployment, reason: str) -> None:
    request = deployment.prepared.request
    on_failure = "DO_NOTHING" if request.disable_rollback else request.on_failure
    if on_failure == "DO_NOTHING":
        registry.status(stack, "CREATE_FAILED", reason)
        return
    if on_failure == "DELETE":
        registry.status(stack, "DELETE_IN_PROGRESS", f"{reason.rstrip()} Delete requested by user.")
        delete(registry, stack, frozenset(), creating=True)
        return
    registry.status(stack, "ROLLBACK_IN_PROGRESS", f"{reason.rstrip()} Rollback requested by user.")
    failed = Deletion(registry, stack).all(creating=True)
    stack.outputs = ()
    deployment.outputs.restore()
    if failed:
        registry.status(
            stack, "ROLLBACK_FAILED", f"The following resource(s) failed to delete: [{', '.join(failed)}]. "
        )
    else:
        registry.status(stack, "ROLLBACK_COMPLETE")


def update(registry: Registry, stack: Stack, deployment: Deployment) -> None:
    """UPDATE_IN_PROGRESS has been set by the caller."""
    try:
        deployment.apply()
    except DeploymentError as error:
        if deployment.prepared.request.disable_rollback:
            registry.status(stack, "UPDATE_FAILED", error.reason)
            return
        registry.status(stack, "UPDATE_ROLLBACK_IN_PROGRESS", error.reason)
        roll_back(registry, stack, deployment, frozenset())
        return
    registry.status(stack, "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")
    deployment.commit()
    registry.status(stack, "UPDATE_COMPLETE")


def roll_back(registry: Registry, stack: Stack, deployment: Deployment, skip: frozenset[str]) -> None:
    """UPDATE_ROLLBACK_IN_PROGRESS has been set; a second failure leaves the deployment for continue_update_rollback."""
    try:
        deployment.revert(skip)
    except DeploymentError as error:
        registry.broken[stack.stack_id] = deployment
        registry.status(stack, "UPDATE_ROLLBACK_FAILED", error.reason)
        return
    registry.broken.pop(stack.stack_id, None)
    registry.status(stack, "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS")
    deployment.discard()
    registry.status(stack, "UPDATE_ROLLBACK_COMPLETE")


def delete(registry: Registry, stack: Stack, retain: frozenset[str], *, creating: bool = False) -> None:
    """DELETE_IN_PROGRESS has been set by the caller."""
    failed = Deletion(registry, stack).all(retain, creating=creating)
    if failed:
        registry.status(stack, "DELETE_FAILED", f"The following resource(s) failed to delete: [{', '.join(failed)}]. ")
        return
    stack.deleted = registry.hooks.now()
    registry.status(stack, "DELETE_COMPLETE")
    registry.retire(stack)
