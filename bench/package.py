"""`mlz package` without the gate, cold and unchanged, near and 40 ms away, beside `aws s3 sync` of the same files."""

from __future__ import annotations

import urllib.request
from collections.abc import Iterator
from pathlib import Path

from bench import servers
from bench.measure import REGION, Row, measured, program

TITLE = "Package, without the gate"
ROUND_TRIP = 0.040


def tables(folder: Path, times: int) -> dict[str, list[Row]]:
    with servers.s3() as near, servers.far(near, ROUND_TRIP) as distant:
        return {
            TITLE: _rows(folder, times, near, near, "near"),
            f"{TITLE}, {ROUND_TRIP * 1000:.0f} ms away": _rows(folder, times, near, distant, "far"),
        }


def _rows(folder: Path, times: int, near: str, url: str, name: str) -> list[Row]:
    """Each cold run has a bucket of its own; what the AWS CLI uploads is what mlz has generated."""
    environment = {
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": "AKIAEXAMPLEEXAMPLE00",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_CONFIG_FILE": "/dev/null",
        "AWS_DEFAULT_REGION": REGION,
    }

    def one(what: str, command: list[str], runs: int) -> Row:
        count = lambda: servers.requests(near)  # noqa: E731
        return measured(what, command, folder, runs, environment=environment, requests=count)

    mlz = [*program("mlz"), "package", "--no-lint", "--region", REGION, "--bucket"]
    sync = [*program("aws"), "s3", "sync", f"build/{REGION}"]
    buckets = [f"bench-{name}-{number}" for number in range(times)]
    cold = _together(one("`mlz package`, new bucket", [*mlz, bucket], 1) for bucket in buckets)
    warm = one("`mlz package`, nothing changed", [*mlz, buckets[-1]], times)
    copies = [f"sync-{name}-{number}" for number in range(times)]
    for bucket in copies:
        _make_bucket(near, bucket)
    upload = _together(one("`aws s3 sync`, cold", [*sync, f"s3://{bucket}/x"], 1) for bucket in copies)
    again = one("`aws s3 sync`, nothing changed", [*sync, f"s3://{copies[-1]}/x"], times)
    return [upload, again, cold, warm]


def _together(single: Iterator[Row]) -> Row:
    rows = sorted(single, key=lambda row: row.wall)
    middle = rows[len(rows) // 2]
    return Row(middle.what, middle.wall, middle.cpu, len(rows), middle.requests)


def _make_bucket(url: str, bucket: str) -> None:
    urllib.request.urlopen(urllib.request.Request(f"{url}/{bucket}", method="PUT")).close()
