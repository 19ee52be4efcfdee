from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
from botocore.exceptions import ClientError

PROPERTIES = {"OUIds": ["ou-root-staging0"]}


@dataclass
class Organization:
    """An organization as a world: accounts and OUs below parents."""

    Pages: Any
    units: dict[str, list[str]] = field(default_factory=dict)
    accounts: dict[str, list[dict[str, str]]] = field(default_factory=dict)

    def describe_organization(self) -> dict[str, Any]:
        return {"Organization": {"Id": "o-example123"}}

    def get_paginator(self, operation: str) -> Any:
        match operation:
            case "list_accounts_for_parent":
                return self.Pages(lambda ParentId: self.accounts.get(ParentId, []), "Accounts", 20)
            case "list_organizational_units_for_parent":
                return self.Pages(
                    lambda ParentId: [{"Id": unit} for unit in self.units.get(ParentId, [])], "OrganizationalUnits", 20
                )
        raise AssertionError(operation)


@pytest.fixture
def organization(clients: dict[str, Any], Pages: Any) -> Organization:
    clients["organizations"] = Organization(Pages)
    return clients["organizations"]


@pytest.fixture
def handler(load: Any) -> Any:
    return load("get-ou-accounts").handler


def active(*ids: int) -> list[dict[str, str]]:
    return [{"Id": f"{number:012d}", "State": "ACTIVE", "Status": "ACTIVE"} for number in ids]


def test_create_and_update_give_all_pages_of_nested_ous_in_order(
    invoke: Any, handler: Any, organization: Organization
) -> None:
    """B011, B012, B013, B014."""
    organization.units = {"ou-root-staging0": ["ou-root-b", "ou-root-a"], "ou-root-a": ["ou-root-deep"]}
    organization.accounts = {
        "ou-root-staging0": active(*range(45, 0, -1)),
        "ou-root-deep": active(100, 99),
        "ou-root-other": active(500),
    }
    wanted = {
        "AccountList": ",".join(f"{number:012d}" for number in (*range(1, 46), 99, 100)),
        "Count": "47",
        "OrganizationId": "o-example123",
        "OrganizationalUnitPaths": ["o-example123/*/ou-root-staging0/*"],
    }
    for kind, physical_id in (("Create", None), ("Update", "ou-root-staging0")):
        answer = invoke(handler, kind, PROPERTIES, physical_id)
        assert (answer["Status"], answer["PhysicalResourceId"], answer["Data"]) == (
            "SUCCESS",
            "ou-root-staging0",
            wanted,
        )


def test_delete_asks_nothing(invoke: Any, handler: Any, clients: dict[str, Any]) -> None:
    assert clients == {}
    assert invoke(handler, "Delete", PROPERTIES, "ou-root-staging0")["Status"] == "SUCCESS"


@pytest.mark.parametrize(
    ("account", "counts"),
    [
        ({"State": "ACTIVE", "Status": "SUSPENDED"}, True),
        ({"State": "SUSPENDED", "Status": "ACTIVE"}, False),
        ({"State": "PENDING_CLOSURE"}, False),
        ({"State": "PENDING_ACTIVATION"}, False),
        ({"Status": "ACTIVE"}, True),
        ({"Status": "SUSPENDED"}, False),
        ({}, False),
    ],
)
def test_state_decides_and_status_stands_in(load: Any, account: dict[str, str], counts: bool) -> None:
    """B015."""
    assert load("get-ou-accounts").is_active(account) is counts


def test_an_account_below_two_units_comes_once(invoke: Any, handler: Any, organization: Organization) -> None:
    """B014."""
    organization.units = {"ou-root-a": ["ou-root-b"]}
    organization.accounts = {"ou-root-b": active(7)}
    answer = invoke(handler, "Create", {"OUIds": ["ou-root-b", "ou-root-a", ""]})
    assert answer["Data"]["AccountList"] == "000000000007"
    assert answer["PhysicalResourceId"] == "ou-root-a,ou-root-b"


def test_the_root_has_a_path_of_its_own(load: Any) -> None:
    assert load("get-ou-accounts").path_pattern("o-example123", "r-ab12") == "o-example123/r-ab12/*"


