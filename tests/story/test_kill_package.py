"""The real `mlz package`, killed at random instants: what stands there is whole, and the same command finishes."""

from __future__ import annotations

import os
import random
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from generator.package.manifest import load
from mlz import cli
from mlz.stories import world
from sandbox.server import Sandbox
from tests.package.world import pointer_flaws

REGION, BUCKET, ACCOUNT = "eu-west-1", "killed-package", "222222222222"
PREFIXES, KILLS = ("one", "two", "three"), 9
# Kills strike while templates are made or objects are written; the span follows the speed of a machine that others use.
EARLIEST, LONGER, SHORTER = 0.3, 1.1, 0.8
DIGEST = re.compile(r"/[0-9a-f]{16}/")
NAMED = re.compile(rb"/([a-z]+/(?:templates|functions)/[0-9a-f]{16}/[\w.-]+)")


@pytest.fixture
def s3(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.chdir(tmp_path)
    with Sandbox() as aws, world.environment(world.variables(tmp_path / "keys", aws.endpoint, ACCOUNT, REGION)):
        yield boto3.client("s3")


def words(prefix: str) -> list[str]:
    return ["package", "--no-lint", "--bucket", BUCKET, "--region", REGION, "--prefix", prefix, "--no-color"]


def started(prefix: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    command = [sys.executable, "-m", "mlz.cli", *words(prefix)]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)


def killed_after(prefix: str, seconds: float) -> bool:
    """Whether the command was still at work when SIGKILL came."""
    process = started(prefix)
    try:
        process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
    return process.returncode < 0


def content(s3: Any) -> dict[str, bytes]:
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET)
    keys = [entry["Key"] for page in pages for entry in page.get("Contents", [])]
    return {key: s3.get_object(Bucket=BUCKET, Key=key)["Body"].read() for key in keys}


def flaws(stands: dict[str, bytes]) -> list[str]:
    """What a release's record, or a template under its stable name, leads to and what is not there."""
    missing, led = [], [key for key in stands if not DIGEST.search(key)]
    for key in led:
        named = {name.decode() for name in NAMED.findall(stands[key])}
        missing += sorted(named - set(stands))
        led += sorted((named & set(stands)) - set(led))
    return [*pointer_flaws(stands), *missing]


def test_killed_at_random_instants_the_same_command_finishes(s3: Any) -> None:
    assert started("zero").wait() == 0
    begun = time.perf_counter()
    assert started("zeros").wait() == 0
    full = time.perf_counter() - begun
    chance, struck = random.Random(11), 0
    for number in range(KILLS):
        was_killed = killed_after(PREFIXES[number % len(PREFIXES)], chance.uniform(EARLIEST * full, full))
        struck += was_killed
        full *= LONGER if was_killed else SHORTER
        assert flaws(content(s3)) == [], number
    assert struck >= KILLS // 2
    for prefix in PREFIXES:
        assert cli.run([*words(prefix), "--quiet"]) == 0
        stands, manifest = content(s3), load(Path("build") / REGION)
        assert flaws(stands) == []
        assert {entry.key for entry in manifest.objects} <= set(stands)
        again = started(prefix)
        told, _ = again.communicate()
        assert f"0 uploaded, {len(manifest.objects)} unchanged, 1 request," in told
