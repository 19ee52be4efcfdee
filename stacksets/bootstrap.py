"""Before the first stack set: the execution role into every target account, StackSets enabled in the organization."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from generator.errors import AccountsFailed, ToolError
from stacksets.changeset import Deployer
from stacksets.client import Api, Cloud, Refused, pages, translated
from stacksets.report import AccountDone, Event, Report, StackStep
from stacksets.stacks import Stack, StackSpec, find

ACCESS_ROLE = "OrganizationAccountAccessRole"
PRINCIPAL = "member.org.stacksets.cloudformation.amazonaws.com"
CATALOG_PRINCIPAL = "servicecatalog.amazonaws.com"
THREADS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class BootstrapSpec:
    """`stack` (env-iam-setup-stackset-role.yaml) goes into each account; `administrator` is to hold the stack sets,
    and with `shares_portfolios` to share Service Catalog portfolios with units of the organization."""

    stack: StackSpec
    accounts: tuple[str, ...]
    administrator: str
    access_role: str = ACCESS_ROLE
    shares_portfolios: bool = False


@dataclass(frozen=True, slots=True)
class BootstrapPlan:
    """`missing` accounts get the stack, `present` ones are brought up to date when it differs."""

    missing: tuple[str, ...]
    present: tuple[str, ...]
    unreachable: tuple[tuple[str, str], ...]
    enables_access: bool
    registers_administrator: bool
    enables_sharing: bool = False
    registers_sharer: bool = False

    @property
    def is_empty(self) -> bool:
        organization = self.enables_access or self.registers_administrator
        sharing = self.enables_sharing or self.registers_sharer
        return not (self.missing or self.unreachable or organization or sharing)


@dataclass(frozen=True, slots=True)
class Bootstrap:
    """`management` is the organization's management account (or one that may do as much); it enters the targets."""

    management: Cloud
    report: Report

    def plan(self, spec: BootstrapSpec) -> BootstrapPlan:
        """What there is to do; reads only."""
        with ThreadPoolExecutor(THREADS) as pool:
            seen = dict(
                zip(spec.accounts, pool.map(lambda account: self._look(spec, account), spec.accounts), strict=True)
            )
        organizations = self.management.client("organizations")
        return BootstrapPlan(
            missing=tuple(account for account, found in seen.items() if found is None),
            present=tuple(account for account, found in seen.items() if isinstance(found, Stack)),
            unreachable=tuple(
                (account, found.message) for account, found in seen.items() if isinstance(found, ToolError)
            ),
            enables_access=not _is_trusted(organizations),
            registers_administrator=not self._is_registered(organizations, spec.administrator, PRINCIPAL),
            enables_sharing=spec.shares_portfolios and not self._shares(),
            registers_sharer=spec.shares_portfolios
            and not self._is_registered(organizations, spec.administrator, CATALOG_PRINCIPAL),
        )

    def apply(self, spec: BootstrapSpec, plan: BootstrapPlan) -> None:
        """Do it; safe to repeat. AccountsFailed names the accounts that have no role yet, and why."""
        organizations = self.management.client("organizations")
        if plan.enables_access:
            _trust(organizations)
            self.report(StackStep("organization", "trusted access of StackSets is enabled"))
        if plan.registers_administrator:
            _register(organizations, spec.administrator, PRINCIPAL)
            self.report(StackStep("organization", f"{spec.administrator} is delegated administrator of StackSets"))
        self._let_share(spec, plan, organizations)
        accounts = (*plan.missing, *plan.present, *(account for account, _ in plan.unreachable))
        with ThreadPoolExecutor(THREADS) as pool:
            results = tuple(pool.map(lambda account: self._serve(spec, account), accounts))
        if failed := [result for result in results if result.outcome == "failed"]:
            raise _failed(failed)

    def _let_share(self, spec: BootstrapSpec, plan: BootstrapPlan, organizations: Api) -> None:
        """Service Catalog first: it lets itself be trusted, and only then has it delegated administrators."""
        if plan.enables_sharing:
            with translated("sharing of portfolios"):
                self.management.client("servicecatalog").enable_aws_organizations_access()
            self.report(StackStep("organization", "portfolios can be shared with units"))
        if plan.registers_sharer:
            _register(organizations, spec.administrator, CATALOG_PRINCIPAL)
            text = f"{spec.administrator} is delegated administrator of Service Catalog"
            self.report(StackStep("organization", text))

    def remove(self, spec: BootstrapSpec) -> None:
        """Take the role out of every account again."""
        with ThreadPoolExecutor(THREADS) as pool:
            results = tuple(pool.map(lambda account: self._clear(spec, account), spec.accounts))
        if failed := [result for result in results if result.outcome == "failed"]:
            raise _failed(failed)

    def _enter(self, spec: BootstrapSpec, account: str) -> Cloud:
        if account == self.management.account:
            return self.management
        return self.management.assume(f"arn:{self.management.partition}:iam::{account}:role/{spec.access_role}")

    def _look(self, spec: BootstrapSpec, account: str) -> Stack | ToolError | None:
        """The account's stack if there is one, or why nobody can tell."""
        try:
            return find(self._enter(spec, account), spec.stack.name)
        except ToolError as problem:
            return problem

    def _serve(self, spec: BootstrapSpec, account: str) -> AccountDone:
        try:
            done = AccountDone(account, self._deploy(spec, account))
        except ToolError as problem:
            done = AccountDone(account, "failed", problem.message)
        self.report(done)
        return done

    def _deploy(self, spec: BootstrapSpec, account: str) -> str:
        deployer = Deployer(cloud=self._enter(spec, account), report=_quiet)
        view = deployer.prepare(spec.stack)
        deployer.execute(view, spec.stack)
        return "unchanged" if view.is_empty else {"CREATE": "created"}.get(view.kind, "updated")

    def _clear(self, spec: BootstrapSpec, account: str) -> AccountDone:
        try:
            deleted = Deployer(cloud=self._enter(spec, account), report=_quiet).delete(spec.stack.name, unprotect=True)
            done = AccountDone(account, "deleted" if deleted else "unchanged")
        except ToolError as problem:
            done = AccountDone(account, "failed", problem.message)
        self.report(done)
        return done

    def _shares(self) -> bool:
        with translated("sharing of portfolios"):
            answer = self.management.client("servicecatalog").get_aws_organizations_access_status()
        return str(answer["AccessStatus"]) == "ENABLED"

    def _is_registered(self, organizations: Api, administrator: str, principal: str) -> bool:
        """The management account needs no registration and cannot have one."""
        if administrator == self.management.account:
            return True
        with translated("delegated administrators"):
            found = pages(
                organizations.list_delegated_administrators, "DelegatedAdministrators", ServicePrincipal=principal
            )
            return any(entry["Id"] == administrator for entry in found)


