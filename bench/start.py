"""How long a command takes to say anything at all."""

from __future__ import annotations

import sys
from pathlib import Path

from bench.measure import Row, measured, program

TITLE = "Start"


def tables(folder: Path, times: int) -> dict[str, list[Row]]:
    commands = {
        "`aws --version` (AWS CLI 1)": [*program("aws"), "--version"],
        "`cfn-lint --version`": [*program("cfn-lint"), "--version"],
        "`mlz --help`": [*program("mlz"), "--help"],
        "`mlz --version`": [*program("mlz"), "--version"],
        "`mlz generate --help`": [*program("mlz"), "generate", "--help"],
        "`python -c pass`, the floor": [sys.executable, "-c", "pass"],
    }
    rows = [measured(what, command, folder, times) for what, command in commands.items()]
    return {TITLE: rows}
