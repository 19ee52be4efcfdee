"""`mlz destroy`: everything of an environment, in the order in which it can go; then the proof."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from mlz.options import Run, verb

if TYPE_CHECKING:
    from generator.errors import ToolError
    from mlz.config.settings import Settings
    from mlz.removal.estate import Proof
    from mlz.removal.teardown import Teardown

# In the order in which they go: what needs a role, a network or a template goes before it.
PARTS = ("projects", "products", "targets", "env", "core", "packages", "bootstrap")
# Releases serve other environments too: they go only when they are named.
USUAL = tuple(part for part in PARTS if part != "packages")


@verb("Delete an environment, all but its packages, or some parts of it; then show what is left.")
@click.argument("parts", nargs=-1, type=click.Choice(PARTS))
@click.option("--plan", is_flag=True, help="Show what would go and what would stay; the same as --dry-run.")
@click.option("--unprotect", is_flag=True, help="Switch termination protection off.")
@click.option("--purge", is_flag=True, help="Delete data, models, logs and keys too; without it they stay.")
def command(run: Run, parts: tuple[str, ...], plan: bool, unprotect: bool, purge: bool) -> int:
    from mlz.removal.estate import Estate
    from mlz.removal.teardown import Teardown

    settings = run.settings()
    chosen = [part for part in PARTS if part in (parts or USUAL)]
    estate = Estate.of(settings)
    teardown = Teardown(run=run, estate=estate, found=estate.look(chosen), unprotect=unprotect, purges=purge)
    announced = _announced(run, teardown, chosen)
    objections = list(teardown.objections(chosen))
    if plan or run.dry_run:
        _show(run, announced, objections)
        return 0
    for problem in objections:
        raise problem
    _agree(run, settings, chosen)
    for part in chosen:
        run.console.progress(f"destroy {part}", "title")
        teardown.destroy(part)
    return _proof(run, teardown, chosen)


def _announced(run: Run, teardown: Teardown, chosen: list[str]) -> list[str]:
    from mlz.removal.teardown_view import KEPT, Announcement

    lines = Announcement(teardown.estate, teardown.found, teardown.purges).lines(chosen)
    for line in lines:
        run.console.progress(line, "" if line.startswith(" ") or KEPT in line else "remove")
    return lines


def _show(run: Run, lines: list[str], objections: list[ToolError]) -> None:
    from mlz.removal.teardown_view import KEPT, NOTHING
    from mlz.terminal.output import text_of

    for problem in objections:
        run.console.progress(f"it would stop: {problem.message}", "change")
        run.console.progress(f"hint: {problem.hint}", "hint")
    goes = [line for line in lines if KEPT not in line and line != NOTHING]
    if run.output != "text":
        told = {
            "would_delete": goes,
            "would_keep": [line.strip() for line in lines if KEPT in line],
            "would_stop": [problem.message for problem in objections],
        }
        run.console.data(text_of(told, run.output))
    run.console.next("the same without --plan does it" if goes else "nothing to do")


def _agree(run: Run, settings: Settings, chosen: list[str]) -> None:
    run.console.agreed_by_name(settings.identity, f"This deletes {', '.join(chosen)}.", yes=run.yes)
    bucket = settings.package.bucket
    if "packages" in chosen and bucket:
        question = f"All releases below {settings.package.prefix}/ go, of every environment that uses them."
        run.console.agreed_by_name(bucket, question, yes=run.yes)


def _proof(run: Run, teardown: Teardown, chosen: list[str]) -> int:
    from mlz.removal import leftovers
    from mlz.terminal.output import text_of

    proof = teardown.estate.proof(chosen, purges=teardown.purges)
    if run.output == "text":
        names = teardown.estate.resolution.names
        run.console.data("\n".join(leftovers.lines(proof.left, proof.kept, names, proof.accounts)))
    else:
        run.console.data(text_of(proof, run.output))
    run.console.next(_following(teardown, proof, chosen))
    return 1 if proof.left else 0


def _following(teardown: Teardown, proof: Proof, chosen: list[str]) -> str:
    bucket = teardown.estate.settings.package.bucket
    if proof.left:
        return f"mlz destroy {' '.join(chosen)}"
    if proof.kept and teardown.purges:
        return "people's work was kept; mlz project delete NAME --models deletes a project's models"
    if proof.kept:
        return "data and its keys were kept; mlz destroy --purge deletes them too"
    if "packages" in chosen or not bucket:
        return "nothing"
    return f"the package bucket {bucket} stays; mlz destroy packages deletes its releases"
