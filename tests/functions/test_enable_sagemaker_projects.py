from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

ROLE = "arn:aws:iam::111111111111:role/execution"
OTHER = "arn:aws:iam::111111111111:role/other"
PROPERTIES = {"ExecutionRole": ROLE}


@dataclass
class Catalog:
    """SageMaker's and Service Catalog's clients in one: the shares of an account and who may use them."""

    Pages: Any
    shares: list[dict[str, str]] = field(default_factory=list)
    principals: dict[str, list[str]] = field(default_factory=dict)
    enabled: int = 0

    def enable_sagemaker_servicecatalog_portfolio(self) -> None:
        self.enabled += 1

    def get_paginator(self, operation: str) -> Any:
        match operation:
            case "list_accepted_portfolio_shares":
                return self.Pages(lambda: self.shares, "PortfolioDetails", 1)
            case "list_principals_for_portfolio":
                return self.Pages(
                    lambda PortfolioId: [{"PrincipalARN": arn} for arn in self.principals[PortfolioId]], "Principals", 1
                )
        raise AssertionError(operation)

    def associate_principal_with_portfolio(self, PortfolioId: str, PrincipalARN: str, PrincipalType: str) -> None:
        assert PrincipalType == "IAM"
        if PrincipalARN not in self.principals[PortfolioId]:
            self.principals[PortfolioId].append(PrincipalARN)

    def disassociate_principal_from_portfolio(self, PortfolioId: str, PrincipalARN: str) -> None:
        self.principals[PortfolioId].remove(PrincipalARN)


@pytest.fixture
def catalog(clients: dict[str, Any], Pages: Any) -> Catalog:
    """An account with two accepted shares, the second of SageMaker."""
    shares = [{"Id": "port-1", "ProviderName": "Platform"}, {"Id": "port-2", "ProviderName": "Amazon SageMaker"}]
    world = Catalog(Pages, shares, {"port-1": [], "port-2": [OTHER]})
    clients.update(sagemaker=world, servicecatalog=world)
    return world


@pytest.fixture
def handler(load: Any) -> Any:
    return load("enable-sagemaker-projects").handler


def test_create_and_update_admit_the_role_once(invoke: Any, handler: Any, catalog: Catalog) -> None:
    """B011, B012, B030."""
    for kind, physical_id in (("Create", None), ("Update", f"sagemaker-projects-{ROLE}")):
        answer = invoke(handler, kind, PROPERTIES, physical_id)
        assert (answer["PhysicalResourceId"], answer["Data"]) == (
            f"sagemaker-projects-{ROLE}",
            {"PortfolioId": "port-2"},
        )
    assert (catalog.enabled, catalog.principals) == (2, {"port-1": [], "port-2": [OTHER, ROLE]})


def test_another_role_is_a_replacement(invoke: Any, handler: Any, catalog: Catalog) -> None:
    invoke(handler, "Create", PROPERTIES)
    changed = invoke(handler, "Update", {"ExecutionRole": OTHER}, f"sagemaker-projects-{ROLE}")
    assert changed["PhysicalResourceId"] == f"sagemaker-projects-{OTHER}"
    invoke(handler, "Delete", PROPERTIES, f"sagemaker-projects-{ROLE}")
    assert catalog.principals["port-2"] == [OTHER]


def test_delete_takes_back_only_this_role_and_may_be_repeated(invoke: Any, handler: Any, catalog: Catalog) -> None:
    """B030."""
    invoke(handler, "Create", PROPERTIES)
    for _ in range(2):
        assert invoke(handler, "Delete", PROPERTIES, f"sagemaker-projects-{ROLE}")["Status"] == "SUCCESS"
        assert catalog.principals["port-2"] == [OTHER]


def test_delete_without_a_share_has_nothing_to_do(invoke: Any, handler: Any, catalog: Catalog) -> None:
    catalog.shares.clear()
    assert invoke(handler, "Delete", PROPERTIES, f"sagemaker-projects-{ROLE}")["Status"] == "SUCCESS"


def test_no_share_is_refused(invoke: Any, handler: Any, catalog: Catalog) -> None:
    catalog.shares.pop()
    answer = invoke(handler, "Create", PROPERTIES)
    assert (answer["Status"], answer["Reason"]) == (
        "FAILED",
        (
            "no portfolio of Amazon SageMaker was shared with this account. "
            "Enable SageMaker project templates in this Region once by hand, then deploy again"
        ),
    )


def test_an_unexpected_exception_is_answered(invoke: Any, handler: Any, catalog: Catalog) -> None:
    """B029."""
    del catalog.shares[1]["Id"]
    assert invoke(handler, "Create", PROPERTIES)["Reason"] == "KeyError: 'Id'"
