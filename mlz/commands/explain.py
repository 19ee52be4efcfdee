"""`mlz explain`: why an account is where it is, and what the plan would do to it; changes nothing."""

from __future__ import annotations

import click

from mlz.options import Run, verb


@verb("Show why an account is where it is: last operation, first cause, drift, plan.")
@click.argument("account", metavar="ACCOUNT")
def command(run: Run, account: str) -> None:
    from mlz.fleet import convergence, explainview
    from mlz.fleet.explaining import explained
    from mlz.session import connected
    from mlz.terminal.output import text_of

    settings, guards_off = run.settings(), convergence.Insistence(removals=True, emptiness=True)
    cloud = connected(settings)
    found = convergence.situation(settings, convergence.release(settings), cloud, guards_off)
    plan = convergence.plan(settings, found, guards_off)
    explanation = explained(settings, cloud, found, plan, account)
    if run.output == "text":
        run.console.lines(explainview.lines(explanation))
    else:
        run.console.data(text_of(explainview.document(explanation), run.output))
    well = all(one.is_well for one in explanation.memberships) and not any(one.sign for one in explanation.planned)
    run.console.next("nothing to do" if well else "mlz deploy targets")
