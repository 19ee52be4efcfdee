"""Deploying one stack by change set: prepare it, look at it, run it; the same call goes on after any interruption."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from generator.errors import ToolError
from stacksets.access import widens
from stacksets.cause import NESTED, hint_of
from stacksets.client import Api, Cloud, Refused, pages, translated
from stacksets.report import Report, StackStep, Waiting, silent
from stacksets.stacks import GOOD, PACE, Follower, Stack, StackSpec, check, failure, find, follow, wait
from stacksets.state import body_digests
from stacksets.waiting import SYSTEM, Clock, Pace, wait_turns

PREFIX = "mlz-"
SHELLS = frozenset({"ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "DELETE_FAILED"})
OVERTAKEN = ("InvalidChangeSetStatus", "ChangeSetNotFound")
UNREADABLE = "S3 error: "
BUSY = "_IN_PROGRESS state and can not be updated"
NOTHING = ("didn't contain changes", "no updates are to be performed")


@dataclass(frozen=True, slots=True)
class ResourceChange:
    """One resource; `path` leads through nested stacks. `replacement` is `` (no), `always` or `perhaps`."""

    path: tuple[str, ...]
    type: str
    action: str
    replacement: str
    properties: tuple[str, ...]
    widens_access: bool


@dataclass(frozen=True, slots=True)
class ChangeSetView:
    """A prepared change set; `kind` is CREATE or UPDATE.

    A change set without changes may still have work to do (outputs, tags); only where there is none it `is_empty`.
    """

    stack: str
    kind: str
    change_set: str
    stack_id: str
    changes: tuple[ResourceChange, ...]

    @property
    def is_empty(self) -> bool:
        return not self.change_set

    def of(self, action: str) -> tuple[ResourceChange, ...]:
        """The changes with an action (Add, Modify, Remove, Import, Dynamic)."""
        return tuple(change for change in self.changes if change.action == action)

    @property
    def replacements(self) -> tuple[ResourceChange, ...]:
        return tuple(change for change in self.changes if change.replacement)

    @property
    def widening(self) -> tuple[ResourceChange, ...]:
        return tuple(change for change in self.changes if change.widens_access)


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployer:
    """Deploys stacks in the account and Region of `cloud`."""

    cloud: Cloud
    report: Report = silent
    clock: Clock = SYSTEM
    pace: Pace = PACE

    def prepare(self, spec: StackSpec, may_delete: bool = True) -> ChangeSetView:
        """A change set from the stack to `spec`; waits for whoever works on it, deletes the shell of a failed creation.

        ToolError: parameters (before any call), a stack that cannot be updated, a shell when not `may_delete`.
        """
        check(spec)
        found = self._ready(spec.name, may_delete)
        kind = "UPDATE" if found and found.status != "REVIEW_IN_PROGRESS" else "CREATE"
        if found:
            self._drop_leftovers(spec.name)
        return self._create(spec, kind)

    def execute(self, view: ChangeSetView, spec: StackSpec) -> Mapping[str, str]:
        """Run the change set, follow it to its end, and return the stack's outputs."""
        if view.is_empty:
            self.report(StackStep(spec.name, "nothing to change"))
        else:
            self._run(view)
        found = find(self.cloud, spec.name)
        if found is None:
            raise ToolError(f"{spec.name}: the stack is gone", "somebody deleted it: run the same command again")
        if spec.is_protected and not found.is_protected:
            self._protect(spec.name, True)
        return found.outputs

    def deploy(self, spec: StackSpec) -> Mapping[str, str]:
        """Prepare and run without asking."""
        return self.execute(self.prepare(spec), spec)

    def discard(self, view: ChangeSetView) -> None:
        """Delete a change set that nobody wants, and the empty stack that it was to create if no other waits there."""
        with translated(view.stack):
            if view.change_set:
                self._api.delete_change_set(ChangeSetName=view.change_set)
        found = find(self.cloud, view.stack)
        if found and found.status == "REVIEW_IN_PROGRESS" and not self._change_sets(view.stack):
            self._remove(found)

    def delete(self, name: str, unprotect: bool = False) -> bool:
        """Delete a stack and wait; False when there is none. ToolError with the first cause when something resists."""
        found = find(self.cloud, name)
        if found is None:
            return False
        if found.is_moving:
            found = self._wait(found)
        if found.is_protected:
            if not unprotect:
                raise ToolError(f"{name}: termination protection is on", "if you mean it: --unprotect")
            self._protect(name, False)
        if found.status != "DELETE_COMPLETE":
            self._remove(found)
        return True

    @property
    def _api(self) -> Api:
        return self.cloud.client("cloudformation")

    def _ready(self, name: str, may_delete: bool) -> Stack | None:
        found = find(self.cloud, name)
        if found and found.is_moving:
            found = self._wait(found)
        if found is None or found.status == "DELETE_COMPLETE":
            return None
        if found.status in SHELLS:
            self._clear(found, may_delete)
            return None
        if found.status == "UPDATE_ROLLBACK_FAILED":
            hint = f"repair the cause, then: aws cloudformation continue-update-rollback --stack-name {name}"
            raise ToolError(f"{name}: its last rollback failed: {found.reason}", hint)
        return found

    def _wait(self, found: Stack) -> Stack:
        self.report(Waiting(found.name, f"{found.status}: somebody is at work on it", 0.0))
        return wait(self.cloud, found.id, self.report, self.clock, self.pace)

    def _clear(self, found: Stack, may_delete: bool) -> None:
        if not may_delete:
            raise ToolError(f"{found.name}: it is {found.status} and has to be deleted first", "run without --dry-run")
        self.report(StackStep(found.name, f"it is {found.status}: what is left of it is deleted first"))
        self._remove(found)

    def _remove(self, found: Stack) -> None:
        follower = Follower(self.cloud, found.id, self.report)
        with translated(found.name):
            self._api.delete_stack(StackName=found.id)
        end = follow(self.cloud, found.id, follower, self.clock, self.pace)
        if end.status != "DELETE_COMPLETE":
            raise failure(self.cloud, end)

    def _drop_leftovers(self, name: str) -> None:
        """Change sets of runs that were cut off before they ran them."""
        with translated(name):
            for entry in self._change_sets(name):
                if entry["ChangeSetName"].startswith(PREFIX) and entry.get("ExecutionStatus") != "EXECUTE_IN_PROGRESS":
                    self._api.delete_change_set(ChangeSetName=entry["ChangeSetId"])

    def _change_sets(self, name: str) -> tuple[Mapping[str, Any], ...]:
        with translated(name):
            return tuple(pages(self._api.list_change_sets, "Summaries", StackName=name))

    def _create(self, spec: StackSpec, kind: str) -> ChangeSetView:
        with _explained(spec.name):
            made = self._api.create_change_set(
                StackName=spec.name,
                ChangeSetName=f"{PREFIX}{secrets.token_hex(6)}",
                ChangeSetType=kind,
                **({"TemplateBody": spec.template_body} if spec.template_body else {"TemplateURL": spec.template_url}),
                Parameters=[{"ParameterKey": k, "ParameterValue": v} for k, v in sorted(spec.parameters.items())],
                Tags=[{"Key": key, "Value": value} for key, value in sorted(spec.tags.items())],
                Capabilities=list(spec.template.capabilities),
                IncludeNestedStacks=True,
            )
        view = self._read(spec.name, kind, made["Id"], made["StackId"])
        if view.changes or view.is_empty or kind == "CREATE" or not self._is_deployed(spec):
            return view
        with translated(spec.name):
            self._api.delete_change_set(ChangeSetName=view.change_set)
        return replace(view, change_set="")

    def _is_deployed(self, spec: StackSpec) -> bool:
        """The stack has this template, these parameters and tags: nested stacks alone are listed as if they changed."""
        with translated(spec.name):
            body = self._api.get_template(StackName=spec.name, TemplateStage="Original")["TemplateBody"]
        found = find(self.cloud, spec.name)
        if found is None or spec.template.sha256 not in body_digests(str(body)):
            return False
        hidden = {name for name, entry in spec.template.parameters.items() if entry.no_echo}
        defaults = {n: entry.default for n, entry in spec.template.parameters.items() if n not in hidden}
        same = all(found.parameters.get(name) == spec.parameters.get(name, value) for name, value in defaults.items())
        return same and hidden.isdisjoint(spec.parameters) and dict(found.tags) == dict(spec.tags)

    def _read(self, name: str, kind: str, change_set: str, stack: str) -> ChangeSetView:
        found = self._settled(change_set)
        if found["Status"] == "FAILED":
            with translated(name):
                self._api.delete_change_set(ChangeSetName=change_set)
            if any(text in found.get("StatusReason", "").lower() for text in NOTHING):
                return ChangeSetView(name, "UPDATE", "", stack, ())
            reason = found.get("StatusReason", "no reason is given")
            hint = hint_of(reason) or "repair it and run the same command again"
            raise ToolError(f"{name}: change set: {reason}", f"nothing was changed; {hint}")
        return ChangeSetView(name, kind, change_set, stack, tuple(changes_of(self.cloud, change_set)))

    def _settled(self, change_set: str) -> Mapping[str, Any]:
        return settled(self.cloud, change_set, self.clock, self.pace)

    def _run(self, view: ChangeSetView) -> None:
        follower = Follower(self.cloud, view.stack_id, self.report)
        with _explained(view.stack):
            self._api.execute_change_set(ChangeSetName=view.change_set, ClientRequestToken=view.change_set[-36:])
        end = follow(self.cloud, view.stack_id, follower, self.clock, self.pace)
        if end.status not in GOOD:
            raise failure(self.cloud, end)

    def _protect(self, name: str, on: bool) -> None:
        with translated(name):
            self._api.update_termination_protection(StackName=name, EnableTerminationProtection=on)
        self.report(StackStep(name, f"termination protection is {'on' if on else 'off'}"))


