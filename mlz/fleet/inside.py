"""Into the accounts that stack sets hold: the ways in, and what a plan would change there."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from mlz import session
from mlz.fleet import convergence, own_sets
from mlz.release import product

if TYPE_CHECKING:
    from mlz.config.settings import Settings
    from mlz.fleet.convergence import Situation
    from stacksets.actions import Plan
    from stacksets.client import Cloud
    from stacksets.clusters import Cluster
    from stacksets.diagnosis import Door, Members
    from stacksets.divergence import Checked
    from stacksets.drift import Drift
    from stacksets.preview import Subject
    from stacksets.spec import StackSetSpec
    from stacksets.state import State

NONE_OF_THEM = -1


@dataclass(frozen=True)
class Wish:
    """How many stacks of a set to look at, spread over its accounts: by change set (`previews`), in search of changes
    by hand (`most`). 0 is all of them, -1 none.
    """

    previews: int = 0
    most: int = NONE_OF_THEM


@dataclass(frozen=True)
class Joining:
    """Accounts that get a stack which they do not have: all of the template's resources."""

    stack_set: str
    accounts: int
    resources: int


@dataclass(frozen=True)
class Insight:
    """What was seen inside the accounts; information beside a plan, which nothing reads that applies it.

    `unseen`: stack set → instances that are updated and were beyond the wish.
    """

    clusters: tuple[Cluster, ...] = ()
    unseen: Mapping[str, int] = field(default_factory=dict)
    joining: tuple[Joining, ...] = ()
    checked: Checked | None = None
    drifts: tuple[Drift, ...] = ()
    names: Mapping[str, str] = field(default_factory=dict)


def door(settings: Settings) -> Door:
    """The organization's access role, where the caller may act as the management account."""
    from stacksets.diagnosis import Door

    return Door(lambda: session.management(settings), settings.access.bootstrap_role)


def members(settings: Settings, cloud: Cloud, state: State) -> Callable[[str], Members]:
    """Stack set → the way into its accounts; sets with the same roles share it."""
    from stacksets.diagnosis import Members

    way = door(settings)
    usual = f"arn:{cloud.partition}:iam::{cloud.account}:role/{own_sets.ADMINISTRATION}" if state.sets else ""
    roles = {
        name: (held.administration_role_arn or usual, held.execution_role_name or own_sets.EXECUTION)
        for name, held in state.sets.items()
    }
    ways = {pair: Members(cloud, *pair, way) for pair in set(roles.values())}
    return lambda name: ways[roles[name]]


def gathered(settings: Settings, cloud: Cloud, found: Situation, plan: Plan, wish: Wish) -> Insight:
    """Look where the wish says; accounts that refuse are named in what comes back, and nothing stays behind."""
    from stacksets.clusters import clusters
    from stacksets.divergence import check, sample
    from stacksets.preview import Preview

    ways = members(settings, cloud, found.state)
    preview = Preview(members=ways, overrides=convergence.service(cloud).overrides)
    is_wanted = wish.previews != NONE_OF_THEM
    subjects = _subjects(settings, cloud, found, plan) if is_wanted else []
    chosen = [replace(subject, instances=sample(subject.instances, wish.previews)) for subject in subjects]
    left = {one.name: len(one.instances) - len(few.instances) for one, few in zip(subjects, chosen, strict=True)}
    return Insight(
        clusters=clusters(preview(chosen)),
        unseen={name: count for name, count in left.items() if count},
        joining=_joining(settings, cloud, found, plan) if is_wanted else (),
        checked=check(found.state, ways, wish.most) if wish.most != NONE_OF_THEM else None,
        names=found.names,
    )


def drifts(settings: Settings, cloud: Cloud) -> tuple[Drift, ...]:
    """Detect drift in every stack set and wait for it.

    Before a plan is made: an instance's last operation is then the detection, and an earlier plan is stale.
    """
    from stacksets.drift import detect
    from stacksets.state import read
    from stacksets.waiting import Pace

    service = convergence.service(cloud)
    state = read(service, convergence.set_names(settings))
    counts = {name: len(held.instances) for name, held in state.sets.items()}
    return detect(cloud, service, counts, Pace(first=settings.rollout.poll_seconds))


def _subjects(settings: Settings, cloud: Cloud, found: Situation, plan: Plan) -> list[Subject]:
    """One for each set that updates accounts, whatever waves it does that in."""
    from stacksets.preview import Subject

    updated = _accounts(plan, "~")
    return [
        Subject(
            definition=spec.definition,
            after=body_of(settings, cloud, spec),
            before=_held_body(cloud, spec.name),
            values=held.parameters,
            instances=tuple(one for one in held.instances if one.account in updated[spec.name]),
            overrides={**held.overrides, **spec.overrides},
        )
        for spec in found.specs
        if spec.name in updated and (held := found.state.sets.get(spec.name))
    ]


def _accounts(plan: Plan, sign: str) -> dict[str, set[str]]:
    """Stack set → the accounts that the plan adds (`+`) or changes (`~`)."""
    from mlz.fleet.planview import sign as sign_of

    found: dict[str, set[str]] = {}
    for action in plan.actions:
        if sign_of(action) == sign and action.accounts:
            found.setdefault(action.stack_set, set()).update(action.accounts)
    return found


def _joining(settings: Settings, cloud: Cloud, found: Situation, plan: Plan) -> tuple[Joining, ...]:
    from stacksets.body import parsed

    added, rows = _accounts(plan, "+"), []
    for spec in found.specs:
        if spec.name in added and (text := body_of(settings, cloud, spec)):
            count = len(parsed(text, spec.name).get("Resources") or {})
            rows.append(Joining(spec.name, len(added[spec.name]), count))
    return tuple(rows)


def body_of(settings: Settings, cloud: Cloud, spec: StackSetSpec) -> str:
    """The template of a set: from the build, from a file, or from S3; empty where that is another one by now."""
    from mlz.fleet import template_source

    path, body = spec.template.path, b""
    if "://" in path:
        body = template_source.read(path, cloud, settings.package.bucket, settings.package.prefix, Path()).body
    else:
        places = (product.folder(settings) / path, Path(path))
        body = next((place.read_bytes() for place in places if place.is_file()), b"")
    return body.decode() if hashlib.sha256(body).hexdigest() == spec.definition.template_sha256 else ""


def _held_body(cloud: Cloud, name: str) -> str:
    from stacksets.client import translated

    with translated(name):
        return str(cloud.client("cloudformation").describe_stack_set(StackSetName=name)["StackSet"]["TemplateBody"])
