"""`mlz doctor`: whether the rest will work, before anything changes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from mlz.options import Run, verb

if TYPE_CHECKING:
    from mlz.checks.check import Check

# Columns of the state and of what was looked at.
STATE, WHAT = 8, 27
STYLES = {"ok": "add", "warning": "change", "failed": "error", "unknown": "quiet"}


@verb("Check every prerequisite; changes nothing.")
def command(run: Run) -> int:
    from mlz.health import checks
    from mlz.terminal.console import Line
    from mlz.terminal.output import text_of
    from mlz.terminal.wording import wrapped

    found = []
    for check in checks(run.settings()):
        found.append(check)
        if run.output == "text":
            text = f"{check.state:{STATE}} {check.what:{WHAT}} {check.detail}"
            run.console.lines([Line(part, STYLES[check.state]) for part in wrapped(text, STATE + WHAT + 2)])
            if check.hint:
                run.console.lines(
                    [Line(part, "hint") for part in wrapped(f"{'':{STATE}} hint: {check.hint}", STATE + 7)]
                )
    if run.output != "text":
        run.console.data(text_of(found, run.output))
    failed = [check for check in found if check.state == "failed"]
    run.console.next(failed[0].hint or "repair what failed" if failed else _following(found))
    return 1 if failed else 0


def _following(found: Sequence[Check]) -> str:
    """The first step of a deployment that is not done yet."""
    done = {check.what for check in found if check.state == "ok"}
    if "build" not in done:
        return "mlz package"
    return "mlz plan" if "environment" in done else "mlz deploy core, then mlz deploy env"
