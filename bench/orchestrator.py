"""The orchestrator's figures: calls against their minimum, planning, roll-outs in virtual time and over HTTP."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
import tracemalloc
from pathlib import Path

from bench.measure import ROOT, Row
from stacksets.plan import make
from stacksets.simulator.faults import parse
from stacksets.simulator.forecast import Simulation, forecast
from stacksets.simulator.scenario import Scenario, specs, staged
from stacksets.state import read

SIZES = (10, 100, 1_000, 10_000)
THROTTLED = "failing=1%,reads=5,writes=1,lag=3"


def tables(folder: Path, times: int) -> dict[str, list[Row]]:
    del times
    return {
        "Orchestrator: nothing to do, four sets": [_idle(accounts) for accounts in SIZES],
        "Orchestrator: planning from memory": [_planning(10_000)],
        "Orchestrator: roll-outs in virtual time": [
            _predicted("1,000 accounts at once", Scenario(accounts=1_000)),
            _predicted("1,000, one canary a stage", Scenario(accounts=1_000, canary=1)),
            _predicted("1,000, update, one canary a stage", Scenario(accounts=1_000, canary=1, change="update")),
            _predicted("10,000 accounts at once", Scenario(accounts=10_000)),
            _predicted("10,000, 1 % fail, throttling", Scenario(accounts=10_000, faults=parse(THROTTLED))),
        ],
        "Orchestrator: 1,000 accounts on the embedded AWS, roles, over HTTP": [_served(folder, 1_000)],
    }


class Timer:
    """Wall and CPU seconds since it was made."""

    def __init__(self) -> None:
        self._wall, self._cpu = time.perf_counter(), time.process_time()

    @property
    def spent(self) -> tuple[float, float]:
        return time.perf_counter() - self._wall, time.process_time() - self._cpu


def _idle(accounts: int) -> Row:
    """A no-op converge: resolve, read, plan."""
    simulation = Simulation(Scenario(accounts=accounts, change="update"))
    simulation.run()
    simulation.read_calls = simulation.read_least = 0
    timer = Timer()
    made = simulation.plan()
    wall, cpu = timer.spent
    if not made.is_empty:
        raise RuntimeError("something is left to do")
    what = f"{accounts:,} accounts: the least is {simulation.read_least:,} calls"
    return Row(what, wall, cpu, 1, simulation.read_calls)


def _planning(accounts: int) -> Row:
    """Each account in four sets of one stage after the other; the peak is of what planning allocates."""
    scenario = Scenario(accounts=2 * accounts, staging=0.5, change="update")
    stage = staged(scenario)
    wanted = specs(scenario, scenario.members)
    state = read(stage.service, [spec.name for spec in wanted], threads=1)
    timer = Timer()
    made = make(wanted, state)
    wall, cpu = timer.spent
    tracemalloc.start()
    make(wanted, state)
    peak = tracemalloc.get_traced_memory()[1] / 2**20
    tracemalloc.stop()
    whole = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    size = f"{peak:.0f} MB, process {whole:.0f} MB"
    return Row(f"{accounts:,} accounts x {len(wanted)} sets, {len(made.actions)} actions; {size}", wall, cpu, 1)


def _predicted(what: str, scenario: Scenario) -> Row:
    timer = Timer()
    found = forecast(scenario)
    wall, cpu = timer.spent
    looks = found.looks[0] / max(1, found.operations)
    ratios = f"eta_safe {found.eta_safe:.2f}, eta_free {found.eta_free:.2f}, {looks:.1f} looks an operation"
    changes = f"{found.writes[0]} changes, least {found.writes[1]}"
    took = f"{len(found.runs)} run{'s' if len(found.runs) > 1 else ''}, {found.seconds / 60:.0f} min"
    return Row(f"{what}: {took}; {ratios}; {changes}", wall, cpu, 1, sum(found.calls.values()))


def _served(folder: Path, accounts: int) -> Row:
    """The sandbox in one process, the orchestrator in another; CPU is the orchestrator's alone, its start included."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "bench.converging"]
    with subprocess.Popen(
        [*command, "serve", str(accounts)],
        cwd=folder,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as server:
        assert server.stdout is not None
        place = server.stdout.readline()
        json.loads(place)
        done = subprocess.run(
            [*command, "converge", place], cwd=folder, env=environment, capture_output=True, text=True, check=False
        )
        server.kill()
    if done.returncode:
        raise RuntimeError(done.stderr)
    wall, cpu, calls = done.stdout.split()
    return Row(f"{accounts:,} accounts from nothing to CURRENT", float(wall), float(cpu), 1, int(calls))
