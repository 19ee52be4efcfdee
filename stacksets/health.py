"""The gate before a wave: bake time, CloudWatch alarms by name, a command of the user's own."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from typing import TypeAlias

from generator.errors import GateError
from stacksets.actions import Step
from stacksets.client import Cloud, pages, translated
from stacksets.report import Baking, Report
from stacksets.waiting import Clock
from stacksets.waves import OPEN, Gate

LOOKS = 10
# Names that one DescribeAlarms takes (CloudWatch API reference, AlarmNames; read 2026-11-21).
NAMES = 100
COMMAND_SECONDS = 3600
TAIL = 300

# What is wrong, in words; nothing when the gate may be passed.
Health: TypeAlias = Callable[[Gate], str]


def unwatched(gate: Gate) -> str:
    """Nobody judges; bake time alone is kept."""
    del gate
    return ""


def awaited(step: Step, health: Health, clock: Clock, report: Report) -> None:
    """Let the bake time of a step pass, then judge; GateError as soon as an alarm rings, or when the command fails."""
    gate = step.health
    if gate == OPEN:
        return
    if gate.bake:
        report(Baking(step.name, gate.bake))
    watched = Gate(alarms=gate.alarms)
    for _ in range(LOOKS if gate.bake else 0):
        clock.sleep(gate.bake / LOOKS)
        _refuse(step, health(watched) if gate.alarms else "")
    _refuse(step, health(gate))


def _refuse(step: Step, complaint: str) -> None:
    if complaint:
        raise GateError(
            f"{step.name}: not begun: {complaint}",
            "repair what it is about, then run the same command again: it goes on here; or take the change back",
        )


class Watch:
    """Judges by the alarms of one account and Region, then by the command's exit status."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud

    def __call__(self, gate: Gate) -> str:
        return self._alarms(gate.alarms) or (_run(gate.command) if gate.command else "")

    def _alarms(self, names: tuple[str, ...]) -> str:
        found: dict[str, str] = {}
        for start in range(0, len(names), NAMES):
            asked = list(names[start : start + NAMES])
            for kind in ("MetricAlarm", "CompositeAlarm"):
                found |= self._states(asked, kind)
        ringing = [name for name in names if found.get(name) == "ALARM"]
        missing = [name for name in names if name not in found]
        if ringing:
            return f"alarm {', '.join(ringing)} is in ALARM"
        return f"there is no alarm {', '.join(missing)}" if missing else ""

    def _states(self, names: list[str], kind: str) -> dict[str, str]:
        describe = self._cloud.client("cloudwatch").describe_alarms
        with translated("alarms"):
            alarms = pages(describe, f"{kind}s", AlarmNames=names, AlarmTypes=[kind])
            return {alarm["AlarmName"]: alarm["StateValue"] for alarm in alarms}


def _run(command: tuple[str, ...]) -> str:
    """The command without a shell; the end of what it said belongs to the complaint."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=COMMAND_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired) as problem:
        return f"{command[0]}: {problem}"
    said = (done.stderr or done.stdout).strip()[-TAIL:]
    return f"{' '.join(command)} exited with {done.returncode}: {said}".rstrip(": ") if done.returncode else ""
