"""From what we want and what AWS has to what is to be done: a pure function, and the contract that applying rests on.

A plan is data
--------------
`make(specs, state)` reads no clock, no network and no environment: equal inputs give an equal plan. The plan is frozen
data (`stacksets.actions`), so that it can be shown, saved as JSON, reviewed by somebody else and applied later.
`apply` is described entirely by the actions: every call it makes is in one of them, with everything that the call
carries. Reasons and `changes` are for people; applying never reads them.

What a plan is made of
----------------------
Steps, in order:

1. `settle`: operations that are under way already, of a run that was cut off or from somebody else. A plan with this
   step has no other: what is to be done is only known when they have ended; then plan again (`apply.settled`).
2. `leave`: accounts that are no longer wanted are taken out, the last stage first and network before roles, so that
   an account that moves between stages is never in both. This step is no gate: an account that cannot be left must
   not keep the others from converging. It is reported at the end.
3. a step for each wave of a stage (`staging/canary`, `staging/rest`; just `staging` without waves), roles before
   network. Each is a gate: when more accounts have failed in the stage than it allows, nothing follows. A step names
   the steps that it follows (`after`), also those that have nothing to do, and what must be healthy before it begins.
   Stages of one family run one after another; others only wait for the sets that they depend on (`stacksets.graph`).

Within a wave, a set is created or updated first, then overrides change, then what is behind is tried again, then
accounts that joined are added: a new template parameter has to reach the set before it can be overridden. The first
wave brings the news, for its own accounts; the service marks all others OUTDATED, and every later wave is an update
without news for some of these. So OUTDATED is the list of what is left, in this run and in any later one. A newcomer in
a wave before the news waits for it (`stacksets.steps`).

What counts as different
------------------------
The template by the digest of the body that the service returns, so that a change made by hand is seen; parameters by
value, where a value that equals the template's default equals its absence, and a NoEcho value cannot be compared; tags
apart from those of AWS; the two roles; managed execution. Instances are compared as (account, Region) pairs, never as
accounts times Regions. Overrides are compared where they were read (`state.with_overrides`): reading them costs a call
an account, so a plan that needs none of them leaves them alone, and an account never loses what it was given.

Who is in the way
-----------------
`standing` says what the organization says of accounts that are held but not wanted. A suspended one is left alone (the
service skips it too). A closed one, or one that left the organization, cannot be reached: the set forgets it and the
stack stays. INOPERABLE instances can only be forgotten; where the account is wanted it is then added anew. An
account that left and can be reached has its stacks removed, or is forgotten (`retain`), or is in quarantine: no action
names it, sets are never updated as a whole while they hold one, and it is reported. An account that moved within its
family has not left.

Never by surprise
-----------------
More removals than `Limits` allows are refused, unless the caller insists: an organization that suddenly lists fewer
accounts is more often a listing that failed than an intention. An account that moves between sets is no removal.

Operations have names
---------------------
The id of an operation is a digest of what it carries, and an attempt. A run that was cut off and started again asks
for the same id, finds it running, and waits for it instead of submitting it a second time. The service holds the
state; there is no state file. A plan carries the digest of the state it was made from; `refuse_stale` compares.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from generator.errors import StalePlan, ToolError
from stacksets import differences, graph
from stacksets.actions import Action, AwaitOperation, DeleteInstances, DeleteSet, Plan, Step, Unchanged
from stacksets.differences import Leaver
from stacksets.spec import Preferences, StackSetSpec, check
from stacksets.state import SetState, State
from stacksets.steps import groups, of_stage, waves_of

SETTLE, LEAVE = "settle", "leave"


@dataclass(frozen=True, slots=True)
class Limits:
    """More removed accounts than both of these at once are refused; the share is of all accounts held."""

    removals: int = 2
    removal_share: float = 0.2


def make(
    specs: Sequence[StackSetSpec],
    state: State,
    standing: Mapping[str, str] | None = None,
    limits: Limits = Limits(),
    insists: bool = False,
) -> Plan:
    """The plan that turns `state` into `specs`.

    `standing`: account id → ACTIVE, SUSPENDED, PENDING_CLOSURE, CLOSED or ABSENT, for accounts that are held but not
    wanted; one without an entry counts as ACTIVE. ToolError on parameters that a template does not have or lacks, and
    on more removals than `limits` unless `insists`.
    """
    check(specs)
    world = differences.world(graph.ordered(specs), state, standing or {})
    if not insists:
        for family in dict.fromkeys(spec.family for spec in world.specs):
            _refuse_removals(world, family, limits)
    if settle := _settle(state, (spec.name for spec in world.specs)):
        return Plan((Step(SETTLE, settle, is_gate=False),), (), state.digest)
    leave = _leave(world)
    first = (Step(LEAVE, leave, is_gate=False),) if leave else ()
    steps = (*first, *_stages(world))
    unchanged = tuple(entry for spec in world.specs for entry in _unchanged(world, spec))
    return Plan(steps, unchanged, state.digest)


def destroy(specs: Sequence[StackSetSpec], state: State, standing: Mapping[str, str] | None = None) -> Plan:
    """The plan that empties and deletes the sets: the last stage first, network before roles, every account named."""
    names = [spec.name for spec in reversed(graph.ordered(specs)) if spec.name in state.sets]
    preferences = {spec.name: spec.preferences for spec in specs}
    if settle := _settle(state, names):
        return Plan((Step(SETTLE, settle, is_gate=False),), (), state.digest)
    steps = tuple(
        Step(
            name,
            (*_remove_all(state.sets[name], preferences[name], standing or {}), DeleteSet(name, "destroyed")),
            after=tuple(names[:position]),
        )
        for position, name in enumerate(names)
    )
    return Plan(steps, (), state.digest)


def refuse_stale(plan: Plan, state: State) -> None:
    """StalePlan unless `state` is still the one that `plan` was made from."""
    if plan.state != state.digest:
        raise StalePlan(
            "plan: the stack sets have changed since it was made",
            "make a new plan, look at it, and apply that: mlz plan --out FILE",
        )


def _stages(world: differences.World) -> tuple[Step, ...]:
    members = {spec.stage: tuple(o for o in world.specs if o.stage == spec.stage) for spec in world.specs}
    waves = {stage: waves_of(stage, specs) for stage, specs in members.items()}
    above = graph.ancestors(world.specs)
    found: dict[str, tuple[Step, ...]] = {}
    for stage in members:
        before = (LEAVE, *(name for other in above[stage] for name in waves[other]))
        is_continued = any(found[other] for other in above[stage])
        found[stage] = of_stage(world, stage, before, is_continued=is_continued)
    return tuple(step for steps in found.values() for step in steps)


def _refuse_removals(world: differences.World, family: str, limits: Limits) -> None:
    """Stage by stage: a unit that lost half its accounts must not hide behind the accounts of the others."""
    homeless = world.homeless(family)
    stages = dict.fromkeys(spec.stage for spec in world.specs if spec.family == family)
    for stage in stages:
        members = [spec for spec in world.specs if (spec.family, spec.stage) == (family, stage)]
        held = {account for spec in members for account in world.holders.get(spec.name, ())}
        lost = sorted(homeless & held)
        allowed = max(limits.removals, int(limits.removal_share * len(held)))
        if len(lost) > allowed:
            named = ", ".join(lost[:5]) + (", …" if len(lost) > 5 else "")
            raise ToolError(
                f"plan: {len(lost)} of {len(held)} {stage} accounts would be removed ({named}), the limit is {allowed}",
                "check the organizational units; if this is what you want, say so: --allow-removals",
            )


def _settle(state: State, names: Iterable[str]) -> tuple[Action, ...]:
    return tuple(
        AwaitOperation(
            name,
            operation.id,
            tuple(sorted({i.account for i in state.sets[name].instances if i.last_operation == operation.id})),
            f"{operation.action} is {operation.status}: started earlier, waited for",
        )
        for name in sorted(names)
        if name in state.sets
        for operation in state.sets[name].operations
    )


def _leave(world: differences.World) -> tuple[Action, ...]:
    return tuple(
        _delete(spec.name, leaver, spec.preferences) for spec in reversed(world.specs) for leaver in world.leavers(spec)
    )


def _delete(name: str, leaver: Leaver, preferences: Preferences) -> DeleteInstances:
    removed = groups("delete", name, leaver.cells, {}, leaver.retain)
    return DeleteInstances(name, removed, preferences, leaver.retain, leaver.reason)


def _remove_all(held: SetState, preferences: Preferences, standing: Mapping[str, str]) -> tuple[DeleteInstances, ...]:
    return tuple(_delete(held.name, leaver, preferences) for leaver in differences.everything(held, standing))


def _unchanged(world: differences.World, spec: StackSetSpec) -> tuple[Unchanged, ...]:
    return tuple(Unchanged(spec.name, accounts, reason) for reason, accounts in world.unchanged(spec))
