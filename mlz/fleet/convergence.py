"""From settings to a plan of the stack sets: read the environment, the sets and the organization, then decide."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from generator.errors import ToolError
from mlz.fleet import own_sets, targets, waving
from mlz.fleet.statusview import Column
from stacksets.spec import StackSetSpec
from stacksets.state import State

if TYPE_CHECKING:
    from generator.package.manifest import Manifest
    from mlz.config.settings import Settings
    from stacksets.actions import Plan
    from stacksets.client import Cloud
    from stacksets.organization import Resolution, Scope
    from stacksets.service import StackSets

WAVES = "rollout"


@dataclass(frozen=True)
class Insistence:
    """What the user insists on against the guards; `recreate`: accounts whose stacks somebody deleted by hand."""

    removals: bool = False
    emptiness: bool = False
    recreate: tuple[str, ...] = ()


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


def columns(settings: Settings) -> list[Column]:
    """Every stack set of the settings: the environment's, when it has targets, and the user's own."""
    environment = targets.columns(settings) if settings.targets.staging.is_declared else []
    return [*environment, *(Column(name, name, name) for name in settings.stack_sets)]


def set_names(settings: Settings) -> list[str]:
    return [column.stack_set for column in columns(settings)]


def scopes(settings: Settings) -> dict[str, Scope]:
    """Whom the organization is asked for: stages, the user's own sets, and the waves of both."""
    own = targets.scopes(settings) if settings.targets.staging.is_declared else {}
    return {**own, **waving.selections(settings.rollout, WAVES), **own_sets.scopes(settings)}


def release(settings: Settings) -> Manifest:
    """The build, of which nothing is needed when the settings have no targets but stack sets of the user's own."""
    from generator.package.manifest import Manifest
    from mlz.config import rules
    from mlz.release import product

    if settings.targets.staging.is_declared or not settings.stack_sets:
        return product.built(settings)
    return Manifest("", settings.package.bucket, settings.package.prefix, rules.region(settings), {}, ())


def require_targets(settings: Settings) -> None:
    if not (settings.targets.staging.is_declared or settings.stack_sets):
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
    from stacksets import organization
    from stacksets.state import read, with_overrides, without_stacks

    require_targets(settings)
    sources = own_sets.sources(settings, cloud, Path())
    state = read(service(cloud), set_names(settings))
    if unknown := sorted(set(insistence.recreate) - state.accounts):
        raise ToolError(f"--recreate {unknown[0]}: no stack set holds this account", "see who is held: mlz status")
    state = without_stacks(state, insistence.recreate)
    client = cloud.client("organizations")
    resolution = organization.resolve(client, scopes(settings), len(state.accounts), insistence.emptiness)
    refuse_truncated(resolution, cloud.account)
    state, environment = _environment(settings, manifest, cloud, state, resolution)
    own = own_sets.specs(settings, sources, resolution, cloud.account, cloud.partition)
    state = with_overrides(service(cloud), state, [spec.name for spec in own if spec.overrides])
    wanted = {target.account for spec in (*environment, *own) for target in spec.targets}
    return Situation(
        specs=(*environment, *own),
        state=state,
        standing=organization.standing(client, state.accounts - wanted, resolution),
        names=resolution.names,
        skipped=_skipped(resolution),
    )


def refuse_truncated(resolution: Resolution, account: str) -> None:
    """ToolError when a listing of the whole organization lacks the very account that asks for it."""
    if resolution.is_complete and account not in resolution.states:
        raise ToolError(
            f"organization: it lists {len(resolution.states)} accounts, and not {account}, which asks: it is cut off",
            "run the same command again; nothing was changed",
        )


def _environment(
    settings: Settings, manifest: Manifest, cloud: Cloud, state: State, resolution: Resolution
) -> tuple[State, tuple[StackSetSpec, ...]]:
    """The environment's own sets, and the state with what they need to know of networks."""
    from mlz.fleet.facts import environment

    if not settings.targets.staging.is_declared:
        return state, ()
    facts = replace(environment(cloud, settings), organization=resolution.organization)
    members = {stage.name: resolution.stages[stage.name].accounts for stage in settings.targets.stages}
    state, overrides = _networks(settings, manifest, cloud, state, members)
    rollout = waving.rollout_of(settings.rollout, WAVES, resolution)
    return state, targets.specs(settings, manifest, facts, members, overrides, rollout)


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

    networks_of = [column for column in targets.columns(settings) if column.layer == targets.NETWORK]
    if not any(newcomers(state, column.stack_set, members.get(column.stage, ())) for column in networks_of):
        return state, {}
    names = [column.stack_set for column in networks_of if column.stack_set in state.sets]
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

    limits = Limits(settings.rollout.max_removals, settings.rollout.max_removal_percent / 100)
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
