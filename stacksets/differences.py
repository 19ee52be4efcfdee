"""Where what is wanted and what exists differ: of a set's own settings, and of the accounts it holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from stacksets.spec import StackSetSpec, Target
from stacksets.state import GONE, Instance, SetState, State

Cells: TypeAlias = tuple[Target, ...]
Found: TypeAlias = Mapping[str, list[Target]]

KEPT = {"SUSPENDED": "suspended", "PENDING_CLOSURE": "about to be closed", "PENDING_ACTIVATION": "not yet active"}
LOST = {"CLOSED": "the account is closed", "ABSENT": "the account left the organization"}
SKIPPED = "SKIPPED_SUSPENDED_ACCOUNT"
BEHIND = "behind the set"
QUARANTINED = "quarantined: no longer in scope, kept as it is"


@dataclass(frozen=True, slots=True)
class Cluster:
    """Instances that one action serves; `reason` counts the accounts when there are several reasons."""

    reason: str
    cells: Cells


@dataclass(frozen=True, slots=True)
class Leaver:
    """Instances that leave a set in the same way."""

    reason: str
    retain: bool
    cells: Cells


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What is wanted (in order), what exists, and what the organization says of accounts that are not wanted."""

    specs: tuple[StackSetSpec, ...]
    state: State
    standing: Mapping[str, str]
    held: Mapping[str, Mapping[Target, Instance]]
    wanted_by: Mapping[str, frozenset[Target]]
    accounts_by: Mapping[str, frozenset[str]]
    holders: Mapping[str, frozenset[str]]

    @property
    def wanted(self) -> frozenset[str]:
        return frozenset(account for accounts in self.accounts_by.values() for account in accounts)

    def _held(self, spec: StackSetSpec) -> Mapping[Target, Instance]:
        return self.held.get(spec.name, {})

    def staying(self, spec: StackSetSpec) -> Cells:
        """Instances that are wanted and that the service can work on."""
        held = self._held(spec)
        return tuple(target for target in spec.targets if target in held and held[target].status != "INOPERABLE")

    def homeless(self, family: str) -> frozenset[str]:
        """Accounts that sets of the family hold and none wants, apart from those that are kept in quarantine."""
        members = [spec for spec in self.specs if spec.family == family]
        held = {account for spec in members for account in self.holders.get(spec.name, ())}
        wanted = {account for spec in members for account in self.accounts_by[spec.name]}
        return frozenset(held - wanted - {t.account for spec in members for t in self.quarantined(spec)})

    def leavers(self, spec: StackSetSpec) -> tuple[Leaver, ...]:
        wanted = self.wanted_by[spec.name]
        ways: dict[bool, dict[str, list[Target]]] = {}
        for target, instance in self._held(spec).items():
            if way := self._way_out(spec, target, instance, target in wanted):
                reason, retain = way
                ways.setdefault(retain, {}).setdefault(reason, []).append(target)
        clusters = ((retain, cluster(found)) for retain, found in sorted(ways.items()))
        return tuple(Leaver(one.reason, retain, one.cells) for retain, one in clusters)

    def _way_out(
        self, spec: StackSetSpec, target: Target, instance: Instance, is_wanted: bool
    ) -> tuple[str, bool] | None:
        standing = self.standing.get(target.account, "ACTIVE")
        if self._is_quarantined(spec, target):
            return None
        if instance.status == "INOPERABLE":
            why = "its stack is gone" if instance.detailed == GONE else "INOPERABLE"
            return f"{why}: the set forgets it" + (", then adds it anew" if is_wanted else ", its stack stays"), True
        if is_wanted or standing in KEPT:
            return None
        if standing in LOST:
            return f"{LOST[standing]}: the set forgets it, its stack stays", True
        return self._departure(spec, target)

    def _departure(self, spec: StackSetSpec, target: Target) -> tuple[str, bool]:
        """An account that is still wanted, or moved, has not left: it is never in two sets of a layer."""
        if target.account in self.accounts_by[spec.name]:
            return f"{target.region} is no longer wanted", False
        if homes := self._homes(spec, target.account):
            return f"moved to {', '.join(homes)}", False
        return "no longer in scope", spec.left == "retain"

    def _homes(self, spec: StackSetSpec, account: str) -> list[str]:
        """The stages of the same family that want the account."""
        peers = (other for other in self.specs if (other.family, other.layer) == (spec.family, spec.layer))
        return sorted({other.stage for other in peers if account in self.accounts_by[other.name]})

    def _is_quarantined(self, spec: StackSetSpec, target: Target) -> bool:
        """It left the family, it can be reached, and the settings say that nothing is to be done to it."""
        if spec.left != "quarantine" or self.standing.get(target.account, "ACTIVE") in {*KEPT, *LOST}:
            return False
        return not self._homes(spec, target.account)

    def quarantined(self, spec: StackSetSpec) -> Cells:
        if spec.left != "quarantine":
            return ()
        return tuple(target for target in self._held(spec) if self._is_quarantined(spec, target))

    def joining(self, spec: StackSetSpec) -> Found:
        """Wanted instances that the set does not hold, or cannot work on, by reason."""
        held = self._held(spec)
        found: dict[str, list[Target]] = {}
        for target in spec.targets:
            if target not in held:
                found.setdefault(self._arrival(spec, target), []).append(target)
            elif held[target].status == "INOPERABLE":
                was = "its stack was gone" if held[target].detailed == GONE else "was INOPERABLE"
                found.setdefault(f"{was}: added anew", []).append(target)
        return found

    def _arrival(self, spec: StackSetSpec, target: Target) -> str:
        if target.account in self.holders.get(spec.name, ()):
            return f"{target.region} is new"
        layer = (spec.family, spec.layer)
        for other in self.specs:
            if (other.family, other.layer) != layer or other.name == spec.name:
                continue
            if target.account in self.accounts_by[other.name]:
                continue
            if target.account in self.holders.get(other.name, ()):
                return f"moved from {other.stage}"
        return "joined" if spec.name in self.state.sets else "first deployment"

    def behind(self, spec: StackSetSpec) -> Found:
        """Wanted instances that are not at what the set says, by reason."""
        held = self._held(spec)
        found: dict[str, list[Target]] = {}
        for target in self.staying(spec):
            if reason := _lag(held[target]):
                found.setdefault(reason, []).append(target)
        return found

    def overridden(self, spec: StackSetSpec) -> Cells:
        """Staying instances whose overrides were read and are not what is wanted."""
        held = self.state.sets[spec.name].overrides
        return tuple(
            target
            for target in self.staying(spec)
            if target.account in held
            and target.account in spec.overrides
            and dict(held[target.account]) != dict(spec.overrides[target.account])
        )

    def unchanged(self, spec: StackSetSpec) -> tuple[tuple[str, tuple[str, ...]], ...]:
        held = self.state.sets.get(spec.name)
        if held is None:
            return ()
        kept: dict[str, set[str]] = {}
        for target in self._held(spec):
            standing = self.standing.get(target.account, "ACTIVE")
            if target not in self.wanted_by[spec.name] and standing in KEPT:
                kept.setdefault(f"the account is {KEPT[standing]}: left alone", set()).add(target.account)
        kept[QUARANTINED] = {target.account for target in self.quarantined(spec)}
        if not of_set(spec, held):
            behind = (target for targets in self.behind(spec).values() for target in targets)
            busy = {target.account for target in (*behind, *self.overridden(spec))}
            same = {target.account for target in self.staying(spec)} - busy
            kept["as wanted"] = same
        return tuple((reason, tuple(sorted(accounts))) for reason, accounts in sorted(kept.items()) if accounts)


