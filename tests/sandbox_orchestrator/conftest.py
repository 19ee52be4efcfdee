"""A fresh sandbox with a fleet for each test."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from sandbox.server import Sandbox
from tests.sandbox_orchestrator.fleet import Fleet, make_fleet


@pytest.fixture
def fleet(monkeypatch: pytest.MonkeyPatch) -> Iterator[Fleet]:
    """Three staging accounts (one suspended), two in a unit below, four prod accounts."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    with Sandbox() as sandbox:
        yield make_fleet(sandbox, staging=3, prod=4, europe=2, suspended=1)
