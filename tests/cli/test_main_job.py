"""The main job by its commands, against the embedded AWS over HTTP."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from mlz import cli
from mlz.stories import world
from sandbox.faults import Fault
from sandbox.server import Sandbox
from stacksets.client import Cloud, connect

REGION, BUCKET, EACH = "eu-west-1", "main-job", 3
READS = ("Describe", "List", "Get", "AssumeRole", "Head")


@dataclass(frozen=True)
class Desk:
    """A folder with settings in an organization of three accounts a stage, the last of staging suspended."""

    aws: Sandbox
    made: world.World
    chief: Cloud
    capture: pytest.CaptureFixture[str]

    def run(self, *words: str, code: int = 0) -> tuple[str, str]:
        """stdout and stderr of a command that must end with `code`."""
        ended = cli.run([*words, "--no-color"])
        out, error = self.capture.readouterr()
        assert ended == code, f"mlz {' '.join(words)}: exit {ended}\n{out}{error}"
        return out, error

    def data(self, *words: str, code: int = 0) -> Any:
        return json.loads(self.run(*words, "--output", "json", code=code)[0])


@pytest.fixture
def desk(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    monkeypatch.chdir(tmp_path)
    keys = tmp_path / "credentials"
    with Sandbox() as aws:
        with world.environment(world.variables(keys, aws.endpoint, world.MANAGEMENT, REGION)):
            chief = connect("", REGION)
            made = world.seed(chief, EACH)
        Path("mlz.yaml").write_text(world.settings(made, BUCKET, REGION))
        with world.environment(world.variables(keys, aws.endpoint, made.development, REGION)):
            yield Desk(aws, made, chief, capsys)


def test_the_main_job(desk: Desk) -> None:
    packaging(desk)
    deploying(desk)
    planning_and_applying(desk)
    doing_nothing_twice(desk)
    examining(desk)
    failing_and_repairing(desk)
    moving(desk)
    destroying(desk)


def packaging(desk: Desk) -> None:
    first = desk.data("package", "--no-lint")
    assert first["unchanged"] == 0
    second = desk.data("package", "--no-lint")
    assert (second["uploaded"], second["requests"]) == ([], 1)


def deploying(desk: Desk) -> None:
    assert "confirmation: nobody is here to answer" in desk.run("bootstrap", code=1)[1]
    out, _ = desk.run("bootstrap", "--yes")
    assert out.startswith("+ 5 accounts without the execution role: ")
    assert desk.run("bootstrap", "--yes")[0].startswith("~ 5 accounts with it")
    dry = desk.run("deploy", "core", "--dry-run")[1]
    assert "sm-mlops-core: create" in dry
    assert desk.data("deploy", "core", "--yes")["outputs"]["PortfolioId"].startswith("port-")
    environment = desk.data("deploy", "env", "--yes")["outputs"]
    assert environment["ModelBucketName"] == f"sm-mlops-dev-{REGION}-{desk.made.development}-models"
    assert "sm-mlops-dev: nothing to change" in desk.run("deploy", "env", "--yes")[1]


def planning_and_applying(desk: Desk) -> None:
    plan = desk.data("plan", "--out", "plan.json", "--detailed-exitcode", code=2)
    assert plan["totals"] == {"add": 10, "change": 0, "remove": 0, "unchanged": 0}
    networks = [a for step in plan["steps"] for a in step["actions"] if a["addresses"]]
    blocks = [block for action in networks for block in action["addresses"].values()]
    assert sorted(blocks) == [f"10.64.{16 * n}.0/20" for n in (0, 1, 2, 3, 4)]
    _, progress = desk.run("apply", "plan.json", "--yes")
    assert "staging succeeded: going on to prod" in progress
    assert "Done: 10 added, 0 changed, 0 removed in 4 stack sets." in progress
    stale = desk.run("apply", "plan.json", "--yes", code=1)[1]
    assert stale.startswith("error: plan: the stack sets have changed since it was made\n")
    accounts = desk.data("status")["accounts"]
    assert [row["name"] for row in accounts] == ["staging-01", "staging-02", "prod-01", "prod-02", "prod-03"]
    assert {tuple(row["layers"].values()) for row in accounts} == {("CURRENT", "CURRENT")}


def doing_nothing_twice(desk: Desk) -> None:
    desk.aws.calls.reset()
    out, _ = desk.run("deploy", "targets", "--yes")
    assert out == "No changes: 10 unchanged in 4 stack sets.\n"
    writes = [name for name in desk.aws.calls.shown() if not name.split(".")[1].startswith(READS)]
    assert writes == []


def examining(desk: Desk) -> None:
    found = {check["what"]: check["state"] for check in desk.data("doctor")}
    quotas = {what: state for what, state in found.items() if what.startswith("quota: ")}
    assert set(quotas.values()) == {"ok", "unknown"}
    assert {what: state for what, state in found.items() if what not in quotas} == {
        "names": "ok",
        "types": "ok",
        "endpoints": "ok",
        "lifecycle": "ok",
        "build": "ok",
        "credentials": "ok",
        "rights": "unknown",
        "region": "ok",
        "zones": "ok",
        "package bucket": "ok",
        "endpoint services": "ok",
        "domain": "ok",
        "product roles": "ok",
        "identity center": "ok",
        "management account": "ok",
        "execution roles": "ok",
        "trusted access": "ok",
        "delegated administrator": "ok",
        "organization": "ok",
        "quotas of targets": "ok",
        "environment": "ok",
    }


def failing_and_repairing(desk: Desk) -> None:
    """A change of tags that one account refuses: exit 4, its name and cause, prod untouched; then repaired."""
    settings = Path("mlz.yaml").read_text()
    Path("mlz.yaml").write_text(f"{settings}tags: {{team: ml}}\n")
    broken = desk.made.accounts["staging-02"]
    desk.aws.faults.order(Fault("failing_account", account=broken, times=1, reason="the account's quota is used up"))
    out, error = desk.run("deploy", "targets", "--yes", code=4)
    assert "Plan: 0 to add, 10 to change, 0 to remove, 0 unchanged in 4 stack sets." in out
    assert broken in error
    assert "the account's quota is used up" in error
    assert "going on to prod" not in error
    desk.aws.faults.clear()
    explaining(desk, broken)
    behind = sum(row["layers"]["roles"] != "CURRENT" for row in desk.data("status")["accounts"])
    looking_inside(desk, behind)
    assert desk.data("plan", "--fast")["totals"]["change"] == 8 + behind
    assert f"Done: 0 added, {8 + behind} changed, 0 removed" in desk.run("deploy", "targets", "--yes")[1]


def explaining(desk: Desk, broken: str) -> None:
    """Why the account is where it is: last operation, first cause in its stack, hint, and what the plan does next."""
    told = desk.data("explain", "staging-02")
    assert (told["account"], told["place"]) == (broken, "in staging")
    failed = next(one for one in told["stack_sets"] if one["cause"])
    assert (failed["status"], failed["detailed"], failed["operation"]["action"]) == ("OUTDATED", "FAILED", "UPDATE")
    assert failed["cause"].endswith("UPDATE_FAILED: the account's quota is used up")
    assert failed["hint"] == "raise the quota in this account, or remove what is unused"
    reasons = [one["reason"] for one in told["plan"] if one["stack_set"] == failed["stack_set"]]
    assert ["failed before" in reason for reason in reasons] == [True]
    assert desk.run("explain", "staging-3", code=1)[1] == (
        "error: staging-3: neither the organization nor any stack set has this account\n"
        "hint: did you mean staging-03?\n"
    )


def looking_inside(desk: Desk, behind: int) -> None:
    """Equal accounts stand together, the large network template's too; a saved plan carries it and applies without."""
    plan = desk.data("plan", "--drift", "--all", "--out", "inside.json")
    changes = {
        (one["stack_set"], len(one["accounts"]), bool(one["changes"])): one["refused"]
        for one in plan["inside"]["changes"]
    }
    assert set(changes.values()) == {""}
    assert ("sm-mlops-dev-network-prod", 3, True) in changes
    assert ("sm-mlops-dev-roles-prod", 3, True) in changes
    current = 10 - behind
    assert plan["inside"]["by_hand"] == {"looked": current, "held": current, "found": []}
    assert {one["stack_set"]: one["drifted"] for one in plan["inside"]["drift"]} == {
        f"sm-mlops-dev-{layer}-{stage}": [] for layer in ("network", "roles") for stage in ("prod", "staging")
    }
    assert json.loads(Path("inside.json").read_text())["inside"] == plan["inside"]
    assert f"Plan: 0 to add, {8 + behind} to change" in desk.run("apply", "inside.json", "--dry-run")[0]


