"""Who can do what: every role against every capability, with the statement that says so."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any

import yaml

from generator.access.decision import Decision, Outcome
from generator.access.evaluate import evaluate
from generator.access.question import Question, case
from generator.access.site import Site
from generator.errors import ToolError

WORDS = {Outcome.ALLOWED: "yes", Outcome.DENIED: "no", Outcome.UNKNOWN: "?"}


@dataclass(frozen=True)
class Capability:
    """Something to be able to do, as one request; `through` is `own` for the network of the role's own account."""

    name: str
    group: str
    action: str
    resource: str
    owner: str = ""
    through: str = ""
    context: Mapping[str, Any] = field(default_factory=dict, hash=False)


@dataclass(frozen=True)
class Cell:
    """A role and a capability: the outcome, and what decided in a few words."""

    role: str
    capability: str
    outcome: Outcome
    by: str


@dataclass(frozen=True)
class Matrix:
    """Rows are capabilities, columns are roles, both in the order given; `cells` row by row."""

    roles: tuple[str, ...]
    capabilities: tuple[Capability, ...]
    cells: tuple[Cell, ...]

    def rows(self) -> Iterable[tuple[Capability, tuple[Cell, ...]]]:
        width = len(self.roles)
        for number, capability in enumerate(self.capabilities):
            yield capability, self.cells[number * width : (number + 1) * width]


def read(path: Path) -> tuple[tuple[str, ...], tuple[Capability, ...]]:
    """Roles and capabilities of a data file."""
    document = yaml.safe_load(path.read_text())
    found = [
        Capability(**{**one, "group": group}) for group, entries in document["capabilities"].items() for one in entries
    ]
    return tuple(document["roles"]), tuple(found)


def matrix(site: Site, roles: Sequence[str], capabilities: Sequence[Capability], *, guardrails: bool = False) -> Matrix:
    """Every combination decided; roles that this site does not have are left out."""
    existing = {role.short for role in site.roles}
    present = tuple(role for role in roles if role in existing)
    if not present:
        raise ToolError("matrix: none of its roles exists here", f"there are: {', '.join(sorted(existing))}")
    cells = [_cell(site, role, one, guardrails=guardrails) for one in capabilities for role in present]
    return Matrix(present, tuple(capabilities), tuple(cells))


def question(role: str, capability: Capability, *, guardrails: bool = False) -> Question:
    """What a cell of the matrix asks."""
    through = role.split("@")[-1] if capability.through == "own" else capability.through
    return Question(
        role,
        capability.action,
        capability.resource.replace("{own}", f"{{{role.split('@')[-1]}}}"),
        capability.owner,
        through,
        capability.context,
        guardrails=guardrails,
    )


def _cell(site: Site, role: str, capability: Capability, *, guardrails: bool) -> Cell:
    asked = case(site, question(role, capability, guardrails=guardrails))
    decision = evaluate(asked.request, asked.policies)
    return Cell(role, capability.name, decision.outcome, deciding(decision))


def deciding(decision: Decision) -> str:
    """The statement that decided, the missing keys, or nothing where nothing allows it."""
    if decision.outcome is Outcome.UNKNOWN:
        return ", ".join(decision.missing)
    return decision.statement.sid if decision.statement else ""


def data(made: Matrix) -> dict[str, Any]:
    """For programs."""
    rows = [
        {
            "capability": capability.name,
            "group": capability.group,
            "action": capability.action,
            "roles": {cell.role: {"outcome": cell.outcome.value, "by": cell.by} for cell in cells},
        }
        for capability, cells in made.rows()
    ]
    return {"roles": list(made.roles), "rows": rows}


def markdown(made: Matrix) -> str:
    """A table for each group, `yes` or `no` with the statement; an empty cell: nothing allows it."""
    lines = ["# Who can do what", "", *INTRODUCTION]
    group = ""
    for capability, cells in made.rows():
        if capability.group != group:
            group = capability.group
            lines += ["", f"## {group}", "", f"| | {' | '.join(made.roles)} |", f"|---|{'---|' * len(made.roles)}"]
        lines.append(f"| {capability.name} `{capability.action}` | {' | '.join(map(_text, cells))} |")
    return "\n".join(lines) + "\n"


INTRODUCTION = (
    "Worked out from the emitted templates, before anything is deployed: `make access`. `yes` and `no` name the",
    "statement that decides; an empty cell means that nothing allows it. `mlz access why ROLE ACTION RESOURCE` tells",
    "the whole evaluation. A test holds this file against the templates.",
)


def _text(cell: Cell) -> str:
    if cell.outcome is Outcome.DENIED and not cell.by:
        return ""
    return f"{WORDS[cell.outcome]}: {cell.by}" if cell.by else WORDS[cell.outcome]


def html(made: Matrix) -> str:
    """One page that needs nothing else."""
    head = "".join(f"<th>{escape(role)}</th>" for role in made.roles)
    body: list[str] = []
    group = ""
    for capability, cells in made.rows():
        if capability.group != group:
            group = capability.group
            body.append(f'<tr class="group"><th colspan="{len(made.roles) + 1}">{escape(group)}</th></tr>')
        row = "".join(f'<td class="{cell.outcome.value}">{escape(_text(cell))}</td>' for cell in cells)
        name = f"{escape(capability.name)}<br><code>{escape(capability.action)}</code>"
        body.append(f'<tr><th scope="row">{name}</th>{row}</tr>')
    table = f"<table><thead><tr><th></th>{head}</tr></thead><tbody>{''.join(body)}</tbody></table>"
    return f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Who can do what</title>{STYLE}{table}</html>\n'


STYLE = (
    "<style>body{font:14px system-ui,sans-serif;margin:2rem}table{border-collapse:collapse}"
    "th,td{border:1px solid #bbb;padding:.3rem .5rem;text-align:left;vertical-align:top}"
    "thead th{position:sticky;top:0;background:#fff}.group th{background:#eee}"
    ".allowed{background:#d9f2dd}.denied{color:#777}.unknown{background:#fff3c4}</style>"
)