def world(specs: tuple[StackSetSpec, ...], state: State, standing: Mapping[str, str]) -> World:
    """The world with its look-ups made once, so that planning is linear in the number of instances."""
    return World(
        specs=specs,
        state=state,
        standing=standing,
        held={name: {cell(instance): instance for instance in held.instances} for name, held in state.sets.items()},
        wanted_by={spec.name: frozenset(spec.targets) for spec in specs},
        accounts_by={spec.name: frozenset(spec.accounts) for spec in specs},
        holders={name: frozenset(held.accounts) for name, held in state.sets.items()},
    )


def everything(held: SetState, standing: Mapping[str, str]) -> tuple[Leaver, ...]:
    """All instances of a set as leavers; those that the service cannot reach are only forgotten."""
    unreachable = {*KEPT, *LOST}
    forgotten = tuple(
        cell(i) for i in held.instances if i.status == "INOPERABLE" or standing.get(i.account) in unreachable
    )
    removed = tuple(sorted({cell(i) for i in held.instances} - set(forgotten)))
    ways = (Leaver("destroyed", False, removed), Leaver("cannot be reached: the set forgets it", True, forgotten))
    return tuple(way for way in ways if way.cells)


def split(found: Found, place: Mapping[str, int], earliest: int = 0) -> dict[int, Cluster]:
    """What was found, by the wave of the account (`place`); nothing comes before wave `earliest`."""
    waves: dict[int, dict[str, list[Target]]] = {}
    for reason, cells in found.items():
        for target in cells:
            position = max(earliest, place[target.account])
            waves.setdefault(position, {}).setdefault(reason, []).append(target)
    return {position: cluster(wave) for position, wave in sorted(waves.items())}


