"""Runs a buildspec's commands as CodeBuild does: one shell, in order, stopping at the first that fails."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

BIN = Path(sys.executable).parent
RECORD = '#!/bin/sh\necho "$(basename "$0") $*" >> "$CALLS"\n'
# What needs the SageMaker SDK is recorded; everything else runs.
PYTHON = f"""#!/bin/sh
case "$*" in
  *run_pipeline*) echo "python $*" >> "$CALLS" ;;
  *) exec {sys.executable} "$@" ;;
esac
"""


@dataclass(frozen=True)
class Build:
    """What a build left: exit code, exported variables, artifacts by name, the stubs' calls, and what it printed."""

    code: int
    exported: dict[str, str]
    artifacts: dict[str, str]
    calls: list[str]
    output: str


def run(repository: Path, buildspec: str, scratch: Path, variables: Mapping[str, str]) -> Build:
    """`repository` is the working directory, which the build changes; `scratch` takes stubs and records."""
    spec: dict[str, Any] = yaml.safe_load((repository / buildspec).read_text())
    calls, after = scratch / "calls", scratch / "after"
    for file in (calls, after):
        file.write_text("")
    environment = {
        **{name: str(value) for name, value in spec.get("env", {}).get("variables", {}).items()},
        **variables,
        "PATH": f"{stubs(scratch)}:{BIN}:{os.environ['PATH']}",
        "CALLS": str(calls),
        "CODEBUILD_SRC_DIR": str(repository),
    }
    commands = [command for phase in spec["phases"].values() for command in phase.get("commands", [])]
    script = "\n".join(["set -e", *commands, f"env -0 > {after}"])
    done = subprocess.run(
        ["bash", "-c", script], cwd=repository, env=environment, capture_output=True, text=True, check=False
    )
    kept = dict(entry.partition("=")[::2] for entry in after.read_text().split("\0") if entry)
    names = [expanded(name, environment) for name in spec.get("artifacts", {}).get("files", [])]
    return Build(
        done.returncode,
        {name: kept.get(name, "") for name in spec.get("env", {}).get("exported-variables", [])},
        {name: (repository / name).read_text() for name in names if done.returncode == 0},
        calls.read_text().splitlines(),
        done.stdout + done.stderr,
    )


def stubs(scratch: Path) -> Path:
    folder = scratch / "bin"
    folder.mkdir(exist_ok=True)
    for name, text in (("pip", RECORD), ("python", PYTHON)):
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    return folder


def expanded(name: str, environment: Mapping[str, str]) -> str:
    for key, value in environment.items():
        name = name.replace(f"${{{key}}}", value)
    return name
