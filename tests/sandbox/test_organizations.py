"""Organizations over HTTP, where moto alone differs from AWS."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from sandbox.world import Built


def test_listings_are_paged_by_twenty(aws: Any, client: Any) -> None:
    from sandbox.world import Unit, World, build

    world = build(aws, World((Unit("many", accounts=45),)))
    org = client("organizations")
    pages = list(org.get_paginator("list_accounts_for_parent").paginate(ParentId=world.units["many"]))
    assert [len(page["Accounts"]) for page in pages] == [20, 20, 5]
    children = org.get_paginator("list_children").paginate(ParentId=world.units["many"], ChildType="ACCOUNT")
    assert [len(page["Children"]) for page in children] == [20, 20, 5]
    small = org.list_children(ParentId=world.units["many"], ChildType="ACCOUNT", MaxResults=5)
    assert [row["Id"] for row in small["Children"]] == [f"30000000000{n}" for n in range(1, 6)]
    with pytest.raises(ClientError, match="InvalidInputException"):
        org.list_accounts(NextToken="bogus")


def test_accounts_have_state_and_path(world: Built, client: Any) -> None:
    accounts = {a["Id"]: a for a in client("organizations").list_accounts()["Accounts"]}
    unit = f"{world.organization}/{world.root}/{world.units['workloads']}/{world.units['workloads/staging']}"
    suspended, active = world.accounts["workloads/staging"][-1], world.accounts["workloads/staging"][0]
    assert accounts[active]["Paths"] == [f"{unit}/{active}/"]
    assert (accounts[active]["State"], accounts[suspended]["State"]) == ("ACTIVE", "SUSPENDED")
    assert accounts[active]["JoinedTimestamp"].year >= 2026
    described = client("organizations").describe_organizational_unit(OrganizationalUnitId=world.units["workloads"])
    assert described["OrganizationalUnit"]["Path"] == (f"{world.organization}/{world.root}/{world.units['workloads']}/")


def test_moving_needs_the_true_parent(world: Built, client: Any) -> None:
    org, account = client("organizations"), world.accounts["workloads/staging"][0]
    staging, prod = world.units["workloads/staging"], world.units["workloads/prod"]
    with pytest.raises(ClientError, match="SourceParentNotFoundException"):
        org.move_account(AccountId=account, SourceParentId=prod, DestinationParentId=staging)
    with pytest.raises(ClientError, match="DestinationParentNotFoundException"):
        org.move_account(AccountId=account, SourceParentId=staging, DestinationParentId="ou-none-00000000")
    org.move_account(AccountId=account, SourceParentId=staging, DestinationParentId=prod)
    moved = org.list_accounts_for_parent(ParentId=prod)["Accounts"]
    assert account in [row["Id"] for row in moved]


def test_units_have_unique_names_and_are_deleted_empty(world: Built, client: Any) -> None:
    org = client("organizations")
    with pytest.raises(ClientError, match="DuplicateOrganizationalUnitException"):
        org.create_organizational_unit(ParentId=world.units["workloads"], Name="prod")
    with pytest.raises(ClientError, match="OrganizationalUnitNotEmptyException"):
        org.delete_organizational_unit(OrganizationalUnitId=world.units["workloads/prod"])
    made = org.create_organizational_unit(ParentId=world.root, Name="prod")["OrganizationalUnit"]
    org.delete_organizational_unit(OrganizationalUnitId=made["Id"])
    names = [u["Name"] for u in org.list_organizational_units_for_parent(ParentId=world.root)["OrganizationalUnits"]]
    assert names == ["workloads"]


def test_members_see_the_organization_only_when_delegated(world: Built, client: Any) -> None:
    dev = client("organizations", world.dev)
    assert dev.describe_organization()["Organization"]["Id"] == world.organization
    with pytest.raises(ClientError, match="AccessDeniedException"):
        dev.list_accounts()
    service = "member.org.stacksets.cloudformation.amazonaws.com"
    org = client("organizations")
    org.register_delegated_administrator(AccountId=world.dev, ServicePrincipal=service)
    assert len(dev.list_accounts()["Accounts"]) == 8
    assert len(dev.list_accounts_for_parent(ParentId=world.units["workloads/prod"])["Accounts"]) == 3
    with pytest.raises(ClientError, match="AccessDeniedException"):
        dev.move_account(AccountId=world.dev, SourceParentId=world.root, DestinationParentId=world.root)
    listed = org.list_delegated_administrators(ServicePrincipal=service)["DelegatedAdministrators"]
    assert [row["Id"] for row in listed] == [world.dev]
    services = org.list_delegated_services_for_account(AccountId=world.dev)["DelegatedServices"]
    assert [row["ServicePrincipal"] for row in services] == [service]
    with pytest.raises(ClientError, match="AccountAlreadyRegisteredException"):
        org.register_delegated_administrator(AccountId=world.dev, ServicePrincipal=service)
    org.deregister_delegated_administrator(AccountId=world.dev, ServicePrincipal=service)
    assert org.list_delegated_administrators()["DelegatedAdministrators"] == []


def test_a_refused_registration_registers_nothing(world: Built, client: Any) -> None:
    org = client("organizations")
    with pytest.raises(ClientError, match="unrecognized service principal"):
        org.register_delegated_administrator(AccountId=world.dev, ServicePrincipal="bogus.amazonaws.com")
    assert org.list_delegated_administrators()["DelegatedAdministrators"] == []


def test_without_an_organization(client: Any) -> None:
    with pytest.raises(ClientError, match="AWSOrganizationsNotInUseException"):
        client("organizations", "999999999999").list_accounts()


def test_organizations_access_is_the_management_accounts(world: Built, client: Any) -> None:
    cfn = client("cloudformation")
    assert cfn.describe_organizations_access()["Status"] == "DISABLED"
    cfn.activate_organizations_access()
    assert client("cloudformation", world.dev).describe_organizations_access()["Status"] == "ENABLED"
    with pytest.raises(ClientError, match="You must be the management account"):
        client("cloudformation", world.dev).activate_organizations_access()
    cfn.deactivate_organizations_access()
    assert cfn.describe_organizations_access()["Status"] == "DISABLED"