def moving(desk: Desk) -> None:
    """An account that moves to prod keeps an address block of its own in its new set."""
    account = desk.made.accounts["staging-01"]
    parent = desk.chief.client("organizations").list_parents(ChildId=account)["Parents"][0]["Id"]
    world.move(desk.chief, account, parent, desk.made.prod)
    plan = desk.data("plan")
    assert plan["totals"] == {"add": 2, "change": 0, "remove": 2, "unchanged": 8}
    given = [a["addresses"] for step in plan["steps"] for a in step["actions"] if a["addresses"]]
    assert [list(addresses) for addresses in given] == [[account]]
    desk.run("deploy", "targets", "--yes")
    assert desk.data("plan")["totals"] == {"add": 0, "change": 0, "remove": 0, "unchanged": 10}


def destroying(desk: Desk) -> None:
    assert "confirmation: nobody is here to answer" in desk.run("destroy", code=1)[1]
    early = desk.run("destroy", "env", "--yes", code=1)[1]
    assert "error: destroy env: 4 stack sets still need it\n" in early
    proof = desk.data("destroy", "--yes")
    assert (proof["left"], {one["kind"] for one in proof["kept"]}) == ([], {"bucket", "key", "service role"})
    assert desk.run("destroy", "--yes", "--purge")[0] == "nothing is left in 6 accounts\n"
    assert [one.type for one in desk.aws.inventory() if not one.retained] == []
