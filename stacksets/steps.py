"""What is done to the sets of one stage, wave by wave: the actions of each wave, and what each waits for. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from generator.errors import ToolError
from stacksets import differences
from stacksets.actions import (
    Action,
    CreateInstances,
    CreateSet,
    Group,
    RetryInstances,
    Step,
    UpdateInstances,
    UpdateSet,
    operation_digest,
)
from stacksets.differences import Found, World, split
from stacksets.spec import StackSetSpec, Target
from stacksets.waves import OPEN, name_of, partition

Place = Mapping[str, int]
Work = dict[int, list[Action]]


def waves_of(stage: str, members: tuple[StackSetSpec, ...]) -> tuple[str, ...]:
    """The names of all steps that a stage can have."""
    waves = members[0].rollout.waves
    return tuple(name_of(stage, waves, position) for position in range(len(waves) + 1))


def of_stage(world: World, stage: str, before: tuple[str, ...], *, is_continued: bool) -> tuple[Step, ...]:
    """A step for each wave that has something to do. `before`: every step that must have passed.

    `is_continued`: something in this plan comes before it, so that the health of that is to be looked at.
    """
    members = tuple(spec for spec in world.specs if spec.stage == stage)
    rollout, names = members[0].rollout, waves_of(stage, members)
    accounts = {account for spec in members for account in spec.accounts}
    place = _delayed(world, members, partition(rollout.waves, accounts))
    work = [_work(world, spec, place) for spec in members]
    steps: list[Step] = []
    for position, name in enumerate(names):
        actions = tuple(action for one in work for action in one.get(position, ()))
        resumes = bool(before or position) and any(isinstance(action, RetryInstances) for action in actions)
        step = Step(
            name,
            actions,
            stage=stage,
            after=(*before, *names[:position]),
            health=rollout.gate if is_continued or steps or resumes else OPEN,
            allowed=len(accounts) * rollout.budget_percent // 100,
        )
        steps += [step] if actions else []
    return tuple(steps)


def _delayed(world: World, members: tuple[StackSetSpec, ...], place: Place) -> Place:
    """The wave of each account when newcomers to a set that changes wait for the wave that brings it the news.

    All sets of the stage wait with them: an account does not get its network before its roles.
    """
    while True:
        late: dict[str, int] = {}
        for spec in members:
            news = _news(world, spec, place)
            joining = (target.account for cells in world.joining(spec).values() for target in cells)
            late |= {account: max(news, late.get(account, 0)) for account in joining if place[account] < news}
        if not late:
            return place
        place = {**place, **late}


def _news(world: World, spec: StackSetSpec, place: Place) -> int:
    """The wave in which a set that exists gets its changes: the first that it has accounts in."""
    held = world.state.sets.get(spec.name)
    if held is None or not differences.of_set(spec, held):
        return 0
    return min((place[target.account] for target in world.staying(spec)), default=0)


def _work(world: World, spec: StackSetSpec, place: Place) -> Work:
    held = world.state.sets.get(spec.name)
    work: Work = {}
    if held is None:
        first = min((place[account] for account in spec.accounts), default=0)
        work[first] = [CreateSet(spec.definition, "does not exist")]
    else:
        changes = differences.of_set(spec, held)
        first = _update(world, spec, changes, place, work) if changes else _retry(world, spec, place, work)
        _override(world, spec, place, work)
    for position, joining in split(world.joining(spec), place, first).items():
        joined = groups("create", spec.name, joining.cells, spec.overrides)
        work.setdefault(position, []).append(CreateInstances(spec.name, joined, spec.preferences, joining.reason))
    return work


def _update(world: World, spec: StackSetSpec, changes: tuple[str, ...], place: Place, work: Work) -> int:
    """The wave that brings the news: it updates its own accounts, and makes those of later waves OUTDATED."""
    reason = f"{', '.join(differences.kinds(changes))} changed"
    waves = split({reason: list(world.staying(spec))}, place)
    quarantined = world.quarantined(spec)
    if not waves and quarantined:
        return _only_quarantined(world, spec)
    if len(waves) > 1 or quarantined:
        _in_waves(spec, {position: wave.cells for position, wave in waves.items()}, changes, reason, work)
        return min(waves)
    joiners = split(world.joining(spec), place)
    first = min(waves or joiners, default=0)
    accounts = tuple(sorted({target.account for wave in waves.values() for target in wave.cells}))
    digest = operation_digest("update", spec.definition)
    work[first] = [UpdateSet(spec.definition, accounts, spec.preferences, digest, changes, reason)]
    return first


def _only_quarantined(world: World, spec: StackSetSpec) -> int:
    """Nobody is left to bring the news to; a newcomer could only get it by an update of everyone, which is refused."""
    if not world.joining(spec):
        return 0
    raise ToolError(
        f"{spec.name}: only quarantined accounts are in it, and changing the set would change them",
        "let the set forget them first: left_accounts: retain",
    )


def _in_waves(
    spec: StackSetSpec, waves: Mapping[int, tuple[Target, ...]], changes: tuple[str, ...], reason: str, work: Work
) -> None:
    first = min(waves)
    for position, cells in waves.items():
        if position == first:
            bearer, *others = groups("update", spec.definition, cells, {})
            news = bearer.accounts, spec.preferences, bearer.operation, changes, reason, bearer.regions
            work[position] = [UpdateSet(spec.definition, *news)]
        else:
            others = list(groups("retry", spec.definition, cells, {}))
        if others:
            followers = RetryInstances(spec.definition, tuple(others), spec.preferences, reason, follows=True)
            work.setdefault(position, []).append(followers)


def _retry(world: World, spec: StackSetSpec, place: Place, work: Work) -> int:
    for position, behind in split(world.behind(spec), place).items():
        late = groups("retry", spec.definition, behind.cells, {})
        is_first_try = behind.reason == differences.BEHIND
        again = RetryInstances(spec.definition, late, spec.preferences, behind.reason, is_first_try)
        work.setdefault(position, []).append(again)
    return 0


def _override(world: World, spec: StackSetSpec, place: Place, work: Work) -> None:
    """After the update of the wave: a new parameter has to be in the set before it can be overridden."""
    found: Found = {"their own parameter values changed": list(world.overridden(spec))}
    for position, changed in split(found, place).items():
        own = groups("override", spec.name, changed.cells, spec.overrides)
        work.setdefault(position, [])
        at = 1 if work[position] else 0
        work[position].insert(at, UpdateInstances(spec.name, own, spec.preferences, changed.reason))


def groups(
    kind: str, subject: object, cells: Iterable[Target], overrides: Mapping[str, Mapping[str, str]], *more: object
) -> tuple[Group, ...]:
    """One group for each distinct (Regions, overrides): the API takes accounts times Regions, and one set of values."""
    regions: dict[str, list[str]] = {}
    for target in sorted(cells):
        regions.setdefault(target.account, []).append(target.region)
    shared: dict[tuple[tuple[str, ...], tuple[tuple[str, str], ...]], list[str]] = {}
    for account, where in regions.items():
        values = tuple(sorted(overrides.get(account, {}).items()))
        shared.setdefault((tuple(where), values), []).append(account)
    return tuple(
        Group(tuple(accounts), where, operation_digest(kind, subject, accounts, where, values, *more), dict(values))
        for (where, values), accounts in shared.items()
    )
