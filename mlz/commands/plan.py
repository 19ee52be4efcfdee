"""`mlz plan`: what converging would change, in which accounts and inside them; changes nothing."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from generator.errors import ToolError
from mlz.options import Run, insisting, verb

if TYPE_CHECKING:
    from mlz.fleet.inside import Insight
    from stacksets.actions import Plan

CHANGES = 2
# Stacks of each set that are looked into, by change set and in search of changes by hand, unless all are asked for.
PREVIEWS, SAMPLE = 500, 5


@verb("Show what converging the target accounts would change.")
@insisting
@click.option("--out", type=click.Path(), metavar="FILE", default="", help="Save the plan, for: mlz apply FILE.")
@click.option("--json", "as_json", is_flag=True, help="The same as --output json.")
@click.option("--detailed-exitcode", is_flag=True, help="Exit 2 when there are changes, 0 when there are none.")
@click.option("--fast", is_flag=True, help="Plan from the stack sets alone; look into no account.")
@click.option("--all", "everywhere", is_flag=True, help="Look into all accounts, however many; usually into a sample.")
@click.option("--drift", is_flag=True, help="Detect drift first (an operation a stack set), and show it.")
def command(
    run: Run,
    allow_removals: bool,
    allow_empty: bool,
    out: str,
    as_json: bool,
    detailed_exitcode: bool,
    fast: bool,
    everywhere: bool,
    drift: bool,
) -> int:
    from dataclasses import replace

    from mlz.fleet import convergence, inside, insideview
    from mlz.fleet.applying import shown
    from mlz.session import connected

    if out and not Path(out).resolve().parent.is_dir():
        raise ToolError(f"--out: {Path(out).parent}: there is no such folder", "make it first, or choose another")
    run = replace(run, output="json") if as_json else run
    settings, insistence = run.settings(), convergence.Insistence(allow_removals, allow_empty)
    cloud = connected(settings)
    drifts = inside.drifts(settings, cloud) if drift else ()
    found = convergence.situation(settings, convergence.release(settings), cloud, insistence)
    made = convergence.plan(settings, found, insistence)
    if run.output == "text":
        shown(run, made, dict(found.names))
    none, every = inside.Wish(inside.NONE_OF_THEM, inside.NONE_OF_THEM), inside.Wish(0, 0)
    wish = none if fast else every if everywhere else inside.Wish(PREVIEWS, SAMPLE)
    insight = replace(inside.gathered(settings, cloud, found, made, wish), drifts=drifts)
    if run.output == "text":
        run.console.lines(insideview.lines(insight, detailed=run.console.verbosity > 0))
    else:
        _data(run, made, dict(found.names), insight)
    if out:
        _save(Path(out), made, insight)
    for account, reason in found.skipped.items():
        run.console.progress(f"left out: {account} {found.names.get(account, '')}: {reason}", "quiet")
    for spec in found.specs:
        hidden = [name for name in spec.definition.parameters if spec.template.parameters[name].no_echo]
        for name in hidden if spec.name in found.state.sets else ():
            run.console.progress(
                f"not compared: {spec.name}: {name}: NoEcho, nobody can read the value it has", "quiet"
            )
    if made.is_empty:
        run.console.next("nothing to do; see: mlz status")
        return 0
    run.console.next(f"mlz apply {out}" if out else "mlz deploy targets, or mlz plan --out FILE")
    return CHANGES if detailed_exitcode else 0


def _data(run: Run, plan: Plan, names: dict[str, str], insight: Insight) -> None:
    from mlz.fleet import insideview, planview
    from mlz.terminal.output import text_of

    document = {**planview.document(plan, names), "inside": insideview.document(insight)}
    run.console.data(text_of(document, run.output))


def _save(path: Path, plan: Plan, insight: Insight) -> None:
    """The plan as applying reads it, and beside it what reviewers want to see, which applying passes over."""
    import json

    from mlz.fleet import insideview
    from mlz.terminal.output import json_text
    from stacksets.actions import encode

    # It holds the values of parameters, those that NoEcho hides included.
    path.touch(mode=0o600)
    path.chmod(0o600)
    path.write_text(json_text({**json.loads(encode(plan)), "inside": insideview.document(insight)}) + "\n")