def at(spec: BootstrapSpec, accounts: Sequence[str]) -> BootstrapSpec:
    """The same for other accounts."""
    return replace(spec, accounts=tuple(accounts))


def _quiet(event: Event) -> None:
    """Resource events of many accounts at once tell nobody anything."""
    del event


def _is_trusted(organizations: Api) -> bool:
    with translated("trusted access"):
        found = pages(organizations.list_aws_service_access_for_organization, "EnabledServicePrincipals")
        return any(entry["ServicePrincipal"] == PRINCIPAL for entry in found)


def _trust(organizations: Api) -> None:
    with translated("trusted access"):
        organizations.enable_aws_service_access(ServicePrincipal=PRINCIPAL)


def _register(organizations: Api, administrator: str, principal: str) -> None:
    try:
        with translated("delegated administrator"):
            organizations.register_delegated_administrator(AccountId=administrator, ServicePrincipal=principal)
    except Refused as problem:
        if problem.code != "AccountAlreadyRegisteredException":
            raise


def _failed(failed: Sequence[AccountDone]) -> AccountsFailed:
    lines = [f"account {done.account}: {done.detail}" for done in failed]
    hint = "the access role of the organization must exist there and trust the management account; then run it again"
    return AccountsFailed("\n".join(lines), hint)
