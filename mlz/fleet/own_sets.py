"""The stack sets that a user declares, as the same specifications that the environment's own sets are made into."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from generator.errors import StalePlan
from generator.package.manifest import TemplateEntry
from mlz.config.rollout import Rollout, StackSet
from mlz.fleet import template_source, waving
from mlz.fleet.targets import columns, preferences
from mlz.stacks.parameters import checked, joined
from stacksets.organization import Scope
from stacksets.spec import Definition, StackSetSpec, targets_of

if TYPE_CHECKING:
    from mlz.config.settings import Settings
    from mlz.fleet.template_source import Source
    from stacksets.actions import Plan
    from stacksets.client import Cloud
    from stacksets.organization import Resolution

STANDARD = Rollout()
# What StackSets takes when no roles are named (User Guide, "self-managed permissions"; read 2026-11-21).
ADMINISTRATION, EXECUTION = "AWSCloudFormationStackSetAdministrationRole", "AWSCloudFormationStackSetExecutionRole"


def rollout(settings: Settings, one: StackSet) -> Rollout:
    """Its own roll-out, else that of the file."""
    return settings.rollout if one.rollout == STANDARD else one.rollout


def scopes(settings: Settings) -> dict[str, Scope]:
    """Whom the organization is asked for: each set, each group of overrides, each wave."""
    found: dict[str, Scope] = {}
    for name, one in settings.stack_sets.items():
        to = one.targets
        excluded = frozenset(to.exclude)
        found[name] = Scope(to.organizational_units, to.accounts, excluded, to.tags, family=name)
        for index, override in enumerate(one.overrides):
            if override.organizational_units:
                found[_group(name, index)] = Scope(override.organizational_units, is_selection=True)
        found |= waving.selections(rollout(settings, one), name)
    return found


def sources(settings: Settings, cloud: Cloud, folder: Path) -> dict[str, Source]:
    """The template of each set."""
    place = settings.package.bucket, settings.package.prefix
    return {
        name: template_source.read(one.template, cloud, *place, folder) for name, one in settings.stack_sets.items()
    }


def specs(
    settings: Settings, templates: Mapping[str, Source], resolution: Resolution, account: str, partition: str
) -> tuple[StackSetSpec, ...]:
    """One specification a set, each a stage of its own: a set waits only for those that it depends on."""
    return tuple(
        _spec(settings, name, one, templates[name], resolution, f"arn:{partition}:iam::{account}:role/")
        for name, one in settings.stack_sets.items()
    )


def _spec(
    settings: Settings, name: str, one: StackSet, source: Source, resolution: Resolution, roles: str
) -> StackSetSpec:
    accounts, pace = resolution.stages[name].accounts, rollout(settings, one)
    return StackSetSpec(
        definition=Definition(
            name=name,
            template_url=source.url,
            template_sha256=source.entry.sha256,
            parameters=checked(source.entry, joined(one.parameters), f"stack_sets.{name}.parameters", whole=False),
            tags={**settings.tags, **one.tags},
            capabilities=one.capabilities,
            administration_role_arn=f"{roles}{one.administration_role}" if one.administration_role else "",
            execution_role_name=one.execution_role,
            description=f"{name} by mlz",
        ),
        template=source.entry,
        layer=name,
        stage=name,
        stage_position=0,
        layer_position=0,
        targets=targets_of(accounts, one.regions or (settings.region,)),
        overrides=_overrides(name, one, source, resolution, accounts),
        preferences=preferences(pace),
        left=pace.left_accounts,
        family=name,
        depends_on=one.depends_on,
        rollout=waving.rollout_of(pace, name, resolution),
    )


def shells(settings: Settings) -> tuple[StackSetSpec, ...]:
    """The specifications without templates or members: enough to take the sets down."""
    declared = settings.targets.staging.is_declared
    known = {*settings.stack_sets, *((column.stack_set for column in columns(settings)) if declared else ())}
    return tuple(
        StackSetSpec(
            definition=Definition(name, "", ""),
            template=TemplateEntry("", "", 0, ""),
            layer=name,
            stage=name,
            stage_position=0,
            layer_position=0,
            targets=(),
            preferences=preferences(rollout(settings, one)),
            family=name,
            depends_on=tuple(other for other in one.depends_on if other in known),
        )
        for name, one in settings.stack_sets.items()
    )


def _overrides(
    name: str, one: StackSet, source: Source, resolution: Resolution, accounts: tuple[str, ...]
) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for index, override in enumerate(one.overrides):
        where = f"stack_sets.{name}.overrides[{index}].parameters"
        values = checked(source.entry, joined(override.parameters), where, whole=False)
        group = resolution.stages.get(_group(name, index))
        for account in {*override.accounts, *(group.accounts if group else ())} & set(accounts):
            found.setdefault(account, {}).update(values)
    return found if not one.overrides else {account: found.get(account, {}) for account in accounts}


def _group(name: str, index: int) -> str:
    return f"{name}: overrides {index + 1}"


def published(templates: Mapping[str, Source], cloud: Cloud, plan: Plan) -> None:
    """Put the files that this plan deploys to the place that it names; StalePlan when a file is no longer the same."""
    from stacksets.actions import CreateSet, RetryInstances, UpdateSet

    for action in plan.actions:
        source = templates.get(action.stack_set)
        if source is None or not isinstance(action, CreateSet | UpdateSet | RetryInstances):
            continue
        if action.definition.template_url != source.url:
            raise StalePlan(
                f"{action.stack_set}: {source.entry.path} has changed since the plan was made", "plan again"
            )
        if source.bucket and not isinstance(action, RetryInstances):
            template_source.put(source, cloud)
