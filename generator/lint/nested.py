"""Points TemplateURL at local files: only there cfn-lint compares parameters and outputs with the nested template."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from generator.package.manifest import Manifest

_URL = re.compile(r"^(?P<indent>[ ]*)TemplateURL:(?P<value>.*\n(?:(?P=indent)[ ]+\S.*\n)*)", re.MULTILINE)


def local_files(manifest: Manifest, folder: Path) -> dict[str, Path]:
    """The S3 key of every template of a build, and the file it was published from."""
    return {template.key: folder / template.path for template in manifest.templates.values()}


def children(text: str, files: Mapping[str, Path]) -> tuple[Path, ...]:
    """The files that a template nests, in order of their first mention."""
    found = (key for match in _URL.finditer(text) for key in [_key(match["value"], files)] if key is not None)
    return tuple(dict.fromkeys(files[key] for key in found))


def localized(text: str, addresses: Mapping[Path, str], files: Mapping[str, Path]) -> str:
    """The template with `addresses` of its children as TemplateURL; every line stays where it was."""

    def local(match: re.Match[str]) -> str:
        key = _key(match["value"], files)
        if key is None:
            return match[0]
        lines = match[0].count("\n")
        return f"{match['indent']}TemplateURL: {addresses[files[key]]}" + "\n" * lines

    return _URL.sub(local, text)


def localized_lines(text: str, files: Mapping[str, Path]) -> frozenset[int]:
    """The numbers of the lines that `localized` gives an address of its own."""
    return frozenset(
        text.count("\n", 0, match.start()) + 1
        for match in _URL.finditer(text)
        if _key(match["value"], files) is not None
    )


def _key(value: str, files: Mapping[str, Path]) -> str | None:
    return next((key for key in files if f"/{key}" in value), None)
