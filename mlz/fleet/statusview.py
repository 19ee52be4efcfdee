"""Accounts by stack set: where everything stands, for people and for programs."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlz.terminal.console import Line
from mlz.terminal.wording import count, table

if TYPE_CHECKING:
    from stacksets.state import Instance, State

ABSENT = "-"
# A layer that the stage does not have.
NEVER = ""


@dataclass(frozen=True)
class Column:
    """One stack set: its name, and the layer and stage that it stands for."""

    stack_set: str
    layer: str
    stage: str


@dataclass(frozen=True)
class Standing:
    """One account in one stage, with the status of its instance in each layer."""

    account: str
    name: str
    stage: str
    layers: Mapping[str, str]
    reason: str

    @property
    def is_current(self) -> bool:
        return all(status in ("CURRENT", NEVER) for status in self.layers.values())


def standings(state: State, columns: Sequence[Column], names: Mapping[str, str]) -> list[Standing]:
    """One entry for each account and stage that any set holds, stage by stage, sorted by name then id."""
    layers = tuple(dict.fromkeys(column.layer for column in columns))
    found: dict[tuple[str, str], dict[str, Instance]] = {}
    for column in columns:
        held = state.sets.get(column.stack_set)
        for instance in held.instances if held else ():
            found.setdefault((column.stage, instance.account), {})[column.layer] = instance
    stages = list(dict.fromkeys(column.stage for column in columns))
    ordered = sorted(found, key=lambda key: (stages.index(key[0]), names.get(key[1], ""), key[1]))
    own = {stage: {column.layer for column in columns if column.stage == stage} for stage in stages}
    return [_standing(account, stage, names, found[stage, account], layers, own[stage]) for stage, account in ordered]


def _standing(
    account: str,
    stage: str,
    names: Mapping[str, str],
    held: Mapping[str, Instance],
    layers: Sequence[str],
    own: Collection[str],
) -> Standing:
    missing = {layer: ABSENT if layer in own else NEVER for layer in layers}
    statuses = {layer: status_of(held[layer]) if layer in held else missing[layer] for layer in layers}
    reason = next((one.reason for one in held.values() if one.reason and one.status != "CURRENT"), "")
    return Standing(account, names.get(account, ""), stage, statuses, reason)


def status_of(instance: Instance) -> str:
    """`CURRENT`, `OUTDATED (RUNNING)`."""
    usual = instance.detailed in ("SUCCEEDED", "")
    return instance.status if usual else f"{instance.status} ({instance.detailed})"


def lines(found: Sequence[Standing], missing: Sequence[str]) -> list[Line]:
    """The table, the sets that do not exist, and a sentence that sums it up."""
    layers = list(found[0].layers) if found else []
    rows = [[s.account, s.name, s.stage, *s.layers.values(), s.reason] for s in found]
    shown = table(["account", "name", "stage", *layers, "reason"], rows) if rows else []
    heading = [Line(text, "title") for text in shown[:1]]
    body = [Line(text, "" if s.is_current else "remove") for text, s in zip(shown[1:], found, strict=True)]
    absent = [Line(f"{name}: does not exist", "quiet") for name in missing]
    return [*heading, *body, *absent, Line(summary(found), "title")]


def summary(found: Sequence[Standing]) -> str:
    """`30 accounts: 29 as the stack sets say, 1 not.`"""
    current = sum(standing.is_current for standing in found)
    behind = len(found) - current
    return f"{count(len(found), 'account')}: {current} as the stack sets say, {behind} not."


def document(found: Sequence[Standing], missing: Sequence[str]) -> dict[str, object]:
    """The same for programs."""
    accounts = [
        {
            "account": standing.account,
            "name": standing.name,
            "stage": standing.stage,
            "layers": dict(standing.layers),
            "reason": standing.reason,
        }
        for standing in found
    ]
    return {"accounts": accounts, "missing_stack_sets": list(missing)}
