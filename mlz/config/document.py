"""A settings file as typed data: every error knows its line, and nothing in YAML's darker corners is accepted.

Plain scalars keep their text until a type asks for something else. So `NO` stays "NO" and 012345678901 keeps its
zero, where YAML 1.1 would make a boolean and an octal-looking number of them.
"""

from __future__ import annotations

import difflib
import typing
from collections.abc import Iterator
from dataclasses import dataclass

import msgspec
import yaml

from generator.errors import ToolError

MAX_BYTES = 1_000_000
MAX_DEPTH = 12
NULLS = {"", "~", "null", "Null", "NULL"}

Path = tuple[str | int, ...]
Value = str | None | list["Value"] | dict[str, "Value"]
T = typing.TypeVar("T")


@dataclass(frozen=True)
class Document:
    """One parsed file: the value tree with text leaves, and the line of every path in it."""

    name: str
    value: Value
    lines: dict[Path, int]

    def where(self, path: Path) -> str:
        """`mlz.yaml:12: network.pool`; a path that is not in the file gets the line of its nearest parent."""
        known = next((path[:size] for size in range(len(path), -1, -1) if path[:size] in self.lines), None)
        line = f":{self.lines[known]}" if known is not None else ""
        return f"{self.name}{line}: {dotted(path)}" if path else f"{self.name}{line}"

    def error(self, path: Path, what: str, hint: str = "") -> ToolError:
        return ToolError(f"{self.where(path)}: {what}", hint)


def dotted(path: Path) -> str:
    """`targets.prod.accounts[0]`."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.removeprefix(".")


def parse(text: str, name: str) -> Document:
    """Read one YAML document; ToolError for aliases, duplicate keys, several documents."""
    if len(text.encode()) > MAX_BYTES:
        raise ToolError(
            f"{name}: larger than {MAX_BYTES} bytes", "a settings file has a page or two; is this the right file?"
        )
    try:
        _refuse_aliases(text, name)
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as problem:
        raise _syntax_error(problem, name) from problem
    except (yaml.YAMLError, RecursionError) as problem:
        raise ToolError(
            f"{name}: not readable as YAML: {str(problem).splitlines()[0]}", "save the file as UTF-8 text"
        ) from problem
    lines: dict[Path, int] = {}
    value = _plain(root, (), name, lines) if root is not None else {}
    return Document(name, value, lines)


def _refuse_aliases(text: str, name: str) -> None:
    depth = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        line = event.start_mark.line + 1 if event.start_mark else 0
        if isinstance(event, yaml.AliasEvent):
            raise ToolError(
                f"{name}:{line}: an alias (*{event.anchor}) is not accepted", "write the value out where it is used"
            )
        if depth > MAX_DEPTH:
            raise ToolError(
                f"{name}:{line}: nested deeper than {MAX_DEPTH} levels", "see mlz.example.yaml for the shape"
            )


def _syntax_error(problem: yaml.MarkedYAMLError, name: str) -> ToolError:
    mark = problem.problem_mark or problem.context_mark
    line = f":{mark.line + 1}" if mark else ""
    return ToolError(
        f"{name}{line}: not YAML: {problem.problem}", "check the indentation and the quotes at and above this line"
    )


def _plain(node: yaml.Node, path: Path, name: str, lines: dict[Path, int]) -> Value:
    lines.setdefault(path, node.start_mark.line + 1)
    match node:
        case yaml.ScalarNode():
            return None if node.style is None and node.value in NULLS else str(node.value)
        case yaml.SequenceNode():
            return [_plain(item, (*path, index), name, lines) for index, item in enumerate(node.value)]
        case yaml.MappingNode():
            return {key: _plain(child, (*path, key), name, lines) for key, child in _entries(node, path, name, lines)}
    raise AssertionError(node)


def _entries(node: yaml.MappingNode, path: Path, name: str, lines: dict[Path, int]) -> Iterator[tuple[str, yaml.Node]]:
    seen: set[str] = set()
    for key, child in node.value:
        line = key.start_mark.line + 1
        if not isinstance(key, yaml.ScalarNode) or key.value == "<<":
            raise ToolError(f"{name}:{line}: a key must be plain text", "write `key: value`")
        if key.value in seen:
            raise ToolError(f"{name}:{line}: {dotted((*path, key.value))}: given twice", "keep one of them")
        seen.add(key.value)
        lines[(*path, key.value)] = line
        yield key.value, child


def typed(document: Document, kind: type[T]) -> T:
    """The document as `kind` (a msgspec Struct); ToolError with file, line, key and the nearest known name."""
    value = _convert(document, document.value, kind, ())
    return typing.cast(T, value)


def _convert(document: Document, value: Value, kind: typing.Any, path: Path) -> object:
    origin = typing.get_origin(kind)
    bare = typing.get_args(kind)[0] if origin is typing.Annotated else kind
    if isinstance(bare, type) and issubclass(bare, msgspec.Struct):
        return _struct(document, {} if value is None else value, bare, path)
    match typing.get_origin(bare), value:
        case (container, dict()) if container is dict:
            name, child = typing.get_args(bare)
            return {
                leaf(key, name, document.where((*path, key))): _convert(document, item, child, (*path, key))
                for key, item in value.items()
            }
        case (container, list()) if container is tuple:
            child = typing.get_args(bare)[0]
            return tuple(_convert(document, item, child, (*path, index)) for index, item in enumerate(value))
    return leaf(value, kind, document.where(path))


def leaf(value: Value, kind: typing.Any, where: str) -> typing.Any:
    """One value as `kind`; the ToolError uses the words `want` and `hint` of the type's Meta."""
    try:
        return msgspec.convert(value, kind, strict=False)
    except msgspec.ValidationError as problem:
        extra: dict[str, str] = next(
            (item.extra for item in typing.get_args(kind) if isinstance(item, msgspec.Meta) and item.extra), {}
        )
        shown = "empty" if value is None else f"{value!r}" if isinstance(value, str) else f"a {type(value).__name__}"
        what = f"{shown} is not {extra['want']}" if "want" in extra else f"{shown}: {str(problem).split(' - at')[0]}"
        raise ToolError(
            f"{where}: {what}", extra.get("hint", "see mlz.example.yaml, or run: mlz settings schema")
        ) from problem


def _struct(document: Document, value: Value, kind: type[msgspec.Struct], path: Path) -> msgspec.Struct:
    fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
    if not isinstance(value, dict):
        raise document.error(path, "a mapping is expected here", f"it has: {', '.join(fields)}")
    for key in value:
        if key not in fields:
            raise document.error((*path, key), "unknown setting", nearest(key, list(fields)))
    missing = [key for key, field in fields.items() if field.required and value.get(key) is None]
    if missing:
        raise document.error(path, f"{missing[0]} is missing", f"required here: {', '.join(missing)}")
    hints = typing.get_type_hints(kind, include_extras=True)
    given = {key: item for key, item in value.items() if item is not None}
    return kind(**{key: _convert(document, item, hints[key], (*path, key)) for key, item in given.items()})


def nearest(name: str, known: list[str]) -> str:
    """The hint for a misspelt name: the closest known one, or all of them."""
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.6) or [
        item for item in known if item.lower() == name.lower()
    ]
    return f"did you mean {close[0]}?" if close else f"known here: {', '.join(known)}"
