"""The service's throttle: a token bucket in virtual time."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Bucket:
    """`rate` tokens a second, at most `burst` at once; a rate of 0 has no limit."""

    rate: float
    burst: float
    tokens: float = 0.0
    filled: float = 0.0

    def __post_init__(self) -> None:
        self.tokens = self.burst

    def takes(self, now: float) -> bool:
        """True when a token was there and is taken."""
        if not self.rate:
            return True
        self.tokens = min(self.burst, self.tokens + (now - self.filled) * self.rate)
        self.filled = now
        if self.tokens < 1.0:
            return False
        self.tokens -= 1.0
        return True
