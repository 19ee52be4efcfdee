"""The notebooks that are shipped, and running one: its cells as a program, in the folder where it stands."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from generator.package import notebooks

SOURCES = Path(__file__).parents[2] / "templates" / "sources"
SEEDS = SOURCES / "seed"
SKIPPED = "skip-in-tests"
PATIENCE = 120
CALLS = "calls.txt"
# Goes before the cells: every call to AWS is written down as service:Operation
RECORDER = f"""
from botocore.client import BaseClient

def _recorded(self, operation, given, call=BaseClient._make_api_call):
    with open({CALLS!r}, "a") as calls:
        calls.write(f"{{self.meta.service_model.service_name}}:{{operation}}\\n")
    return call(self, operation, given)

BaseClient._make_api_call = _recorded
"""


def shipped() -> dict[str, Path]:
    """Name without suffix -> source."""
    found = sorted(SOURCES.rglob(f"*{notebooks.SUFFIX}"))
    return {path.name.removesuffix(notebooks.SUFFIX): path for path in found}


def document(path: Path) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(notebooks.rendered(path.read_text(), path.name))
    return read


def code(path: Path) -> Iterator[dict[str, Any]]:
    return (cell for cell in document(path)["cells"] if cell["cell_type"] == "code")


def tags(cell: Mapping[str, Any]) -> list[str]:
    return list(cell["metadata"].get("tags", ()))


@dataclass(frozen=True)
class Reader:
    """Somebody with a checkout of the repositories, a home and credentials."""

    home: Path
    variables: Mapping[str, str]

    def run(self, name: str, *, instead: Mapping[str, str] | None = None, python: str = "", **given: Any) -> str:
        """What the notebook prints. `given` follows the cell of parameters; `instead` is code for cells that are
        skipped; with a `python` that has the SDK, only installing and watching are skipped.
        """
        program = [
            RECORDER,
            *(self._source(cell, given, instead or {}, bool(python)) for cell in code(shipped()[name])),
        ]
        folder = self.home / shipped()[name].parent.name
        shutil.copytree(
            shipped()[name].parent, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__")
        )
        script = folder / f"{name}.py"
        script.write_text("\n\n".join(program))
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.home), **self.variables}
        ended = subprocess.run(
            [python or sys.executable, script.name],
            cwd=folder, env=environment, capture_output=True, text=True, timeout=PATIENCE,
        )  # fmt: skip
        assert ended.returncode == 0, f"{ended.stdout}{ended.stderr}"
        return ended.stdout

    def calls(self) -> set[str]:
        """What has been called so far by any notebook of the seeds, and by those for the whole environment."""
        return {line for path in self.home.glob(f"*/{CALLS}") for line in path.read_text().splitlines()}

    def _source(self, cell: dict[str, Any], given: Mapping[str, Any], instead: Mapping[str, str], has_sdk: bool) -> str:
        text = "".join(cell["source"])
        if "parameters" in tags(cell):
            unknown = [name for name in given if f"{name} = " not in text]
            assert unknown == []
            return "\n".join([text, *(f"{name} = {value!r}" for name, value in given.items())])
        runs = SKIPPED not in tags(cell) or (has_sdk and "SDK" in cell["metadata"]["reason"])
        return text if runs else instead.get(cell["id"], "")
