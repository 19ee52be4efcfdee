"""Look into accounts that failed: take on the execution role there and read the first causal event of the stack."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

from generator.errors import ToolError
from stacksets.cause import Event, Failure, by_reason, first_cause, hint_of, signature
from stacksets.client import Cloud, pages, translated
from stacksets.service import Result, StackSets

SAMPLE = 3
THREADS = 4


class Members:
    """Identities in member accounts: the execution role, taken on directly or by way of the administration role."""

    def __init__(self, cloud: Cloud, administration_role_arn: str, execution_role_name: str) -> None:
        self._cloud = cloud
        self._administration = administration_role_arn
        self._execution = execution_role_name
        self._lock = threading.Lock()
        self._through: list[Cloud] = []

    def enter(self, account: str, region: str) -> Cloud:
        """Who we are in `account`; ToolError when neither way is open."""
        role = f"arn:{self._cloud.partition}:iam::{account}:role/{self._execution}"
        with suppress(ToolError):
            return self._cloud.assume(role, region=region)
        return self._administrator().assume(role, region=region)

    def _administrator(self) -> Cloud:
        with self._lock:
            if not self._through:
                self._through.append(self._cloud.assume(self._administration))
            return self._through[0]


class Diagnosis:
    """Explains failed results; looks into at most `sample` accounts for each distinct reason that the service gives."""

    def __init__(self, service: StackSets, members: Members, sample: int = SAMPLE) -> None:
        self._service = service
        self._members = members
        self._sample = sample

    def __call__(self, stack_set: str, results: tuple[Result, ...]) -> tuple[Failure, ...]:
        """One failure for each result; those that were not looked into have the reason that the service gives."""
        plain = by_reason(stack_set, results)
        chosen = self._choose(plain)
        with ThreadPoolExecutor(THREADS) as pool:
            found = dict(zip(chosen, pool.map(self._explain, chosen), strict=True))
        return tuple(found.get(failure, failure) for failure in plain)

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
