"""Look into accounts that failed: take on the execution role there and read the first causal event of the stack."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from generator.errors import ToolError
from stacksets.cause import Event, Failure, by_reason, first_cause, hint_of, signature
from stacksets.client import Cloud, pages, translated
from stacksets.service import Result, StackSets

SAMPLE = 3
THREADS = 4
# Identities that are kept: one with its clients takes about a megabyte.
KEPT = 200


@dataclass(frozen=True, slots=True)
class Door:
    """Another way in: an identity that may assume `role` in every member account (the organization's access role)."""

    through: Callable[[], Cloud]
    role: str


class Members:
    """Identities in member accounts: the execution role, taken on directly or by way of the administration role, else
    through `door`. The latest are kept; an identity that is closed to us is not asked for again.
    """

    def __init__(
        self, cloud: Cloud, administration_role_arn: str, execution_role_name: str, door: Door | None = None
    ) -> None:
        self._cloud = cloud
        self._administration = administration_role_arn
        self._execution = execution_role_name
        self._door = door
        self._lock = threading.Lock()
        self._through: dict[str, Cloud | ToolError] = {}
        self._inside: dict[tuple[str, str], Cloud] = {}

    def enter(self, account: str, region: str) -> Cloud:
        """Who we are in `account`; ToolError when no way is open."""
        known = self._inside.get((account, region))
        if known is None:
            known = self._enter(account, region)
            with self._lock:
                self._inside[account, region] = known
                if len(self._inside) > KEPT:
                    self._inside.pop(next(iter(self._inside)))
        return known

    def _enter(self, account: str, region: str) -> Cloud:
        role = self._role(account, self._execution)
        ways: list[Callable[[], Cloud]] = [
            lambda: self._cloud.assume(role, region=region),
            lambda: self._administrator().assume(role, region=region),
        ]
        if door := self._door:
            ways.append(lambda: self._keeper(door).assume(self._role(account, door.role), region=region))
        for way in ways:
            with suppress(ToolError):
                return way()
        raise ToolError(self._refused(), "let one of them trust you, or set access.management_profile")

    def _refused(self) -> str:
        administration = self._administration.rpartition("/")[2] or "the administration role"
        further = f", nor {self._door.role} as the organization's management account" if self._door else ""
        return f"may not become {self._execution} there, neither directly nor as {administration}{further}"

    def _role(self, account: str, name: str) -> str:
        return f"arn:{self._cloud.partition}:iam::{account}:role/{name}"

    def _administrator(self) -> Cloud:
        return self._once("administrator", lambda: self._cloud.assume(self._administration))

    def _keeper(self, door: Door) -> Cloud:
        return self._once("door", door.through)

    def _once(self, who: str, become: Callable[[], Cloud]) -> Cloud:
        with self._lock:
            if who not in self._through:
                try:
                    self._through[who] = become()
                except ToolError as problem:
                    self._through[who] = problem
            found = self._through[who]
        if isinstance(found, ToolError):
            raise found
        return found


class Diagnosis:
    """Explains failed results; looks into at most `sample` accounts for each distinct reason that the service gives."""

    def __init__(self, service: StackSets, members: Members, sample: int = SAMPLE) -> None:
        self._service = service
        self._members = members
        self._sample = sample

    def __call__(self, stack_set: str, results: tuple[Result, ...]) -> tuple[Failure, ...]:
        """One failure for each result.

        Where accounts with one reason turned out to have one cause, those that were not looked into have it too; else
        they have the reason that the service gives.
        """
        plain = by_reason(stack_set, results)
        chosen = self._choose(plain)
        with ThreadPoolExecutor(THREADS) as pool:
            found = dict(zip(chosen, pool.map(self._explain, chosen), strict=True))
        return tuple(found.get(failure) or _likened(failure, found) for failure in plain)

    def _choose(self, failures: tuple[Failure, ...]) -> tuple[Failure, ...]:
        taken: dict[str, list[Failure]] = {}
        for failure in failures:
            alike = taken.setdefault(signature(failure.cause), [])
            if len(alike) < self._sample and failure.region:
                alike.append(failure)
        return tuple(failure for alike in taken.values() for failure in alike)

    def _explain(self, failure: Failure) -> Failure:
        with suppress(ToolError):
            instance = self._service.instance(failure.stack_set, failure.account, failure.region)
            if instance and instance.stack_id:
                cloud = self._members.enter(failure.account, failure.region)
                if cause := first_cause(lambda stack: stack_events(cloud, stack), instance.stack_id):
                    hint = hint_of(cause.reason) or failure.hint
                    return Failure(failure.stack_set, failure.account, failure.region, str(cause), hint)
        return failure


def _likened(failure: Failure, found: Mapping[Failure, Failure]) -> Failure:
    """The failure with the cause of accounts that failed for the same reason, when that is one and the same."""
    alike = [after for before, after in found.items() if before.signature == failure.signature]
    if len({one.signature for one in alike}) != 1:
        return failure
    known = alike[0]
    return replace(failure, cause=known.cause.replace(known.account, failure.account), hint=known.hint)


def stack_events(cloud: Cloud, stack: str) -> Iterator[Event]:
    """The events of a stack (name or id; an id also finds a deleted one), newest first, read page by page."""
    with translated(stack):
        call: Any = cloud.client("cloudformation").describe_stack_events
        yield from as_events(pages(call, "StackEvents", StackName=stack))


def as_events(found: Iterable[dict[str, Any]]) -> Iterator[Event]:
    for entry in found:
        yield Event(
            stack=entry["StackId"],
            resource=entry["LogicalResourceId"],
            type=entry["ResourceType"],
            physical_id=entry.get("PhysicalResourceId", ""),
            status=entry["ResourceStatus"],
            reason=entry.get("ResourceStatusReason", ""),
            time=entry["Timestamp"].timestamp(),
            id=entry["EventId"],
        )
