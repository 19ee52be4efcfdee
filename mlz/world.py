"""The organization that the demonstration and `mlz sandbox --seed-world` set up: made through the AWS API, like any."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stacksets.client import Api, Cloud

MANAGEMENT = "111111111111"
STAGE_ACCOUNTS = 15
SUSPENDED = "staging-15"
# The units of each stage: accounts are dealt out to them in turn, so that some stand in nested ones.
STAGE_UNITS = ("", "Europe", "America")


@dataclass(frozen=True)
class World:
    """A management, a development and thirty target accounts; ids by name, unit ids by path of names."""

    accounts: Mapping[str, str]
    units: Mapping[str, str]

    @property
    def development(self) -> str:
        return self.accounts["ml-dev"]

    @property
    def staging(self) -> str:
        return self.units["Workloads/Staging"]

    @property
    def prod(self) -> str:
        return self.units["Workloads/Prod"]


def seed(cloud: Cloud) -> World:
    """Make the organization as its management account; 75 calls."""
    api = cloud.client("organizations")
    api.create_organization(FeatureSet="ALL")
    root = api.list_roots()["Roots"][0]["Id"]
    units = _units(api, root)
    accounts = {"ml-dev": _account(api, "ml-dev", root, units["Workloads/Development"])}
    for stage in ("Staging", "Prod"):
        for number in range(1, STAGE_ACCOUNTS + 1):
            name = f"{stage.lower()}-{number:02}"
            place = STAGE_UNITS[number % len(STAGE_UNITS)]
            home = units[f"Workloads/{stage}" + (f"/{place}" if place else "")]
            accounts[name] = _account(api, name, root, home)
    api.close_account(AccountId=accounts[SUSPENDED])
    return World(accounts, units)


def _units(api: Api, root: str) -> dict[str, str]:
    made = {"": root}
    nested = [f"Workloads/{stage}/{place}" for stage in ("Staging", "Prod") for place in STAGE_UNITS if place]
    for path in ("Workloads", "Workloads/Development", "Workloads/Staging", "Workloads/Prod", *nested):
        parent, _, name = path.rpartition("/")
        answer = api.create_organizational_unit(ParentId=made[parent], Name=name)
        made[path] = answer["OrganizationalUnit"]["Id"]
    return made


def _account(api: Api, name: str, root: str, unit: str) -> str:
    status = api.create_account(AccountName=name, Email=f"{name}@example.com")["CreateAccountStatus"]
    account = str(status["AccountId"])
    api.move_account(AccountId=account, SourceParentId=root, DestinationParentId=unit)
    return account


def move(cloud: Cloud, account: str, source: str, destination: str) -> None:
    """Move an account from one unit to another."""
    cloud.client("organizations").move_account(
        AccountId=account, SourceParentId=source, DestinationParentId=destination
    )
