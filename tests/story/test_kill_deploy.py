"""The real `mlz deploy targets`, killed at twenty random instants: the same command finishes, and nothing ran twice."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from mlz import cli
from mlz.stories import world
from sandbox.server import Sandbox
from stacksets.client import connect

REGION, BUCKET, EACH, KILLS = "eu-west-1", "killed-job", 3, 20
# An operation takes longer than a process lives before it is killed, so that work is always under way.
LATENCY = 1.0
WORDS = ("deploy", "targets", "--yes", "--no-color")


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Sandbox, world.World]]:
    monkeypatch.chdir(tmp_path)
    keys = tmp_path / "credentials"
    with Sandbox() as aws:
        with world.environment(world.variables(keys, aws.endpoint, world.MANAGEMENT, REGION)):
            made = world.seed(connect("", REGION), EACH)
        Path("mlz.yaml").write_text(world.settings(made, BUCKET, REGION))
        with world.environment(world.variables(keys, aws.endpoint, made.development, REGION)):
            for words in (["package", "--no-lint"], ["bootstrap"], ["deploy", "core"], ["deploy", "env"]):
                assert cli.run([*words, "--yes", "--quiet"]) == 0
            yield aws, made


def killed_after(seconds: float) -> bool:
    """Whether the command was still at work when SIGKILL came."""
    command = [sys.executable, "-m", "mlz.cli", *WORDS]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        process.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()
    return process.wait() < 0


def operations(aws: Sandbox, account: str) -> Iterator[tuple[str, dict[str, Any]]]:
    api = boto3.client("cloudformation", endpoint_url=aws.endpoint, region_name=REGION, **aws.credentials(account))
    for layer in ("roles", "network"):
        for stage in ("staging", "prod"):
            name = f"sm-mlops-dev-{layer}-{stage}"
            for operation in api.list_stack_set_operations(StackSetName=name)["Summaries"]:
                listed = api.list_stack_set_operation_results(StackSetName=name, OperationId=operation["OperationId"])
                for result in listed["Summaries"]:
                    yield name, {**operation, **result}


def test_killed_at_twenty_instants_the_same_command_finishes(desk: tuple[Sandbox, world.World]) -> None:
    aws, made = desk
    aws.set_latency(LATENCY)
    chance = random.Random(7)
    killed = [killed_after(chance.uniform(0.1, 2.0)) for _ in range(KILLS)]
    assert killed.count(True) >= KILLS // 2
    aws.set_latency(0)
    assert cli.run([*WORDS, "--quiet"]) == 0
    assert cli.run(["plan", "--fast", "--detailed-exitcode", "--quiet"]) == 0
    created = Counter(
        (name, row["Account"]) for name, row in operations(aws, made.development) if row["Action"] == "CREATE"
    )
    active = [account for name, account in made.accounts.items() if name not in ("ml-dev", world.suspended(EACH))]
    assert set(created.values()) == {1}, "an account was created twice"
    assert {account for _, account in created} == set(active)
