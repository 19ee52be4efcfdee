"""`mlz completion`: the script that makes a shell complete mlz's commands and options."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from mlz.options import Run, verb

VARIABLE = "_MLZ_COMPLETE"
PLACES = {
    "bash": "~/.local/share/bash-completion/completions/mlz",
    "zsh": "a file named _mlz in a folder of $fpath",
    "fish": "~/.config/fish/completions/mlz.fish",
}


@verb("Print the completion script of a shell.")
@click.argument("shell", type=click.Choice(list(PLACES)))
def command(run: Run, shell: str) -> None:
    kind = get_completion_class(shell)
    if kind is None:
        raise click.UsageError(f"no completion for {shell}")
    root = click.get_current_context().find_root().command
    run.console.data(kind(root, {}, "mlz", VARIABLE).source())
    run.console.next(f"mlz completion {shell} > {PLACES[shell]}")