def test_no_account_is_an_error_unless_allowed(invoke: Any, handler: Any, organization: Organization) -> None:
    """B015."""
    organization.accounts = {"ou-root-staging0": [{"Id": "000000000001", "State": "SUSPENDED"}]}
    answer = invoke(handler, "Create", PROPERTIES)
    assert (answer["Status"], answer["Reason"]) == (
        "FAILED",
        (
            "ou-root-staging0: no active account below it. "
            "Check the OU id, move accounts into the OU, or deploy with an account list"
        ),
    )
    assert invoke(handler, "Create", PROPERTIES | {"AllowEmpty": "YES"})["Data"]["AccountList"] == "none"


def test_without_accounts_only_the_paths_are_looked_up(
    invoke: Any, handler: Any, organization: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(Organization, "get_paginator")
    answer = invoke(handler, "Create", PROPERTIES | {"IncludeAccounts": "NO"})
    assert answer["Data"] == {
        "AccountList": "none",
        "Count": "0",
        "OrganizationId": "o-example123",
        "OrganizationalUnitPaths": ["o-example123/*/ou-root-staging0/*"],
    }


def test_more_than_fit_into_an_answer_are_left_to_the_orchestrator(
    invoke: Any, handler: Any, organization: Organization
) -> None:
    """B021."""
    organization.accounts = {"ou-root-staging0": active(*range(1, 301))}
    answer = invoke(handler, "Create", PROPERTIES)
    assert answer["Status"] == "FAILED"
    assert answer["Reason"].endswith(
        "a custom resource may return 4096: leave the stack sets to the orchestrator: "
        "StackSetsOwner=ORCHESTRATOR, then `mlz deploy targets`"
    )


def test_an_organization_that_is_given_is_not_looked_up(
    invoke: Any, handler: Any, organization: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(Organization, "describe_organization")
    answer = invoke(handler, "Create", PROPERTIES | {"IncludeAccounts": "NO", "OrganizationId": "o-given12345"})
    assert answer["Data"]["OrganizationalUnitPaths"] == ["o-given12345/*/ou-root-staging0/*"]


def test_two_hundred_and_fifty_accounts_fit(invoke: Any, handler: Any, organization: Organization) -> None:
    organization.accounts = {"ou-root-staging0": active(*range(1, 251))}
    assert invoke(handler, "Create", PROPERTIES)["Data"]["Count"] == "250"


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("ParentNotFoundException", "ou-root-staging0: the organization has no such unit. Check the OU id"),
        (
            "AccessDeniedException",
            (
                "ou-root-staging0: this account may not list accounts. Run `mlz bootstrap`, which makes it a delegated "
                "administrator, or deploy with an account list"
            ),
        ),
        ("Throttling", "ClientError: An error occurred (Throttling) when calling the ListAccounts operation: no"),
    ],
)
def test_a_refusal_of_organizations_says_what_to_do(
    invoke: Any, handler: Any, organization: Organization, monkeypatch: pytest.MonkeyPatch, code: str, reason: str
) -> None:
    def refuse(self: Organization, operation: str) -> Any:
        raise ClientError({"Error": {"Code": code, "Message": "no"}}, "ListAccounts")

    monkeypatch.setattr(type(organization), "get_paginator", refuse)
    assert invoke(handler, "Create", PROPERTIES)["Reason"] == reason


def test_an_account_outside_of_organizations_is_told_so(
    invoke: Any, handler: Any, organization: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: Organization) -> Any:
        raise ClientError({"Error": {"Code": "AWSOrganizationsNotInUseException", "Message": "no"}}, "Describe")

    monkeypatch.setattr(type(organization), "describe_organization", refuse)
    answer = invoke(handler, "Create", PROPERTIES)
    assert answer["Reason"] == "OrganizationId: this account is in no organization. Deploy with an account list"


def test_an_unexpected_exception_is_answered(invoke: Any, handler: Any, organization: Organization) -> None:
    """B029."""
    organization.accounts = {"ou-root-staging0": [{"State": "ACTIVE"}]}
    answer = invoke(handler, "Update", PROPERTIES, "ou-root-staging0")
    assert (answer["Status"], answer["Reason"], answer["PhysicalResourceId"]) == (
        "FAILED",
        "KeyError: 'Id'",
        "ou-root-staging0",
    )
