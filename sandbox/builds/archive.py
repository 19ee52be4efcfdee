"""Zips of sources and artifacts."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from sandbox.builds.buildspec import Artifacts


def unpack(content: bytes, folder: Path) -> None:
    """Into `folder`; zipfile keeps names within it. File modes are kept, since scripts are run by name."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for entry in archive.infolist():
            path = Path(archive.extract(entry, folder))
            mode = entry.external_attr >> 16 & 0o777
            if mode and not entry.is_dir():
                path.chmod(mode | 0o600)


def pack(files: Iterable[tuple[str, Path]]) -> bytes:
    """A zip of (name in it, file)."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, path in files:
            archive.write(path, name)
    return buffer.getvalue()


def chosen(artifacts: Artifacts, folder: Path) -> list[tuple[str, Path]]:
    """The files that the patterns name, with their names in the artifact; LookupError for one that matches nothing."""
    base = folder / artifacts.base
    excluded = [_pattern(text) for text in artifacts.excluded]
    found: dict[str, Path] = {}
    for text in artifacts.files:
        matched = list(_matching(base, text))
        if not matched:
            raise LookupError(text)
        for name, path in matched:
            if not any(pattern.fullmatch(name) for pattern in excluded):
                found[path.name if artifacts.flat else name] = path
    return sorted(found.items())


def _matching(base: Path, text: str) -> Iterator[tuple[str, Path]]:
    plain = base / text
    if plain.is_file():
        yield text.removeprefix("./"), plain
        return
    pattern = _pattern(text)
    for path in sorted(base.rglob("*")):
        name = path.relative_to(base).as_posix()
        if path.is_file() and pattern.fullmatch(name):
            yield name, path


def _pattern(text: str) -> re.Pattern[str]:
    """`**/*` is every file, `*` stays within one folder, a folder's name means its files."""
    parts = re.split(r"(\*\*/|\*\*|\*)", text.removeprefix("./").rstrip("/"))
    names = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*"}
    return re.compile("".join(names.get(part, re.escape(part)) for part in parts))
