"""The site that `mlz access` resolves from the example settings."""

from __future__ import annotations

from pathlib import Path

import pytest

from generator.access.site import Site
from mlz.config.configuration import Overlay, load
from mlz.config.settings import Settings
from mlz.declared import site as declared

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def settings() -> Settings:
    return load(ROOT / "mlz.example.yaml", Overlay("", "", "", ""), {})


@pytest.fixture(scope="session")
def site(settings: Settings) -> Site:
    return declared(settings)
