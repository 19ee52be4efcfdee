"""What goes wrong in a simulation: of accounts, and of calls. All of it follows from a seed."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass, fields
from math import inf

from generator.errors import ToolError

SHARES = ("failing", "slow", "suspended", "busy", "lost", "cut")


@dataclass(frozen=True, slots=True, kw_only=True)
class Faults:
    """Shares are of accounts (`failing`, `slow`, `suspended`) or of changes (`busy`, `lost`:
    answered only when asked again, `cut`: never answered).

    `reads` and `writes` are calls a second that the service takes on average before it throttles (0: it never does),
    `burst` how many at once. `lag`: seconds after which an operation and its results are listed. `rivals`: seconds
    between operations that somebody else starts on our sets (0: nobody does). `slowness`: how much longer a slow
    account takes. `expires`: seconds of virtual time after which the credentials are no longer good.
    """

    failing: float = 0.0
    slow: float = 0.0
    slowness: float = 8.0
    suspended: float = 0.0
    busy: float = 0.0
    lost: float = 0.0
    cut: float = 0.0
    reads: float = 0.0
    writes: float = 0.0
    burst: float = 20.0
    lag: float = 0.0
    rivals: float = 0.0
    expires: float = inf


NONE = Faults()
USUAL = Faults(failing=0.01, slow=0.02, suspended=0.002, busy=0.02, lost=0.01, reads=5, writes=1, lag=3)
NAMED = {"none": NONE, "usual": USUAL, "throttling": Faults(reads=2, writes=0.5, burst=10)}


def parse(text: str) -> Faults:
    """`usual`, or `failing=1%,lag=5` on top of a name; ToolError lists what there is."""
    values: dict[str, float] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, equals, value = part.partition("=")
        values |= {name: _number(name, value)} if equals else _named(part)
    return Faults(**values)


def _named(name: str) -> dict[str, float]:
    if name not in NAMED:
        raise ToolError(f"--faults: there is nothing called {name}", f"names: {', '.join(NAMED)}; {_known()}")
    return as_values(NAMED[name])


def as_values(faults: Faults) -> dict[str, float]:
    """Only what differs from no fault at all."""
    found = {field.name: float(getattr(faults, field.name)) for field in fields(Faults)}
    return {name: value for name, value in found.items() if value != getattr(NONE, name)}


def _number(name: str, value: str) -> float:
    if name not in {field.name for field in fields(Faults)}:
        raise ToolError(f"--faults: there is no fault {name}", _known())
    try:
        number = float(value.removesuffix("%")) / (100 if value.endswith("%") else 1)
    except ValueError:
        raise ToolError(f"--faults: {name}={value}: not a number", "write failing=1% or lag=5") from None
    if number < 0 or (name in SHARES and number > 1):
        raise ToolError(f"--faults: {name}={value}: out of range", "shares go from 0 to 1, or 0% to 100%")
    return number


def _known() -> str:
    return "faults: " + ", ".join(f"{field.name}=…" for field in fields(Faults))


def chosen(accounts: Iterable[str], share: float, seed: str) -> frozenset[str]:
    """So large a share of the accounts, by lot; rounded up, so that a share above nothing is somebody."""
    everyone = sorted(accounts)
    count = min(len(everyone), -(-int(share * len(everyone) * 1000) // 1000)) if share else 0
    return frozenset(random.Random(seed).sample(everyone, count))