def cluster(found: Found) -> Cluster:
    """One cluster of all; `found` is by reason."""
    cells = tuple(sorted(target for targets in found.values() for target in targets))
    counts = {reason: len({target.account for target in targets}) for reason, targets in sorted(found.items())}
    if len(counts) == 1:
        return Cluster(next(iter(counts)), cells)
    return Cluster("; ".join(f"{reason} ({count})" for reason, count in counts.items()), cells)


def cell(instance: Instance) -> Target:
    return Target(instance.account, instance.region)


def _lag(instance: Instance) -> str:
    if instance.status == "CURRENT" and instance.detailed != SKIPPED:
        return ""
    match instance.detailed:
        case "FAILED":
            return "failed before"
        case "CANCELLED":
            return "cancelled before its turn"
        case _ if instance.detailed == SKIPPED:
            return "was suspended when it was its turn"
        case _:
            return BEHIND


def of_set(spec: StackSetSpec, held: SetState) -> tuple[str, ...]:
    """What differs between a set as wanted and as it is, one line each; empty when nothing does."""
    wanted = spec.definition
    lines: list[str] = []
    if wanted.template_sha256 not in held.template:
        lines.append(f"template: {held.template[0][:12]} → {wanted.template_sha256[:12]}")
    lines += _parameters(spec, held)
    lines += _values("tag", wanted.tags, {k: v for k, v in held.tags.items() if not k.startswith("aws:")})
    if wanted.administration_role_arn not in ("", held.administration_role_arn):
        lines.append(f"administration role: {held.administration_role_arn} → {wanted.administration_role_arn}")
    if wanted.execution_role_name not in ("", held.execution_role_name):
        lines.append(f"execution role: {held.execution_role_name} → {wanted.execution_role_name}")
    if not held.is_managed_execution:
        lines.append("managed execution: off → on")
    return tuple(lines)


def _parameters(spec: StackSetSpec, held: SetState) -> list[str]:
    entries = spec.template.parameters
    defaults = {name: entry.default for name, entry in entries.items() if entry.default is not None}
    hidden = {name for name, entry in entries.items() if entry.no_echo}
    wanted = {**defaults, **spec.definition.parameters}
    known = {**defaults, **held.parameters}
    return _values(
        "parameter",
        {name: value for name, value in wanted.items() if name not in hidden},
        {name: value for name, value in known.items() if name not in hidden and name in {*wanted, *held.parameters}},
    )


def _values(kind: str, wanted: Mapping[str, str], held: Mapping[str, str]) -> list[str]:
    return [
        f"{kind} {name}: {held.get(name, 'absent')!s} → {wanted.get(name, 'absent')!s}"
        for name in sorted({*wanted, *held})
        if wanted.get(name) != held.get(name)
    ]


def kinds(changes: tuple[str, ...]) -> tuple[str, ...]:
    """The distinct kinds of change, in order: (`template`, `parameters`, …)."""
    plural = {"parameter": "parameters", "tag": "tags", "administration": "administration role"}
    first = (line.split(":")[0].split(" ")[0] for line in changes)
    plural |= {"execution": "execution role", "managed": "managed execution"}
    return tuple(dict.fromkeys(plural.get(word, word) for word in first))
