"""Stands for venv in builds: an environment with the sandbox's own python, and what is installed there.

A program of its own, never imported: each build has it as its module `venv`.
"""

from __future__ import annotations

import shlex
import sys
from pathlib import Path


def main(arguments: list[str]) -> int:
    for folder in arguments:
        if not folder.startswith("-"):
            make(Path(folder).resolve() / "bin")
    return 0


def make(programs: Path) -> None:
    """`python` and `pip` that put the commands of linked projects beside themselves."""
    programs.mkdir(parents=True, exist_ok=True)
    for name, module in (("python", ""), ("python3", ""), ("pip", " -m pip"), ("pip3", " -m pip")):
        command = f'exec {shlex.quote(sys.executable)}{module} "$@"'
        program = programs / name
        program.write_text(f"#!/bin/sh\nMLZ_PROGRAMS={shlex.quote(str(programs))} {command}\n")
        program.chmod(0o755)
    (programs / "activate").write_text(f'export PATH={shlex.quote(str(programs))}:"$PATH"\n')


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
