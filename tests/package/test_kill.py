"""The real publisher, killed at random instants (`KILLS=100` for more) or raced: what stands there is whole."""

import multiprocessing
import os
import random
import signal
import time
import urllib.request
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path

import msgspec
import pytest

from generator.errors import ToolError
from generator.package.manifest import Manifest
from generator.package.publish import publish
from generator.package.store import Access
from tests.package.world import ACCOUNT, BUCKET, PREFIX, flaws, make_build, new_s3, serve

KILLS = int(os.environ.get("KILLS", "50"))
ROUNDS = 4
SEED = 20261121
# How the span of instants follows the speed of a machine that others use too: about nine of ten kills strike.
LONGER, SHORTER = 1.02, 0.85
FORK = multiprocessing.get_context("fork")
ACCESS = Access(account=ACCOUNT)


def _run_s3(pipe: Connection) -> None:
    url, _ = serve(new_s3())
    pipe.send(url)
    time.sleep(3600)


@pytest.fixture
def url(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """An S3 in a process of its own, so that this one forks without threads."""
    mine, theirs = FORK.Pipe()
    process = FORK.Process(target=_run_s3, args=(theirs,), daemon=True)
    process.start()
    address = str(mine.recv())
    monkeypatch.setenv("AWS_ENDPOINT_URL", address)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLEEXAMPLE00")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    yield address
    process.kill()
    process.join()


def content(url: str) -> dict[str, bytes]:
    with urllib.request.urlopen(f"{url}/_objects/{BUCKET}") as answer:
        return msgspec.json.decode(answer.read(), type=dict[str, bytes])


def begun(manifest: Manifest, folder: Path) -> int:
    """Start publishing in a fork, warmed up as it is; returns its process id. It exits with 1 when it was refused."""
    process = os.fork()
    if process:
        return process
    code = 2
    try:
        publish(manifest, folder, ACCESS)
        code = 0
    except ToolError:
        code = 1
    finally:
        os._exit(code)


def duration(manifest: Manifest, folder: Path) -> float:
    start = time.perf_counter()
    os.waitpid(begun(manifest, folder), 0)
    return time.perf_counter() - start


def killed(manifest: Manifest, folder: Path, after: float) -> bool:
    """Whether the publisher was still at work when SIGKILL came."""
    process = begun(manifest, folder)
    time.sleep(after)
    os.kill(process, signal.SIGKILL)
    return os.WIFSIGNALED(os.waitpid(process, 0)[1])


def test_killed_at_random_instants(url: str, tmp_path: Path) -> None:
    folder = tmp_path / "build"
    publish(make_build(folder, "v0"), folder, ACCESS)
    full = max(duration(make_build(folder, f"warm{number}"), folder) for number in range(3))
    stands = {PREFIX: "warm2"}
    possible = {PREFIX: [make_build(folder, "warm2")]}
    instants = random.Random(SEED)
    interrupted = 0
    kept: set[str] = set()
    for number in range(KILLS):
        prefix = f"{PREFIX}-{number // 10}" if number % 10 == 9 else PREFIX
        new = make_build(folder, f"v{number}", prefix=prefix)
        was_killed = killed(new, folder, instants.uniform(0, full))
        interrupted += was_killed
        full *= LONGER if was_killed else SHORTER
        possible.setdefault(prefix, []).append(new)
        after = content(url)
        assert list(flaws(after, possible[prefix])) == [], number
        assert kept <= set(after), number
        kept = set(after)
        if number % 2:
            version = stands.get(prefix, f"v{number}") if number % 3 == 0 else f"v{number}"
            final = make_build(folder, version, prefix=prefix)
            publish(final, folder, ACCESS)
            done = content(url)
            assert list(flaws(done, [final])) == [], number
            assert {entry.key for entry in final.objects} <= set(done), number
            stands[prefix], possible[prefix] = version, [final]
    assert interrupted >= KILLS * 3 // 5
    assert publish(final, folder, ACCESS).requests == 1


def test_of_two_publishers_at_once_the_loser_changes_nothing_of_the_winners_release(url: str, tmp_path: Path) -> None:
    publish(make_build(tmp_path / "0", "v0"), tmp_path / "0", ACCESS)
    outcomes = set()
    for number in range(ROUNDS):
        folders = (tmp_path / "1", tmp_path / "2")
        builds = [make_build(folder, f"{folder.name} of round {number}") for folder in folders]
        processes = [begun(manifest, folder) for manifest, folder in zip(builds, folders, strict=True)]
        codes = tuple(os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) for process in processes)
        outcomes.add(codes)
        stands = content(url)
        whole = [manifest for manifest in builds if not list(flaws(stands, [manifest]))]
        assert len(whole) == 1, number
        assert codes[builds.index(whole[0])] == 0, number
    assert outcomes <= {(0, 0), (0, 1), (1, 0)}
    assert outcomes != {(0, 0)}, "they never met"
