"""Change sets: opened at once, filled by a preview, kept on their stack until executed or deleted."""

from __future__ import annotations

import re
import uuid
from dataclasses import replace

from . import preparation
from .changes import Preview
from .errors import CfnError, ResourceError, invalid
from .model import Change, ChangeSet, Stack
from .preparation import Prepared
from .registry import Registry

EMPTY = "The submitted information didn't contain changes. Submit different information to create a change set."


class ChangeSets:
    def __init__(self, registry: Registry) -> None:
        self.registry = registry
        self.by_id: dict[str, ChangeSet] = {}

    def open(
        self, stack: Stack, prepared: Prepared, name: str, kind: str, description: str | None, include_nested: bool
    ) -> ChangeSet:
        """AlreadyExistsException for a name that the stack's change sets have."""
        if not re.fullmatch(r"[a-zA-Z][-a-zA-Z0-9]{0,127}", name):
            raise invalid(
                f"1 validation error detected: Value '{name}' at 'changeSetName' failed to satisfy constraint: "
                "Member must satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*"
            )
        if name in stack.change_sets:
            raise CfnError("AlreadyExistsException", f"ChangeSet {name} already exists")
        made = self._record(stack.stack_id, stack.name, prepared, name, kind)
        made.description, made.include_nested = description, include_nested
        stack.change_sets[name] = made
        return made

    def _record(self, stack_id: str, stack_name: str, prepared: Prepared, name: str, kind: str) -> ChangeSet:
        scope = prepared.scope
        change_set_id = (
            f"arn:{scope.partition}:cloudformation:{scope.region}:{scope.account}:changeSet/{name}/{uuid.uuid4()}"
        )
        made = ChangeSet(
            change_set_id, name, stack_id, stack_name, "CREATE" if kind == "CREATE" else "UPDATE",
            self.registry.hooks.now(), prepared.request, parameters=preparation.shown(prepared.parameters),
            template_body=prepared.body, tags=dict(prepared.tags),
        )  # fmt: skip
        self.by_id[change_set_id] = made
        return made

    def fill(self, stack: Stack, made: ChangeSet, prepared: Prepared) -> None:
        """Compute the changes; ends CREATE_COMPLETE and AVAILABLE, or FAILED with a reason."""
        preview = Preview(self.registry, stack, prepared, include_nested=made.include_nested)
        try:
            changes = preview.changes()
            empty = not changes and stack.tags == dict(prepared.tags) and not preview.outputs_differ()
        except (CfnError, ResourceError) as error:
            made.status, made.reason = "FAILED", str(error)
            return
        if empty and made.type == "UPDATE":
            made.status, made.reason = "FAILED", EMPTY
            return
        made.changes = tuple(self._with_nested(change, preview, made) for change in changes)
        made.execution_status = "AVAILABLE"
        made.status = "CREATE_COMPLETE"

    def _with_nested(self, change: Change, preview: Preview, parent: ChangeSet) -> Change:
        nested = preview.children.get(change.logical_id)
        if nested is None:
            return change
        child = nested.preview
        name = f"{parent.name}-{change.logical_id}"[:128]
        made = self._record(child.stack.stack_id, child.stack.name, child.prepared, name, change.action.upper())
        made.type = "CREATE" if change.action == "Add" else "UPDATE"
        made.parent_id, made.root_id = parent.change_set_id, parent.root_id or parent.change_set_id
        made.changes = tuple(self._with_nested(inner, child, made) for inner in nested.changes)
        made.status, made.include_nested = "CREATE_COMPLETE", True
        return replace(change, change_set_id=made.change_set_id)

    def get(self, account: str, region: str, name: str, stack: str | None) -> ChangeSet:
        if name.startswith("arn:"):
            found = self.by_id.get(name)
        elif stack is None:
            raise invalid("StackName must be specified if ChangeSetName is not specified as an ARN.")
        else:
            found = self.registry.get(account, region, stack).change_sets.get(name)
        if found is None:
            raise CfnError("ChangeSetNotFound", f"ChangeSet [{name}] does not exist", 404)
        return found

    def executable(self, account: str, region: str, name: str, stack: str | None) -> ChangeSet:
        """InvalidChangeSetStatus unless it is complete, available and not a nested one."""
        made = self.get(account, region, name, stack)
        if made.parent_id:
            raise invalid("ExecuteChangeSet cannot be called on a nested change set; use its root change set")
        if made.execution_status != "AVAILABLE":
            raise CfnError(
                "InvalidChangeSetStatus",
                f"ChangeSet [{made.change_set_id}] cannot be executed in its current status of [{made.status}]",
            )
        return made
