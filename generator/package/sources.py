"""Reads text sources (functions, buildspecs, seed code), renders templates, and refuses what does not parse."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path, PurePosixPath

from generator.errors import ToolError
from generator.package import notebooks

TEMPLATE_SUFFIX = ".j2"
ALLOWED_DOTFILES = frozenset(
    {".bandit", ".coveragerc", ".flake8", ".gitattributes", ".gitignore", ".pre-commit-config.yaml", ".pydocstylerc"}
)
IGNORED_FOLDERS = frozenset({"__pycache__", "node_modules"})
IGNORED_SUFFIXES = (".pyc", ".pyo", ".swp", "~")
_ROOT = ("templates", "sources")


@dataclass(frozen=True, order=True)
class SourceFile:
    """One file as shipped. `executable` follows from the content (a `#!` line), not from a mode that wheels lose."""

    path: PurePosixPath
    content: bytes

    @property
    def executable(self) -> bool:
        return self.content.startswith(b"#!")


def read(folder: Path, values: Mapping[str, str] | None = None) -> tuple[SourceFile, ...]:
    """All files under `folder`, sorted by path relative to it.

    A file named `x.py.j2` is rendered with `values` (an unknown name is an error) and shipped as `x.py`; `x.ipynb.py`
    becomes the notebook `x.ipynb`; all others go byte for byte. Python, YAML and JSON must parse. Raises ToolError
    `templates/sources/…:LINE: …`.
    """
    if not folder.is_dir():
        raise ToolError(f"{label(folder)}: no such folder of sources", _siblings(folder))
    found = sorted(_shipped(folder, path, values or {}) for path in _files(folder))
    for earlier, later in pairwise(found):
        if earlier.path == later.path:
            raise ToolError(
                f"{label(folder / later.path)}: stands there both as a file and as a template",
                f"delete one of {later.path} and {later.path}{TEMPLATE_SUFFIX}",
            )
    return tuple(found)


def label(path: Path) -> str:
    """How a source is named to people: from `templates/sources` on, so that an error reads the same everywhere."""
    parts = path.parts
    for index in range(len(parts) - 1, 0, -1):
        if parts[index - 1 : index + 1] == _ROOT:
            return "/".join(parts[index - 1 :])
    return path.as_posix()


def check(content: bytes, path: Path) -> None:
    """Raise ToolError with the line unless `content` parses as what the name of `path` says it is."""
    match path.suffix:
        case ".py":
            _check_python(content, path)
        case ".yml" | ".yaml":
            _check_yaml(content, path)
        case ".json" | ".ipynb":
            _check_json(content, path)
        case _:
            pass


def _siblings(folder: Path) -> str:
    if not folder.parent.is_dir():
        return "check the name"
    names = sorted(path.name for path in folder.parent.iterdir() if path.is_dir() and not path.name.startswith("."))
    return f"there are: {', '.join(names)}" if names else "there are none"


def _files(folder: Path) -> Iterator[Path]:
    root = folder.resolve()
    for path in folder.rglob("*"):
        if _is_ignored(path.relative_to(folder)):
            continue
        if path.is_symlink():
            _refuse_foreign(path, root)
        if path.is_file():
            yield path


def _is_ignored(relative: Path) -> bool:
    if IGNORED_FOLDERS.intersection(relative.parts) or relative.name.endswith(IGNORED_SUFFIXES):
        return True
    return any(part.startswith(".") and part not in ALLOWED_DOTFILES for part in relative.parts)


def _refuse_foreign(path: Path, root: Path) -> None:
    target = path.resolve()
    if not target.is_relative_to(root):
        raise ToolError(f"{label(path)}: a symbolic link that leaves its folder", "ship a copy of the file instead")
    if not target.is_file():
        raise ToolError(f"{label(path)}: a symbolic link that is not to a file", "link single files, or copy them")


def _shipped(folder: Path, path: Path, values: Mapping[str, str]) -> SourceFile:
    content = path.read_bytes()
    relative = path.relative_to(folder)
    if path.suffix == TEMPLATE_SUFFIX:
        content = _render(content, path, values)
        relative = relative.with_suffix("")
    check(content, path.with_suffix("") if path.suffix == TEMPLATE_SUFFIX else path)
    if relative.name.endswith(notebooks.SUFFIX):
        content = notebooks.rendered(_text(content, path), label(path))
        relative = relative.with_suffix("")
    return SourceFile(PurePosixPath(relative.as_posix()), content)


def _render(content: bytes, path: Path, values: Mapping[str, str]) -> bytes:
    import jinja2

    environment = jinja2.Environment(undefined=jinja2.StrictUndefined, keep_trailing_newline=True, autoescape=False)
    try:
        return environment.from_string(_text(content, path)).render(**values).encode()
    except jinja2.TemplateSyntaxError as problem:
        raise ToolError(f"{label(path)}:{problem.lineno}: {problem.message}", "correct the template") from problem
    except jinja2.UndefinedError as problem:
        hint = f"it is rendered with: {', '.join(sorted(values)) or 'no values'}"
        raise ToolError(f"{label(path)}:{_template_line(problem)}: {problem.message}", hint) from problem


def _template_line(problem: BaseException) -> int:
    line, trace = 1, problem.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == "<template>":
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


def _text(content: bytes, path: Path) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError as problem:
        line = content.count(b"\n", 0, problem.start) + 1
        raise ToolError(f"{label(path)}:{line}: not UTF-8: {problem.reason}", "save the file as UTF-8") from problem


def _check_python(content: bytes, path: Path) -> None:
    try:
        ast.parse(content)
    except SyntaxError as problem:
        raise ToolError(
            f"{label(path)}:{problem.lineno or 1}: not Python: {problem.msg}", "correct the file"
        ) from problem
    except ValueError as problem:
        raise ToolError(f"{label(path)}:1: not Python: {problem}", "correct the file") from problem


def _check_yaml(content: bytes, path: Path) -> None:
    import yaml

    text = _text(content, path)
    try:
        # nodes only: constructing would refuse CloudFormation's short tags
        for _ in yaml.compose_all(text, Loader=yaml.CSafeLoader):
            pass
    except yaml.MarkedYAMLError as problem:
        mark = problem.problem_mark or problem.context_mark
        line = mark.line + 1 if mark else 1
        raise ToolError(f"{label(path)}:{line}: not YAML: {problem.problem}", "correct the file") from problem
    except yaml.YAMLError as problem:
        raise ToolError(f"{label(path)}:1: not YAML: {problem}", "correct the file") from problem


def _check_json(content: bytes, path: Path) -> None:
    try:
        json.loads(_text(content, path))
    except json.JSONDecodeError as problem:
        raise ToolError(f"{label(path)}:{problem.lineno}: not JSON: {problem.msg}", "correct the file") from problem
