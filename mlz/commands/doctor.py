"""`mlz doctor`: whether the rest will work, before anything changes."""

from __future__ import annotations

from mlz.options import Run, verb

STYLES = {"ok": "add", "warning": "change", "failed": "error", "unknown": "quiet"}


@verb("Check every prerequisite; changes nothing.")
def command(run: Run) -> int:
    from mlz.health import checks
    from mlz.terminal.console import Line
    from mlz.terminal.output import text_of

    found = []
    for check in checks(run.settings()):
        found.append(check)
        if run.output == "text":
            hint = f"  ({check.hint})" if check.hint else ""
            text = f"{check.state:8} {check.what:26} {check.detail}{hint}"
            run.console.lines([Line(text, STYLES[check.state])])
    if run.output != "text":
        run.console.data(text_of(found, run.output))
    failed = [check for check in found if check.state == "failed"]
    run.console.next(failed[0].hint or "repair what failed" if failed else "mlz package")
    return 1 if failed else 0
