"""Waiting until AWS has taken away what was asked to go."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TypeVar

from generator.errors import ToolError
from stacksets.waiting import Pace, wait_turns

T = TypeVar("T")
PATIENCE_SECONDS = 1800.0


def until_gone(
    what: str,
    look: Callable[[], Sequence[T]],
    ask: Callable[[T], None],
    first: float,
    patience: float = PATIENCE_SECONDS,
) -> None:
    """Ask each thing that `look` finds to go, and look again until there is none.

    `ask` is called at every look and decides by the thing's state whether to do anything. ToolError names what is
    still there when the patience ends; the same call goes on from there.
    """
    began = time.monotonic()
    for delay in wait_turns(Pace(first=first, longest=15.0)):
        found = look()
        if not found:
            return
        for one in found:
            ask(one)
        if time.monotonic() - began > patience:
            raise ToolError(f"{what}: {len(found)} still there after {patience:.0f} s", "run the same command again")
        time.sleep(delay)
