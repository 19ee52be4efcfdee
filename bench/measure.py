"""One measured command: whole processes, medians."""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
BUCKET = "bench-releases"
REGION = "eu-west-1"


@dataclass(frozen=True)
class Row:
    """One line of the table: medians in seconds; `requests` is None where the command talks to nobody."""

    what: str
    wall: float
    cpu: float
    runs: int
    requests: int | None = None


def program(name: str) -> list[str]:
    """The command of a console script of this environment; mlz also runs uninstalled."""
    script = Path(sys.executable).with_name(name)
    if name == "mlz" and not script.exists():
        return [sys.executable, "-m", "mlz.cli"]
    return [str(script)]


def measured(
    what: str,
    command: Sequence[str],
    folder: Path,
    times: int,
    *,
    environment: Mapping[str, str] | None = None,
    before: Callable[[], None] = lambda: None,
    requests: Callable[[], int] | None = None,
    accept: Sequence[int] = (0,),
) -> Row:
    """Run `command` in `folder` that often, each time after `before`; raises when its exit code is not accepted."""
    walls, cpus, counts = [], [], []
    for _ in range(times):
        before()
        earlier = requests() if requests else 0
        wall, cpu = _once(command, folder, environment or {}, accept)
        walls.append(wall)
        cpus.append(cpu)
        counts.append(requests() - earlier if requests else 0)
    median = statistics.median(walls), statistics.median(cpus)
    return Row(what, *median, times, round(statistics.median(counts)) if requests else None)


def _once(
    command: Sequence[str], folder: Path, environment: Mapping[str, str], accept: Sequence[int]
) -> tuple[float, float]:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    merged = {**os.environ, "PYTHONPATH": str(ROOT), **environment}
    run = subprocess.run(command, cwd=folder, env=merged, capture_output=True, text=True, check=False)
    wall = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if run.returncode not in accept:
        raise RuntimeError(f"{' '.join(command)}: exit {run.returncode}\n{run.stdout}{run.stderr}")
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def table(title: str, rows: Sequence[Row]) -> str:
    """As Markdown; the first row is what the others are compared with."""
    lines = [
        f"### {title}",
        "",
        "| what | wall s | CPU s | runs | requests | against the first |",
        "|---|---|---|---|---|---|",
    ]
    for row in rows:
        requests = "" if row.requests is None else str(row.requests)
        ratio = f"{rows[0].wall / row.wall:.2f}x"
        lines.append(f"| {row.what} | {row.wall:.3f} | {row.cpu:.3f} | {row.runs} | {requests} | {ratio} |")
    return "\n".join([*lines, ""])
