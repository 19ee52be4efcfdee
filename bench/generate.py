"""`mlz generate`: all templates, archives and the manifest, from nothing and over an old build."""

from __future__ import annotations

import shutil
from pathlib import Path

from bench.measure import BUCKET, REGION, Row, measured, program

TITLE = "Generate"


def tables(folder: Path, times: int) -> dict[str, list[Row]]:
    command = [*program("mlz"), "generate", "--bucket", BUCKET, "--region", REGION]

    def clean() -> None:
        shutil.rmtree(folder / "build", ignore_errors=True)

    rows = [
        measured("`mlz generate`, empty folder", command, folder, times, before=clean),
        measured("`mlz generate`, over the same build", command, folder, times),
    ]
    return {TITLE: rows}
