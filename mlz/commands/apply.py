"""`mlz apply`: exactly a saved plan, or nothing."""

from __future__ import annotations

from pathlib import Path

import click

from generator.errors import ToolError
from mlz.options import Run, mannered, verb


@verb("Apply a saved plan.")
@click.argument("plan_file", type=click.Path(), metavar="FILE")
@mannered
def command(run: Run, plan_file: str, wait: bool, pause_after: str) -> None:
    from mlz.fleet import convergence
    from mlz.fleet.applying import Manner, applied, paused, shown
    from mlz.fleet.planview import outcome
    from mlz.session import connected
    from stacksets.actions import decode
    from stacksets.plan import refuse_stale
    from stacksets.state import read

    settings = run.settings()
    path = Path(plan_file)
    if not path.exists():
        raise ToolError(f"{path}: no such file", "make one: mlz plan --out FILE")
    whole, manner = decode(path.read_bytes(), str(path)), Manner(wait, pause_after)
    cloud = connected(settings)
    state = read(convergence.service(cloud), convergence.set_names(settings))
    refuse_stale(whole, state)
    made = manner.of(whole)
    shown(run, made, {})
    if run.dry_run or made.is_empty:
        run.console.next("mlz status" if made.is_empty else f"mlz apply {plan_file}")
        return
    run.console.agreed("Apply this plan?", yes=run.yes)
    applied(settings, cloud, state, made, run.console, manner)
    run.console.progress(outcome(made), "add")
    paused(run.console, whole, made)
    run.console.next("mlz plan" if made.must_settle else "mlz status")
