"""`mlz simulate`: the planner and the executor against simulated stack sets; no AWS call."""

from __future__ import annotations

import click

from mlz.options import Run, verb


@verb("Predict a roll-out against simulated stack sets: duration, calls, what would be left. No AWS call.")
@click.option("--accounts", type=click.IntRange(2, 50_000), default=1000, help="Target accounts (default: 1000).")
@click.option("--change", type=click.Choice(["first", "update"]), default="first", help="First roll-out, or an update.")
@click.option("--faults", default="", help="none, usual, throttling, and single ones: failing=1%,lag=5,rivals=600.")
@click.option("--seed", default="0", help="Another seed, other accounts that fail and other durations.")
@click.option("--set-latency", multiple=True, metavar="LAYER=SECONDS", help="How long a stack of a layer takes.")
@click.option("--own-values", is_flag=True, help="Each account's network has values of its own: a call for each.")
@click.option("--canary", type=click.IntRange(0), default=0, help="Accounts of each stage that come first.")
@click.option("--wave", "waves", type=click.IntRange(1, 99), multiple=True, help="A wave up to this percentage.")
@click.option("--bake", type=click.FloatRange(0), default=0, help="Seconds of bake time between waves.")
@click.option("--budget", type=click.IntRange(0, 100), default=0, help="Percent of a stage that may fail.")
@click.option("--concurrent", type=click.IntRange(1, 100), default=100, help="Percent of accounts at once.")
@click.option("--tolerance", type=click.IntRange(0, 100), default=0, help="Percent that may fail in an operation.")
@click.option("--ceiling", type=click.IntRange(0), default=0, help="Instances of a set that the service does at once.")
@click.option("--stop-at", type=click.FloatRange(0), default=0, help="Interrupt after so many seconds.")
def command(
    run: Run,
    accounts: int,
    change: str,
    faults: str,
    seed: str,
    set_latency: tuple[str, ...],
    own_values: bool,
    canary: int,
    waves: tuple[int, ...],
    bake: float,
    budget: int,
    concurrent: int,
    tolerance: int,
    ceiling: int,
    stop_at: float,
) -> None:
    from math import inf

    from mlz.fleet import simulationview
    from mlz.terminal.output import text_of
    from stacksets.simulator.faults import parse
    from stacksets.simulator.forecast import forecast
    from stacksets.simulator.scenario import LAYER_SECONDS, Scenario
    from stacksets.spec import Preferences

    scenario = Scenario(
        accounts=accounts,
        change="update" if change == "update" else "first",
        faults=parse(faults),
        seed=seed,
        seconds={**LAYER_SECONDS, **latencies(set_latency)},
        own_values=own_values,
        canary=canary,
        percents=tuple(sorted(waves)),
        bake=bake,
        budget_percent=budget,
        preferences=Preferences(max_concurrent_percent=concurrent, failure_tolerance_percent=tolerance),
        ceiling=ceiling,
    )
    found = forecast(scenario, stop_at=stop_at or inf)
    if run.output == "text":
        run.console.lines(simulationview.lines(scenario, found))
    else:
        run.console.data(text_of(simulationview.document(scenario, found), run.output))
    run.console.next("mlz plan shows what converging your accounts would change")


def latencies(given: tuple[str, ...]) -> dict[str, float]:
    """`roles=30` → seconds by layer; ToolError for a layer that there is not."""
    from generator.errors import ToolError
    from stacksets.simulator.scenario import LAYER_SECONDS

    found: dict[str, float] = {}
    for text in given:
        layer, _, seconds = text.partition("=")
        if layer not in LAYER_SECONDS or not seconds.replace(".", "", 1).isdigit():
            raise ToolError(f"--set-latency {text}: not LAYER=SECONDS", f"layers: {', '.join(LAYER_SECONDS)}")
        found[layer] = float(seconds)
    return found
