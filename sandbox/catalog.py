"""Service Catalog as its administrator reads it: what stacks recorded, beside what calls made in moto."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from moto.servicecatalog.models import servicecatalog_backends

from sandbox.api.errors import AwsError
from sandbox.api.paging import page
from sandbox.api.request import Call
from sandbox.cfn.engine import Engine
from sandbox.cfn.model import Resource
from sandbox.product_versions import ProductVersions, Version, summary_of

Row = dict[str, Any]

PAGE_SIZE = 20


def paged(rows: Sequence[Any], key: str, call: Call, limit: int = PAGE_SIZE) -> Row:
    """The page that PageToken and PageSize ask for."""
    paging = {"MaxResults": call.params.get("PageSize"), "NextToken": call.params.get("PageToken")}
    answer = page(rows, key, paging, limit=limit, error="InvalidParametersException")
    return {key: answer[key], "NextPageToken": answer.get("NextToken")}


@dataclass(frozen=True)
class Catalog:
    """Answers from the engine's stacks of an account and Region."""

    engine: Engine
    versions: ProductVersions

    def operations(self) -> Mapping[tuple[str, str], Callable[[Call], Mapping[str, Any]]]:
        return {
            ("servicecatalog", "ListPortfolios"): self.portfolios,
            ("servicecatalog", "SearchProductsAsAdmin"): self.products,
            ("servicecatalog", "DescribeProductAsAdmin"): self.product,
            ("servicecatalog", "ListProvisioningArtifacts"): self.list_versions,
            ("servicecatalog", "DescribeProvisioningArtifact"): self.describe_version,
            ("servicecatalog", "CreateProvisioningArtifact"): self.create_version,
            ("servicecatalog", "UpdateProvisioningArtifact"): self.update_version,
        }

    def portfolios(self, call: Call) -> Row:
        made = [p.to_dict() for p in servicecatalog_backends[call.account][call.region].portfolios.values()]
        recorded = [_portfolio(call, resource) for resource in self.recorded(call, "Portfolio")]
        return paged([*made, *recorded], "PortfolioDetails", call)

    def products(self, call: Call) -> Row:
        """Those of one portfolio where `PortfolioId` is given, else all."""
        products = [_product(call, resource) for resource in self.recorded(call, "CloudFormationProduct")]
        wanted = call.params.get("PortfolioId")
        if wanted:
            held = self.products_of(call, wanted)
            products = [row for row in products if row["ProductViewSummary"]["ProductId"] in held]
        return paged(products, "ProductViewDetails", call)

    def product(self, call: Call) -> Row:
        resource = self.found(call, call.params.get("Id"), call.params.get("Name"))
        versions = self.versions.of(resource)
        return {
            "ProductViewDetail": _product(call, resource),
            "ProvisioningArtifactSummaries": [summary_of(version) for version in versions],
        }

    def list_versions(self, call: Call) -> Row:
        resource = self.found(call, call.params.get("ProductId"))
        return {"ProvisioningArtifactDetails": [version.detail() for version in self.versions.of(resource)]}

    def describe_version(self, call: Call) -> Row:
        resource = self.found(call, call.params.get("ProductId"), call.params.get("ProductName"))
        wanted = (call.params.get("ProvisioningArtifactId"), call.params.get("ProvisioningArtifactName"))
        version = self.versions.found(resource, *wanted)
        return _described(version)

    def create_version(self, call: Call) -> Row:
        resource = self.found(call, call.params["ProductId"])
        version = self.versions.add(resource, call.params["Parameters"], call.params["IdempotencyToken"])
        return _described(version)

    def update_version(self, call: Call) -> Row:
        resource = self.found(call, call.params["ProductId"])
        version = self.versions.change(resource, call.params["ProvisioningArtifactId"], call.params)
        return _described(version)

    def found(self, call: Call, identity: str | None, name: str | None = None) -> Resource:
        """The product by id or name; ResourceNotFoundException when there is none."""
        for resource in self.recorded(call, "CloudFormationProduct"):
            if identity == resource.physical_id or (name and name == resource.properties["Name"]):
                return resource
        raise AwsError("ResourceNotFoundException", f"Product {identity or name} not found.")

    def products_of(self, call: Call, portfolio: str) -> set[str]:
        """Ids of the products that a portfolio holds."""
        associations = self.recorded(call, "PortfolioProductAssociation")
        return {one.properties["ProductId"] for one in associations if one.properties["PortfolioId"] == portfolio}

    def recorded(self, call: Call, kind: str) -> Iterator[Resource]:
        """The living resources of a kind (`Portfolio` …) in the caller's account and Region."""
        for stack in self.engine.stacks(call.account, call.region):
            for resource in list(stack.resources.values()):
                if resource.type == f"AWS::ServiceCatalog::{kind}" and not resource.status.startswith("DELETE"):
                    yield resource


def _described(version: Version) -> Row:
    return {
        "ProvisioningArtifactDetail": version.detail(),
        "Info": {"TemplateUrl": version.url},
        "Status": "AVAILABLE",
    }


def _portfolio(call: Call, resource: Resource) -> Row:
    return {
        "Id": resource.physical_id,
        "ARN": f"arn:aws:catalog:{call.region}:{call.account}:portfolio/{resource.physical_id}",
        "DisplayName": resource.properties["DisplayName"],
        "Description": resource.properties.get("Description"),
        "ProviderName": resource.properties["ProviderName"],
        "CreatedTime": resource.time,
    }


def product_summary(resource: Resource) -> Row:
    """ProductViewSummary of a product."""
    summary = {
        "Id": f"prodview-{resource.physical_id.removeprefix('prod-')}",
        "ProductId": resource.physical_id,
        "Name": resource.properties["Name"],
        "Owner": resource.properties["Owner"],
        "ShortDescription": resource.properties.get("Description"),
        "Type": "CLOUD_FORMATION_TEMPLATE",
    }
    return {key: value for key, value in summary.items() if value is not None}


def _product(call: Call, resource: Resource) -> Row:
    return {
        "ProductViewSummary": product_summary(resource),
        "Status": "AVAILABLE",
        "ProductARN": f"arn:aws:catalog:{call.region}:{call.account}:product/{resource.physical_id}",
        "CreatedTime": resource.time,
    }
