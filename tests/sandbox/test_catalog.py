"""Service Catalog as a reader of it: what stacks recorded."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from botocore.exceptions import ClientError


def _template() -> str:
    def of(kind: str, **properties: Any) -> dict[str, Any]:
        return {"Type": f"AWS::ServiceCatalog::{kind}", "Properties": properties}

    artifact = {"Name": "v1", "Info": {"LoadTemplateFromURL": "https://b.s3.amazonaws.com/k"}}
    product = {"Owner": "us", "ProvisioningArtifactParameters": [artifact]}
    resources = {
        "Portfolio": of("Portfolio", DisplayName="science", ProviderName="us"),
        "Product": of("CloudFormationProduct", Name="environment", **product),
        "Other": of("CloudFormationProduct", Name="other", **product),
        "Held": of("PortfolioProductAssociation", PortfolioId={"Ref": "Portfolio"}, ProductId={"Ref": "Product"}),
    }
    return json.dumps({"Resources": resources})


def test_recorded_portfolios_and_products_are_listed(client: Any) -> None:
    cfn, catalog = client("cloudformation"), client("servicecatalog")
    cfn.create_stack(StackName="catalog", TemplateBody=_template())
    while cfn.describe_stacks()["Stacks"][0]["StackStatus"] == "CREATE_IN_PROGRESS":
        time.sleep(0.02)
    portfolio = catalog.list_portfolios()["PortfolioDetails"][0]
    assert (portfolio["DisplayName"], portfolio["ProviderName"]) == ("science", "us")
    names = [row["ProductViewSummary"]["Name"] for row in catalog.search_products_as_admin()["ProductViewDetails"]]
    assert sorted(names) == ["environment", "other"]
    held = catalog.search_products_as_admin(PortfolioId=portfolio["Id"])["ProductViewDetails"]
    assert [row["ProductViewSummary"]["Name"] for row in held] == ["environment"]
    described = catalog.describe_product_as_admin(Id=held[0]["ProductViewSummary"]["ProductId"])
    assert described["ProductViewDetail"]["Status"] == "AVAILABLE"
    assert [row["Name"] for row in described["ProvisioningArtifactSummaries"]] == ["v1"]
    assert client("servicecatalog", "222222222222").list_portfolios()["PortfolioDetails"] == []
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        catalog.describe_product_as_admin(Id="prod-none")
