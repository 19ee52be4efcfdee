"""Portfolios shared with the organization: who may share, with which units, and what is shared."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from moto.organizations.models import organizations_backends
from moto.servicecatalog.models import servicecatalog_backends

from sandbox.api.errors import AwsError
from sandbox.api.request import Call
from sandbox.catalog import Catalog, paged
from sandbox.organizations import SERVICE_CATALOG_PRINCIPAL, management_of

Row = dict[str, Any]
Key = tuple[str, str, str]

_TYPES = {"ORGANIZATION": r"o-[a-z0-9]{10,32}", "ORGANIZATIONAL_UNIT": r"ou-[0-9a-z]{4,32}-[a-z0-9]{8,32}"}
_FLAGS = ("ShareTagOptions", "SharePrincipals")


@dataclass
class Shares:
    """By account, Region and portfolio, then by the organization's or unit's id; operations end at once."""

    catalog: Catalog
    _enabled: set[str] = field(default_factory=set)
    _shares: dict[Key, dict[str, Row]] = field(default_factory=dict)
    _tokens: dict[str, Row] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def operations(self) -> Mapping[tuple[str, str], Callable[[Call], Mapping[str, Any]]]:
        handlers = {
            "EnableAWSOrganizationsAccess": self.enable,
            "DisableAWSOrganizationsAccess": self.disable,
            "GetAWSOrganizationsAccessStatus": self.access,
            "CreatePortfolioShare": self.create,
            "UpdatePortfolioShare": self.update,
            "DeletePortfolioShare": self.delete,
            "DescribePortfolioShares": self.listed,
            "DescribePortfolioShareStatus": self.status,
        }
        return {("servicecatalog", name): handler for name, handler in handlers.items()}

    def enable(self, call: Call) -> Row:
        with self._lock:
            self._enabled.add(_own_organization(call))
        return {}

    def disable(self, call: Call) -> Row:
        with self._lock:
            self._enabled.discard(_own_organization(call))
        return {}

    def access(self, call: Call) -> Row:
        return {"AccessStatus": "ENABLED" if _organization(call) in self._enabled else "DISABLED"}

    def create(self, call: Call) -> Row:
        """A share that exists is left as it is, whatever the flags (Service Catalog API, CreatePortfolioShare)."""
        node, kind = self._target(call)
        flags = {name: bool(call.params.get(name, False)) for name in _FLAGS}
        with self._lock:
            self._of(call).setdefault(node, {"PrincipalId": node, "Type": kind, "Accepted": True, **flags})
        return self._done(call, node)

    def update(self, call: Call) -> Row:
        node, _ = self._target(call)
        with self._lock:
            share = self._found(call, node)
            share.update({name: bool(call.params[name]) for name in _FLAGS if name in call.params})
        return {**self._done(call, node), "Status": "COMPLETED"}

    def delete(self, call: Call) -> Row:
        node, _ = self._target(call)
        with self._lock:
            self._found(call, node)
            del self._of(call)[node]
        return self._done(call, node)

    def listed(self, call: Call) -> Row:
        kind = call.params.get("Type")
        if kind not in (*_TYPES, "ACCOUNT", "ORGANIZATION_MEMBER_ACCOUNT"):
            raise AwsError("InvalidParametersException", f"Type {kind} is not one of the share types.")
        rows = [row for row in list(self._of(call).values()) if row["Type"] == kind]
        return paged(rows, "PortfolioShareDetails", call, limit=100)

    def status(self, call: Call) -> Row:
        _organization(call)
        token = str(call.params.get("PortfolioShareToken"))
        if token not in self._tokens:
            raise AwsError("ResourceNotFoundException", f"Portfolio share {token} not found.")
        return self._tokens[token]

    def _target(self, call: Call) -> tuple[str, str]:
        """Id and type of the node; refused where the caller may not share, or there is no such node."""
        management = _organization(call)
        if management not in self._enabled:
            raise AwsError("InvalidStateException", "AWS Organizations access is not enabled for AWS Service Catalog.")
        given = call.params.get("OrganizationNode") or {}
        node, kind = str(given.get("Value", "")), str(given.get("Type", ""))
        if kind not in _TYPES or not re.fullmatch(_TYPES[kind], node):
            raise AwsError("InvalidParametersException", f"OrganizationNode {kind} {node} is not valid.")
        backend = organizations_backends[management]["aws"]
        known = {unit.id for unit in backend.ou} | ({backend.org.id} if backend.org else set())
        if node not in known:
            raise AwsError("ResourceNotFoundException", f"Organization node {node} not found.")
        return node, kind

    def _of(self, call: Call) -> dict[str, Row]:
        portfolio = str(call.params.get("PortfolioId"))
        own = servicecatalog_backends[call.account][call.region].portfolios
        recorded = (one.physical_id for one in self.catalog.recorded(call, "Portfolio"))
        if portfolio not in own and portfolio not in recorded:
            raise AwsError("ResourceNotFoundException", f"Portfolio {portfolio} not found.")
        return self._shares.setdefault((call.account, call.region, portfolio), {})

    def _found(self, call: Call, node: str) -> Row:
        shares = self._of(call)
        if node not in shares:
            raise AwsError("ResourceNotFoundException", f"No share with {node} found.")
        return shares[node]

    def _done(self, call: Call, node: str) -> Row:
        token = f"share-{uuid4().hex[:13]}"
        self._tokens[token] = {
            "PortfolioShareToken": token,
            "PortfolioId": call.params["PortfolioId"],
            "OrganizationNodeValue": node,
            "Status": "COMPLETED",
            "ShareDetails": {"SuccessfulShares": [], "ShareErrors": []},
        }
        return {"PortfolioShareToken": token}


def _organization(call: Call) -> str:
    """The management account, asked for by itself or by a delegated administrator of Service Catalog."""
    management = management_of(call.account)
    if management is not None:
        delegated = {
            admin.account.id
            for admin in organizations_backends[management]["aws"].admins
            if SERVICE_CATALOG_PRINCIPAL in admin.services
        }
        if call.account in {management, *delegated}:
            return management
    raise AwsError(
        "OperationNotSupportedException",
        "This operation can only be called by the management account of an organization or a delegated administrator.",
    )


def _own_organization(call: Call) -> str:
    if management_of(call.account) != call.account:
        raise AwsError(
            "OperationNotSupportedException",
            "This operation can only be called by the management account of an organization.",
        )
    return call.account
