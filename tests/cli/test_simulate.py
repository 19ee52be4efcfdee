"""`mlz simulate`: the same forecast each time, for people and for programs."""

from __future__ import annotations

import json

import pytest

from mlz import cli


def simulated(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert cli.run(["simulate", *words]) == 0
    return capsys.readouterr().out


def test_a_first_roll_out_makes_the_least_calls(capsys: pytest.CaptureFixture[str]) -> None:
    found = json.loads(simulated(capsys, "--accounts", "1000", "--output", "json"))
    assert found["accounts"] == {"staging": 200, "prod": 800}
    assert (found["kappa_write"], found["kappa_idle"]) == (1.0, 1.0)
    assert found["calls"]["CreateStackSet"] == found["calls"]["CreateStackInstances"] == 4
    assert [(run["outcome"], run["left"]) for run in found["runs"]] == [("done", {})]
    assert found["eta_safe"] > 0.9


def test_what_is_left_when_it_is_stopped(capsys: pytest.CaptureFixture[str]) -> None:
    shown = simulated(capsys, "--accounts", "12", "--stop-at", "100")
    assert shown.splitlines()[:7] == [
        "12 accounts (staging 2, prod 10), roles and network",
        "run 1: stopped, 0.0 s to 1 min 40 s, 2 operations",
        "  left when it ends, for the next run of the same command:",
        "    simulated-network-staging       2 accounts",
        "    simulated-roles-prod            10 accounts",
        "    simulated-network-prod          10 accounts",
        "",
    ]
    assert "not done after  1 min 40 s" in shown


def test_failing_accounts_stop_at_the_gate_and_the_next_run_goes_on(capsys: pytest.CaptureFixture[str]) -> None:
    words = ("--accounts", "100", "--faults", "failing=5%,lost=10%,cut=5%,busy=10%,reads=1,burst=2", "--output", "json")
    shown = simulated(capsys, *words)
    runs = json.loads(shown)["runs"]
    assert [run["outcome"] for run in runs][-1] == "done"
    assert "accounts failed" in {run["outcome"] for run in runs}
    assert runs[-1]["left"] == {}
    assert json.loads(shown)["throttled"]
    assert simulated(capsys, *words) == shown


def test_each_account_with_values_of_its_own_costs_a_call(capsys: pytest.CaptureFixture[str]) -> None:
    found = json.loads(simulated(capsys, "--accounts", "50", "--own-values", "--output", "json"))
    assert found["calls"]["CreateStackInstances"] == 2 + 50
    assert found["kappa_write"] == 1.0


def test_what_does_not_exist_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["simulate", "--set-latency", "rolls=3"]) == 1
    assert capsys.readouterr().err == (
        "error: --set-latency rolls=3: not LAYER=SECONDS\nhint: layers: roles, network\n"
    )
