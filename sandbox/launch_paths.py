"""Service Catalog as its users see it: products of the portfolios that admit the caller, and how each is launched."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from sandbox.api.errors import AwsError
from sandbox.api.request import Call
from sandbox.catalog import Catalog, Row, paged, product_summary
from sandbox.cfn.model import Resource
from sandbox.portfolios import Portfolios
from sandbox.product_versions import Version, summary_of


@dataclass(frozen=True)
class LaunchPath:
    """The way to a product through one portfolio; `role` is that of its launch constraint, empty without one."""

    portfolio: str
    name: str
    role: str

    @property
    def id(self) -> str:
        return f"lpv3-{self.portfolio.removeprefix('port-')}"


@dataclass(frozen=True)
class LaunchPaths:
    """Permissions are not evaluated here, admission is: being an administrator or the root user admits to nothing."""

    catalog: Catalog
    portfolios: Portfolios

    def operations(self) -> Mapping[tuple[str, str], Callable[[Call], Mapping[str, Any]]]:
        return {
            ("servicecatalog", "SearchProducts"): self.search,
            ("servicecatalog", "DescribeProduct"): self.describe,
            ("servicecatalog", "ListLaunchPaths"): self.listed,
            ("servicecatalog", "DescribeProvisioningParameters"): self.parameters,
        }

    def search(self, call: Call) -> Row:
        """`Filters.FullTextSearch` is a part of the name here; other filters are refused."""
        filters = dict(call.params.get("Filters") or {})
        words = filters.pop("FullTextSearch", [""])
        if filters:
            raise AwsError("InvalidParametersException", f"the sandbox does not search by {', '.join(sorted(filters))}")
        visible = [
            product_summary(product)
            for product in self.catalog.recorded(call, "CloudFormationProduct")
            if words[0] in product.properties["Name"] and self.of(call, product)
        ]
        return paged(visible, "ProductViewSummaries", call)

    def describe(self, call: Call) -> Row:
        """Versions that are not active are not shown."""
        product = self.catalog.found(call, call.params.get("Id"), call.params.get("Name"))
        paths = self._required(call, product)
        active = [version for version in self.catalog.versions.of(product) if version.active]
        return {
            "ProductViewSummary": product_summary(product),
            "ProvisioningArtifacts": [{**summary_of(one), "Guidance": one.guidance} for one in active],
            "LaunchPaths": [{"Id": path.id, "Name": path.name} for path in paths],
        }

    def listed(self, call: Call) -> Row:
        product = self.catalog.found(call, call.params["ProductId"])
        rows = [
            {"Id": path.id, "Name": path.name, "ConstraintSummaries": [{"Type": "LAUNCH"}] if path.role else []}
            for path in self._required(call, product)
        ]
        return paged(rows, "LaunchPathSummaries", call)

    def parameters(self, call: Call) -> Row:
        _, version, _ = self.chosen(call, call.params)
        summary = self.catalog.engine.template_summary(call.account, call.region, template_url=version.url)
        return {
            "ProvisioningArtifactParameters": [_parameter(row) for row in summary["Parameters"]],
            "UsageInstructions": [],
            "ConstraintSummaries": [],
        }

    def chosen(self, call: Call, given: Mapping[str, Any]) -> tuple[Resource, Version, LaunchPath]:
        """What parameters name by product, version and path; refused unless the caller is admitted."""
        product = self.catalog.found(call, given.get("ProductId"), given.get("ProductName"))
        paths = self._required(call, product)
        wanted = (given.get("PathId"), given.get("PathName"))
        matching = [path for path in paths if not any(wanted) or wanted[0] == path.id or wanted[1] == path.name]
        if len(matching) != 1:
            problem = "Multiple paths were found for the product" if matching else "The path was not found"
            raise AwsError("InvalidParametersException", f"{problem}. Provide a valid PathId or PathName.")
        version = self.catalog.versions.found(
            product, given.get("ProvisioningArtifactId"), given.get("ProvisioningArtifactName")
        )
        if not version.active:
            raise AwsError("ResourceNotFoundException", f"Provisioning artifact {version.id} not found.")
        return product, version, matching[0]

    def of(self, call: Call, product: Resource) -> list[LaunchPath]:
        """The caller's paths to the product: none where no portfolio with it admits the caller."""
        return [
            LaunchPath(portfolio.physical_id, portfolio.properties["DisplayName"], role)
            for portfolio, role in self._launched(call, product.physical_id)
            if any(_is(call, arn, kind) for arn, kind in self.portfolios.admitted(call, portfolio.physical_id).items())
        ]

    def _required(self, call: Call, product: Resource) -> list[LaunchPath]:
        paths = self.of(call, product)
        if not paths:
            raise AwsError("ResourceNotFoundException", f"No launch paths found for resource: {product.physical_id}")
        return paths

    def _launched(self, call: Call, product: str) -> Iterator[tuple[Resource, str]]:
        """Each portfolio that holds the product, with the role of its launch constraint."""
        roles = {
            one.properties["PortfolioId"]: str(one.properties.get("RoleArn", ""))
            or f"arn:aws:iam::{call.account}:role/{one.properties['LocalRoleName']}"
            for one in self.catalog.recorded(call, "LaunchRoleConstraint")
            if one.properties["ProductId"] == product
        }
        for portfolio in self.catalog.recorded(call, "Portfolio"):
            if product in self.catalog.products_of(call, portfolio.physical_id):
                yield portfolio, roles.get(portfolio.physical_id, "")


def _is(call: Call, arn: str, kind: str) -> bool:
    """A session is its role; a pattern `arn:aws:iam:::role/name*` is of any account."""
    own = call.caller.role.arn if call.caller.role else call.caller.arn
    return fnmatchcase(own.replace(call.account, ""), arn) if kind == "IAM_PATTERN" else own == arn


def _parameter(row: Mapping[str, Any]) -> Row:
    """A template's parameter as Service Catalog shows it."""
    return {
        "ParameterKey": row["ParameterKey"],
        "ParameterType": row["ParameterType"],
        "IsNoEcho": row["NoEcho"],
        "ParameterConstraints": row["ParameterConstraints"],
        **({"DefaultValue": row["DefaultValue"]} if "DefaultValue" in row else {}),
        **({"Description": row["Description"]} if "Description" in row else {}),
    }
