"""Time that passes only while somebody sleeps, with events that are due in it."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from math import inf
from typing import TypeAlias

Do: TypeAlias = Callable[[], None]


@dataclass
class VirtualClock:
    """Seconds since the simulation began; at `until` the sleeper is interrupted once, like Ctrl-C."""

    time: float = 0.0
    until: float = inf
    _due: list[tuple[float, int, Do]] = field(default_factory=list)
    _count: int = 0

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        """Let time pass with all that is due in it; KeyboardInterrupt when `until` is reached."""
        target = self.time + seconds
        if target < self.until:
            self._advance(target)
            return
        self._advance(max(self.time, self.until))
        self.until = inf
        raise KeyboardInterrupt

    def after(self, seconds: float, do: Do) -> None:
        """Do this when so many seconds have passed; what is due at the same time is done in the order of asking."""
        self._count += 1
        heapq.heappush(self._due, (self.time + seconds, self._count, do))

    def drain(self) -> None:
        """Let time pass until nothing more is due."""
        while self._due:
            self._advance(self._due[0][0])

    def _advance(self, target: float) -> None:
        while self._due and self._due[0][0] <= target:
            self.time, _, do = heapq.heappop(self._due)
            do()
        self.time = max(self.time, target)
