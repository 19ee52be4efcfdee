"""SageMaker's own Service Catalog portfolio and the principals of portfolios: state that moto does not keep."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.api.errors import AwsError
from sandbox.api.request import Call
from sandbox.catalog import Catalog, paged

Place = tuple[str, str]

# The portfolio that SageMaker shares with an account that enables its projects; the id is the sandbox's own.
_SAGEMAKER = {
    "Id": "port-sagemakersandbox",
    "DisplayName": "Amazon SageMaker Solutions and ML Ops products",
    "ProviderName": "Amazon SageMaker",
}


@dataclass
class Portfolios:
    """By account and Region: whether SageMaker's portfolio is enabled, and who was given which portfolio.

    Principals that stacks recorded are the catalog's.
    """

    catalog: Catalog
    _enabled: set[Place] = field(default_factory=set)
    _principals: dict[tuple[Place, str], dict[str, str]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def operations(self) -> Mapping[tuple[str, str], Callable[[Call], Mapping[str, Any]]]:
        return {
            ("sagemaker", "EnableSagemakerServicecatalogPortfolio"): self.enable,
            ("sagemaker", "DisableSagemakerServicecatalogPortfolio"): self.disable,
            ("sagemaker", "GetSagemakerServicecatalogPortfolioStatus"): self.status,
            ("servicecatalog", "ListAcceptedPortfolioShares"): self.accepted_shares,
            ("servicecatalog", "AssociatePrincipalWithPortfolio"): self.associate,
            ("servicecatalog", "DisassociatePrincipalFromPortfolio"): self.disassociate,
            ("servicecatalog", "ListPrincipalsForPortfolio"): self.principals,
        }

    def enable(self, call: Call) -> dict[str, Any]:
        with self._lock:
            self._enabled.add((call.account, call.region))
        return {}

    def disable(self, call: Call) -> dict[str, Any]:
        with self._lock:
            self._enabled.discard((call.account, call.region))
        return {}

    def status(self, call: Call) -> dict[str, Any]:
        return {"Status": "Enabled" if (call.account, call.region) in self._enabled else "Disabled"}

    def accepted_shares(self, call: Call) -> dict[str, Any]:
        arn = f"arn:aws:catalog:{call.region}:{call.account}:portfolio/{_SAGEMAKER['Id']}"
        enabled = (call.account, call.region) in self._enabled
        return {"PortfolioDetails": [{**_SAGEMAKER, "ARN": arn}] if enabled else []}

    def associate(self, call: Call) -> dict[str, Any]:
        with self._lock:
            self._of(call)[str(call.params["PrincipalARN"])] = str(call.params.get("PrincipalType", "IAM"))
        return {}

    def disassociate(self, call: Call) -> dict[str, Any]:
        with self._lock:
            self._of(call).pop(str(call.params["PrincipalARN"]), None)
        return {}

    def principals(self, call: Call) -> dict[str, Any]:
        found = self.admitted(call, str(call.params.get("PortfolioId")))
        rows = [{"PrincipalARN": arn, "PrincipalType": kind} for arn, kind in found.items()]
        return paged(rows, "Principals", call)

    def admitted(self, call: Call, portfolio: str) -> dict[str, str]:
        """ARN or pattern of an ARN -> IAM or IAM_PATTERN, of who may use the portfolio."""
        recorded = {
            one.properties["PrincipalARN"]: one.properties["PrincipalType"]
            for one in self.catalog.recorded(call, "PortfolioPrincipalAssociation")
            if one.properties["PortfolioId"] == portfolio
        }
        return {**recorded, **self._made(call, portfolio)}

    def _of(self, call: Call) -> dict[str, str]:
        return self._made(call, str(call.params.get("PortfolioId")))

    def _made(self, call: Call, portfolio: str) -> dict[str, str]:
        if not portfolio.startswith("port-"):
            raise AwsError("ResourceNotFoundException", f"Portfolio {portfolio} not found.")
        return self._principals.setdefault(((call.account, call.region), portfolio), {})
