"""Whether a build is still the one that today's sources would give: known from digests, without building it again."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from mlz.release.source import files

if TYPE_CHECKING:
    from generator.package.manifest import Manifest

# What decides a build's bytes besides the sources: the libraries that render it, and Python.
_LIBRARIES = ("troposphere", "awacs", "pyyaml", "jinja2", "msgspec")
_STAMP = ".inputs"


def inputs(*site: str) -> str:
    """A digest over everything that a build is made from; `site` is bucket, prefix and Region."""
    digest = hashlib.sha256()
    for word in (*site, sys.version, *(version(name) for name in _LIBRARIES)):
        digest.update(f"{word}\0".encode())
    for path in files():
        digest.update(f"{path}\0".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def standing(folder: Path, wanted: str) -> Manifest | None:
    """The build in `folder` if it was made from `wanted` inputs and nothing in it was touched since."""
    from generator.package.manifest import FILE, load

    stamp = folder / _STAMP
    if not stamp.is_file() or not (folder / FILE).is_file() or stamp.read_text() != wanted:
        return None
    manifest = load(folder)
    return manifest if all(_is_whole(folder / path, digest) for path, digest in _contents(manifest)) else None


def remember(folder: Path, made_from: str) -> None:
    """Say what the build in `folder` was made from."""
    (folder / _STAMP).write_text(made_from)


def forget(folder: Path) -> None:
    """Have the next build in `folder` made, whatever the sources say."""
    (folder / _STAMP).unlink(missing_ok=True)


def _contents(manifest: Manifest) -> Iterator[tuple[str, str]]:
    yield from {(entry.path, entry.sha256) for entry in manifest.objects}


def _is_whole(path: Path, digest: str) -> bool:
    return path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == digest
