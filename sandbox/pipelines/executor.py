"""An execution from stage to stage: its turn, its conditions, its actions by run order."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sandbox.api.errors import internal_failure
from sandbox.pipelines.actions import Actions
from sandbox.pipelines.conditions import unmet
from sandbox.pipelines.model import ActionFailed, ActionRun, Execution, StageRun
from sandbox.pipelines.turns import Turns

Stage = Mapping[str, Any]


@dataclass(frozen=True)
class Executor:
    """`changed` hears of each execution that begins or ends."""

    actions: Actions
    turns: Turns
    changed: Callable[[Execution], None]

    def run(self, execution: Execution, stages: Sequence[Stage], keep: Collection[str] = ()) -> None:
        """The stages in order until one fails; actions named in `keep` have succeeded before and are not run again."""
        self.changed(execution)
        try:
            self._through(execution, stages, keep)
        except Exception as error:  # noqa: BLE001 - a defect here fails the execution, so that none after it waits for ever
            execution.set("Failed", internal_failure(error).message)
        if execution.stopping.is_set() and not execution.has_ended:
            execution.set("Stopped")
        elif execution.status == "InProgress":
            execution.set("Succeeded")
        self.changed(execution)

    def _through(self, execution: Execution, stages: Sequence[Stage], keep: Collection[str]) -> None:
        for stage in stages:
            if not self._entered(execution, stage, keep):
                return
            keep = ()

    def _entered(self, execution: Execution, stage: Stage, keep: Collection[str]) -> bool:
        """Whether the execution goes on after this stage."""
        name = str(stage["name"])
        if not self.turns.enter(execution, name):
            return False
        run = execution.stages[name] = StageRun(name)
        try:
            self._staged(execution, stage, run, keep)
        except ActionFailed as failure:
            run.status, run.condition = "Failed", failure.message
        finally:
            if execution.stopping.is_set() and run.status == "InProgress":
                run.status = "Stopped"
            if run.status == "Failed":
                execution.set("Failed", run.condition)
            self.turns.leave(execution, name)
        return run.status in ("Succeeded", "Skipped")

    def _staged(self, execution: Execution, stage: Stage, run: StageRun, keep: Collection[str]) -> None:
        entry = unmet(stage.get("beforeEntry") or {}, execution)
        if entry is not None:
            _apply(run, *entry, allowed=("FAIL", "SKIP"))
            return
        if self._acted(execution, stage, keep):
            run.status = "Succeeded"
            broken = unmet(stage.get("onSuccess") or {}, execution)
            if broken is not None:
                _apply(run, *broken, allowed=("FAIL",))
        elif not execution.stopping.is_set():
            self._failed(execution, stage, run)

    def _failed(self, execution: Execution, stage: Stage, run: StageRun) -> None:
        failing = stage.get("onFailure") or {}
        run.status = "Failed"
        match failing.get("result"):
            case None | "FAIL":
                return
            case "SKIP":
                run.status, run.condition = "Skipped", "The stage failed and is skipped, as onFailure says"
            case "RETRY":
                mode = (failing.get("retryConfiguration") or {}).get("retryMode", "ALL_ACTIONS")
                keep = succeeded(execution, stage) if mode == "FAILED_ACTIONS" else ()
                run.status = "Succeeded" if self._acted(execution, stage, keep) else "Failed"
            case other:
                run.condition = f"not emulated: onFailure with result {other}; the stage has failed"

    def _acted(self, execution: Execution, stage: Stage, keep: Collection[str]) -> bool:
        """Run the actions; those of one run order at the same time, the next ones only if all succeeded."""
        wanted = [action for action in stage["actions"] if action["name"] not in keep]
        for order in sorted({int(action.get("runOrder", 1)) for action in wanted}):
            group = [action for action in wanted if int(action.get("runOrder", 1)) == order]
            if execution.stopping.is_set():
                return False
            if any(run.status != "Succeeded" for run in self._together(execution, str(stage["name"]), group)):
                return False
        return True

    def _together(self, execution: Execution, stage: str, group: Sequence[Mapping[str, Any]]) -> list[ActionRun]:
        """Threads of our own: those of a pool would keep the program from ending while an approval waits."""
        runs: list[ActionRun] = []
        threads = [
            threading.Thread(target=lambda one=one: runs.append(self.actions.run(execution, stage, one)), daemon=True)
            for one in group
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return runs


def succeeded(execution: Execution, stage: Stage) -> list[str]:
    """Names of the stage's actions whose last run succeeded."""
    runs = {action["name"]: execution.latest(str(stage["name"]), action["name"]) for action in stage["actions"]}
    return [name for name, run in runs.items() if run is not None and run.status == "Succeeded"]


def _apply(run: StageRun, result: str, reason: str, *, allowed: tuple[str, ...]) -> None:
    """What a condition that does not hold means for its stage."""
    if result not in allowed:
        run.status, run.condition = "Failed", f"not emulated: condition with result {result}. {reason}"
    else:
        run.status, run.condition = ("Skipped" if result == "SKIP" else "Failed"), reason
