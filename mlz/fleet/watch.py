"""Watching stack sets: look again and again, say what changed; how long to wait follows from what was seen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from mlz.fleet.statusview import status_of
from mlz.terminal.console import Console, Line
from mlz.terminal.wording import count, listed, table

if TYPE_CHECKING:
    from mlz.fleet.statusview import Column
    from stacksets.state import Instance, State
    from stacksets.waiting import Clock

# A look takes at most a fifth of the time, so that watching a large fleet does not throttle those who work on it.
SHARE = 4.0
IDLE_FACTOR, LONGEST = 1.5, 60.0
SHOWN = 4


@dataclass(frozen=True)
class Change:
    """One account's instance that is not what it was at the last look; empty status: it was not there, or is gone."""

    stack_set: str
    account: str
    before: str
    after: str
    reason: str


def changes(before: State, after: State) -> tuple[Change, ...]:
    """What happened between two looks, by stack set and account."""
    old, new = _cells(before), _cells(after)
    found = []
    for key in sorted({*old, *new}):
        was, now = (status_of(cells[key]) if key in cells else "" for cells in (old, new))
        if was != now:
            found.append(Change(key[0], key[1], was, now, new[key].reason if key in new else ""))
    return tuple(found)


def _cells(state: State) -> dict[tuple[str, str, str], Instance]:
    return {(name, one.account, one.region): one for name, held in state.sets.items() for one in held.instances}


def line(change: Change, names: Mapping[str, str], now: datetime) -> Line:
    """`23:14:05 sm-mlops-dev-roles-prod: 508574857570 prod-01: CURRENT → OUTDATED (RUNNING)`."""
    who = f"{change.account} {names.get(change.account, '')}".strip()
    what = f"{change.before or 'joined'} → {change.after or 'gone'}"
    failed = change.after.endswith("(FAILED)")
    reason = f": {change.reason}" if change.reason and failed else ""
    style = "error" if failed else "add" if change.after == "CURRENT" else "quiet"
    return Line(f"{now:%H:%M:%S} {change.stack_set}: {who}: {what}{reason}", style)


def board(state: State, columns: Sequence[Column], names: Mapping[str, str]) -> list[Line]:
    """A row a stack set: how many accounts have which status, what is under way, who failed."""
    rows, styles = [], []
    for column in columns:
        held = state.sets.get(column.stack_set)
        counts = Counter(status_of(one) for one in held.instances) if held else Counter[str]()
        usual = ", ".join(f"{number} {status}" for status, number in counts.most_common())
        moving = ", ".join(f"{op.action} {op.status}" for op in held.operations) if held else "does not exist"
        failed = sorted({one.account for one in held.instances if one.detailed == "FAILED"}) if held else []
        rows.append([column.stack_set, usual, moving, listed([names.get(one) or one for one in failed], SHOWN)])
        styles.append("error" if failed else "change" if moving else "")
    texts = table(["stack set", "accounts", "under way", "failed"], rows)
    return [Line(texts[0], "title"), *(Line(text, style) for text, style in zip(texts[1:], styles, strict=True))]


def pause(previous: float, first: float, took: float, is_moving: bool) -> float:
    """Seconds until the next look: `first` while something moves, longer and longer while nothing does."""
    wanted = first if is_moving else min(max(previous, first) * IDLE_FACTOR, max(LONGEST, first))
    return max(wanted, took * SHARE)


def watched(look: Callable[[], State], show: Callable[[State, State | None], None], clock: Clock, first: float) -> None:
    """Look, show, wait, until somebody interrupts; a throttled look is skipped, and waited out."""
    from stacksets.client import Refused

    before: State | None = None
    wait = first
    while True:
        began = clock.now()
        try:
            state = look()
        except Refused as problem:
            if "Throttl" not in problem.code and problem.code != "TooManyRequestsException":
                raise
            wait = pause(wait, first, 0.0, is_moving=False)
            clock.sleep(wait)
            continue
        show(state, before)
        moving = any(held.operations for held in state.sets.values()) or (before is not None and state != before)
        wait = pause(wait, first, clock.now() - began, moving)
        before = state
        clock.sleep(wait)


@contextmanager
def screen(
    console: Console, columns: Sequence[Column], names: Mapping[str, str]
) -> Iterator[Callable[[State, State | None], None]]:
    """What shows each look: a table that stands still on a terminal, lines of what changed elsewhere."""
    if not console.is_live:
        yield lambda state, before: _say(console, columns, names, state, before)
        return
    from rich.console import Console as RichConsole
    from rich.live import Live
    from rich.text import Text

    terminal = RichConsole(stderr=True, no_color=not console.is_colored)
    with Live(console=terminal, auto_refresh=False) as live:

        def show(state: State, before: State | None) -> None:
            for change in changes(before, state) if before else ():
                live.console.print(Text.from_ansi(console.styled(line(change, names, datetime.now().astimezone()))))
            drawn = "\n".join(console.styled(one) for one in board(state, columns, names))
            live.update(Text.from_ansi(drawn), refresh=True)

        yield show


def _say(
    console: Console, columns: Sequence[Column], names: Mapping[str, str], state: State, before: State | None
) -> None:
    if before is None:
        console.lines([*board(state, columns, names), Line(f"watching {count(len(columns), 'stack set')}", "quiet")])
        return
    console.lines([line(change, names, datetime.now().astimezone()) for change in changes(before, state)])
