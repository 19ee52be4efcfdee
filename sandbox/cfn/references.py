"""Which names a template's value refers to, without resolving it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from .intrinsic import substitutions
from .model import JSON


def references(node: JSON, taken: Callable[[str], bool] | None = None) -> Sequence[tuple[str, str, str]]:
    """Every (function, name, attribute) below the node; `taken` limits Fn::If to the branch its condition picks."""
    found: list[tuple[str, str, str]] = []
    _collect(node, taken, found)
    return found


def _collect(node: JSON, taken: Callable[[str], bool] | None, found: list[tuple[str, str, str]]) -> None:
    if isinstance(node, list):
        for item in node:
            _collect(item, taken, found)
    elif isinstance(node, dict):
        if len(node) == 1 and _collect_function(node, taken, found):
            return
        for value in node.values():
            _collect(value, taken, found)


def _collect_function(
    node: Mapping[str, JSON], taken: Callable[[str], bool] | None, found: list[tuple[str, str, str]]
) -> bool:
    ((key, argument),) = node.items()
    match key, argument:
        case "Ref", str():
            found.append(("Ref", argument, ""))
        case "Fn::GetAtt", str() | list():
            parts = argument.split(".", 1) if isinstance(argument, str) else argument
            found.append(("Fn::GetAtt", parts[0], ".".join(map(str, parts[1:]))))
        case "Fn::Sub", _:
            _collect_sub(argument, taken, found)
        case "Fn::If", [str() as name, yes, no]:
            found.append(("Condition", name, ""))
            for branch, truth_ in ((yes, True), (no, False)):
                if taken is None or taken(name) is truth_:
                    _collect(branch, taken, found)
        case "Condition", str():
            found.append(("Condition", argument, ""))
        case _:
            return False
    return True


def _collect_sub(argument: JSON, taken: Callable[[str], bool] | None, found: list[tuple[str, str, str]]) -> None:
    pattern, variables = argument if isinstance(argument, list) and len(argument) == 2 else (argument, {})
    _collect(variables, taken, found)
    if not isinstance(pattern, str):
        return
    for _, name in substitutions(pattern):
        if name and name not in variables:
            logical, _, attribute = name.partition(".")
            found.append(("Fn::GetAtt", logical, attribute) if attribute else ("Ref", name, ""))