@contextmanager
def _explained(name: str) -> Iterator[None]:
    """Refusals whose remedy the service does not say: an unpublished template, a stack that somebody else changes."""
    try:
        with translated(name):
            yield
    except Refused as problem:
        if UNREADABLE in problem.message:
            hint = "publish this build, then run the same command: mlz package"
            raise ToolError(problem.message.splitlines()[0], hint) from problem
        if problem.code in OVERTAKEN or BUSY in problem.message:
            hint = "the stack changed while you looked at it: run the same command again"
            raise ToolError(f"{name}: the change set is no longer valid", hint) from problem
        raise


def settled(cloud: Cloud, change_set: str, clock: Clock = SYSTEM, pace: Pace = PACE) -> Mapping[str, Any]:
    """The description of a change set (by id) once the service has made it up or failed to."""
    for delay in wait_turns(pace):
        with translated(change_set):
            found: Mapping[str, Any] = cloud.client("cloudformation").describe_change_set(ChangeSetName=change_set)
        if found["Status"] not in ("CREATE_PENDING", "CREATE_IN_PROGRESS"):
            return found
        clock.sleep(delay)
    raise AssertionError("wait_turns never ends")


def changes_of(cloud: Cloud, change_set: str, path: tuple[str, ...] = ()) -> Iterator[ResourceChange]:
    """Changes of resources; a nested stack stands for its own changes, and for nothing when it has none."""
    call = cloud.client("cloudformation").describe_change_set
    with translated(change_set):
        found = tuple(pages(call, "Changes", ChangeSetName=change_set, IncludePropertyValues=True))
    for entry in found:
        change = entry["ResourceChange"]
        here = (*path, change["LogicalResourceId"])
        if change["ResourceType"] == NESTED and change.get("ChangeSetId"):
            yield from changes_of(cloud, change["ChangeSetId"], here)
        else:
            yield _change(here, change)


def _change(path: tuple[str, ...], change: Mapping[str, Any]) -> ResourceChange:
    properties = {
        detail["Target"].get("Name") or detail["Target"].get("Attribute", "") for detail in change.get("Details", ())
    }
    return ResourceChange(
        path=path,
        type=change["ResourceType"],
        action=change["Action"],
        replacement={"True": "always", "Conditional": "perhaps"}.get(change.get("Replacement", ""), ""),
        properties=tuple(sorted(properties - {""})),
        widens_access=widens(change),
    )
