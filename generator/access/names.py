"""The declared world that templates are resolved in: accounts by name, their organization, and short names of roles."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from generator.errors import ToolError


@dataclass(frozen=True)
class Account:
    """One account. `path` is its place in the organization, such as `o-x/r-x/ou-x/`; empty outside of it."""

    name: str
    id: str
    path: str = ""


@dataclass(frozen=True)
class World:
    """Accounts, the organization, and what the environment is called.

    `units` says whether targets are given as organizational units or one account after another.
    """

    region: str = "eu-west-1"
    partition: str = "aws"
    suffix: str = "amazonaws.com"
    name: str = "sm-mlops"
    stage: str = "dev"
    staging: str = "staging"
    prod: str = "prod"
    organization: str = "o-exampleorg1"
    management: Account = Account("management", "111111111111", "o-exampleorg1/r-ab12/")
    dev: Account = Account("dev", "222222222222", "o-exampleorg1/r-ab12/ou-ab12-workload/ou-ab12-developm/")
    targets: Mapping[str, tuple[Account, ...]] = field(
        default_factory=lambda: {
            "staging": (Account("staging", "333333333333", "o-exampleorg1/r-ab12/ou-ab12-workload/ou-ab12-stagingx/"),),
            "prod": (Account("prod", "444444444444", "o-exampleorg1/r-ab12/ou-ab12-workload/ou-ab12-prodxxxx/"),),
        }
    )
    # Accounts that have nothing of the platform: one of the same organization, one of nobody's
    others: tuple[Account, ...] = (
        Account("sibling", "555555555555", "o-exampleorg1/r-ab12/ou-ab12-sandboxx/"),
        Account("stranger", "999999999999"),
    )
    units: bool = True
    # Names of the roles, as patterns, that the organization's guardrails let deploy
    deployers: tuple[str, ...] = ("deployer", "*-sc-launch", "*-stackset-admin", "*-setup-stackset")
    parameters: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @property
    def accounts(self) -> tuple[Account, ...]:
        """All accounts, the management account first."""
        stages = [account for accounts in self.targets.values() for account in accounts]
        return (self.management, self.dev, *stages, *self.others)

    def account(self, name_or_id: str) -> Account:
        """An account by its name here or its id; ToolError lists the names."""
        for account in self.accounts:
            if name_or_id in (account.name, account.id):
                return account
        known = ", ".join(account.name for account in self.accounts)
        raise ToolError(f"{name_or_id}: no such account", f"there are: {known}")

    def find(self, id_: str) -> Account | None:
        """The account of an id, where it is declared."""
        return next((account for account in self.accounts if account.id == id_), None)

    def unit_of(self, stage: str) -> str:
        """The organizational unit that holds the accounts of a stage: the last one of their path."""
        return self.targets[stage][0].path.rstrip("/").split("/")[-1]

    def accounts_below(self, unit: str) -> tuple[Account, ...]:
        return tuple(account for account in self.accounts if f"/{unit}/" in account.path)

    def short(self, role: str, account: str) -> str:
        """`data-scientist@dev` for a role by name; a name of a stage that is not its account's keeps its stage."""
        place = self.find(account)
        where = place.name if place else account
        stage = self.stage_of(account)
        prefix = f"{self.name}-{stage}-{self.region}-"
        own = role.removeprefix(prefix).replace(f"-{self.region}-", "-").removesuffix(f"-{self.region}")
        return f"{own}@{where}"

    def stage_of(self, account: str) -> str:
        """The stage whose account this is; the environment's own for any other."""
        stages = {"staging": self.staging, "prod": self.prod}
        for key, accounts in self.targets.items():
            if account in {one.id for one in accounts} and account != self.dev.id:
                return stages[key]
        return self.stage


def account_of(arn: str) -> str:
    """The account in an ARN; empty where it has none."""
    parts = arn.split(":", 5)
    return parts[4] if len(parts) == 6 else ""
