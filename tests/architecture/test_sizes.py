"""Files and functions stay of a size that one person reads at once."""

from __future__ import annotations

import ast

import pytest

from tests.architecture.test_imports import modules

FILE_LINES = 300
FUNCTION_LINES = 60


@pytest.mark.parametrize(("module", "path"), [pytest.param(*found, id=found[0]) for found in modules()])
def test_sizes(module: str, path: object) -> None:
    text = path.read_text()  # type: ignore[attr-defined]
    long = [
        f"{node.name}: {node.end_lineno - node.lineno + 1} lines"
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef) and node.end_lineno and node.end_lineno - node.lineno + 1 > FUNCTION_LINES
    ]
    assert long == []
    assert len(text.splitlines()) <= FILE_LINES, module
