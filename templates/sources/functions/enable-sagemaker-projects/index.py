"""Lets a role use the project templates that SageMaker shares through Service Catalog, and takes that back."""

from __future__ import annotations

from typing import Any

import boto3
from custom_resource import Properties, Refusal, Request, serve

PROVIDER = "Amazon SageMaker"


def handler(event: dict[str, Any], context: Any) -> None:
    """Properties: ExecutionRole (ARN). Attributes: PortfolioId."""
    serve(event, context, identify=_identity, apply=_enable, remove=_withdraw)


def _identity(properties: Properties) -> str:
    return f"sagemaker-projects-{properties['ExecutionRole']}"


def _enable(request: Request) -> dict[str, str]:
    boto3.client("sagemaker").enable_sagemaker_servicecatalog_portfolio()
    catalog = boto3.client("servicecatalog")
    portfolio = shared_portfolio(catalog)
    if not portfolio:
        raise Refusal(
            f"no portfolio of {PROVIDER} was shared with this account. "
            "Enable SageMaker project templates in this Region once by hand, then deploy again"
        )
    catalog.associate_principal_with_portfolio(
        PortfolioId=portfolio, PrincipalARN=request.properties["ExecutionRole"], PrincipalType="IAM"
    )
    return {"PortfolioId": portfolio}


def _withdraw(request: Request) -> None:
    """Only this role's access ends: the portfolio is enabled for the account and Region, which others share."""
    catalog = boto3.client("servicecatalog")
    role: str = request.properties["ExecutionRole"]
    portfolio = shared_portfolio(catalog)
    if portfolio and role in principals(catalog, portfolio):
        catalog.disassociate_principal_from_portfolio(PortfolioId=portfolio, PrincipalARN=role)


def shared_portfolio(catalog: Any) -> str:
    """The id of the portfolio that SageMaker shares with this account, or the empty string."""
    for page in catalog.get_paginator("list_accepted_portfolio_shares").paginate():
        for portfolio in page["PortfolioDetails"]:
            if portfolio.get("ProviderName") == PROVIDER:
                return str(portfolio["Id"])
    return ""


def principals(catalog: Any, portfolio: str) -> set[str]:
    pages = catalog.get_paginator("list_principals_for_portfolio").paginate(PortfolioId=portfolio)
    return {principal["PrincipalARN"] for page in pages for principal in page["Principals"]}
