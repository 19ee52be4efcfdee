"""`mlz demo model`, as people start it: it ends well, and says what it has to show.

The commands of `mlz demo`, its first act, are played one by one by tests/cli/test_main_job.py.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
MODEL = [
    "  7 accounts: 7 as the stack sets say, 0 not.",
    "  prod: version 1 in 4 accounts",
    "  prod: version 2 in 4 accounts",
    "-5 is not within 0 and 40",
    "An alarm went off, and the deployment was rolled back",
    "  prod: what they had before in ",
    "Succeeded, version 1, change ticket CHG-42",
    "  prod: version 1 in 4 accounts",
    "  nothing is left in 8 accounts",
    "  the embedded AWS agrees: of all that stacks made nothing is left; keys wait seven days",
]


def test_the_demo_shows_what_it_promises_in_this_order(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mlz.cli", "demo", "model", "--no-color"]
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=600, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    rest = done.stderr
    for text in MODEL:
        before, found, rest = rest.partition(text)
        assert found, f"{text!r} does not come after:\n{before[-2000:]}"
