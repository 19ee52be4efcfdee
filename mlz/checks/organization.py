"""The organization and the target accounts: who manages, whom the development account sees, where the role stands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.errors import ToolError
from mlz.checks.check import Check, Checks
from mlz.checks.data import data
from mlz.terminal.wording import count

if TYPE_CHECKING:
    from mlz.config.settings import Settings
    from stacksets.bootstrap import BootstrapPlan
    from stacksets.client import Cloud
    from stacksets.organization import Resolution

# Accounts that are entered to see whether they have the role; more would take minutes in a large organization.
LOOKED_INTO = 20


def accounts(resolution: Resolution) -> Checks:
    """The stages as the organization has them now."""
    parts = [f"{name} {count(len(stage.accounts), 'account')}" for name, stage in resolution.stages.items()]
    left_out = sum(len(stage.skipped) for stage in resolution.stages.values())
    return (Check("organization", "ok", ", ".join(parts) + (f"; {left_out} left out" if left_out else "")),)


def management(settings: Settings) -> Checks:
    """Whether access.management_profile is of the management account: `mlz bootstrap` acts as it."""
    from mlz import session
    from stacksets.client import translated

    chief = session.management(settings)
    with translated("management account"):
        account = chief.client("organizations").describe_organization()["Organization"]["MasterAccountId"]
    if chief.account != account:
        detail = f"{chief.caller_arn} is not of the management account {account}"
        return (Check("management account", "warning", detail, "name its profile in access.management_profile"),)
    return (Check("management account", "ok", chief.caller_arn),)


def execution_roles(settings: Settings) -> Checks:
    """The set-up role in a sample of the targets; trusted access and delegated administrator."""
    from mlz.fleet import bootstrapping
    from mlz.release import product
    from stacksets.bootstrap import Bootstrap, at

    try:
        manifest = product.built(settings)
    except ToolError as problem:
        return (Check("execution roles", "unknown", f"cannot be seen: {problem.message}", "mlz package"),)
    made = bootstrapping.prepared(settings, manifest)
    looked = sample(made.spec.accounts, LOOKED_INTO)
    plan = Bootstrap(made.management, lambda _event: None).plan(at(made.spec, looked))
    return bootstrapped(plan, len(made.spec.accounts), made.spec.administrator, made.management.partition)


def sample(accounts: tuple[str, ...], most: int) -> tuple[str, ...]:
    """At most that many, spread evenly over all."""
    step = max(1, -(-len(accounts) // most))
    return accounts[::step]


def bootstrapped(plan: BootstrapPlan, of: int, administrator: str, partition: str) -> Checks:
    """What the plan of `mlz bootstrap`, made for a sample of `of` accounts, says about them."""
    return (_roles(plan, of), *_trust(plan, administrator, partition))


def _roles(plan: BootstrapPlan, of: int) -> Check:
    looked = f"{len(plan.missing) + len(plan.present) + len(plan.unreachable)} of {of} accounts looked into"
    if plan.missing:
        detail = f"missing in {count(len(plan.missing), 'account')}, such as {plan.missing[0]}; {looked}"
        return Check("execution roles", "failed", detail, "mlz bootstrap")
    if plan.unreachable:
        account, why = plan.unreachable[0]
        detail = f"{count(len(plan.unreachable), 'account')} cannot be entered, such as {account}: {why}; {looked}"
        return Check("execution roles", "unknown", detail, "name a role that can in access.bootstrap_role")
    return Check("execution roles", "ok", f"in all of them; {looked}")


def _trust(plan: BootstrapPlan, administrator: str, partition: str) -> Checks:
    if partition in data("limits")["partitions"]["without_trusted_access"]:
        detail = f"{partition} has none; SELF_MANAGED stack sets need none"
        return (Check("trusted access", "ok", detail), Check("delegated administrator", "ok", detail))
    trusted = Check("trusted access", "ok", "StackSets are trusted in the organization")
    if plan.enables_access:
        trusted = Check("trusted access", "warning", "StackSets are not trusted in the organization", "mlz bootstrap")
    delegated = Check("delegated administrator", "ok", f"{administrator} may read the organization")
    if plan.registers_administrator:
        detail = f"{administrator} is not registered: it cannot read the organization's units"
        delegated = Check("delegated administrator", "warning", detail, "mlz bootstrap")
    return (trusted, delegated)


def enter(settings: Settings, chief: Cloud, account: str) -> Cloud:
    """The identity of a target account, by the role that the management account may assume there."""
    if account == chief.account:
        return chief
    return chief.assume(f"arn:{chief.partition}:iam::{account}:role/{settings.access.bootstrap_role}")
