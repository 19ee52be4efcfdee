"""Zip archives whose bytes depend on nothing but the names and contents in them."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Mapping
from itertools import pairwise
from pathlib import Path

from generator.errors import ToolError
from generator.package.sources import SourceFile, label, read

SHARED = "_shared"
_EPOCH = (1980, 1, 1, 0, 0, 0)
_UNIX = 3
_FILE, _EXECUTABLE = 0o100644, 0o100755


def zip_bytes(files: Iterable[SourceFile]) -> bytes:
    """One archive: entries sorted, dated 1980, mode 0644 or 0755, stored.

    Stored, because deflate output differs between zlib builds (zlib-ng, Intel's and Cloudflare's forks) while equal
    input has to give equal bytes on every machine; the sources are text of some hundred KB, so it costs nothing.
    """
    ordered = sorted(files, key=lambda file: file.path.as_posix())
    _refuse_twins(ordered)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for file in ordered:
            archive.writestr(_entry(file), file.content)
    return buffer.getvalue()


def function_archive(name: str, sources: Path, values: Mapping[str, str] | None = None) -> bytes:
    """The code in `sources`/functions/`name`, with the files of functions/_shared beside its own at the top level."""
    functions = sources / "functions"
    own = read(functions / name, values)
    shared = read(functions / SHARED, values) if (functions / SHARED).is_dir() else ()
    taken = {file.path for file in own}
    for file in shared:
        if file.path in taken:
            raise ToolError(
                f"{label(functions / name)}/{file.path}: hides the shared file of that name",
                f"rename it, or delete {label(functions / SHARED)}/{file.path}",
            )
    return zip_bytes((*own, *shared))


def seed_archive(repository: str, sources: Path, values: Mapping[str, str] | None = None) -> bytes:
    """The first commit of a project's repository: `sources`/seed/`repository`."""
    return folder_archive(sources / "seed" / repository, values)


def folder_archive(folder: Path, values: Mapping[str, str] | None = None) -> bytes:
    """Everything in a folder of sources, as `sources.read` ships it."""
    return zip_bytes(read(folder, values))


def _refuse_twins(ordered: list[SourceFile]) -> None:
    for earlier, later in pairwise(ordered):
        if earlier.path == later.path:
            raise ToolError(f"archive: {later.path} is in it twice", "give the files different names")


def _entry(file: SourceFile) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(file.path.as_posix(), _EPOCH)
    entry.create_system = _UNIX
    entry.compress_type = zipfile.ZIP_STORED
    entry.external_attr = (_EXECUTABLE if file.executable else _FILE) << 16
    return entry
