"""`mlz destroy`: targets, the bootstrap's roles, env, core, in this order; then the proof."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from mlz.options import Run, verb

if TYPE_CHECKING:
    from mlz.settings import Settings
    from mlz.teardown import Proof, Teardown

PARTS = ("targets", "bootstrap", "env", "core")


@verb("Delete targets, the bootstrap's roles, env and core, in this order; then show what is left.")
@click.argument("parts", nargs=-1, type=click.Choice(PARTS))
@click.option("--unprotect", is_flag=True, help="Switch termination protection off.")
@click.option("--purge", is_flag=True, help="Delete data, models, logs and keys too; without it they stay.")
def command(run: Run, parts: tuple[str, ...], unprotect: bool, purge: bool) -> int:
    from mlz.output import text_of
    from mlz.teardown import Teardown

    settings = run.settings()
    chosen = [part for part in PARTS if part in (parts or PARTS)]
    teardown = Teardown.of(run, settings, unprotect=unprotect, purges=purge)
    teardown.refuse_early(chosen)
    for line in teardown.announced(chosen):
        run.console.progress(line, "remove")
    if run.dry_run:
        if run.output != "text":
            run.console.data(text_of({"would_delete": teardown.announced(chosen)}, run.output))
        run.console.next("the same without --dry-run does it")
        return 0
    run.console.agreed_by_name(settings.identity, f"This deletes {', '.join(chosen)}.", yes=run.yes)
    for part in chosen:
        run.console.progress(f"destroy {part}", "title")
        teardown.destroy(part)
    return _proof(run, settings, teardown, tuple(chosen) == PARTS)


def _proof(run: Run, settings: Settings, teardown: Teardown, everything: bool) -> int:
    from mlz.output import text_of

    proof = teardown.proof()
    if run.output == "text":
        run.console.data("\n".join(teardown.lines(proof)))
    else:
        run.console.data(text_of(proof, run.output))
    run.console.next(_following(settings, proof))
    return 1 if proof.left and everything else 0


def _following(settings: Settings, proof: Proof) -> str:
    if proof.left:
        return "mlz destroy"
    if proof.kept:
        return "data and its keys were kept; mlz destroy --purge deletes them too"
    bucket = f"the package bucket {settings.package.bucket} stays" if settings.package.bucket else "the bucket stays"
    return f"{bucket}; delete it yourself if you mean it"
