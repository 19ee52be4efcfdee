"""The order in which one stage's accounts are served: canaries, then shares or named accounts, then the rest. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import msgspec

CANARY, REST = "canary", "rest"


class Gate(msgspec.Struct, frozen=True, omit_defaults=True):
    """What must hold before the next wave or stage begins.

    `bake` seconds pass first, while the alarms are looked at; `alarms` are names of CloudWatch alarms of which none may
    be in ALARM; `command` is the user's own and must exit with 0.
    """

    bake: float = 0.0
    alarms: tuple[str, ...] = ()
    command: tuple[str, ...] = ()


OPEN = Gate()


@dataclass(frozen=True, slots=True)
class Wave:
    """Accounts by id, or (`percent`) as many as bring the share of the stage that is served to this percentage."""

    name: str
    accounts: frozenset[str] = frozenset()
    percent: int = 0


@dataclass(frozen=True, slots=True)
class Rollout:
    """How a stage is served; `budget_percent` of its accounts may fail and the next wave still begins."""

    waves: tuple[Wave, ...] = ()
    gate: Gate = OPEN
    budget_percent: int = 0


AT_ONCE = Rollout()


def partition(waves: Sequence[Wave], accounts: Iterable[str]) -> Mapping[str, int]:
    """Account → position of its wave; `len(waves)` is the rest.

    Shares are filled in the order of a digest of the account id: independent of its age, its unit and its neighbours,
    and the same in every run, so that an interrupted roll-out goes on with the accounts it would have come to.
    """
    wanted = sorted(set(accounts), key=_shuffled)
    place: dict[str, int] = {}
    for position, wave in enumerate(waves):
        for account in wanted:
            if account in wave.accounts:
                place.setdefault(account, position)
        free = iter([account for account in wanted if account not in place])
        while wave.percent and len(place) * 100 < wave.percent * len(wanted):
            place[next(free)] = position
    return {account: place.get(account, len(waves)) for account in wanted}


def _shuffled(account: str) -> bytes:
    return hashlib.sha256(account.encode()).digest()


def name_of(stage: str, waves: Sequence[Wave], position: int) -> str:
    """`staging` without waves, else `staging/canary`, `staging/rest`."""
    if not waves:
        return stage
    return f"{stage}/{waves[position].name if position < len(waves) else REST}"
