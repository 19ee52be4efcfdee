"""Provisioned products that people launched from the portfolios of a stack."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from generator.errors import ToolError
from mlz.removal.vanishing import until_gone
from mlz.stacks import stack_resources
from stacksets.client import translated

if TYPE_CHECKING:
    from stacksets.client import Api, Cloud

PORTFOLIO = "AWS::ServiceCatalog::Portfolio"
MOVING = ("UNDER_CHANGE", "PLAN_IN_PROGRESS")


@dataclass(frozen=True)
class Provisioned:
    """One provisioned product; `stack` is the name of its stack."""

    id: str
    name: str
    stack: str


def of(cloud: Cloud, stack: str) -> list[Provisioned]:
    """Everything in this account that was launched from a portfolio that the stack made, whoever launched it."""
    api = cloud.client("servicecatalog")
    with translated("provisioned products"):
        products = {product for one in stack_resources.of(cloud, stack, PORTFOLIO) for product in _products(api, one)}
        if not products:
            return []
        return [
            Provisioned(row["Id"], row["Name"], f"SC-{cloud.account}-{row['Id']}")
            for row in _everyone(api)
            if row.get("ProductId") in products
        ]


def terminate(cloud: Cloud, one: Provisioned, first: float) -> None:
    """Terminate it and wait; ToolError with the cause when its stack resists."""
    api = cloud.client("servicecatalog")
    asked: set[str] = set()

    def look() -> list[dict[str, Any]]:
        return [row for row in _everyone(api) if row["Id"] == one.id]

    def ask(row: dict[str, Any]) -> None:
        if row["Status"] in MOVING:
            return
        if one.id in asked:
            raise ToolError(
                f"provisioned product {one.name}: {row.get('StatusMessage') or row['Status']}",
                f"repair what its stack {one.stack} names, then run the same command again",
            )
        asked.add(one.id)
        api.terminate_provisioned_product(ProvisionedProductId=one.id, TerminateToken=str(uuid.uuid4()))

    with translated(f"provisioned product {one.name}"):
        until_gone(f"provisioned product {one.name}", look, ask, first)


def _products(api: Api, portfolio: str) -> Iterator[str]:
    found = api.get_paginator("search_products_as_admin").paginate(PortfolioId=portfolio)
    return (row["ProductViewSummary"]["ProductId"] for page in found for row in page["ProductViewDetails"])


def _everyone(api: Api) -> list[dict[str, Any]]:
    everyone = {"Key": "Account", "Value": "self"}
    found = api.get_paginator("scan_provisioned_products").paginate(AccessLevelFilter=everyone)
    return [row for page in found for row in page["ProvisionedProducts"]]
