"""Between the orchestrator and the simulated service: latency, throttles, lost answers, expiry, crashes, and counts."""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from generator.errors import ToolError
from stacksets.client import Refused
from stacksets.service import Busy, OperationExists
from stacksets.simulator.bucket import Bucket
from stacksets.simulator.clock import VirtualClock
from stacksets.simulator.faults import NONE, Faults

ATTEMPTS = 10
LONGEST_BACKOFF = 20.0
# Asked again, these answer as they did the first time.
REPEATABLE = frozenset({"CreateStackSet", "DeleteStackSet"})


class Crash(BaseException):
    """The orchestrator's process ends here; nothing of it catches this."""


@dataclass
class Wire:
    """Carries calls as the real client does: throttles and lost answers are tried again below the orchestrator.

    `calls` counts requests by API, those that were throttled too (`throttled`). `crash_at` is the number of the call
    in which the process ends, before it or (`crash_after`) when the service has carried it out. `busy`, `lost`
    and `cut` are how many of the next changes are refused, answered only when asked again, or never answered.
    """

    clock: VirtualClock
    faults: Faults = NONE
    seed: str = ""
    latency: float = 0.0
    busy: int = 0
    lost: int = 0
    cut: int = 0
    crash_at: int = 0
    crash_after: bool = False
    calls: Counter[str] = field(default_factory=Counter)
    throttled: Counter[str] = field(default_factory=Counter)
    mutations: int = 0
    signed_in: float = 0.0
    lock: threading.RLock = field(default_factory=threading.RLock)

    def __post_init__(self) -> None:
        self._dice = random.Random(f"{self.seed} wire")
        self._reads = Bucket(self.faults.reads, self.faults.burst)
        self._writes = Bucket(self.faults.writes, self.faults.burst)
        self._made = 0

    @contextmanager
    def read(self, api: str, pages: int = 1) -> Iterator[None]:
        """A call that changes nothing, of so many pages."""
        with self.lock:
            for _ in range(pages):
                self._request(api, self._reads)
            yield
            self._crash(is_after=True)

    @contextmanager
    def change(self, api: str, where: str) -> Iterator[None]:
        """A call that changes something; its answer may be lost when it was carried out."""
        with self.lock:
            self._request(api, self._writes)
            self.mutations += 1
            if api != "CreateStackSet" and self._happens("busy"):
                raise Busy(f"{where}: another operation is in progress")
            yield
            self._crash(is_after=True)
            if self._happens("cut"):
                raise ToolError(f"{where}: the connection was closed before {api} was answered", "run it again")
            if api not in REPEATABLE and self._happens("lost"):
                self.calls[api] += 1
                raise OperationExists(f"{where}: the operation exists (its first answer was lost)")

    def _request(self, api: str, bucket: Bucket) -> None:
        for attempt in range(ATTEMPTS):
            self.calls[api] += 1
            self._made += 1
            self._crash(is_after=False)
            self.clock.sleep(self.latency)
            if self.clock.now() - self.signed_in >= self.faults.expires:
                raise Refused(f"{api}: the security token has expired", "sign in again", "ExpiredToken")
            if bucket.takes(self.clock.now()):
                return
            self.throttled[api] += 1
            self.clock.sleep(self._dice.random() * min(2.0**attempt, LONGEST_BACKOFF))
        raise Refused(f"{api}: Rate exceeded (Throttling)", "wait a minute and run it again", "Throttling")

    def sign_in(self) -> None:
        """Fresh credentials."""
        self.signed_in = self.clock.now()

    def _crash(self, *, is_after: bool) -> None:
        if self.crash_at and self._made >= self.crash_at and is_after == self.crash_after:
            self.crash_at = 0
            raise Crash

    def _happens(self, fault: str) -> bool:
        left = int(getattr(self, fault))
        if left:
            setattr(self, fault, left - 1)
            return True
        share = float(getattr(self.faults, fault))
        return share > 0 and self._dice.random() < share
