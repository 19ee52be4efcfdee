"""`mlz apply`: exactly a saved plan, or nothing."""

from __future__ import annotations

from pathlib import Path

import click

from generator.errors import ToolError
from mlz.options import Run, verb


@verb("Apply a saved plan.")
@click.argument("plan_file", metavar="FILE")
def command(run: Run, plan_file: str) -> None:
    from mlz import convergence, targets
    from mlz.applying import applied, shown
    from mlz.planview import outcome
    from mlz.session import connected
    from stacksets.actions import decode
    from stacksets.plan import refuse_stale
    from stacksets.state import read

    settings = run.settings()
    path = Path(plan_file)
    if not path.exists():
        raise ToolError(f"{path}: no such file", "make one: mlz plan --out FILE")
    made = decode(path.read_bytes(), str(path))
    cloud = connected(settings)
    state = read(convergence.service(cloud), [column.stack_set for column in targets.columns(settings)])
    refuse_stale(made, state)
    shown(run, made, {})
    if run.dry_run or made.is_empty:
        run.console.next("mlz status" if made.is_empty else f"mlz apply {plan_file}")
        return
    run.console.agreed("Apply this plan?", yes=run.yes)
    applied(settings, cloud, state, made, run.console)
    run.console.progress(outcome(made), "add")
    run.console.next("mlz plan" if made.must_settle else "mlz status")
