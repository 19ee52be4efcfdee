"""One create or update of one stack: apply the template, then commit what it did or take it back."""

from __future__ import annotations

import threading
from dataclasses import replace

from . import graph, schema
from .deletion import Deletion
from .desire import Desired, Difference, desired, difference
from .errors import DeploymentError, ResourceError
from .handler import Handler, Task, safely
from .handlers.table import handler_of
from .lookup import NESTED
from .model import Resource, Stack
from .outputs import Outputs
from .preparation import Prepared
from .registry import Registry
from .reversal import Step, undo
from .template import ResourceSpec

CREATION = "Resource creation Initiated"
REPLACING = "Requested update requires the creation of a new physical resource; hence creating one."
SNAPSHOT = (
    *("parameters", "values", "no_echo", "tags", "capabilities", "description", "template_body", "outputs"),
    *("imports", "request", "role_arn", "notification_arns"),
)


class Deployment:
    """`apply` once, then either `commit`, or `revert` and `discard`; the caller sets the stack's statuses between them.

    Nothing old is deleted before `commit`, so `revert` finds it. Nested stacks' deployments are `children` and are
    committed and reverted with their parent.
    """

    def __init__(self, registry: Registry, stack: Stack, prepared: Prepared, *, creating: bool) -> None:
        self.registry = registry
        self.stack = stack
        self.prepared = prepared
        self.creating = creating
        self.children: list[Deployment] = []
        self.cancelled = threading.Event()
        self.steps: list[Step] = []
        self.obsolete: list[Resource] = []
        self.discarded: list[Resource] = []
        self.failed: dict[str, ResourceError] = {}
        self.outputs = Outputs(registry, stack, prepared)
        self.before = {name: getattr(stack, name) for name in SNAPSHOT}
        prepared.lookup.resources = stack.resources
        prepared.lookup.scope = registry.scope(stack)

    def apply(self) -> None:
        """DeploymentError when resources failed or an output cannot be; some are then made, and recorded in `steps`."""
        self._install()
        plan = self.prepared.graph
        self.failed = graph.run(plan.order, plan.needs, self._converge, self._is_slow)
        if self.failed:
            raise DeploymentError(self._failure())
        self.outputs.publish()

    def commit(self) -> None:
        """Delete what the new template no longer has and what was replaced; a failure there is only an event."""
        for child in self.children:
            child.commit()
        present = self.prepared.graph.needs
        removed = [resource for name, resource in self.stack.resources.items() if name not in present]
        if self.creating:
            return
        Deletion(self.registry, self.stack).clean([*self.obsolete, *removed], replaced=self.obsolete)
        for resource in removed:
            del self.stack.resources[resource.logical_id]

    def revert(self, skip: frozenset[str] = frozenset()) -> None:
        """Take an update back; DeploymentError when that fails too: call again to go on (`skip` gives some up)."""
        for name, value in self.before.items():
            setattr(self.stack, name, value)
        self.outputs.restore()
        while self.steps:
            step = self.steps[-1]
            if step.logical_id not in skip:
                undo(self.registry, self.stack, step, self.discarded)
            self.steps.pop()
        for child in reversed(self.children):
            self.registry.status(child.stack, "UPDATE_ROLLBACK_IN_PROGRESS")
            child.revert()

    def discard(self) -> None:
        """After `revert`: delete what the update had made."""
        for child in self.children:
            child.discard()
            self.registry.status(child.stack, "UPDATE_ROLLBACK_COMPLETE")
        Deletion(self.registry, self.stack).clean(self.discarded, creating=True)

    def _install(self) -> None:
        stack, prepared = self.stack, self.prepared
        request = prepared.request
        stack.request, stack.template_body = request, prepared.body
        stack.parameters = dict(prepared.parameters.given)
        stack.values = dict(prepared.parameters.values)
        stack.no_echo = prepared.parameters.no_echo
        stack.tags = dict(prepared.tags)
        stack.capabilities = request.capabilities
        stack.description = prepared.template.description
        stack.role_arn = request.role_arn or stack.role_arn
        stack.notification_arns = request.notification_arns or stack.notification_arns

    def _failure(self) -> str:
        created = [name for name in self.failed if self.stack.resources[name].status == "CREATE_FAILED"]
        updated = [name for name in self.failed if name not in created]
        parts = []
        if created:
            parts.append(f"The following resource(s) failed to create: [{', '.join(created)}]. ")
        if updated:
            parts.append(f"The following resource(s) failed to update: [{', '.join(updated)}]. ")
        return "".join(parts)

    def _handler(self, name: str) -> Handler:
        return handler_of(self.prepared.template.resources[name].type)

    def _is_slow(self, name: str) -> bool:
        return self._handler(name).slow

    def _task(self, spec: ResourceSpec, wanted: Desired, old: Resource | None) -> Task:
        scope = self.registry.scope(self.stack, spec.logical_id, wanted.tags)
        return Task(scope, spec.type, wanted.properties, self.registry, old, self)

    def _converge(self, name: str) -> None:
        if self.cancelled.is_set():
            raise self._refuse(name, ResourceError("Resource creation cancelled"))
        spec = self.prepared.template.resources[name]
        try:
            wanted = desired(spec, self.prepared.lookup, self.prepared.tags)
        except ResourceError as error:
            raise self._refuse(name, error) from error
        old = self.stack.resources.get(name)
        if old is None or not old.physical_id:
            self._create(spec, wanted)
        else:
            self._update(spec, wanted, old)

    def _refuse(self, name: str, error: ResourceError) -> ResourceError:
        """The resource fails before anything is tried."""
        existing = self.stack.resources.get(name)
        if existing is None:
            spec = self.prepared.template.resources[name]
            existing = self.stack.resources[name] = Resource(name, spec.type, "", "", self.registry.hooks.now())
            self.steps.append(Step(name, "created"))
            self.registry.mark(self.stack, existing, "CREATE_IN_PROGRESS")
            self.registry.mark(self.stack, existing, "CREATE_FAILED", error.reason)
        else:
            self.registry.mark(self.stack, existing, "UPDATE_FAILED", error.reason)
        return error

    def _fresh(self, spec: ResourceSpec, wanted: Desired, status: str) -> Resource:
        return Resource(
            spec.logical_id,
            spec.type,
            "",
            status,
            self.registry.hooks.now(),
            wanted.properties,
            kind=handler_of(spec.type).kind,
            deletion_policy=wanted.deletion_policy,
            replace_policy=wanted.replace_policy,
            metadata=spec.metadata,
            depends_on=self.prepared.graph.needs[spec.logical_id],
            tags=wanted.tags,
        )

    def _create(self, spec: ResourceSpec, wanted: Desired) -> None:
        resource = self._fresh(spec, wanted, "CREATE_IN_PROGRESS")
        self.stack.resources[spec.logical_id] = resource
        self.steps.append(Step(spec.logical_id, "created"))
        self.registry.mark(self.stack, resource, "CREATE_IN_PROGRESS")
        try:
            self._make(spec, wanted, resource, "CREATE_IN_PROGRESS")
        except ResourceError as error:
            resource.physical_id = error.physical_id
            self.registry.mark(self.stack, resource, "CREATE_FAILED", error.reason)
            raise
        self.registry.mark(self.stack, resource, "CREATE_COMPLETE")

    def _make(self, spec: ResourceSpec, wanted: Desired, resource: Resource, progress: str) -> None:
        handler = handler_of(spec.type)
        self.registry.before(self.stack, "create", spec.type, spec.logical_id)
        made = safely(handler.create, self._task(spec, wanted, None))
        resource.physical_id, resource.attributes = made.physical_id, made.attributes
        self.registry.mark(self.stack, resource, progress, CREATION)

    def _update(self, spec: ResourceSpec, wanted: Desired, old: Resource) -> None:
        kind = schema.of(spec.type, self.stack.region)
        assert kind is not None
        found = difference(kind, old, wanted)
        if not found and old.type != NESTED and old.status not in ("UPDATE_FAILED", "CREATE_FAILED"):
            self.stack.resources[spec.logical_id] = replace(
                old, deletion_policy=wanted.deletion_policy, replace_policy=wanted.replace_policy,
                metadata=spec.metadata, depends_on=self.prepared.graph.needs[spec.logical_id],
            )  # fmt: skip
            return
        try:
            if self._needs_replacement(spec, wanted, old, found):
                self._replace(spec, wanted, old, kind)
            else:
                self._change(spec, wanted, old)
        except ResourceError as error:
            self.registry.mark(self.stack, self.stack.resources[spec.logical_id], "UPDATE_FAILED", error.reason)
            raise

    def _needs_replacement(self, spec: ResourceSpec, wanted: Desired, old: Resource, found: Difference) -> bool:
        if found.replaced:
            return True
        decide = handler_of(spec.type).replaces
        return bool(found.conditional) and decide is not None and decide(self._task(spec, wanted, old))

    def _change(self, spec: ResourceSpec, wanted: Desired, old: Resource) -> None:
        """In place; a handler that answers with another physical id (custom resources) has replaced the thing."""
        changed = replace(self._fresh(spec, wanted, "UPDATE_IN_PROGRESS"), physical_id=old.physical_id)
        changed.attributes = dict(old.attributes)
        handler = handler_of(spec.type)
        self.stack.resources[spec.logical_id] = changed
        step = Step(spec.logical_id, "updated", old)
        self.steps.append(step)
        self.registry.mark(self.stack, changed, "UPDATE_IN_PROGRESS")
        self.registry.before(self.stack, "update", spec.type, spec.logical_id)
        if handler.update is not None:
            made = safely(handler.update, self._task(spec, wanted, old))
            changed.physical_id, changed.attributes = made.physical_id, made.attributes
        if changed.physical_id != old.physical_id:
            step.action = "replaced"
            self.obsolete.append(old)
        self.registry.mark(self.stack, changed, "UPDATE_COMPLETE")

    def _replace(self, spec: ResourceSpec, wanted: Desired, old: Resource, kind: schema.Schema) -> None:
        fresh = replace(self._fresh(spec, wanted, "UPDATE_IN_PROGRESS"), physical_id=old.physical_id)
        self.registry.mark(self.stack, fresh, "UPDATE_IN_PROGRESS", REPLACING)
        if kind.document.get("replacementStrategy") == "delete_then_create":
            Deletion(self.registry, self.stack).delete(old)
            self.steps.append(Step(spec.logical_id, "recreated", old))
        else:
            self._refuse_same_name(wanted, old, kind)
            self.steps.append(Step(spec.logical_id, "replaced", old))
            self.obsolete.append(old)
        fresh.physical_id = ""
        self.stack.resources[spec.logical_id] = fresh
        self._make(spec, wanted, fresh, "UPDATE_IN_PROGRESS")
        self.registry.mark(self.stack, fresh, "UPDATE_COMPLETE")

    def _refuse_same_name(self, wanted: Desired, old: Resource, kind: schema.Schema) -> None:
        names = [key for key in kind.identifier if key not in kind.read_only]
        same = all(key in wanted.properties and wanted.properties[key] == old.properties.get(key) for key in names)
        if names and len(names) == len(kind.identifier) and same:
            raise ResourceError(
                "CloudFormation cannot update a stack when a custom-named resource requires replacing. "
                f"Rename {old.physical_id} and update the stack again."
            )
