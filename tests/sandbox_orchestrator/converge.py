"""Converge a fleet from a process of its own, so that it can be killed."""

from __future__ import annotations

import sys
from dataclasses import asdict, dataclass
from typing import Any

import boto3
import msgspec

from sandbox.world import Built
from stacksets.apply import Engine, settled
from stacksets.client import Cloud
from tests.sandbox_orchestrator.fleet import PACE, REGION, Fleet


@dataclass(frozen=True)
class Remote:
    """A sandbox in another process."""

    endpoint: str

    def credentials(self, account: str) -> dict[str, str]:
        return {"aws_access_key_id": account, "aws_secret_access_key": "sandbox"}


def written(fleet: Fleet) -> str:
    return msgspec.json.encode({"endpoint": fleet.sandbox.endpoint, "built": asdict(fleet.built)}).decode()


def read_back(text: str) -> Fleet:
    given: dict[str, Any] = msgspec.json.decode(text)
    remote, built = Remote(given["endpoint"]), msgspec.convert(given["built"], Built)
    session = boto3.Session(region_name=REGION, **remote.credentials(built.dev))
    return Fleet(remote, built, Cloud(session, remote.endpoint))  # type: ignore[arg-type]


def main(text: str, template: str) -> None:
    fleet = read_back(text)
    specs = fleet.specs(template)
    fleet.apply(settled(lambda: fleet.plan(specs), Engine(service=fleet.service, pace=PACE)))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
