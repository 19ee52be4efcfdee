"""Which execution may enter a stage: the execution modes.

QUEUED: one execution after the other. SUPERSEDED: one execution in a stage, and of those that wait the newest goes on.
PARALLEL: all at once. Source: CodePipeline User Guide, "Set or change the pipeline execution mode".
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from sandbox.pipelines.model import Execution


@dataclass
class Turns:
    """`others` lists a pipeline's executions, oldest first. Thread-safe."""

    others: Callable[[str], list[Execution]]
    _inside: dict[tuple[str, str], str] = field(default_factory=dict)
    _changed: threading.Condition = field(default_factory=threading.Condition)

    def enter(self, execution: Execution, stage: str) -> bool:
        """Wait for the turn; False when the execution was stopped or superseded instead."""
        with self._changed:
            execution.waits_for = stage
            try:
                while not execution.stopping.is_set() and not self._is_free(execution, stage):
                    if self._is_overtaken(execution, stage):
                        execution.set("Superseded")
                        return False
                    self._changed.wait(0.05)
            finally:
                execution.waits_for = ""
            self._inside[(execution.arn, stage)] = execution.id
            return not execution.stopping.is_set()

    def leave(self, execution: Execution, stage: str) -> None:
        with self._changed:
            if self._inside.get((execution.arn, stage)) == execution.id:
                del self._inside[(execution.arn, stage)]
            self._changed.notify_all()

    def _is_free(self, execution: Execution, stage: str) -> bool:
        match execution.mode:
            case "PARALLEL":
                return True
            case "QUEUED":
                return all(other.has_ended for other in self._around(execution)[0])
        return (execution.arn, stage) not in self._inside

    def _is_overtaken(self, execution: Execution, stage: str) -> bool:
        newer = self._around(execution)[1]
        return execution.mode == "SUPERSEDED" and any(other.waits_for == stage for other in newer)

    def _around(self, execution: Execution) -> tuple[list[Execution], list[Execution]]:
        """Those before and after it; a deleted pipeline has none."""
        everyone = self.others(execution.arn)
        place = everyone.index(execution) if execution in everyone else len(everyone)
        return everyone[:place], everyone[place + 1 :]
