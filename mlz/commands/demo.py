"""`mlz demo`: stories on the embedded AWS."""

from __future__ import annotations

import click

from mlz.options import Run, verb


@verb("A story on the embedded AWS: the whole platform, or the life of a model; no account needed, nothing is left.")
@click.argument("story", type=click.Choice(("platform", "model")), default="platform")
def command(run: Run, story: str) -> None:
    from mlz.stories import demo, demo_model

    played = {"platform": demo.demo, "model": demo_model.demo}
    played[story](run.console)
    run.console.next(".venv/bin/mlz sandbox --seed-world, to try it yourself; for your own accounts: README.md")
