"""Why one account is where it is: what its stack sets, their last operations, its stacks and the plan say of it."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from generator.errors import ToolError
from mlz.fleet import convergence, inside, planview

if TYPE_CHECKING:
    from mlz.config.settings import Settings
    from mlz.fleet.convergence import Situation
    from mlz.fleet.inside import Insight
    from stacksets.actions import Plan
    from stacksets.client import Cloud
    from stacksets.diagnosis import Members
    from stacksets.state import Instance, Operation, State


@dataclass(frozen=True, kw_only=True)
class Membership:
    """The account in one stack set; `cause` and `hint` where its last operation failed it, `drift` as last detected."""

    stack_set: str
    region: str
    status: str
    detailed: str
    reason: str
    operation: Operation | None
    cause: str
    hint: str
    drift: str
    drift_checked: str
    overrides: Mapping[str, str]

    @property
    def is_well(self) -> bool:
        return self.status == "CURRENT" and self.detailed in ("SUCCEEDED", "")


@dataclass(frozen=True)
class Planned:
    """What the plan does to the account in one stack set, and why; `sign` as in a plan, empty where it does nothing."""

    stack_set: str
    step: str
    sign: str
    what: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """Everything about one account; `place` says how it comes to be in scope, or why it is not."""

    account: str
    name: str
    place: str
    memberships: tuple[Membership, ...]
    planned: tuple[Planned, ...]
    insight: Insight = field(repr=False)


def explained(settings: Settings, cloud: Cloud, found: Situation, plan: Plan, wanted: str) -> Explanation:
    """Read what there is about an account, given by id or name; ToolError when nobody knows it."""
    account = identified(found, wanted)
    ways = inside.members(settings, cloud, found.state)
    names = list(dict.fromkeys((*(spec.name for spec in found.specs), *found.state.sets)))
    held = [(name, one) for name in names if name in found.state.sets for one in found.state.sets[name].instances]
    memberships = [_membership(cloud, ways(name), name, one) for name, one in held if one.account == account]
    only = replace(found, state=_only(found.state, account))
    return Explanation(
        account=account,
        name=found.names.get(account, ""),
        place=place(found, account),
        memberships=tuple(memberships),
        planned=planned(plan, account),
        insight=inside.gathered(settings, cloud, only, plan, inside.Wish(previews=0, most=0)),
    )


def identified(found: Situation, wanted: str) -> str:
    """The id of an account given by id or name; ToolError with the nearest name when nobody knows it."""
    known = {name: account for account, name in found.names.items()}
    accounts = {*found.names, *found.state.accounts}
    if wanted in accounts:
        return wanted
    if wanted in known:
        return known[wanted]
    close = difflib.get_close_matches(wanted, [*known, *accounts], n=1)
    hint = f"did you mean {close[0]}?" if close else "see: mlz status"
    raise ToolError(f"{wanted}: neither the organization nor any stack set has this account", hint)


def place(found: Situation, account: str) -> str:
    """`in prod`, or why it is in no stage."""
    stages = list(dict.fromkeys(spec.stage for spec in found.specs if account in spec.accounts))
    if stages:
        return f"in {', '.join(stages)}"
    if reason := found.skipped.get(account):
        return f"left out: {reason}"
    standing = found.standing.get(account, "")
    return f"in no stage{f': the account is {standing}' if standing not in ('', 'ACTIVE') else ''}"


def planned(plan: Plan, account: str) -> tuple[Planned, ...]:
    """What the plan does to the account in its order, then where it does nothing."""
    done = [
        Planned(action.stack_set, step.name, planview.sign(action), _what(planview.sign(action)), action.reason)
        for step in plan.steps
        for action in step.actions
        if account in action.accounts
    ]
    idle = [Planned(one.stack_set, "", "", "stays", one.reason) for one in plan.unchanged if account in one.accounts]
    return (*done, *idle)


def _what(sign: str) -> str:
    return {"+": "is added", "~": "is updated", "-": "is removed"}.get(sign, "is waited for")


def _only(state: State, account: str) -> State:
    """The sets that hold the account, as if they held no other."""
    kept = {
        name: replace(held, instances=tuple(one for one in held.instances if one.account == account))
        for name, held in state.sets.items()
    }
    return replace(state, sets=kept)


def _membership(cloud: Cloud, members: Members, name: str, one: Instance) -> Membership:
    from stacksets.cause import hint_of
    from stacksets.client import translated

    with translated(name):
        place = {"StackInstanceAccount": one.account, "StackInstanceRegion": one.region}
        api = cloud.client("cloudformation")
        told: dict[str, Any] = api.describe_stack_instance(StackSetName=name, **place)["StackInstance"]
    operation = convergence.service(cloud).operation(name, one.last_operation) if one.last_operation else None
    cause = _cause(members, one)
    checked = told.get("LastDriftCheckTimestamp")
    return Membership(
        stack_set=name,
        region=one.region,
        status=one.status,
        detailed=one.detailed,
        reason=one.reason,
        operation=operation,
        cause=cause,
        hint=hint_of(cause) or hint_of(one.reason),
        drift=told.get("DriftStatus", "NOT_CHECKED"),
        drift_checked=checked.isoformat(timespec="seconds") if checked else "",
        overrides={o["ParameterKey"]: o["ParameterValue"] for o in told.get("ParameterOverrides", ())},
    )


def _cause(members: Members, one: Instance) -> str:
    """The first causal event of a stack that its last operation failed, nested stacks included; empty when it is well.

    Where nobody may look inside, the service's own reason is all there is.
    """
    from stacksets.cause import first_cause
    from stacksets.diagnosis import stack_events

    if one.status == "CURRENT" and one.detailed != "FAILED":
        return ""
    if not one.stack_id:
        return ""
    try:
        cloud = members.enter(one.account, one.region)
        found = first_cause(lambda stack: stack_events(cloud, stack), one.stack_id)
    except ToolError as problem:
        return f"nobody could look: {problem.message}"
    return str(found) if found else ""
