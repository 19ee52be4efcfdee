"""An explanation of one account as text and for programs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from mlz.fleet import insideview
from mlz.fleet.planview import STYLE_OF
from mlz.terminal.console import Line
from mlz.terminal.wording import wrapped

if TYPE_CHECKING:
    from mlz.fleet.explaining import Explanation, Membership, Planned


def lines(found: Explanation) -> list[Line]:
    """Where it is, what happened last in each stack set, what the plan does, and what that changes inside."""
    shown = [Line(f"{found.account} {found.name}".rstrip() + f": {found.place}", "title")]
    for one in found.memberships:
        shown += _membership(one)
    if not found.memberships:
        shown.append(Line("  no stack set holds it", "quiet"))
    shown.append(Line("the plan", "title"))
    shown += [_planned(one) for one in found.planned] or [Line("  nothing concerns it", "quiet")]
    return shown + insideview.lines(found.insight, detailed=True)


def _membership(one: Membership) -> Iterator[Line]:
    status = one.status if one.detailed in ("SUCCEEDED", "") else f"{one.status} ({one.detailed})"
    yield Line(f"  {one.stack_set} ({one.region}): {status}", "" if one.is_well else "remove")
    if one.operation:
        what = f"{one.operation.action} {one.operation.id}: {one.operation.status}"
        told = f"; here {one.detailed}{f': {one.reason}' if one.reason else ''}"
        yield Line(f"    last operation: {what}{told}")
    elif one.reason:
        yield Line(f"    the service says: {one.reason}")
    if one.cause:
        yield Line(f"    first cause: {one.cause}", "error")
    if one.hint:
        yield Line(f"    what to do: {one.hint}", "hint")
    checked = f", checked {one.drift_checked}" if one.drift_checked else ""
    yield Line(f"    drift: {one.drift}{checked}", "quiet" if one.drift in ("IN_SYNC", "NOT_CHECKED") else "error")
    if one.overrides:
        values = ", ".join(f"{key}={value}" for key, value in sorted(one.overrides.items()))
        yield from (Line(text, "quiet") for text in wrapped(f"    its own values: {values}", 6))


def _planned(one: Planned) -> Line:
    step = f" in {one.step}" if one.step else ""
    return Line(f"  {one.sign or '.'} {one.stack_set}: {one.what}{step}: {one.reason}", STYLE_OF[one.sign])


def document(found: Explanation) -> dict[str, object]:
    """The same for programs."""
    return {
        "account": found.account,
        "name": found.name,
        "place": found.place,
        "stack_sets": list(found.memberships),
        "plan": list(found.planned),
        "inside": insideview.document(found.insight),
    }
