"""A declared world, built and read back over HTTP."""

from __future__ import annotations

from typing import Any

import pytest

from generator.errors import ToolError
from sandbox.server import Sandbox
from sandbox.world import Unit, World, build

DECLARED = World(
    (
        Unit("workloads", accounts=1, units=(Unit("staging", accounts=2, suspended=1), Unit("prod", accounts=2))),
        Unit("sandbox", accounts=1),
    ),
    dev_is_delegated=True,
)


def test_a_world_is_what_it_declares(aws: Sandbox, client: Any) -> None:
    built = build(aws, DECLARED)
    assert built.accounts == {
        "workloads": ("300000000001",),
        "workloads/staging": ("300000000002", "300000000003"),
        "workloads/prod": ("300000000004", "300000000005"),
        "sandbox": ("300000000006",),
    }
    assert built.below("workloads") == tuple(f"30000000000{n}" for n in range(1, 6))
    assert built.active("workloads/staging") == ("300000000002",)
    org = client("organizations", built.dev)
    for path, accounts in built.accounts.items():
        listed = org.list_accounts_for_parent(ParentId=built.units[path])["Accounts"]
        assert tuple(row["Id"] for row in listed) == accounts
    rows = org.list_accounts()["Accounts"]
    assert {row["Id"] for row in rows if row["State"] == "SUSPENDED"} == {"300000000003"} == built.suspended
    assert [(row["Name"], row["Id"]) for row in rows if row["Name"] in ("dev", "prod-2")] == [
        ("prod-2", "300000000005"),
        ("dev", "222222222222"),
    ]


def test_every_account_can_be_entered_from_management(aws: Sandbox, client: Any) -> None:
    built = build(aws, DECLARED)
    sts = client("sts", built.management)
    for account in (built.dev, *built.below("workloads")):
        role = f"arn:aws:iam::{account}:role/OrganizationAccountAccessRole"
        assert sts.assume_role(RoleArn=role, RoleSessionName="test")["AssumedRoleUser"]["Arn"] == (
            f"arn:aws:sts::{account}:assumed-role/OrganizationAccountAccessRole/test"
        )


def test_a_world_is_built_once(aws: Sandbox) -> None:
    build(aws, World())
    with pytest.raises(ToolError, match="world: the sandbox has an organization already"):
        build(aws, World())
