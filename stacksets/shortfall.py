"""Which instances an operation did not serve, and why, as far as the service says."""

from __future__ import annotations

from collections.abc import Iterable

from stacksets.actions import Group
from stacksets.service import Result, StackSets
from stacksets.state import Operation
from stacksets.waiting import Clock, Pace

NOT_BEGUN = "not begun: more accounts failed before its turn than are tolerated"


def of(
    name: str, group: Group, operation: Operation, service: StackSets, clock: Clock, pace: Pace
) -> tuple[Result, ...]:
    """The failed results of an ended operation; no call when the service says that there are none."""
    if operation.status == "SUCCEEDED" and operation.failed == 0:
        return ()
    found = _listed(name, operation, service, clock, pace)
    if found or operation.status == "SUCCEEDED":
        return found
    ended = operation.reason or f"the operation ended as {operation.status}"
    regions = group.regions or ("",)
    return tuple(Result(account, regions[0], "CANCELLED", ended) for account in group.accounts)


def not_begun(groups: Iterable[Group]) -> tuple[Result, ...]:
    """One result for each instance of these groups, whose operations were not submitted."""
    cells = ((account, region) for group in groups for account in group.accounts for region in group.regions)
    return tuple(Result(*cell, "CANCELLED", NOT_BEGUN) for cell in cells)


def _listed(name: str, operation: Operation, service: StackSets, clock: Clock, pace: Pace) -> tuple[Result, ...]:
    """Results are listed late (the list is eventually consistent): read again while fewer are listed than counted."""
    found = service.failures(name, operation.id)
    for delay in pace.listing_delays:
        if len(found) >= operation.failed:
            break
        clock.sleep(delay)
        found = service.failures(name, operation.id)
    return found
