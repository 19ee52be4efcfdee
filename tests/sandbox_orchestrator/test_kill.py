"""A real process is killed again and again while it converges; the same command finishes, and nothing ran twice."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path

from tests.sandbox_orchestrator.converge import written
from tests.sandbox_orchestrator.fleet import Fleet

ROOT = Path(__file__).parents[2]


def start(fleet: Fleet, template: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.sandbox_orchestrator.converge", written(fleet), template]
    return subprocess.Popen(command, cwd=ROOT, text=True, stderr=subprocess.PIPE)


def test_killed_at_any_moment_the_same_command_finishes(fleet: Fleet) -> None:
    fleet.sandbox.set_latency(1.5)  # four operations one after another: six seconds, whatever the machine
    chance = random.Random(11)
    killed = 0
    for _ in range(6):
        process = start(fleet, "v1")
        try:
            process.wait(timeout=chance.uniform(0.6, 2.5))
        except subprocess.TimeoutExpired:
            process.kill()
            killed += 1
        process.communicate()
    assert killed >= 3
    fleet.sandbox.set_latency(0)
    last = start(fleet, "v1")
    _, complaints = last.communicate(timeout=60)
    assert (last.returncode, complaints) == (0, "")
    members = fleet.resolution().stages
    assert sorted(fleet.facts("network")) == sorted((*members["staging"].accounts, *members["prod"].accounts))
    assert fleet.plan(fleet.specs()).is_empty
    api = fleet.client("cloudformation", fleet.built.dev)
    for stage, count in (("staging", 1), ("prod", 1)):
        found = api.list_stack_set_operations(StackSetName=f"fleet-roles-{stage}")["Summaries"]
        assert [entry["Status"] for entry in found] == ["SUCCEEDED"] * count
    for stage in members:
        found = api.list_stack_set_operations(StackSetName=f"fleet-network-{stage}")["Summaries"]
        assert [entry["Status"] for entry in found] == ["SUCCEEDED"] * len(members[stage].accounts)
