"""`python -m bench [generate lint orchestrator package sandbox start]`: prints one Markdown table each."""

from __future__ import annotations

import argparse
import os
import platform
import sys
import tempfile
from pathlib import Path

from bench import generate, lint, orchestrator, package, sandbox, start
from bench.measure import table

PARTS = {
    "start": start,
    "generate": generate,
    "package": package,
    "lint": lint,
    "sandbox": sandbox,
    "orchestrator": orchestrator,
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("parts", nargs="*", default=[], choices=[*PARTS, []], metavar="PART")
    parser.add_argument("--times", type=int, default=5, help="runs of each command; the median counts")
    given = parser.parse_args()
    machine = f"{os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}"
    busy = os.getloadavg()[0]
    _say(f"{machine}; medians of {given.times}; load before: {busy:.1f}\n")
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        for name in PARTS:
            if name in (given.parts or PARTS):
                for title, rows in PARTS[name].tables(Path(folder), given.times).items():
                    _say(table(title, rows))


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
