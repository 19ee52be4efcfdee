"""The facts that age, read from facts.toml."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Any


@cache
def facts() -> dict[str, Any]:
    """All blocks; treat as read-only."""
    return tomllib.loads((Path(__file__).parent / "facts.toml").read_text())


def lambda_runtime() -> str:
    """The runtime of every function, such as `python3.13`."""
    runtime: str = facts()["lambda"]["runtime"]
    return runtime


def lambda_architecture() -> str:
    architecture: str = facts()["lambda"]["architecture"]
    return architecture


def codebuild_image() -> str:
    """The CodeBuild image for x86-64."""
    image: str = facts()["codebuild"]["image"]
    return image
