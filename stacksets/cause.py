"""Why an account failed: the first causal event of its stack, nested stacks included, and what to do about it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from typing import TypeAlias

from generator.errors import AccountsFailed
from stacksets.service import Result

NESTED = "AWS::CloudFormation::Stack"
STARTS = frozenset({"CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS", "DELETE_IN_PROGRESS", "REVIEW_IN_PROGRESS"})
CONSEQUENCE = re.compile(
    r"Resource (creation|update|deletion) cancelled|following resource\(s\) failed|"
    r"(was|were) not successfully (created|updated|deleted)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Event:
    """One stack event; `stack` and `physical_id` are equal on events of the stack itself."""

    stack: str
    resource: str
    type: str
    physical_id: str
    status: str
    reason: str = ""
    time: float = 0.0
    id: str = ""


Events: TypeAlias = Callable[[str], Iterable[Event]]


@dataclass(frozen=True, slots=True)
class Cause:
    """A causal event; `path` leads through nested stacks to the resource."""

    path: tuple[str, ...]
    type: str
    status: str
    reason: str

    def __str__(self) -> str:
        return f"{'/'.join(self.path)} ({self.type}) {self.status}: {self.reason}"


@dataclass(frozen=True, slots=True)
class Failure:
    """One account that failed, why, and what to do; equal `signature`s are the same problem in several accounts."""

    stack_set: str
    account: str
    region: str
    cause: str
    hint: str = ""

    @property
    def signature(self) -> str:
        return signature(self.cause)


@cache
def _known() -> tuple[tuple[re.Pattern[str], str], ...]:
    listed = json.loads((resources.files("stacksets") / "failures.json").read_bytes())["failures"]
    return tuple((re.compile(entry["pattern"], re.IGNORECASE | re.DOTALL), entry["hint"]) for entry in listed)


def hint_of(reason: str) -> str:
    """What to do about a known kind of failure, else nothing."""
    return next((hint for pattern, hint in _known() if pattern.search(reason)), "")


VARIABLE = (
    (re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", re.IGNORECASE), "<id>"),
    (re.compile(r"\b(vpc|vpce|subnet|sg|eni|rtb|igw|nat|eipalloc|acl|fl)-[0-9a-f]{8,17}\b"), r"<\1>"),
    (re.compile(r"\b\d{1,3}(\.\d{1,3}){3}/\d{1,2}\b"), "<network>"),
    (re.compile(r"\b\d{12}\b"), "<account>"),
    (re.compile(r"\b[A-Z0-9]{16}\b"), "<request>"),
)


def signature(reason: str) -> str:
    """The reason without what differs from account to account: ids of accounts, requests and networks, unique ids."""
    for pattern, name in VARIABLE:
        reason = pattern.sub(name, reason)
    return reason


def first_cause(events: Events, stack: str) -> Cause | None:
    """The first failure of the stack's last operation that is not the consequence of another; reads newest first."""
    run = tuple(reversed(tuple(_last_run(events(stack), stack))))
    failed = [e for e in run if e.status.endswith("_FAILED") and e.physical_id != stack]
    causal = next((e for e in failed if not CONSEQUENCE.search(e.reason) or _is_nested(e, stack)), None)
    if causal is None:
        own = next((e for e in run if e.physical_id == stack and e.reason and "ROLLBACK" in e.status), None)
        return Cause((own.resource,), own.type, own.status, own.reason) if own else None
    if _is_nested(causal, stack) and (inner := first_cause(events, causal.physical_id)):
        return replace(inner, path=(causal.resource, *inner.path))
    return Cause((causal.resource,), causal.type, causal.status, causal.reason)


def _is_nested(event: Event, stack: str) -> bool:
    return event.type == NESTED and event.physical_id not in ("", stack)


def _last_run(events: Iterable[Event], stack: str) -> Iterator[Event]:
    """Events from the newest back to the one that began the last operation (not its rollback).

    A nested stack that failed is deleted when its parent rolls back: a deletion without failure is passed over.
    """
    has_failed = False
    for event in events:
        yield event
        has_failed = has_failed or event.status.endswith("_FAILED")
        is_start = event.physical_id == stack and event.status in STARTS and event.type == NESTED
        if is_start and (has_failed or event.status != "DELETE_IN_PROGRESS"):
            return


def by_reason(stack_set: str, results: Sequence[Result]) -> tuple[Failure, ...]:
    """Failures with the service's own reason: what is left where nobody may look into the account."""
    return tuple(
        Failure(stack_set, r.account, r.region, r.reason or r.status, hint_of(r.reason))
        for r in sorted(results, key=_cell)
    )


def _cell(result: Result) -> tuple[str, str]:
    return result.account, result.region


def accounts_failed(failures: tuple[Failure, ...], untouched: tuple[str, ...]) -> AccountsFailed:
    """One error for all failures, those of one signature together, with what was not started because of them."""
    grouped: dict[tuple[str, str], list[Failure]] = {}
    for failure in failures:
        grouped.setdefault((failure.stack_set, failure.signature), []).append(failure)
    lines = [f"{name}: {_named(members)}: {members[0].cause}" for (name, _), members in grouped.items()]
    if untouched:
        lines.append(f"not started because of this: {', '.join(untouched)}")
    hints = dict.fromkeys(failure.hint for failure in failures if failure.hint)
    again = "then run the same command again: it goes on with what is left"
    return AccountsFailed("\n".join(lines), "; ".join((*hints, again)) if hints else f"repair these accounts, {again}")


def _named(failures: Sequence[Failure]) -> str:
    accounts = sorted({failure.account for failure in failures})
    shown = ", ".join(accounts[:5]) + (", …" if len(accounts) > 5 else "")
    return f"{len(accounts)} account{'s' if len(accounts) > 1 else ''} failed ({shown})"
