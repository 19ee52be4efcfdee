"""This program's own source as one archive: what CodeBuild needs to package by itself (templates.core.package_cfn)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).resolve().parents[2]
_NAMES = (
    "Makefile",
    "pyproject.toml",
    "requirements.lock",
    "README.md",
    "generator",
    "mlz",
    "sandbox",
    "stacksets",
    "templates",
    # `make setup` needs it.
    "tests/guard/requirements.txt",
)


def is_checkout() -> bool:
    """Whether this runs from a checkout and not from an installed package."""
    return all((ROOT / name).exists() for name in _NAMES)


def source_archive() -> bytes:
    """The source as a zip; the same checkout gives the same bytes."""
    from generator.package.archive import zip_bytes
    from generator.package.sources import SourceFile

    return zip_bytes(
        SourceFile(PurePosixPath(path.relative_to(ROOT).as_posix()), path.read_bytes()) for path in files()
    )


def files() -> Iterator[Path]:
    """Every file of the source, in the same order each time."""
    for name in _NAMES:
        yield from _files(ROOT / name)


def _files(path: Path) -> Iterator[Path]:
    if path.is_file():
        yield path
        return
    for below in sorted(path.rglob("*")):
        parts = below.relative_to(ROOT).parts
        if (
            below.is_file()
            and below.suffix != ".pyc"
            and not any(p.startswith(".") or p == "__pycache__" for p in parts)
        ):
            yield below
