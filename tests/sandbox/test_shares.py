"""Portfolios shared with units of the organization, as the API does it."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

pytestmark = pytest.mark.usefixtures("world")


@pytest.fixture
def member(client: Any) -> str:
    return str(client("organizations").list_accounts()["Accounts"][1]["Id"])


def _portfolio(catalog: Any) -> str:
    made = catalog.create_portfolio(DisplayName="p", ProviderName="us", IdempotencyToken="1")
    return str(made["PortfolioDetail"]["Id"])


def _unit(client: Any, name: str) -> dict[str, str]:
    organizations = client("organizations")
    root = organizations.list_roots()["Roots"][0]["Id"]
    made = organizations.create_organizational_unit(ParentId=root, Name=name)
    return {"Type": "ORGANIZATIONAL_UNIT", "Value": made["OrganizationalUnit"]["Id"]}


def test_a_unit_is_shared_with_once(client: Any) -> None:
    catalog = client("servicecatalog")
    portfolio, node = _portfolio(catalog), _unit(client, "one")
    catalog.enable_aws_organizations_access()
    token = catalog.create_portfolio_share(PortfolioId=portfolio, OrganizationNode=node, SharePrincipals=True)
    status = catalog.describe_portfolio_share_status(PortfolioShareToken=token["PortfolioShareToken"])
    assert (status["Status"], status["OrganizationNodeValue"]) == ("COMPLETED", node["Value"])
    catalog.create_portfolio_share(PortfolioId=portfolio, OrganizationNode=node)
    kind = {"PortfolioId": portfolio, "Type": "ORGANIZATIONAL_UNIT"}
    share = {
        "PrincipalId": node["Value"],
        "Type": "ORGANIZATIONAL_UNIT",
        "Accepted": True,
        "ShareTagOptions": False,
        "SharePrincipals": True,
    }
    assert catalog.describe_portfolio_shares(**kind)["PortfolioShareDetails"] == [share]
    catalog.update_portfolio_share(PortfolioId=portfolio, OrganizationNode=node, ShareTagOptions=True)
    changed = {**share, "ShareTagOptions": True}
    assert catalog.describe_portfolio_shares(**kind)["PortfolioShareDetails"] == [changed]
    catalog.delete_portfolio_share(PortfolioId=portfolio, OrganizationNode=node)
    assert catalog.describe_portfolio_shares(**kind)["PortfolioShareDetails"] == []


def test_shares_come_in_pages(client: Any) -> None:
    catalog = client("servicecatalog")
    portfolio = _portfolio(catalog)
    catalog.enable_aws_organizations_access()
    for name in ("one", "two", "three"):
        catalog.create_portfolio_share(PortfolioId=portfolio, OrganizationNode=_unit(client, name))
    asked = {"PortfolioId": portfolio, "Type": "ORGANIZATIONAL_UNIT", "PageSize": 2}
    first = catalog.describe_portfolio_shares(**asked)
    second = catalog.describe_portfolio_shares(**asked, PageToken=first["NextPageToken"])
    assert [len(page["PortfolioShareDetails"]) for page in (first, second)] == [2, 1]
    assert "NextPageToken" not in second


def test_what_is_refused(member: str, client: Any) -> None:
    catalog, own = client("servicecatalog"), client("servicecatalog", member)
    portfolio, node = _portfolio(own), _unit(client, "one")
    share = {"PortfolioId": portfolio, "OrganizationNode": node}
    with pytest.raises(ClientError, match="InvalidStateException"):
        catalog.create_portfolio_share(**share)
    with pytest.raises(ClientError, match="OperationNotSupportedException"):
        own.enable_aws_organizations_access()
    catalog.enable_aws_organizations_access()
    with pytest.raises(ClientError, match="OperationNotSupportedException"):
        own.create_portfolio_share(**share)
    client("organizations").register_delegated_administrator(
        AccountId=member, ServicePrincipal="servicecatalog.amazonaws.com"
    )
    assert own.get_aws_organizations_access_status()["AccessStatus"] == "ENABLED"
    own.create_portfolio_share(**share)
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        own.create_portfolio_share(**{**share, "OrganizationNode": {**node, "Value": "ou-ab12-12345678"}})
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        catalog.create_portfolio_share(**share)
    with pytest.raises(ClientError, match="InvalidParametersException"):
        own.describe_portfolio_shares(PortfolioId=portfolio, Type="NOBODY")
