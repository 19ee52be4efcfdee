"""`mlz bootstrap`: the execution role into every target account, by the organization's access role."""

from __future__ import annotations

import click

from generator.errors import ToolError
from mlz.options import Run, verb


@verb("Make the set-up role in every target account; run it as the organization's management account.")
@click.option(
    "--administrator", default="", metavar="ACCOUNT", help="Account that holds the stack sets (default: the caller's)."
)
@click.option("--remove", is_flag=True, help="Take the role out of every target account again.")
def command(run: Run, administrator: str, remove: bool) -> None:
    from mlz.fleet import bootstrapping
    from mlz.release import product
    from mlz.terminal.reporter import reporting
    from stacksets.bootstrap import Bootstrap
    from stacksets.organization import ACCOUNT

    if administrator and not ACCOUNT.fullmatch(administrator):
        raise ToolError(f"--administrator: {administrator!r} is not an account id", "an account id has 12 digits")
    settings = run.settings()
    manifest = product.built(settings)
    made = bootstrapping.prepared(settings, manifest, administrator)
    if remove:
        run.console.agreed(f"Take the role out of {len(made.spec.accounts)} accounts?", yes=run.yes or run.dry_run)
        if not run.dry_run:
            with reporting(run.console) as report:
                Bootstrap(made.management, report).remove(made.spec)
        run.console.next("mlz destroy core")
        return
    bootstrapping.refuse_management(made, administrator)
    plan = Bootstrap(made.management, lambda _event: None).plan(made.spec)
    run.console.data(bootstrapping.shown(plan, made, run.output))
    if run.dry_run:
        run.console.next("the same without --dry-run does it")
        return
    run.console.agreed("Do this?", yes=run.yes)
    with reporting(run.console) as report:
        Bootstrap(made.management, report).apply(made.spec, plan)
    run.console.next("mlz deploy core, then mlz deploy env")
