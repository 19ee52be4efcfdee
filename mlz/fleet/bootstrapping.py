"""What `mlz bootstrap` brings into target accounts, and how it is shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from generator.errors import ToolError
from mlz.fleet import convergence, targets
from mlz.release import product
from mlz.session import connected, management
from mlz.terminal.wording import count, listed

if TYPE_CHECKING:
    from generator.package.manifest import Manifest
    from mlz.config.settings import Settings
    from stacksets.bootstrap import BootstrapPlan, BootstrapSpec
    from stacksets.client import Cloud

TEMPLATE = "env-iam-setup-stackset-role.yaml"


@dataclass(frozen=True)
class Prepared:
    """The work, who does it, and account names."""

    spec: BootstrapSpec
    management: Cloud
    names: Mapping[str, str]


def prepared(settings: Settings, manifest: Manifest, administrator: str = "") -> Prepared:
    """Resolve the targets as the management account sees them."""
    from stacksets.bootstrap import BootstrapSpec
    from stacksets.organization import resolve
    from stacksets.stacks import StackSpec

    convergence.require_targets(settings)
    chief = management(settings)
    resolution = resolve(chief.client("organizations"), targets.scopes(settings))
    administrator = administrator or connected(settings).account
    entry = manifest.template(TEMPLATE)
    given = {
        "EnvName": settings.environment.name,
        "EnvType": settings.environment.type,
        "AdministratorAccountId": administrator,
        "StackSetExecutionRoleName": settings.setup_role,
        "OrganizationId": resolution.organization,
        "AllowServerlessEndpoints": "YES" if settings.access.serverless_endpoints else "NO",
    }
    stack = StackSpec(
        name=f"{settings.identity}-bootstrap",
        template_url=targets.template_url(manifest, entry, chief.partition),
        template=entry,
        template_body=(product.folder(settings) / entry.path).read_text(encoding="utf-8"),
        parameters={name: value for name, value in given.items() if name in entry.parameters},
        tags=settings.tags,
    )
    accounts = tuple(sorted(account for stage in resolution.stages.values() for account in stage.accounts))
    spec = BootstrapSpec(
        stack=stack,
        accounts=accounts,
        administrator=administrator,
        access_role=settings.access.bootstrap_role,
        shares_portfolios=bool(settings.portfolios.share_with),
    )
    return Prepared(spec, chief, resolution.names)


def refuse_management(made: Prepared, given: str) -> None:
    """ToolError when the roles would trust the management account only because nobody said whom to trust."""
    from stacksets.organization import management_account

    account = made.management.account
    if given or made.spec.administrator != account:
        return
    if management_account(made.management.client("organizations")) == account:
        raise ToolError(
            f"bootstrap: {account} is the management account, and nothing says which account holds the stack sets",
            "call it as the development account, with access.management_profile set; or pass --administrator ACCOUNT",
        )


def shown(plan: BootstrapPlan, made: Prepared, output: str) -> str:
    """What would be done, for a person or for programs."""
    from mlz.terminal.output import text_of

    if output == "text":
        return "\n".join(lines(plan, made.spec, made.names))
    return text_of(plan, output)


def lines(plan: BootstrapPlan, spec: BootstrapSpec, names: Mapping[str, str]) -> list[str]:
    """What would be done, one line each."""
    shown = [f"+ {count(len(plan.missing), 'account')} without the execution role: {_named(plan.missing, names)}"]
    shown += [f"~ {count(len(plan.present), 'account')} with it, brought up to date where it differs"]
    shown += [f"! {account} {names.get(account, '')} cannot be entered: {why}" for account, why in plan.unreachable]
    if plan.enables_access:
        shown.append("+ trusted access of StackSets in the organization")
    if plan.registers_administrator:
        shown.append(f"+ {spec.administrator} as delegated administrator of StackSets")
    if plan.enables_sharing:
        shown.append("+ sharing of Service Catalog portfolios with units of the organization")
    if plan.registers_sharer:
        shown.append(f"+ {spec.administrator} as delegated administrator of Service Catalog")
    return [line for line in shown if not line.startswith(("+ 0 ", "~ 0 "))] or ["nothing to do"]


def _named(accounts: tuple[str, ...], names: Mapping[str, str]) -> str:
    return listed([names.get(account) or account for account in accounts], 4)
