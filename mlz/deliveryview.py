"""A run of a deploy pipeline for people: its actions as they happen, and the accounts after it."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from generator.errors import ToolError
from mlz import delivery
from mlz.console import Console, Line, Style
from mlz.delivery import Run, Standing
from mlz.wording import count, listed

if TYPE_CHECKING:
    from stacksets.client import Api

MARKS: dict[str, Style] = {"Succeeded": "add", "Failed": "error", "InProgress": "change"}
CURRENT = "CURRENT"
SHOWN = 3


def lines(run: Run | None, standings: Sequence[Standing]) -> list[Line]:
    """The run, its actions, then for each stage which version how many accounts have."""
    if run is None:
        return [Line("the pipeline never ran", "quiet")]
    head = Line(f"run {run.id}: {run.status}, {delivery.version(run.package)}, change ticket {run.ticket}", "title")
    stages = dict.fromkeys(one.stage for one in standings)
    return [head, *(action_line(one) for one in run.actions), *(_stage(name, standings) for name in stages)]


def action_line(action: delivery.Action) -> Line:
    said = f": {action.said}" if action.said and action.status == "Failed" else ""
    status = "waits for a decision" if action.token else action.status
    return Line(f"  {action.stage}/{action.name}: {status}{said}", MARKS.get(action.status, "quiet"))


def _stage(name: str, standings: Sequence[Standing]) -> Line:
    here = [one for one in standings if one.stage == name]
    versions = Counter(delivery.version(one.package) for one in here if one.status == CURRENT)
    behind = [one.account for one in here if one.status != CURRENT]
    parts = [f"{version} in {count(number, 'account')}" for version, number in sorted(versions.items())]
    if behind:
        parts.append(f"not yet in {listed(behind, SHOWN)}")
    return Line(f"{name}: {', '.join(parts)}", "change" if behind else "add")


def followed(api: Api, project: str, console: Console, seconds: float) -> Run | None:
    """Tell of each action as it begins and ends, until the run is over or waits for a person."""
    run, told = delivery.current(api, project), set[tuple[str, str, str]]()
    while run is not None:
        for action in run.actions:
            key = (action.stage, action.name, action.status)
            if key not in told:
                told.add(key)
                line = action_line(action)
                console.progress(line.text, line.style)
        if run.is_over or run.waiting:
            return run
        time.sleep(seconds)
        run = delivery.one(api, project, run.id)
    raise ToolError(f"project {project}: its pipeline never ran", "approve a model, and it is deployed")
