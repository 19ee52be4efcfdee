"""A run of a deploy pipeline for people: its actions as they happen, and the accounts after it."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from textwrap import shorten
from typing import TYPE_CHECKING

from generator.errors import ToolError
from mlz.mlops import delivery
from mlz.mlops.delivery import Action, Run, Standing
from mlz.terminal.console import Console, Line, Style
from mlz.terminal.wording import count, elapsed, listed

if TYPE_CHECKING:
    from stacksets.client import Api

MARKS: dict[str, Style] = {"Succeeded": "add", "Failed": "error", delivery.MOVING: "change"}
CURRENT = "CURRENT"
SHOWN, SAID = 3, 120
# Between two looks at a run, whatever the settings say of stack sets: what it waits for are builds.
SHORTEST = 0.5


def lines(run: Run | None, standings: Sequence[Standing], reasons: Sequence[str], *, told: bool) -> list[Line]:
    """The run, its actions unless they were `told` as they happened, then which version how many accounts have.

    `reasons`: why it failed (delivery.reasons).
    """
    if run is None:
        return [Line("the pipeline never ran", "quiet")]
    head = Line(f"run {run.id}: {run.status}, {delivery.version(run.package)}, change ticket {run.ticket}", "title")
    stages = dict.fromkeys(one.stage for one in standings)
    actions = [] if told else [action_line(one) for one in run.actions]
    said = [Line(f"  {reason}", "error") for reason in reasons]
    return [head, *actions, *said, *(_stage(name, standings) for name in stages)]


def action_line(action: Action) -> Line:
    said = f": {shorten(action.said, SAID, placeholder='…')}" if action.said and action.status == "Failed" else ""
    status = "waits for a decision" if action.token else f"{action.status}  ({elapsed(action.seconds)})"
    return Line(f"  {action.stage}/{action.name}: {status}{said}", MARKS.get(action.status, "quiet"))


def _stage(name: str, standings: Sequence[Standing]) -> Line:
    here = [one for one in standings if one.stage == name]
    versions = Counter(delivery.version(one.package) for one in here if one.status == CURRENT)
    behind = [one.account for one in here if one.status != CURRENT]
    parts = [f"{version} in {count(number, 'account')}" for version, number in sorted(versions.items())]
    if behind:
        parts.append(f"what they had before in {listed(behind, SHOWN)}")
    return Line(f"{name}: {', '.join(parts)}", "change" if behind else "add")


def followed(api: Api, project: str, console: Console, seconds: float) -> Run:
    """Tell of each action as it ends, until the run is over or waits for a person."""
    run = delivery.current(api, project)
    if run is None:
        raise ToolError(f"project {project}: its pipeline never ran", "approve a model, and it is deployed")
    told = set() if run.is_over else {_key(one) for one in run.actions if one.status != delivery.MOVING}
    while True:
        for action in run.actions:
            if _key(action) not in told and (action.token or action.status != delivery.MOVING):
                told.add(_key(action))
                line = action_line(action)
                console.progress(line.text, line.style)
        if run.is_over or run.waiting:
            return run
        time.sleep(max(seconds, SHORTEST))
        run = delivery.one(api, project, run.id)


def _key(action: Action) -> tuple[str, str, str]:
    return action.stage, action.name, action.status
