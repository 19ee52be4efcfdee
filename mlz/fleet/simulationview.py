"""How a simulation is shown: what would happen, what it costs, how far that is from the least."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlz.terminal.console import Line
from mlz.terminal.wording import count, elapsed
from stacksets.simulator.forecast import Forecast, Run
from stacksets.simulator.scenario import Scenario

STYLES = {"done": "add", "accounts failed": "error", "cut off": "error", "stopped": "change"}


def lines(scenario: Scenario, found: Forecast) -> list[Line]:
    """For a person."""
    stages = ", ".join(f"{name} {len(accounts):,}" for name, accounts in scenario.members.items())
    shown = [Line(f"{count(scenario.accounts, 'account')} ({stages}), {' and '.join(scenario.layers)}", "title")]
    for number, run in enumerate(found.runs, 1):
        shown += _run(number, run)
    shown += [Line(""), *_times(found), Line(""), Line(f"{'calls':34}{'made':>8}{'throttled':>11}", "title")]
    shown += [Line(f"  {api:32}{made:>8,}{found.throttled.get(api, 0):>11,}") for api, made in found.calls.items()]
    shown += [Line(""), Line(f"{'against the least':34}{'made':>8}{'least':>11}{'kappa':>8}", "title")]
    for name, (made, least) in _ratios(found).items():
        shown.append(Line(f"  {name:32}{made:>8,}{least:>11,}{_kappa(made, least):>8.2f}"))
    return shown


def _run(number: int, run: Run) -> list[Line]:
    took = f"{elapsed(run.began)} to {elapsed(run.ended)}"
    shown = [
        Line(f"run {number}: {run.outcome}, {took}, {count(run.operations, 'operation')}", STYLES.get(run.outcome, ""))
    ]
    shown += [Line(f"  {line}") for line in run.message.splitlines()]
    if run.left:
        shown.append(Line("  left when it ends, for the next run of the same command:"))
        shown += [Line(f"    {name:32}{count(behind, 'account')}") for name, behind in run.left.items()]
    return shown


def _times(found: Forecast) -> list[Line]:
    if not found.is_done:
        return [Line(f"not done after  {elapsed(found.seconds)}", "title")]
    return [
        Line(f"predicted duration  {elapsed(found.seconds)}", "title"),
        Line(f"  work, same gates  {elapsed(found.bound_safe)}  eta_safe {found.eta_safe:.2f}"),
        Line(f"  work, no gates    {elapsed(found.bound_free)}  eta_free {found.eta_free:.2f}"),
    ]


def _ratios(found: Forecast) -> dict[str, tuple[int, int]]:
    ratios = {"reads to plan": found.reads, "changes": found.writes, "looks at operations": found.looks}
    return {**ratios, "reads when nothing is to do": found.reads_idle} if found.reads_idle[1] else ratios


def _kappa(made: int, least: int) -> float:
    return made / least if least else 1.0


def document(scenario: Scenario, found: Forecast) -> Mapping[str, Any]:
    """For a program; seconds are virtual."""
    runs = [
        {
            "outcome": run.outcome,
            "message": run.message,
            "began": round(run.began, 1),
            "ended": round(run.ended, 1),
            "operations": run.operations,
            "failed": dict(run.failed),
            "left": dict(run.left),
        }
        for run in found.runs
    ]
    names = {"reads to plan": "kappa_read", "changes": "kappa_write", "looks at operations": "kappa_poll"}
    names["reads when nothing is to do"] = "kappa_idle"
    return {
        "accounts": {name: len(accounts) for name, accounts in scenario.members.items()},
        "seconds": round(found.seconds, 1),
        "eta_safe": round(found.eta_safe, 3) if found.is_done else None,
        "eta_free": round(found.eta_free, 3) if found.is_done else None,
        **{names[name]: round(_kappa(*pair), 3) for name, pair in _ratios(found).items()},
        "operations": found.operations,
        "calls": dict(found.calls),
        "throttled": dict(found.throttled),
        "least": {name: least for name, (_, least) in _ratios(found).items()},
        "runs": runs,
    }
