"""The context keys of a request, and the ways not to have a value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum


class Missing(Enum):
    """Why a context key has no value: the request has none, or nobody told."""

    ABSENT = "absent"
    UNKNOWN = "unknown"


Value = str | tuple[str, ...] | Missing


@dataclass(slots=True)
class Context:
    """The keys of one evaluation, lower-case; `asked` collects those that were looked up and are unknown."""

    keys: Mapping[str, Value]
    others: Missing
    asked: set[str] = field(default_factory=set)

    def value(self, key: str) -> Value:
        """ABSENT for a key without values; `key` in lower case."""
        value = self.keys.get(key, self.others)
        if value is Missing.UNKNOWN:
            self.asked.add(key)
        return value or Missing.ABSENT if isinstance(value, tuple) else value
