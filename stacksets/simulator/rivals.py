"""Somebody else who works on the same stack sets."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

from msgspec.structs import replace

from stacksets.simulator.model import Held, Job
from stacksets.spec import Preferences

if TYPE_CHECKING:
    from stacksets.simulator.service import Simulator

DEEDS = ("retry", "values", "unmanaged")


def act(service: Simulator, held: Held, deed: str) -> None:
    """Try some instances again, give the set another parameter, or switch managed execution off.

    Refused while an operation is under way, as for anybody without managed execution.
    """
    if held.active:
        return
    mark = f"rival-{len(held.jobs)}"
    cells = tuple(cell for cell, one in held.instances.items() if one.status != "INOPERABLE")
    match deed:
        case "retry":
            service.runner.submit(held, Job(mark, "UPDATE", cells[:2], Preferences()))
        case "values":
            values = {**held.definition.parameters, "Kind": "rival"}
            other = replace(held.definition, parameters=values)
            service.runner.submit(held, Job(mark, "UPDATE", cells, Preferences(), definition=other))
        case _:
            held.is_managed = False


@dataclass
class Rival:
    """Tries some instances of a set again every so many seconds, as long as others keep the clock going."""

    service: Simulator
    every: float
    dice: random.Random

    def start(self) -> None:
        self.service.clock.after(self.dice.uniform(0.5, 1.5) * self.every, self._act)

    def _act(self) -> None:
        if self.service.sets:
            act(self.service, self.dice.choice(list(self.service.sets.values())), "retry")
        self.start()
