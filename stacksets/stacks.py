"""One stack: what it should be, what it is, and following it while the service works on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from generator.errors import ToolError
from generator.package.manifest import TemplateEntry
from stacksets.cause import NESTED, Event, first_cause, hint_of
from stacksets.client import Cloud, Refused, translated
from stacksets.diagnosis import stack_events
from stacksets.report import Report, StackEvent
from stacksets.waiting import SYSTEM, Clock, Pace, wait_turns

PACE = Pace(first=1.0, factor=1.3, longest=5.0)
PATIENCE = 20
GOOD = frozenset({"CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE", "DELETE_COMPLETE"})


@dataclass(frozen=True, slots=True, kw_only=True)
class StackSpec:
    """One stack as wanted. `is_protected`: termination protection is switched on after it was deployed.

    `template_body` goes with the request instead of the address, for accounts that may not read the package bucket
    (CloudFormation reads an address with the caller's rights); the service takes 51,200 bytes of it.
    """

    name: str
    template_url: str
    template: TemplateEntry
    parameters: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    is_protected: bool = False
    template_body: str = ""


@dataclass(frozen=True, slots=True)
class Stack:
    """One stack as it is."""

    id: str
    name: str
    status: str
    reason: str
    outputs: Mapping[str, str]
    is_protected: bool
    parameters: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_moving(self) -> bool:
        return self.status.endswith("_IN_PROGRESS") and self.status != "REVIEW_IN_PROGRESS"


def check(spec: StackSpec) -> None:
    """Refuse parameters that the template does not have, lacks or does not allow, before any call."""
    known = spec.template.parameters
    if unknown := sorted(set(spec.parameters) - set(known)):
        raise ToolError(
            f"{spec.name}: {spec.template.path} has no parameter {', '.join(unknown)}",
            f"it has: {', '.join(sorted(known))}",
        )
    if missing := sorted(name for name, entry in known.items() if entry.is_required and name not in spec.parameters):
        raise ToolError(f"{spec.name}: {spec.template.path} needs {', '.join(missing)}", "give them in the settings")
    for name, value in spec.parameters.items():
        if known[name].allowed and value not in known[name].allowed:
            raise ToolError(
                f"{spec.name}: {name} cannot be {value!r}", f"it is one of: {', '.join(known[name].allowed)}"
            )


def find(cloud: Cloud, name: str) -> Stack | None:
    """The stack by name or id; None when there is none (a deleted one is found by id only)."""
    try:
        with translated(name):
            found = cloud.client("cloudformation").describe_stacks(StackName=name)["Stacks"]
    except Refused as problem:
        if problem.code == "ValidationError" and "does not exist" in problem.message:
            return None
        raise
    return _stack(found[0]) if found else None


def _stack(found: Mapping[str, Any]) -> Stack:
    return Stack(
        id=found["StackId"],
        name=found["StackName"],
        status=found["StackStatus"],
        reason=found.get("StackStatusReason", ""),
        outputs={o["OutputKey"]: o["OutputValue"] for o in found.get("Outputs", ())},
        is_protected=found.get("EnableTerminationProtection", False),
        parameters={p["ParameterKey"]: p.get("ParameterValue", "") for p in found.get("Parameters", ())},
        tags={tag["Key"]: tag["Value"] for tag in found.get("Tags", ())},
    )


class Follower:
    """Reports each event of a stack and of the stacks nested in it once, from the moment it was made.

    `status` is that of the stack's own last event, empty before the first.
    """

    def __init__(self, cloud: Cloud, stack: str, report: Report) -> None:
        self._cloud = cloud
        self._report = report
        self._root = stack
        self.status = ""
        self._seen: dict[str, str] = {stack: self._newest(stack)}
        self._paths: dict[str, tuple[str, ...]] = {stack: ()}

    def _newest(self, stack: str) -> str:
        return next((event.id for event in stack_events(self._cloud, stack)), "")

    def look(self) -> None:
        """Report what is new since the last look."""
        for stack in tuple(self._paths):
            self._look_at(stack)

    def _look_at(self, stack: str) -> None:
        last, fresh = self._seen.get(stack, ""), list[Event]()
        for event in stack_events(self._cloud, stack):
            if event.id == last:
                break
            fresh.append(event)
        if fresh:
            self._seen[stack] = fresh[0].id
        for event in reversed(fresh):
            self._show(stack, event)

    def _show(self, stack: str, event: Event) -> None:
        path = self._paths[stack]
        if event.physical_id == self._root:
            self.status = event.status
        self._report(StackEvent(path, event.resource, event.type, event.status, event.reason))
        is_child = event.type == NESTED and event.physical_id not in ("", stack)
        if is_child and event.physical_id not in self._paths:
            self._paths[event.physical_id] = (*path, event.resource)
            self._look_at(event.physical_id)
        elif is_child and not event.status.endswith("_IN_PROGRESS"):
            self._look_at(event.physical_id)
            del self._paths[event.physical_id]


def wait(cloud: Cloud, stack: str, report: Report, clock: Clock = SYSTEM, pace: Pace = PACE) -> Stack:
    """Follow a stack (by id) that the service is at work on until it has finished."""
    return follow(cloud, stack, Follower(cloud, stack, report), clock, pace, has_begun=True)


def follow(
    cloud: Cloud, stack: str, follower: Follower, clock: Clock = SYSTEM, pace: Pace = PACE, has_begun: bool = False
) -> Stack:
    """Follow a stack whose change was asked for just now; one that is gone is answered as DELETE_COMPLETE.

    A description may be older than the request, so a final status counts when the stack's own last event agrees, or
    when it has stood for a while.
    """
    idle = 0
    for delay in wait_turns(pace):
        found = find(cloud, stack)
        if found is None:
            return Stack(stack, stack, "DELETE_COMPLETE", "", {}, False)
        follower.look()
        idle = 0 if found.is_moving else idle + 1
        agrees = follower.status == found.status or (has_begun and not follower.status)
        if idle and (agrees or idle > PATIENCE):
            return found
        clock.sleep(delay)
    raise AssertionError("wait_turns never ends")


def failure(cloud: Cloud, stack: Stack) -> ToolError:
    """What to raise for a stack that did not get where it should: its first cause, by the nested stack's path."""
    cause = first_cause(lambda name: stack_events(cloud, name), stack.id)
    reason = cause.reason if cause else stack.reason
    what = str(cause) if cause else f"{stack.status}: {stack.reason}"
    return ToolError(f"{stack.name}: {what}", hint_of(reason) or "repair the cause, then run the same command again")
