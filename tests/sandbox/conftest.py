"""A running sandbox, and clients of it as any account."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config

from sandbox.server import Sandbox
from sandbox.world import Built, Unit, World, build

REGION = "eu-west-1"
Client = Callable[..., Any]


@functools.cache
def _session() -> boto3.Session:
    """One session for all tests: it keeps the service models it has read."""
    return boto3.Session(region_name=REGION)


@pytest.fixture
def aws() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def client(aws: Sandbox) -> Client:
    """`client(service, account, region, credentials)`; nothing is retried, so that faults are seen."""

    def make(
        service: str, account: str = "111111111111", region: str = REGION, credentials: dict[str, Any] | None = None
    ) -> Any:
        keys = aws.credentials(account)
        if credentials is not None:
            keys = {
                "aws_access_key_id": credentials["AccessKeyId"],
                "aws_secret_access_key": credentials["SecretAccessKey"],
                "aws_session_token": credentials["SessionToken"],
            }
        config = Config(retries={"total_max_attempts": 1})
        return _session().client(service, region_name=region, endpoint_url=aws.endpoint, config=config, **keys)

    return make


@pytest.fixture
def world(aws: Sandbox) -> Built:
    """Nested staging and prod units with three accounts each; the last one in staging is suspended."""
    units = (Unit("workloads", units=(Unit("staging", accounts=3, suspended=1), Unit("prod", accounts=3))),)
    return build(aws, World(units))


def trust(*principals: str, service: str | None = None, condition: dict[str, Any] | None = None) -> str:
    """A trust policy's text."""
    principal: dict[str, Any] = {"AWS": list(principals)} if principals else {}
    if service:
        principal["Service"] = service
    statement: dict[str, Any] = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal}
    if condition:
        statement["Condition"] = condition
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@pytest.fixture
def trusting() -> Callable[..., str]:
    return trust
