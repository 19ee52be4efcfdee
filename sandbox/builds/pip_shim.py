"""Stands for pip in builds: says what is here already, links a project's own folder, and installs nothing.

A program of its own, never imported: each build has it as its module `pip`.
"""

from __future__ import annotations

import importlib.metadata
import os
import re
import shlex
import sys
import tomllib
from pathlib import Path

_NAME = re.compile(r"^\s*([A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^\]]*\])?\s*(.*?)\s*$")
_WITH_VALUE = frozenset(
    {
        "-i",
        "--index-url",
        "--extra-index-url",
        "-c",
        "--constraint",
        "-f",
        "--find-links",
        "-t",
        "--target",
        "--timeout",
    }
)
_OWN = frozenset({"pip", "setuptools", "wheel"})


def main(arguments: list[str]) -> int:
    if arguments[:1] in (["--version"], ["-V"]):
        say("0, the sandbox's stand-in")
        return 0
    if arguments[:1] != ["install"]:
        say(f"{' '.join(arguments)}: only `pip install` is emulated")
        return 1
    folders, wanted = read(arguments[1:])
    for folder in folders:
        link(folder)
    missing = [requirement for requirement in wanted if not here(requirement) and is_for_this_machine(requirement)]
    for requirement in missing:
        say(
            f"{requirement}: is not in the sandbox's environment, and the sandbox installs nothing; "
            "install it beside mlz"
        )
    return 1 if missing else 0


def say(text: str) -> None:
    sys.stdout.write(f"pip (sandbox): {text}\n")


def read(arguments: list[str]) -> tuple[list[Path], list[str]]:
    """Folders to link and requirements to look for."""
    folders: list[Path] = []
    wanted: list[str] = []
    rest = iter(arguments)
    for argument in rest:
        if argument in ("-r", "--requirement"):
            wanted += lines(Path(next(rest)))
        elif argument.startswith("--requirement="):
            wanted += lines(Path(argument.partition("=")[2]))
        elif argument in _WITH_VALUE:
            next(rest)
        elif argument in ("-e", "--editable"):
            folders.append(Path(next(rest)))
        elif argument == "." or argument.startswith(("./", "/", "../")):
            folders.append(Path(argument.partition("[")[0]))
        elif not argument.startswith("-"):
            wanted.append(argument)
    return folders, wanted


def lines(path: Path) -> list[str]:
    text = [line.partition(" #")[0].strip(" \\") for line in path.read_text().splitlines()]
    return [line for line in text if line and not line.startswith(("#", "-"))]


def here(requirement: str) -> bool:
    """Whether the package is in this environment; its version is told, and not held against the requirement."""
    found = _NAME.match(requirement.partition(";")[0])
    if found is None:
        return False
    name, versions = found.groups()
    if name.lower() in _OWN:
        return True
    try:
        version = importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return False
    say(f"{name} {version} is here{f', {versions} was asked for' if versions else ''}; not installed")
    return True


def is_for_this_machine(requirement: str) -> bool:
    """What the requirement's marker says; where nothing is installed that reads markers, every one is."""
    marker = requirement.partition(";")[2]
    try:
        from packaging.markers import Marker
    except ModuleNotFoundError:
        return True
    return not marker or Marker(marker).evaluate()


def link(folder: Path) -> None:
    """Make the packages and modules of a project importable and its commands callable, as installing it would."""
    site = Path(os.environ["MLZ_SITE"])
    root = folder.resolve() / "src" if (folder / "src").is_dir() else folder.resolve()
    for entry in sorted(root.iterdir()):
        importable = entry.suffix == ".py" or (entry / "__init__.py").exists()
        if importable and entry.name != "setup.py" and not (site / entry.name).exists():
            (site / entry.name).symlink_to(entry)
    for name, entry_point in commands(folder):
        program = Path(os.environ["MLZ_PROGRAMS"]) / name
        module, _, function = entry_point.partition(":")
        call = f"import sys; from {module} import {function}; sys.exit({function}())"
        program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -P -c {shlex.quote(call)} "$@"\n')
        program.chmod(0o755)
    say(f"{folder} is linked; not installed")


def commands(folder: Path) -> list[tuple[str, str]]:
    """Name and entry point of each command of a project."""
    declared = folder / "pyproject.toml"
    if not declared.is_file():
        return []
    project = tomllib.loads(declared.read_text()).get("project", {})
    return list(project.get("scripts", {}).items())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
