"""From settings to a plan of the stack sets: read the environment, the sets and the organization, then decide."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from generator.errors import ToolError
from mlz import targets
from stacksets.spec import StackSetSpec
from stacksets.state import State

if TYPE_CHECKING:
    from generator.package.manifest import Manifest
    from mlz.settings import Settings
    from stacksets.actions import Plan
    from stacksets.client import Cloud
    from stacksets.organization import Resolution
    from stacksets.service import StackSets


@dataclass(frozen=True)
class Insistence:
    """What the user insists on against the guards."""

    removals: bool = False
    emptiness: bool = False


@dataclass(frozen=True)
class Situation:
    """What is wanted, what exists, and what the organization says."""

    specs: tuple[StackSetSpec, ...]
    state: State
    standing: Mapping[str, str]
    names: Mapping[str, str]
    skipped: Mapping[str, str] = field(default_factory=dict)


def service(cloud: Cloud) -> StackSets:
    from stacksets.api import StackSetsApi

    return StackSetsApi(cloud)


def require_targets(settings: Settings) -> None:
    if not settings.targets.staging.is_declared:
        raise ToolError(
            "targets: no accounts to deploy to",
            "add targets.staging and targets.prod to mlz.yaml (see mlz.example.yaml), or stay in one account",
        )


def identified(settings: Settings, cloud: Cloud) -> Settings:
    """The settings with ids for units that are given as paths of names: templates take ids only.

    ToolError for a unit that does not exist.
    """
    from msgspec.structs import replace as changed

    from stacksets.directory import Directory
    from stacksets.organization import resolve

    if without_names(settings) == settings:
        units = [unit for stage in settings.targets.stages for unit in stage.organizational_units]
        Directory(cloud.client("organizations")).require(tuple(units))
        return settings
    found = resolve(cloud.client("organizations"), targets.scopes(settings), allow_empty=True)
    staging, prod = (
        changed(stage, organizational_units=tuple(_unit(path) for path in found.stages[stage.name].paths))
        for stage in settings.targets.stages
    )
    return changed(settings, targets=changed(settings.targets, staging=staging, prod=prod))


def without_names(settings: Settings) -> Settings:
    """The settings without the units that are given by name; enough to check every other parameter."""
    from msgspec.structs import replace as changed

    staging, prod = (
        changed(stage, organizational_units=tuple(u for u in stage.organizational_units if u.startswith(("ou-", "r-"))))
        for stage in settings.targets.stages
    )
    return changed(settings, targets=changed(settings.targets, staging=staging, prod=prod))


def _unit(path: str) -> str:
    """`o-1/r-1/ou-1/ou-2/` → `ou-2`."""
    return path.rstrip("/").rpartition("/")[2]


def situation(settings: Settings, manifest: Manifest, cloud: Cloud, insistence: Insistence) -> Situation:
    """Read everything that a plan needs; writes nothing."""
    from mlz.facts import environment
    from stacksets import organization
    from stacksets.state import read

    require_targets(settings)
    facts = environment(cloud, settings)
    names = [column.stack_set for column in targets.columns(settings)]
    state = read(service(cloud), names)
    client = cloud.client("organizations")
    expected = len(state.accounts)
    resolution = organization.resolve(client, targets.scopes(settings), expected, insistence.emptiness)
    members = {name: membership.accounts for name, membership in resolution.stages.items()}
    wanted = {account for accounts in members.values() for account in accounts}
    state, overrides = _networks(settings, manifest, cloud, state, members)
    facts = replace(facts, organization=resolution.organization)
    return Situation(
        specs=targets.specs(settings, manifest, facts, members, overrides),
        state=state,
        standing=organization.standing(client, state.accounts - wanted, resolution),
        names=resolution.names,
        skipped=_skipped(resolution),
    )


def _skipped(resolution: Resolution) -> dict[str, str]:
    return {entry.account: entry.reason for stage in resolution.stages.values() for entry in stage.skipped}


def _networks(
    settings: Settings, manifest: Manifest, cloud: Cloud, state: State, members: Mapping[str, Sequence[str]]
) -> tuple[State, dict[str, dict[str, str]]]:
    """The state with overrides and a network for every account, both only when a set is about to get an account.

    Reading overrides costs a call an account; without newcomers nobody's network can change.
    """
    from stacksets.addresses import held_by
    from stacksets.state import with_overrides

    columns = [column for column in targets.columns(settings) if column.layer == targets.NETWORK]
    if not any(newcomers(state, column.stack_set, members.get(column.stage, ())) for column in columns):
        return state, {}
    names = [column.stack_set for column in columns if column.stack_set in state.sets]
    known = with_overrides(service(cloud), state, names)
    networks = {account: dict(o) for name in names for account, o in known.sets[name].overrides.items()}
    wanted = sorted(account for accounts in members.values() for account in accounts)
    development = targets.development_block(settings, manifest)
    given = targets.allocations(settings, wanted, held_by(networks), development)
    return known, {account: allocation.overrides for account, allocation in given.items()}


def newcomers(state: State, name: str, wanted: Sequence[str]) -> set[str]:
    """Accounts that a set is to get: one that moves between stages is new in its second set, and one whose instance is
    INOPERABLE is added anew.
    """
    held = state.sets.get(name)
    usable = {one.account for one in held.instances if one.status != "INOPERABLE"} if held else set()
    return set(wanted) - usable


def plan(settings: Settings, found: Situation, insistence: Insistence) -> Plan:
    """What applying would do; pure."""
    from stacksets.plan import Limits, make

    limits = Limits(removal_share=settings.rollout.max_removal_percent / 100)
    made = make(found.specs, found.state, found.standing, limits, insistence.removals)
    refuse_shared_addresses(settings, made)
    return made


def refuse_shared_addresses(settings: Settings, made: Plan) -> None:
    """ToolError when an account would get a network without a block of its own: a defect that must reach nobody."""
    from stacksets.actions import CreateInstances

    networks = {column.stack_set for column in targets.columns(settings) if column.layer == targets.NETWORK}
    for action in made.actions:
        if isinstance(action, CreateInstances) and action.stack_set in networks:
            bare = [
                account for group in action.groups if "VPCCIDR" not in group.overrides for account in group.accounts
            ]
            if bare:
                raise ToolError(
                    f"{action.stack_set}: no addresses for {', '.join(bare)}", "report this; nothing was changed"
                )
