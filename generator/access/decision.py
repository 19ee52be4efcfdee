"""The answer to a request, with the way to it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from generator.access.policy import Kind


class Outcome(StrEnum):
    """UNKNOWN: the outcome depends on context keys that the request declares unknown, or on unseen policies."""

    ALLOWED = "allowed"
    DENIED = "denied"
    UNKNOWN = "unknown"


class Verdict(StrEnum):
    """What one kind of policy says: SILENT is an implicit deny where the kind has to allow."""

    ALLOWS = "allows"
    DENIES = "denies"
    SILENT = "does not allow"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Deciding:
    """A statement by its policy: `sid` is its Sid, or `#n`, counted from 1, where it has none."""

    kind: Kind
    source: str
    sid: str


@dataclass(frozen=True)
class Step:
    """One kind (for SCPs: one level) that was considered: its policies, what they say, the statement that says so."""

    kind: Kind
    sources: tuple[str, ...]
    verdict: Verdict
    statement: Deciding | None = None
    level: str = ""


@dataclass(frozen=True)
class Decision:
    """`kind` is where it was decided; `statement` is None for an implicit deny: nothing in `kind` allows.

    `missing` are the context keys, in lower case, whose values would be needed to say more.
    """

    outcome: Outcome
    kind: Kind | None
    statement: Deciding | None
    trace: tuple[Step, ...]
    missing: tuple[str, ...] = ()

    @property
    def is_explicit_deny(self) -> bool:
        return self.outcome is Outcome.DENIED and self.statement is not None
