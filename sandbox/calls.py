"""How often each operation was called, for statements about the number of API calls."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass, field


@dataclass
class Calls:
    """Counts by `service.operation` since the last reset; thread-safe."""

    _counts: Counter[str] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def count(self, service: str, operation: str) -> None:
        with self._lock:
            self._counts[f"{service}.{operation or 'unknown'}"] += 1

    def reset(self) -> None:
        with self._lock:
            self._counts.clear()

    def shown(self) -> dict[str, int]:
        """Counts in the order of their names."""
        with self._lock:
            return dict(sorted(self._counts.items()))
