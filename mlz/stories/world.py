"""The organization that the demonstration and `mlz sandbox --seed-world` set up: made through the AWS API, like any."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stacksets.client import Api, Cloud

MANAGEMENT = "111111111111"
STAGE_ACCOUNTS = 15
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


def suspended(each: int = STAGE_ACCOUNTS) -> str:
    """The name of the account that is closed again: the last one of staging."""
    return f"staging-{each:02}"


def seed(cloud: Cloud, each: int = STAGE_ACCOUNTS) -> World:
    """Make the organization as its management account, with `each` accounts a stage."""
    api = cloud.client("organizations")
    api.create_organization(FeatureSet="ALL")
    root = api.list_roots()["Roots"][0]["Id"]
    units = _units(api, root)
    accounts = {"ml-dev": _account(api, "ml-dev", root, units["Workloads/Development"])}
    for stage in ("Staging", "Prod"):
        for number in range(1, each + 1):
            name = f"{stage.lower()}-{number:02}"
            place = STAGE_UNITS[number % len(STAGE_UNITS)]
            home = units[f"Workloads/{stage}" + (f"/{place}" if place else "")]
            accounts[name] = _account(api, name, root, home)
    api.close_account(AccountId=accounts[suspended(each)])
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


def settings(world: World, bucket: str, region: str) -> str:
    """mlz.yaml for this organization."""
    return f"""\
environment: {{name: sm-mlops, type: dev}}
region: {region}
package: {{bucket: {bucket}}}
targets:
  staging: {{organizational_units: [{world.staging}]}}
  prod: {{organizational_units: [{world.prod}]}}
access: {{management_profile: management}}
rollout: {{poll_seconds: 0.1}}
"""


def variables(file: Path, endpoint: str, account: str, region: str) -> dict[str, str]:
    """Write the profile `management`, and give the environment in which `account` is the caller."""
    file.write_text(f"[management]\naws_access_key_id = {MANAGEMENT}\naws_secret_access_key = sandbox\n")
    return {
        "AWS_ACCESS_KEY_ID": account,
        "AWS_SECRET_ACCESS_KEY": "sandbox",
        "AWS_DEFAULT_REGION": region,
        "AWS_REGION": region,
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": str(file),
    }


@contextmanager
def environment(given: Mapping[str, str]) -> Iterator[None]:
    """These variables and no other of AWS or of this program, for the length of the block."""
    before = dict(os.environ)
    for name in before:
        if name.startswith(("AWS_", "MLZ_")) or name in ("CFN_BUCKET_NAME", "DEPLOYMENT_REGION"):
            del os.environ[name]
    os.environ.update(given)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
