"""`mlz demo`: the whole story on the embedded AWS."""

from __future__ import annotations

from mlz.options import Run, verb


@verb("The whole story on the embedded AWS: no account needed, nothing is left behind.")
def command(run: Run) -> None:
    from mlz.demo import demo

    demo(run.console)
    run.console.next(".venv/bin/mlz sandbox --seed-world, to try it yourself; for your own accounts: README.md")
