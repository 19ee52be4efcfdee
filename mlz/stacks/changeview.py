"""A change set as text: what is added, changed, replaced and removed, and what gives somebody more access."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from mlz.terminal.console import Line
from mlz.terminal.wording import count, listed, wrapped

if TYPE_CHECKING:
    from stacksets.changeset import ChangeSetView, ResourceChange

MARKS = {"Add": ("+", "add"), "Remove": ("-", "remove"), "Import": ("+", "add")}
SHOWN_PROPERTIES = 4


def lines(view: ChangeSetView, *, detailed: bool = False) -> list[Line]:
    """Every change of an update; of a creation one line a nested stack, unless `detailed`."""
    if view.is_empty:
        return [Line(f"{view.stack}: nothing to change", "title")]
    body = (
        _grouped(view) if view.kind == "CREATE" and not detailed else [change_line(change) for change in view.changes]
    )
    body = list(body) or [Line("  ~ outputs or tags only", "change")]
    return [Line(f"{view.stack}: {view.kind.lower()}", "title"), *body, *_warnings(view), Line(summary(view), "title")]


def summary(view: ChangeSetView) -> str:
    """`Change set: 41 to add, 2 to change (1 replaced), 0 to remove; 12 give access.`"""
    added, removed = len(view.of("Add")) + len(view.of("Import")), len(view.of("Remove"))
    changed = len(view.changes) - added - removed
    replaced = f" ({len(view.replacements)} replaced)" if view.replacements else ""
    access = f"; {len(view.widening)} give access" if view.widening else ""
    return f"Change set: {added} to add, {changed} to change{replaced}, {removed} to remove{access}."


def _grouped(view: ChangeSetView) -> Iterator[Line]:
    groups: dict[tuple[str, ...], list[ResourceChange]] = {}
    for change in view.changes:
        groups.setdefault(change.path[:-1], []).append(change)
    for path, changes in groups.items():
        kinds = Counter(change.type.removeprefix("AWS::").replace("::", " ") for change in changes)
        most = [f"{number} {kind}" if number > 1 else kind for kind, number in kinds.most_common()]
        where = "/".join(path) or view.stack
        text = f"  + {where}: {count(len(changes), 'resource')}: {listed(most, 4)}"
        yield from (Line(part, "add") for part in wrapped(text, 6))


def change_line(change: ResourceChange, indent: str = "  ") -> Line:
    """`~ Core/Role (AWS::IAM::Role): Policies  (gives access)`."""
    mark, style = MARKS.get(change.action, ("~", "change"))
    replaced = {"always": ", replaced", "perhaps": ", perhaps replaced"}.get(change.replacement, "")
    properties = f": {listed(change.properties, SHOWN_PROPERTIES)}" if change.properties else ""
    access = "  (gives access)" if change.widens_access else ""
    style = "remove" if change.replacement == "always" else style
    return Line(f"{indent}{mark} {'/'.join(change.path)} ({change.type}){replaced}{properties}{access}", style)


def _warnings(view: ChangeSetView) -> Iterator[Line]:
    if replaced := [change for change in view.replacements if change.replacement == "always"]:
        names = listed(["/".join(change.path) for change in replaced], 3)
        yield Line(f"Warning: replaced means deleted and made anew: {names}.", "error")
    if removed := view.of("Remove"):
        yield Line(f"Warning: removed: {listed(['/'.join(change.path) for change in removed], 3)}.", "error")


def document(view: ChangeSetView) -> dict[str, object]:
    """The change set for programs."""
    return {
        "stack": view.stack,
        "kind": view.kind,
        "changes": [change_record(change) for change in view.changes],
    }


def change_record(change: ResourceChange) -> dict[str, object]:
    """One change for programs."""
    return {
        "path": "/".join(change.path),
        "type": change.type,
        "action": change.action,
        "replacement": change.replacement,
        "properties": list(change.properties),
        "gives_access": change.widens_access,
    }
