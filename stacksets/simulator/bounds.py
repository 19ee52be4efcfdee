"""The least that a plan can cost: calls that change something, and seconds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from stacksets.actions import Action, AwaitOperation, CreateSet, DeleteSet, Plan, UpdateSet
from stacksets.simulator.scenario import Stage


@dataclass(frozen=True)
class Bounds:
    """`safe` seconds keep the plan's gates, `free` ones have none; `looks` are at operations under way."""

    writes: int = 0
    safe: float = 0.0
    free: float = 0.0
    looks: int = 0
    operations: int = 0

    def __add__(self, other: Bounds) -> Bounds:
        return Bounds(
            self.writes + other.writes,
            self.safe + other.safe,
            self.free + other.free,
            self.looks + other.looks,
            self.operations + other.operations,
        )


def bounds(plan: Plan, stage: Stage, begun: int) -> Bounds:
    """Of the first `begun` actions: one change for each set, wave and group of equal values, and their seconds."""
    actions = plan.actions[:begun]
    steps = (tuple(action for action in step.actions if action in actions) for step in plan.steps)
    gated = sum(_seconds(stage, done) + step.health.bake for step, done in zip(plan.steps, steps, strict=True) if done)
    layers: dict[str, list[Action]] = {}
    for action in actions:
        layers.setdefault(action.stack_set.rpartition("-")[0], []).append(action)
    free = sum(_parallel(stage, actions) for actions in layers.values())
    return Bounds(sum(_writes(action) for action in actions), gated, free)


def _writes(action: Action) -> int:
    match action:
        case AwaitOperation():
            return 0
        case CreateSet() | DeleteSet() | UpdateSet():
            return 1
        case _:
            return len(action.groups)


def _seconds(stage: Stage, actions: Iterable[Action]) -> float:
    """One stack set after another."""
    sets: dict[str, list[Action]] = {}
    for action in actions:
        sets.setdefault(action.stack_set, []).append(action)
    return sum(_parallel(stage, found) for found in sets.values())


def _parallel(stage: Stage, actions: Iterable[Action]) -> float:
    """max(longest, sum / concurrency): no schedule is shorter (Graham)."""
    times: list[float] = []
    slots = 0
    for action in actions:
        fate = stage.service.fate
        times += [fate.duration(action.stack_set, account) for account in action.accounts]
        if not isinstance(action, (AwaitOperation, CreateSet, DeleteSet)):
            slots += action.preferences.concurrent(len(action.accounts))
    if not times:
        return 0.0
    slots = min(max(1, slots), stage.scenario.ceiling or slots)
    return max(max(times), sum(times) / max(1, slots))
