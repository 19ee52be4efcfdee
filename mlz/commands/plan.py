"""`mlz plan`: what converging would change; reads only."""

from __future__ import annotations

from pathlib import Path

import click

from mlz.options import Run, insisting, verb

CHANGES = 2


@verb("Show what converging the target accounts would change.")
@insisting
@click.option("--out", metavar="FILE", default="", help="Save the plan, for: mlz apply FILE.")
@click.option("--json", "as_json", is_flag=True, help="The same as --output json.")
@click.option("--detailed-exitcode", is_flag=True, help="Exit 2 when there are changes, 0 when there are none.")
def command(run: Run, allow_removals: bool, allow_empty: bool, out: str, as_json: bool, detailed_exitcode: bool) -> int:
    from dataclasses import replace

    from mlz import convergence, product
    from mlz.applying import shown
    from mlz.session import connected
    from stacksets.actions import encode

    settings = run.settings()
    insistence = convergence.Insistence(allow_removals, allow_empty)
    found = convergence.situation(settings, product.built(settings), connected(settings), insistence)
    made = convergence.plan(settings, found, insistence)
    if out:
        Path(out).write_bytes(encode(made))
    shown(replace(run, output="json") if as_json else run, made, dict(found.names))
    for account, reason in found.skipped.items():
        run.console.progress(f"left out: {account} {found.names.get(account, '')}: {reason}", "quiet")
    if made.is_empty:
        run.console.next("nothing to do; see: mlz status")
        return 0
    run.console.next(f"mlz apply {out}" if out else "mlz deploy targets, or mlz plan --out FILE")
    return CHANGES if detailed_exitcode else 0
