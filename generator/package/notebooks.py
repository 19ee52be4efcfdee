"""Notebooks from Python sources in the percent format, which Jupyter opens through jupytext and ruff reads as Python.

jupytext and nbformat take longer to import than all the rest of a build takes, so the little of the format that the
sources use is read here; the tests hold every notebook against what both make of it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import count
from typing import Any

from generator.errors import ToolError

SUFFIX = ".ipynb.py"
_HEADER = re.compile(r"# %%(?: (?P<title>[a-z0-9-]+))?(?P<text> \[markdown\])?(?P<options>(?: \w+=.*)?)")
_OPTION = re.compile(r" (\w+)=")
_NOTEBOOK = {
    "metadata": {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    },
    "nbformat": 4,
    "nbformat_minor": 5,
}


def rendered(source: str, where: str) -> bytes:
    """The notebook as nbformat writes it, without outputs; ids are the cells' names, so equal sources give equal bytes.

    A cell begins with `# %% name` (code) or `# %% [markdown]`; options follow as `key=JSON` and become its metadata.
    `where` names the source to people; raises ToolError for a cell without a name of its own.
    """
    cells = list(_cells(source, where))
    ids = [cell["id"] for cell in cells]
    for twin in sorted({name for name in ids if ids.count(name) > 1}):
        raise ToolError(f"{where}: two cells are named {twin}", "give each a name of its own")
    return (json.dumps({**_NOTEBOOK, "cells": cells}, ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode()


def _cells(source: str, where: str) -> Iterator[dict[str, Any]]:
    lines = source.splitlines()
    starts = [number for number, line in enumerate(lines) if line.startswith("# %%")]
    if not starts or any(lines[: starts[0]]):
        raise ToolError(f"{where}:1: does not begin with a cell", "begin with `# %% [markdown]`")
    texts = count(1)
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        yield _cell(lines[start], "\n".join(lines[start + 1 : end]).strip("\n"), f"{where}:{start + 1}", texts)


def _cell(header: str, body: str, where: str, texts: Iterator[int]) -> dict[str, Any]:
    found = _HEADER.fullmatch(header)
    if not found or not (found["title"] or found["text"]):
        raise ToolError(f"{where}: no head of a cell: {header}", "write `# %% name` or `# %% [markdown]`")
    metadata = _options(found["options"], where)
    if found["title"]:
        metadata["title"] = found["title"]
    if not found["text"]:
        code: dict[str, Any] = {"execution_count": None, "outputs": []}
        return {"cell_type": "code", "id": found["title"], "metadata": metadata, "source": _lines(body), **code}
    prose = "\n".join(line.removeprefix("#").removeprefix(" ") for line in body.split("\n"))
    return {"cell_type": "markdown", "id": f"text-{next(texts)}", "metadata": metadata, "source": _lines(prose)}


def _options(text: str, where: str) -> dict[str, Any]:
    read, position = {}, 0
    while found := _OPTION.match(text, position):
        try:
            read[found[1]], position = json.JSONDecoder().raw_decode(text, found.end())
        except json.JSONDecodeError as problem:
            raise ToolError(f"{where}: {found[1]} of the cell is no JSON", "texts take double quotes") from problem
    if text[position:].strip():
        raise ToolError(f"{where}: not understood: {text[position:].strip()}", "options are `key=JSON`")
    return read


def _lines(text: str) -> list[str]:
    return text.splitlines(keepends=True)
