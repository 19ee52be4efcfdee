"""The folder of one build: source, records, and the programs that stand before the user's own on its PATH."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_MODULES = {name: Path(__file__).with_name(f"{name}_shim.py") for name in ("pip", "venv")}


@dataclass(frozen=True)
class Workplace:
    """`root` is a new folder, which the build's end removes."""

    root: Path

    @property
    def source(self) -> Path:
        return self.root / "src"

    @property
    def records(self) -> Path:
        return self.root / "records"

    def prepare(self) -> None:
        """Make the folders, `python` and `python3` of this very environment, and a `pip` that installs nothing."""
        for folder in (self.source, self.records, self.root / "home", self.root / "tmp", self._bin):
            folder.mkdir(parents=True)
        for name, program in _MODULES.items():
            # A package with __init__ stands before pip itself, which may be installed and would ask the network.
            (self._site / name).mkdir(parents=True)
            (self._site / name / "__init__.py").touch()
            shutil.copy(program, self._site / name / "__main__.py")
        for name in ("python", "python3"):
            self._program(name, f'exec {shlex.quote(sys.executable)} "$@"')
        for name in ("pip", "pip3"):
            self._program(name, f'exec {shlex.quote(sys.executable)} -m pip "$@"')

    def secondary(self, name: str) -> Path:
        """The folder of a source beside the primary one."""
        return self.root / f"src-{name}"

    def environment(self) -> Mapping[str, str]:
        """What a build finds besides its own variables: nothing of the user's environment but the PATH."""
        programs = (str(self._bin), str(Path(sys.executable).parent), os.environ.get("PATH", "/usr/bin:/bin"))
        return {
            "PATH": os.pathsep.join(programs),
            "HOME": str(self.root / "home"),
            "TMPDIR": str(self.root / "tmp"),
            "LANG": "C.UTF-8",
            "PYTHONPATH": str(self._site),
            "PYTHONDONTWRITEBYTECODE": "1",
            "MLZ_SITE": str(self._site),
            "MLZ_PROGRAMS": str(self._bin),
            "MLZ_BUILD": str(self.records),
            "CODEBUILD_SRC_DIR": str(self.source),
        }

    @property
    def _bin(self) -> Path:
        return self.root / "bin"

    @property
    def _site(self) -> Path:
        return self.root / "site"

    def _program(self, name: str, line: str) -> None:
        path = self._bin / name
        path.write_text(f"#!/bin/sh\n{line}\n")
        path.chmod(0o755)
