"""Findings by what they depend on: the template, its children, cfn-lint's version, its schemas' date, the settings."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import msgspec

from generator.errors import ToolError
from generator.lint.finding import Finding

# Raised when this program reads findings differently, so that old entries are not taken for new ones
FORMAT = 1


@dataclass(frozen=True)
class Linter:
    """The installed cfn-lint, known without importing it (which takes a second)."""

    version: str
    schema_date: str

    @staticmethod
    def installed() -> Linter:
        spec = importlib.util.find_spec("cfnlint")
        if spec is None or spec.origin is None:
            raise ToolError("lint: cfn-lint is not installed", "install the project's dependencies: make setup")
        home = Path(spec.origin).parent
        version = (home / "version.py").read_text().rpartition("=")[2].strip().strip("\"'")
        date = json.loads((home / "data" / "schemas" / "version.json").read_bytes())["schema_date"]
        return Linter(version, str(date))


def key(linter: Linter, settings: str, content: bytes, children: Iterable[bytes]) -> str:
    """`children` are the contents of nested templates that the template is checked against."""
    digests = [hashlib.sha256(part).hexdigest() for part in (content, *children)]
    parts = [str(FORMAT), linter.version, linter.schema_date, settings, *digests]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def load(folder: Path | None, name: str) -> tuple[Finding, ...] | None:
    """The findings kept under `name`, without paths; None where there are none or they cannot be read."""
    if folder is None:
        return None
    try:
        return msgspec.json.decode((folder / f"{name}.json").read_bytes(), type=tuple[Finding, ...])
    except (OSError, msgspec.DecodeError):
        return None


def store(folder: Path | None, name: str, findings: Iterable[Finding]) -> None:
    """Keep findings for `name`; another process sees all of them or none."""
    if folder is None:
        return
    folder.mkdir(parents=True, exist_ok=True)
    bare = [msgspec.structs.replace(finding, path="") for finding in findings]
    draft = folder / f"{name}.{os.getpid()}"
    draft.write_bytes(msgspec.json.encode(bare))
    draft.replace(folder / f"{name}.json")
