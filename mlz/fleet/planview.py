"""A plan as text that a person can agree to: what changes, where, why, and how much of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, assert_never

from mlz.terminal.console import Line
from mlz.terminal.wording import count, elapsed, listed

if TYPE_CHECKING:
    from stacksets.actions import Action, Group, Plan, Step
    from stacksets.waves import Gate

CIDR_PARAMETER = "VPCCIDR"
SHOWN_ACCOUNTS = 6


@dataclass(frozen=True)
class Totals:
    """How many stack instances (account in a set) a plan adds, changes, removes and leaves."""

    added: int
    changed: int
    removed: int
    unchanged: int
    sets: int


def totals(plan: Plan) -> Totals:
    """Counts for the summary line and for programs."""
    sums = {"+": 0, "~": 0, "-": 0, "": 0}
    for action in plan.actions:
        sums[sign(action)] += len(action.accounts)
    names = {entry.stack_set for entry in (*plan.actions, *plan.unchanged)}
    unchanged = sum(len(entry.accounts) for entry in plan.unchanged)
    return Totals(sums["+"], sums["~"], sums["-"], unchanged, len(names))


def summary(plan: Plan) -> str:
    """`Plan: 30 to add, 2 to change, 1 to remove, 118 unchanged in 4 stack sets.`"""
    sums = totals(plan)
    if plan.is_empty:
        return f"No changes: {sums.unchanged} unchanged in {count(sums.sets, 'stack set')}."
    parts = f"{sums.added} to add, {sums.changed} to change, {sums.removed} to remove, {sums.unchanged} unchanged"
    return f"Plan: {parts} in {count(sums.sets, 'stack set')}."


def outcome(plan: Plan) -> str:
    """`Done: 30 added, 2 changed, 1 removed in 4 stack sets.`"""
    sums = totals(plan)
    parts = f"{sums.added} added, {sums.changed} changed, {sums.removed} removed"
    return f"Done: {parts} in {count(sums.sets, 'stack set')}."


def lines(plan: Plan, names: Mapping[str, str], *, detailed: bool = False) -> list[Line]:
    """The whole plan; `names`: account id → name. Removed accounts are always all named, others up to six a set."""
    shown: list[Line] = []
    for step in plan.steps:
        shown += [*_step(step, names, detailed, is_last=step is plan.steps[-1]), Line("")]
    shown += _quarantined(plan, names)
    warning = list(_warnings(plan))
    return [*shown, *warning, Line(summary(plan), "title")]


def _quarantined(plan: Plan, names: Mapping[str, str]) -> Iterator[Line]:
    """Accounts that left and that nothing is done to: they are told of in every plan, all by name."""
    from stacksets.differences import QUARANTINED

    for entry in plan.unchanged:
        if entry.reason == QUARANTINED:
            yield Line(f"  . {entry.stack_set}: {count(len(entry.accounts), 'account')} {entry.reason}", "change")
            yield from _accounts(".", dict.fromkeys(entry.accounts, ""), names, "change", True)


def sign(action: Action) -> str:
    """`+` adds, `~` changes, `-` removes, empty waits."""
    from stacksets import actions

    match action:
        case actions.CreateSet() | actions.CreateInstances():
            return "+"
        case actions.UpdateSet() | actions.RetryInstances() | actions.UpdateInstances():
            return "~"
        case actions.DeleteInstances() | actions.DeleteSet():
            return "-"
        case actions.AwaitOperation():
            return ""
    assert_never(action)


STYLE_OF = {"+": "add", "~": "change", "-": "remove", "": "quiet"}


def _step(step: Step, names: Mapping[str, str], detailed: bool, *, is_last: bool) -> Iterator[Line]:
    notes = {"leave": "  accounts that are no longer wanted", "settle": "  started earlier, waited for"}
    gate = "  (a gate: a failure here stops what follows)" if step.is_gate and not is_last else ""
    yield Line(f"{step.name}{notes.get(step.name, gate)}", "title")
    if must := _conditions(step.health):
        yield Line(f"  begins when what was changed before is healthy: {', '.join(must)}", "quiet")
    for action in step.actions:
        yield from _action(action, names, detailed)


def _conditions(gate: Gate) -> list[str]:
    """`30 min 00 s pass`, `no alarm of a, b`, `./check succeeds`."""
    passing = [f"{elapsed(gate.bake)} pass"] if gate.bake else []
    alarms = [f"no alarm of {', '.join(gate.alarms)}"] if gate.alarms else []
    return [*passing, *alarms, *([f"{' '.join(gate.command)} succeeds"] if gate.command else [])]


def _action(action: Action, names: Mapping[str, str], detailed: bool) -> Iterator[Line]:
    from stacksets import actions

    mark = sign(action)
    style = STYLE_OF[mark]
    yield Line(f"  {mark or '.'} {action.stack_set}: {title(action)}: {action.reason}", style)
    match action:
        case actions.CreateInstances() | actions.UpdateInstances():
            yield from _accounts(mark, _with_blocks(action.groups), names, style, detailed)
        case actions.UpdateSet():
            yield from (Line(f"      {mark} {change}", style) for change in action.changes)
            yield from _accounts(mark, dict.fromkeys(action.accounts, ""), names, style, detailed)
        case actions.DeleteInstances():
            yield from _accounts(mark, dict.fromkeys(action.accounts, ""), names, style, True)
        case actions.RetryInstances():
            yield from _accounts(mark, dict.fromkeys(action.accounts, ""), names, style, detailed)


def title(action: Action) -> str:
    """`add 15 accounts`."""
    from stacksets import actions

    accounts = count(len(action.accounts), "account")
    match action:
        case actions.CreateSet():
            return "create the stack set"
        case actions.UpdateSet():
            return f"update the stack set and {accounts}"
        case actions.RetryInstances():
            return f"update {accounts}" if action.follows else f"try {accounts} again"
        case actions.CreateInstances():
            return f"add {accounts}"
        case actions.UpdateInstances():
            return f"change the parameters of {accounts}"
        case actions.DeleteInstances():
            return f"forget {accounts}, stacks stay" if action.retain else f"remove {accounts}"
        case actions.DeleteSet():
            return "delete the stack set"
        case actions.AwaitOperation():
            return f"wait for operation {action.operation}"
    assert_never(action)


def _with_blocks(groups: tuple[Group, ...]) -> dict[str, str]:
    found = {account: group.overrides.get(CIDR_PARAMETER, "") for group in groups for account in group.accounts}
    return dict(sorted(found.items()))


def _accounts(
    mark: str, accounts: Mapping[str, str], names: Mapping[str, str], style: str, everything: bool
) -> Iterator[Line]:
    limit = len(accounts) if everything or len(accounts) <= SHOWN_ACCOUNTS + 1 else SHOWN_ACCOUNTS
    width = max((len(names.get(account, "")) for account in accounts), default=0)
    ordered = sorted(accounts, key=lambda account: (names.get(account, ""), account))
    for account in ordered[:limit]:
        yield Line(f"      {mark} {account}  {names.get(account, ''):{width}}  {accounts[account]}".rstrip(), style)
    if rest := ordered[limit:]:
        yield Line(f"        … and {len(rest)} others: {listed([names.get(one, one) for one in rest], 4)}", "quiet")


def _warnings(plan: Plan) -> Iterator[Line]:
    from stacksets import actions

    gone = {
        account
        for action in plan.actions
        if isinstance(action, actions.DeleteInstances) and not action.retain
        for account in action.accounts
    }
    if gone:
        what = count(len(gone), "account")
        yield Line(f"Warning: the stacks of {what} will be deleted, with what they hold.", "error")


def document(plan: Plan, names: Mapping[str, str]) -> dict[str, object]:
    """The plan for programs: totals, steps with accounts and reasons, what is unchanged."""
    sums = totals(plan)
    return {
        "version": plan.version,
        "totals": {"add": sums.added, "change": sums.changed, "remove": sums.removed, "unchanged": sums.unchanged},
        "steps": [
            {"name": step.name, "gate": step.is_gate, "actions": [_record(action, names) for action in step.actions]}
            for step in plan.steps
        ],
        "unchanged": [
            {"stack_set": entry.stack_set, "accounts": list(entry.accounts), "reason": entry.reason}
            for entry in plan.unchanged
        ],
        "state": plan.state,
    }


def _record(action: Action, names: Mapping[str, str]) -> dict[str, object]:
    groups: tuple[Group, ...] = getattr(action, "groups", ())
    return {
        "kind": type(action).__name__,
        "stack_set": action.stack_set,
        "reason": action.reason,
        "accounts": [{"id": account, "name": names.get(account, "")} for account in action.accounts],
        "changes": list(getattr(action, "changes", ())),
        "addresses": {account: block for account, block in _with_blocks(groups).items() if block},
    }
