"""Which stages follow which, and walking along them: independent ones at the same time, on threads."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter

from generator.errors import ToolError
from stacksets.actions import Step
from stacksets.spec import StackSetSpec


def ordered(specs: Sequence[StackSetSpec]) -> tuple[StackSetSpec, ...]:
    """The sets so that each comes after those it follows; ToolError for a circle, or a dependency that is not there."""
    ranks = {stage: rank for rank, stage in enumerate(_sorted(predecessors(specs)))}
    return tuple(sorted(specs, key=lambda spec: (ranks[spec.stage], spec.layer_position, spec.name)))


def ancestors(specs: Sequence[StackSetSpec]) -> Mapping[str, tuple[str, ...]]:
    """Stage → every stage that must have passed before it, directly or not, in order."""
    direct = predecessors(specs)
    found: dict[str, tuple[str, ...]] = {}
    for stage in _sorted(direct):
        above = (name for parent in sorted(direct[stage]) for name in (*found[parent], parent))
        found[stage] = tuple(dict.fromkeys(above))
    return found


def predecessors(specs: Sequence[StackSetSpec]) -> Mapping[str, frozenset[str]]:
    """Stage → the stages that it follows directly: the one before it in its family, and those it depends on."""
    homes = {spec.name: spec.stage for spec in specs}
    found: dict[str, set[str]] = {spec.stage: set() for spec in specs}
    for spec in specs:
        if missing := sorted(set(spec.depends_on) - set(homes)):
            raise ToolError(
                f"{spec.name}: it depends on {', '.join(missing)}, which is no stack set here",
                f"known: {', '.join(sorted(homes))}",
            )
        found[spec.stage] |= {homes[name] for name in spec.depends_on}
        before = [o for o in specs if o.family == spec.family and o.stage_position < spec.stage_position]
        if before:
            found[spec.stage].add(max(before, key=lambda one: one.stage_position).stage)
    return {stage: frozenset(parents) for stage, parents in found.items()}


def _sorted(direct: Mapping[str, frozenset[str]]) -> tuple[str, ...]:
    sorter = TopologicalSorter({stage: sorted(parents) for stage, parents in direct.items()})
    try:
        return tuple(sorter.static_order())
    except CycleError as problem:
        circle = " → ".join(problem.args[1])
        raise ToolError(f"depends_on: the stack sets wait for each other: {circle}", "remove one of them") from problem


def walk(steps: Sequence[Step], work: Callable[[Step], bool]) -> tuple[Step, ...]:
    """Do `work` for every step once those in its `after` have passed; it answers whether the step passed.

    Returns the steps that were not begun. A step that is alone is worked on in this thread, so that a chain needs no
    other. The threads do not outlive the process: an interrupt ends them, and the operations go on in the service.
    The first error of any is raised when all that had begun have ended.
    """
    present = {step.name for step in steps}
    waiting, passed = list(steps), set[str]()
    ended: queue.Queue[tuple[Step, bool | BaseException]] = queue.Queue()
    flying, errors = 0, list[BaseException]()
    while True:
        ready = [step for step in waiting if passed.issuperset(present.intersection(step.after))]
        if errors and not flying:
            raise errors[0]
        if not errors:
            waiting = [step for step in waiting if step not in ready]
            if len(ready) == 1 and not flying:
                passed |= {ready[0].name} if work(ready[0]) else set()
                continue
            for step in ready:
                threading.Thread(target=_worked, args=(step, work, ended), daemon=True).start()
            flying += len(ready)
        if not flying:
            return tuple(waiting)
        step, outcome = ended.get()
        flying -= 1
        if isinstance(outcome, BaseException):
            errors.append(outcome)
        elif outcome:
            passed.add(step.name)


def _worked(step: Step, work: Callable[[Step], bool], ended: queue.Queue[tuple[Step, bool | BaseException]]) -> None:
    try:
        ended.put((step, work(step)))
    except BaseException as problem:  # noqa: BLE001 - raised again in the thread that waits
        ended.put((step, problem))
