"""Reading Service Catalog: portfolios and products that stacks recorded, beside those that calls made in moto."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from moto.servicecatalog.models import servicecatalog_backends

from sandbox.api.errors import AwsError
from sandbox.api.paging import page
from sandbox.api.request import Call
from sandbox.cfn.engine import Engine
from sandbox.cfn.model import Resource

Row = dict[str, Any]

_PAGE_SIZE = 20


@dataclass(frozen=True)
class Catalog:
    """Answers from the engine's stacks of the caller's account and Region; nothing is provisioned from it."""

    engine: Engine

    def operations(self) -> Mapping[tuple[str, str], Callable[[Call], Mapping[str, Any]]]:
        return {
            ("servicecatalog", "ListPortfolios"): self.portfolios,
            ("servicecatalog", "SearchProductsAsAdmin"): self.products,
            ("servicecatalog", "DescribeProductAsAdmin"): self.product,
        }

    def portfolios(self, call: Call) -> Row:
        made = [p.to_dict() for p in servicecatalog_backends[call.account][call.region].portfolios.values()]
        recorded = [_portfolio(call, resource) for resource in self._of(call, "Portfolio")]
        return _paged([*made, *recorded], "PortfolioDetails", call)

    def products(self, call: Call) -> Row:
        """Those of one portfolio where `PortfolioId` is given, else all."""
        products = [_product(call, resource) for resource in self._of(call, "CloudFormationProduct")]
        wanted = call.params.get("PortfolioId")
        if wanted:
            held = {
                association.properties["ProductId"]
                for association in self._of(call, "PortfolioProductAssociation")
                if association.properties["PortfolioId"] == wanted
            }
            products = [row for row in products if row["ProductViewSummary"]["ProductId"] in held]
        return _paged(products, "ProductViewDetails", call)

    def product(self, call: Call) -> Row:
        for resource in self._of(call, "CloudFormationProduct"):
            row = _product(call, resource)
            if call.params.get("Id") == resource.physical_id or call.params.get("Name") == resource.properties["Name"]:
                return {"ProductViewDetail": row, "ProvisioningArtifactSummaries": list(_artifacts(resource))}
        raise AwsError("ResourceNotFoundException", f"Product {call.params.get('Id')} not found.")

    def _of(self, call: Call, kind: str) -> Iterator[Resource]:
        for stack in self.engine.stacks(call.account, call.region):
            for resource in list(stack.resources.values()):
                if resource.type == f"AWS::ServiceCatalog::{kind}" and not resource.status.startswith("DELETE"):
                    yield resource


def _portfolio(call: Call, resource: Resource) -> Row:
    return {
        "Id": resource.physical_id,
        "ARN": f"arn:aws:catalog:{call.region}:{call.account}:portfolio/{resource.physical_id}",
        "DisplayName": resource.properties["DisplayName"],
        "Description": resource.properties.get("Description"),
        "ProviderName": resource.properties["ProviderName"],
        "CreatedTime": resource.time,
    }


def _product(call: Call, resource: Resource) -> Row:
    summary = {
        "Id": f"prodview-{resource.physical_id.removeprefix('prod-')}",
        "ProductId": resource.physical_id,
        "Name": resource.properties["Name"],
        "Owner": resource.properties["Owner"],
        "ShortDescription": resource.properties.get("Description"),
        "Type": "CLOUD_FORMATION_TEMPLATE",
    }
    return {
        "ProductViewSummary": {key: value for key, value in summary.items() if value is not None},
        "Status": "AVAILABLE",
        "ProductARN": f"arn:aws:catalog:{call.region}:{call.account}:product/{resource.physical_id}",
        "CreatedTime": resource.time,
    }


def _artifacts(resource: Resource) -> Iterator[Row]:
    for number, artifact in enumerate(resource.properties.get("ProvisioningArtifactParameters", ()), 1):
        yield {"Id": f"pa-{number:013d}", "Name": artifact.get("Name", f"v{number}"), "CreatedTime": resource.time}


def _paged(rows: list[Row], key: str, call: Call) -> Row:
    paging = {"MaxResults": call.params.get("PageSize"), "NextToken": call.params.get("PageToken")}
    answer = page(rows, key, paging, limit=_PAGE_SIZE, error="InvalidParametersException")
    return {key: answer[key], "NextPageToken": answer.get("NextToken")}
