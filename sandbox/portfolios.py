"""SageMaker's own Service Catalog portfolio and the principals of portfolios: state that moto does not keep."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.api.errors import AwsError
from sandbox.api.paging import page
from sandbox.api.request import Call

Place = tuple[str, str]

# The portfolio that SageMaker shares with an account that enables its projects; the id is the sandbox's own.
_SAGEMAKER = {
    "Id": "port-sagemakersandbox",
    "DisplayName": "Amazon SageMaker Solutions and ML Ops products",
    "ProviderName": "Amazon SageMaker",
}
_PAGE_SIZE = 20


@dataclass
class Portfolios:
    """By account and Region: whether SageMaker's portfolio is enabled, and who was given which portfolio."""

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
        rows = [{"PrincipalARN": arn, "PrincipalType": kind} for arn, kind in self._of(call).items()]
        paging = {"MaxResults": call.params.get("PageSize"), "NextToken": call.params.get("PageToken")}
        answer = page(rows, "Principals", paging, limit=_PAGE_SIZE, error="InvalidParametersException")
        return {"Principals": answer["Principals"], "NextPageToken": answer.get("NextToken")}

    def _of(self, call: Call) -> dict[str, str]:
        portfolio = str(call.params.get("PortfolioId"))
        if not portfolio.startswith("port-"):
            raise AwsError("ResourceNotFoundException", f"Portfolio {portfolio} not found.")
        return self._principals.setdefault(((call.account, call.region), portfolio), {})
