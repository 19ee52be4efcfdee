"""One instance at a time: create, update or delete the stack in its account, and say how it went."""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass

from sandbox.cfn.engine import Engine
from sandbox.cfn.errors import CfnError, ResourceError
from sandbox.cfn.model import Stack, StackRequest
from sandbox.stacksets.model import Definition, DriftedResource, Instance, StackSet

STORED_SCHEME = "stackset:"

# A set's name is cut so that `StackSet-<name>-<uuid>` stays within the 128 characters of a stack name.
_NAME_ROOM = 128 - len("StackSet--") - 36
_NEVER_MADE = frozenset({"ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "REVIEW_IN_PROGRESS"})


@dataclass(frozen=True)
class Outcome:
    """`reason` is set when it failed; `inoperable` when the stack is left in a state that StackSets cannot leave."""

    stack_id: str | None
    reason: str | None = None
    inoperable: bool = False


def deploy(engine: Engine, stack_set: StackSet, instance: Instance) -> Outcome:
    """Bring the instance's stack to the set's definition, making it anew if it was never made."""
    definition = stack_set.definition
    try:
        existing = _existing(engine, instance)
        if existing is not None and existing.status not in _NEVER_MADE:
            return _updated(engine, definition, instance, existing)
        if existing is not None:
            engine.delete_stack(instance.account, instance.region, existing.stack_id, wait=True)
        name = f"StackSet-{stack_set.name[:_NAME_ROOM]}-{uuid.uuid4()}"
        made = engine.create_stack(_request(definition, instance, name), wait=True)
        return _outcome(made, "CREATE_COMPLETE")
    except CfnError as error:
        return Outcome(instance.stack_id, error.message)


def remove(engine: Engine, instance: Instance) -> Outcome:
    """Delete the instance's stack; one that is gone already counts as deleted."""
    try:
        existing = _existing(engine, instance)
        if existing is None:
            return Outcome(instance.stack_id)
        engine.delete_stack(instance.account, instance.region, existing.stack_id, wait=True)
        outcome = _outcome(engine.stack(instance.account, instance.region, existing.stack_id), "DELETE_COMPLETE")
    except CfnError as error:
        outcome = Outcome(instance.stack_id, error.message)
    return Outcome(outcome.stack_id, outcome.reason, inoperable=outcome.reason is not None)


def drifted(engine: Engine, instance: Instance) -> tuple[DriftedResource, ...]:
    """The resources of the instance's stack that faults say have drifted; live resources are not compared."""
    stack = _existing(engine, instance)
    found = []
    for name, one in stack.resources.items() if stack else ():
        try:
            engine.registry.hooks.before(instance.account, instance.region, "drift", one.type, name)
        except ResourceError as difference:
            found.append(DriftedResource(name, one.physical_id or "", one.type, f"/{difference}"))
    return tuple(found)


def stored_url(body: str) -> str:
    """The name by which the engine reads a set's template back; a body given directly is limited to 51,200 bytes."""
    return STORED_SCHEME + hashlib.sha256(body.encode()).hexdigest()


def _existing(engine: Engine, instance: Instance) -> Stack | None:
    if instance.stack_id is None:
        return None
    stack = engine.stack(instance.account, instance.region, instance.stack_id)
    return None if stack.status == "DELETE_COMPLETE" else stack


def _updated(engine: Engine, definition: Definition, instance: Instance, existing: Stack) -> Outcome:
    request = _request(definition, instance, existing.name)
    try:
        return _outcome(engine.update_stack(request, wait=True), "UPDATE_COMPLETE")
    except CfnError as error:
        if "No updates are to be performed" in error.message:
            return Outcome(existing.stack_id)
        raise


def _request(definition: Definition, instance: Instance, name: str) -> StackRequest:
    return StackRequest(
        account=instance.account,
        region=instance.region,
        name=name,
        template_url=stored_url(definition.template_body),
        parameters={**definition.parameters, **instance.overrides},
        capabilities=definition.capabilities,
        tags=definition.tags,
    )


def _outcome(stack: Stack, wanted: str) -> Outcome:
    if stack.status == wanted:
        return Outcome(stack.stack_id)
    return Outcome(stack.stack_id, _cause(stack), inoperable=stack.status == "UPDATE_ROLLBACK_FAILED")


def _cause(stack: Stack) -> str:
    """The first failed resource of the last operation, worded as StackSets words it."""
    started = max((i for i, e in enumerate(stack.events) if _starts(stack, e.physical_id, e.status)), default=0)
    for event in stack.events[started:]:
        if event.status.endswith("_FAILED") and event.physical_id != stack.stack_id:
            return (
                f"ResourceLogicalId:{event.logical_id}, ResourceType:{event.type}, ResourceStatusReason:{event.reason}."
            )
    return stack.reason or f"Stack {stack.stack_id} is in {stack.status} state"


def _starts(stack: Stack, physical_id: str, status: str) -> bool:
    return physical_id == stack.stack_id and status in (
        "CREATE_IN_PROGRESS",
        "UPDATE_IN_PROGRESS",
        "DELETE_IN_PROGRESS",
    )
