"""`mlz status`: account by stack set; reads only."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from mlz.options import Run, verb

if TYPE_CHECKING:
    from mlz.config.settings import Settings

SECONDS = 5.0


@verb("Show accounts by stack set.")
@click.option("--watch", is_flag=True, help="Look again and again until interrupted, and show what changes.")
@click.option("--every", type=click.FloatRange(min=0.1), default=SECONDS, help="Seconds between two looks (default 5).")
@click.option("--json", "as_json", is_flag=True, help="The same as --output json.")
def command(run: Run, watch: bool, every: float, as_json: bool) -> None:
    from dataclasses import replace

    run = replace(run, output="json") if as_json else run
    settings = run.settings()
    if watch:
        _watch(run, settings, every)
    else:
        _show(run, settings)


def _show(run: Run, settings: Settings) -> None:
    from mlz.fleet import convergence, statusview
    from mlz.session import connected
    from mlz.stacks import portfolio_shares, sharing
    from mlz.terminal.console import Line
    from mlz.terminal.output import text_of
    from stacksets.organization import resolve
    from stacksets.state import read

    convergence.require_targets(settings)
    cloud = connected(settings)
    columns = convergence.columns(settings)
    state = read(convergence.service(cloud), [column.stack_set for column in columns])
    resolution = resolve(cloud.client("organizations"), convergence.scopes(settings), len(state.accounts), True)
    found = statusview.standings(state, columns, resolution.names)
    missing = [column.stack_set for column in columns if column.stack_set not in state.sets]
    shares = sharing.plan(settings, cloud)
    if run.output == "text":
        run.console.lines([*statusview.lines(found, missing), *map(Line, portfolio_shares.lines(shares))])
    else:
        shown = {**statusview.document(found, missing), "portfolio_shares": shares}
        run.console.data(text_of(shown, run.output))
    if not shares.is_empty:
        run.console.next("mlz deploy core")
        return
    behind = missing or not all(standing.is_current for standing in found)
    run.console.next("mlz plan" if behind else "nothing to repair; mlz plan shows whether something is to change")


def _watch(run: Run, settings: Settings, every: float) -> None:
    """The organization is asked once, for names; every look reads the stack sets only."""
    from mlz.fleet import convergence, watch
    from mlz.session import connected
    from stacksets.organization import resolve
    from stacksets.state import read
    from stacksets.waiting import SYSTEM

    if run.output != "text":
        raise click.UsageError("--watch speaks text only; for programs: mlz status --output json, again and again")
    convergence.require_targets(settings)
    cloud = connected(settings)
    columns = convergence.columns(settings)
    names = resolve(cloud.client("organizations"), convergence.scopes(settings), allow_empty=True).names
    service, sets = convergence.service(cloud), [column.stack_set for column in columns]
    with watch.screen(run.console, columns, names) as show:
        watch.watched(lambda: read(service, sets), show, SYSTEM, every)
