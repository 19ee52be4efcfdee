"""A thousand accounts on the embedded AWS: one operation of a stack set, from its submission to its end."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
from pathlib import Path

from bench.measure import ROOT, Row

ACCOUNTS = 1_000
WHAT = {"roles": "the target roles (3 roles)", "network": "a VPC (9 resources)"}


def tables(folder: Path, times: int) -> dict[str, list[Row]]:
    return {f"Sandbox: {ACCOUNTS:,} stack instances": [_row(folder, times, kind) for kind in WHAT]}


def _row(folder: Path, times: int, kind: str) -> Row:
    runs = [_once(folder, kind) for _ in range(times)]
    walls, cpus, peaks = zip(*runs, strict=True)
    what = f"{WHAT[kind]}; peak {statistics.median(peaks):.0f} MB"
    return Row(what, statistics.median(walls), statistics.median(cpus), times)


def _once(folder: Path, kind: str) -> tuple[float, float, float]:
    command = [sys.executable, "-m", "bench.fleet", kind, str(ACCOUNTS)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: exit {done.returncode}\n{done.stderr}")
    wall, cpu, peak = (float(word) for word in done.stdout.split())
    return wall, cpu, peak
