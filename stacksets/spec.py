"""What we want: stack sets, their settings and the (account, Region) pairs that each is to hold."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

import msgspec

from generator.errors import ToolError
from generator.package.manifest import TemplateEntry
from stacksets.waves import AT_ONCE, Rollout


class Preferences(msgspec.Struct, frozen=True, omit_defaults=True):
    """How an operation spreads over accounts; a count of 0 means: use the percentage.

    Soft tolerance keeps the concurrency at `max_concurrent` whatever has failed; the service's default (strict) runs
    at most tolerance + 1 accounts at a time, so that tolerance 0 means one account after another.
    """

    max_concurrent_count: int = 0
    max_concurrent_percent: int = 100
    failure_tolerance_count: int = 0
    failure_tolerance_percent: int = 0
    is_soft: bool = True
    regions_parallel: bool = True

    def concurrent(self, accounts: int) -> int:
        """How many of `accounts` may be worked on at once: at least one."""
        return max(1, self.max_concurrent_count or accounts * self.max_concurrent_percent // 100)

    def tolerated(self, accounts: int) -> int:
        """How many of `accounts` may fail before no further one is started."""
        return self.failure_tolerance_count or accounts * self.failure_tolerance_percent // 100


DEFAULTS = Preferences()
Left = Literal["remove", "retain", "quarantine"]


class Definition(msgspec.Struct, frozen=True, omit_defaults=True):
    """A stack set apart from its instances: all that CreateStackSet and UpdateStackSet carry."""

    name: str
    template_url: str
    template_sha256: str
    parameters: dict[str, str] = {}
    tags: dict[str, str] = {}
    capabilities: tuple[str, ...] = ()
    administration_role_arn: str = ""
    execution_role_name: str = ""
    description: str = ""


@dataclass(frozen=True, slots=True, order=True)
class Target:
    """One stack instance that a set is to hold."""

    account: str
    region: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StackSetSpec:
    """One SELF_MANAGED stack set as wanted.

    Sets of one `stage` are served together, in the order of `layer_position` (roles before network) and removed in the
    reverse order. Stages of one `family` run one after another in the order of `stage_position`, behind a gate each;
    `depends_on` names sets of which the stages must have passed before. Other stages run at the same time.
    `overrides` is by account; an account without an entry keeps what it has. `rollout` is the same for all sets of a
    stage. `left` says what becomes of an account that leaves the family while it can still be reached: its stacks are
    removed; or the set forgets it and the stacks stay; or (quarantine) nothing is done to it in any way, it stays in
    the set as it is and is reported, until it is wanted again or the setting changes.
    """

    definition: Definition
    template: TemplateEntry
    layer: str
    stage: str
    stage_position: int
    layer_position: int
    targets: tuple[Target, ...]
    overrides: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    preferences: Preferences = DEFAULTS
    left: Left = "remove"
    family: str = ""
    depends_on: tuple[str, ...] = ()
    rollout: Rollout = AT_ONCE

    @property
    def name(self) -> str:
        return self.definition.name

    @property
    def accounts(self) -> tuple[str, ...]:
        return tuple(sorted({target.account for target in self.targets}))


def targets_of(accounts: Iterable[str], regions: Iterable[str]) -> tuple[Target, ...]:
    """Every account in every Region, sorted."""
    wanted = tuple(regions)
    return tuple(sorted({Target(account, region) for account in accounts for region in wanted}))


def check(specs: Iterable[StackSetSpec]) -> None:
    """Refuse, before any call, parameters that the template does not have or lacks, and names used twice."""
    seen: set[str] = set()
    for spec in specs:
        if spec.name in seen:
            raise ToolError(f"{spec.name}: two stack sets have this name", "give each layer and stage its own name")
        seen.add(spec.name)
        _check_parameters(spec)
        _check_overrides(spec)


def _check_parameters(spec: StackSetSpec) -> None:
    known, given = spec.template.parameters, spec.definition.parameters
    if unknown := sorted(set(given) - set(known)):
        raise ToolError(
            f"{spec.name}: {spec.template.path} has no parameter {', '.join(unknown)}",
            f"it has: {', '.join(sorted(known))}",
        )
    if missing := sorted(name for name, entry in known.items() if entry.is_required and name not in given):
        raise ToolError(f"{spec.name}: {spec.template.path} needs {', '.join(missing)}", "give them in the settings")


def _check_overrides(spec: StackSetSpec) -> None:
    for account, values in spec.overrides.items():
        if unknown := sorted(set(values) - set(spec.template.parameters)):
            raise ToolError(
                f"{spec.name}: override for {account}: {spec.template.path} has no parameter {', '.join(unknown)}",
                f"it has: {', '.join(sorted(spec.template.parameters))}",
            )
