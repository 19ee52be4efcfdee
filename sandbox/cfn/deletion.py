"""Deleting resources, dependents first, as their policies say."""

from __future__ import annotations

from . import graph
from .errors import MissingError, ResourceError
from .handler import Task, safely
from .handlers.table import handler_of
from .model import Resource, Stack
from .registry import Registry


class Deletion:
    """Deletes resources of one stack; each ends DELETE_COMPLETE, DELETE_SKIPPED or DELETE_FAILED."""

    def __init__(self, registry: Registry, stack: Stack) -> None:
        self.registry = registry
        self.stack = stack

    def all(self, retain: frozenset[str] = frozenset(), *, creating: bool = False) -> list[str]:
        """Every resource of the stack; returns the logical ids that failed. `retain` are left behind unasked."""
        present = [
            item for item in self.stack.resources.values() if item.status not in ("DELETE_COMPLETE", "DELETE_SKIPPED")
        ]
        for resource in present:
            if resource.logical_id in retain:
                self._skip(resource)
        return self._run([item for item in present if item.logical_id not in retain], creating=creating)

    def clean(
        self, resources: list[Resource], *, replaced: list[Resource] | None = None, creating: bool = False
    ) -> None:
        """The cleanup after an update: what cannot be deleted is left behind, and the stack goes on without it."""
        old = replaced or []
        for group in (resources,):
            failed = set(self._run(group, replaced=old, creating=creating))
            for resource in group:
                if resource.logical_id in failed:
                    self.registry.leave(self.stack, resource, retained=False)

    def _run(
        self, resources: list[Resource], *, replaced: list[Resource] | None = None, creating: bool = False
    ) -> list[str]:
        by_key = {f"{item.logical_id}\0{item.physical_id}": item for item in resources}
        names: dict[str, set[str]] = {}
        for key, item in by_key.items():
            names.setdefault(item.logical_id, set()).add(key)
        needs = {
            key: frozenset(other for name in item.depends_on for other in names.get(name, ()))
            for key, item in by_key.items()
        }
        old = {id(item) for item in replaced or ()}

        def work(key: str) -> None:
            self._one(by_key[key], is_replaced=id(by_key[key]) in old, creating=creating)

        failed = graph.run(
            list(reversed(list(by_key))),
            graph.reversed_needs(needs),
            work,
            lambda key: handler_of(by_key[key].type).slow,
            stop=False,
        )
        return [by_key[key].logical_id for key in failed]

    def _one(self, resource: Resource, *, is_replaced: bool, creating: bool) -> None:
        policy = resource.replace_policy if is_replaced else resource.deletion_policy
        keeps = policy == "Retain" or (policy == "RetainExceptOnCreate" and not creating)
        if keeps and resource.physical_id:
            self._skip(resource)
            return
        self.delete(resource)

    def _skip(self, resource: Resource) -> None:
        self.registry.mark(self.stack, resource, "DELETE_SKIPPED")
        self.registry.leave(self.stack, resource, retained=True)

    def delete(self, resource: Resource) -> None:
        """One resource, whatever its policy; ResourceError (and DELETE_FAILED) when the service refuses."""
        if not resource.physical_id:
            resource.status = "DELETE_COMPLETE"
            return
        stack = self.stack
        self.registry.mark(stack, resource, "DELETE_IN_PROGRESS")
        scope = self.registry.scope(stack, resource.logical_id, resource.tags)
        try:
            self.registry.before(stack, "delete", resource.type, resource.logical_id)
            task = Task(scope, resource.type, resource.properties, self.registry, resource)
            safely(handler_of(resource.type).delete, task)
        except MissingError:
            pass
        except ResourceError as error:
            self.registry.mark(stack, resource, "DELETE_FAILED", error.reason)
            raise
        self.registry.mark(stack, resource, "DELETE_COMPLETE")
