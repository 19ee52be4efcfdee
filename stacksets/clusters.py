"""Accounts that change in the same way, put together: the usual way first, then those that differ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from stacksets.cause import signature
from stacksets.changeset import ResourceChange
from stacksets.preview import Look


@dataclass(frozen=True, slots=True)
class Cluster:
    """Accounts of a stack set with equal changes.

    With a `refusal` they were not looked into: the changes are then those that the templates tell by themselves.
    """

    stack_set: str
    accounts: tuple[str, ...]
    changes: tuple[ResourceChange, ...]
    refusal: str = ""

    @property
    def replacements(self) -> tuple[ResourceChange, ...]:
        return tuple(change for change in self.changes if change.replacement)

    @property
    def widening(self) -> tuple[ResourceChange, ...]:
        return tuple(change for change in self.changes if change.widens_access)


def clusters(looks: Sequence[Look]) -> tuple[Cluster, ...]:
    """By stack set in the order given; in a set the largest first, refusals last and by their signature."""
    groups: dict[tuple[str, tuple[ResourceChange, ...], str], list[Look]] = {}
    for look in looks:
        key = look.stack_set, tuple(sorted(look.changes, key=_order)), signature(look.refusal)
        groups.setdefault(key, []).append(look)
    order = list(dict.fromkeys(look.stack_set for look in looks))
    found = [
        Cluster(name, tuple(sorted({look.account for look in alike})), changes, alike[0].refusal)
        for (name, changes, _), alike in groups.items()
    ]
    return tuple(sorted(found, key=lambda c: (order.index(c.stack_set), c.refusal != "", -len(c.accounts), c.accounts)))


def _order(change: ResourceChange) -> tuple[tuple[str, ...], str]:
    return change.path, change.action
