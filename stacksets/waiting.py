"""How we wait: back-off between looks, bounded patience with an operation of somebody else, a fakeable clock."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

from generator.errors import ToolError
from stacksets.report import Report, Waiting
from stacksets.service import Busy, OperationExists


class Clock(Protocol):
    """Seconds that pass; a simulator passes them in no time."""

    def now(self) -> float: ...

    def sleep(self, seconds: float) -> None: ...


class SystemClock:
    def now(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


SYSTEM = SystemClock()


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """Waits in seconds. `patience` bounds waiting for an operation of somebody else before ours is accepted."""

    first: float = 1.0
    factor: float = 1.6
    closing: float = 1.1
    longest: float = 30.0
    patience: float = 3600.0
    attempts: int = 100
    listing_delays: tuple[float, ...] = (0.5, 1.0, 2.0, 4.0, 8.0)


def wait_turns(pace: Pace, expected: float = 0.0) -> Iterator[float]:
    """The waits between looks at something that runs: growing, then even, then a tenth of what it has taken.

    `expected` is how long the like of it took before: most of that is waited for in one piece, and the rest of it in
    even waits, since the end is near.
    """
    delay, factor, waited = pace.first, pace.factor, 0.0
    if expected > 4 * pace.first:
        waited = 0.7 * expected
        yield waited
        delay, factor = max(delay, 0.05 * expected), pace.closing
    while True:
        yield delay
        waited += delay
        delay = min(delay * factor, max(pace.longest, 0.1 * waited))


def submit(clock: Clock, pace: Pace, report: Report, name: str, send: Callable[[], None]) -> bool:
    """Send until accepted; False when the service had accepted the same operation before (its answer was lost).

    While another operation holds the set it is tried again, with jitter so that two runs do not march in step.
    """
    started, jitter = clock.now(), random.Random(name)
    for delay in wait_turns(pace):
        try:
            send()
        except OperationExists:
            return False
        except Busy as busy:
            if clock.now() - started > pace.patience:
                raise ToolError(
                    f"{name}: another operation holds the stack set for more than {pace.patience:.0f} s",
                    "see who runs it: mlz status; then run the same command again",
                ) from busy
            seconds = delay * jitter.uniform(0.8, 1.2)
            report(Waiting(name, busy.message, seconds))
            clock.sleep(seconds)
        else:
            return True
    raise AssertionError("wait_turns never ends")
