"""What must hold between the settings of waves and of the user's own stack sets."""

from __future__ import annotations

from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise

from mlz.config.document import Path, nearest
from mlz.config.rollout import Rollout, StackSet
from mlz.config.settings import Settings
from mlz.config.violation import Violation

RESERVED = ("canary", "rest", "staging", "prod", "leave", "settle")


def rollouts(settings: Settings) -> Iterator[Violation]:
    """Broken rules of every roll-out in the file."""
    yield from _rollout(settings.rollout, ("rollout",))
    for name, own in settings.stack_sets.items():
        yield from _rollout(own.rollout, ("stack_sets", name, "rollout"))


def _rollout(rollout: Rollout, path: Path) -> Iterator[Violation]:
    names: set[str] = set()
    for index, wave in enumerate(rollout.waves):
        place = (*path, "waves", index)
        ways = [bool(way) for way in (wave.percent, wave.organizational_units, wave.tags, wave.accounts)]
        if sum(ways) != 1:
            yield Violation(
                place,
                "a wave is one of percent, organizational_units, tags and accounts",
                "make two waves of it" if any(ways) else "say which accounts it has",
            )
        if wave.name in RESERVED:
            yield Violation((*place, "name"), f"{wave.name} is the name of something else", "choose another name")
        if wave.name and wave.name in names:
            yield Violation((*place, "name"), f"two waves are named {wave.name}", "give each its own name")
        names.add(wave.name)
    shares = [(index, wave.percent) for index, wave in enumerate(rollout.waves) if wave.percent]
    for (_, first), (index, second) in pairwise(shares):
        if second <= first:
            yield Violation(
                (*path, "waves", index, "percent"),
                f"{second} is not more than {first} of the wave before",
                "shares add up: 10, 50 serves a tenth, then up to the half",
            )


def stack_sets(settings: Settings) -> Iterator[Violation]:
    """Broken rules of `stack_sets`."""
    own = {f"{settings.identity}-{layer}-{stage.name}" for stage in settings.targets.stages for layer in LAYERS}
    known = {*settings.stack_sets, *(own if settings.targets.staging.is_declared else ())}
    for name, one in settings.stack_sets.items():
        path: Path = ("stack_sets", name)
        if name in own or name in RESERVED:
            yield Violation(path, "this name is taken by the environment", "choose another name")
        yield from _targets(one, path)
        for index, other in enumerate(one.depends_on):
            if other not in known or other == name:
                hint = nearest(other, sorted(known - {name})) if len(known) > 1 else "remove it"
                yield Violation((*path, "depends_on", index), f"there is no other stack set {other}", hint)
    yield from _circle(settings)


LAYERS = ("roles", "network")


def _targets(one: StackSet, path: Path) -> Iterator[Violation]:
    if not one.targets.is_declared:
        hint = "give organizational_units, accounts or tags"
        yield Violation((*path, "targets"), "says nothing of whom it is for", hint)
    if len(set(one.regions)) < len(one.regions):
        yield Violation((*path, "regions"), "a Region is given twice", "name each Region once")
    for index, override in enumerate(one.overrides):
        if not (override.organizational_units or override.accounts):
            yield Violation(
                (*path, "overrides", index),
                "says nothing of whom it is for",
                "give organizational_units or accounts; what all accounts get belongs to parameters",
            )


def _circle(settings: Settings) -> Iterator[Violation]:
    sets = settings.stack_sets
    waits = {name: [other for other in one.depends_on if other in sets] for name, one in sets.items()}
    try:
        TopologicalSorter(waits).prepare()
    except CycleError as problem:
        circle: list[str] = problem.args[1]
        path: Path = ("stack_sets", circle[-1], "depends_on")
        yield Violation(path, f"stack sets wait for each other: {' → '.join(circle)}", "remove one of them")
