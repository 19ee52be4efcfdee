"""AWS Organizations where moto differs: who may read, nested paths, pages, delegated administrators, strict moves."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from moto.organizations.models import (
    FakeAccount,
    FakeDelegatedAdministrator,
    FakeOrganizationalUnit,
    OrganizationsBackend,
    organizations_backends,
)

from sandbox.api.errors import AwsError
from sandbox.api.paging import page

PAGE_SIZE = 20
STACKSETS_PRINCIPAL = "member.org.stacksets.cloudformation.amazonaws.com"
SERVICE_CATALOG_PRINCIPAL = "servicecatalog.amazonaws.com"

# https://docs.aws.amazon.com/organizations/latest/userguide/orgs_integrated-services-list.html, read 2026-11-21
_DELEGABLE = frozenset(FakeDelegatedAdministrator.SUPPORTED_SERVICES) | {
    STACKSETS_PRINCIPAL,
    "config.amazonaws.com",
    "securityhub.amazonaws.com",
    SERVICE_CATALOG_PRINCIPAL,
    "sso.amazonaws.com",
}

Params = Mapping[str, Any]
Answer = dict[str, Any]


@dataclass(frozen=True)
class Membership:
    """The organization of an account; `path` is `o-…/r-…/ou-…/` as aws:PrincipalOrgPaths has it."""

    organization: str
    management: str
    path: str
    suspended: bool


def management_of(account: str) -> str | None:
    """The management account of the account's organization, or None outside any."""
    if account in organizations_backends.master_accounts:
        return organizations_backends.master_accounts[account][0]
    if account in organizations_backends and organizations_backends[account]["aws"].org is not None:
        return account
    return None


def membership(account: str) -> Membership | None:
    """The account's place in its organization, or None outside any."""
    management = management_of(account)
    if management is None:
        return None
    backend = organizations_backends[management]["aws"]
    found = next((a for a in backend.accounts if a.id == account), None)
    if found is None or backend.org is None:
        return None
    return Membership(backend.org.id, management, path_of(backend, found.parent_id), found.state == "SUSPENDED")


def is_delegated(account: str) -> bool:
    """Whether the account is a delegated administrator of any service."""
    management = management_of(account)
    return management is not None and any(
        admin.account.id == account for admin in organizations_backends[management]["aws"].admins
    )


def path_of(backend: OrganizationsBackend, unit_id: str) -> str:
    """The path of a root or organizational unit: `o-…/r-…/ou-…/ou-…/`."""
    units = {unit.id: unit for unit in backend.ou}
    parts: list[str] = []
    while unit_id in units:
        parts.append(unit_id)
        unit_id = str(units[unit_id].parent_id)
    assert backend.org is not None
    return "/".join([backend.org.id, *reversed(parts)]) + "/"


def view_of(account: str, operation: str) -> str:
    """The account whose organization state answers this call; raises as AWS does for members without delegation."""
    management = management_of(account)
    if management is None or management == account or operation == "DescribeOrganization":
        return account
    reads = operation.startswith(("List", "Describe"))
    if reads and is_delegated(account):
        return management
    raise AwsError("AccessDeniedException", "You don't have permissions to access this resource.")


def answer(operation: str, account: str, params: Params) -> Answer | None:
    """The answer to an operation that moto gets wrong; None when moto's own will do."""
    handler = _OPERATIONS.get(operation)
    if handler is None:
        return None
    backend = organizations_backends[account]["aws"]
    if backend.org is None:
        raise AwsError("AWSOrganizationsNotInUseException", "Your account is not a member of an organization.")
    return handler(backend, params)


def _paged(items: Sequence[Any], key: str, params: Params) -> Answer:
    return page(items, key, params, limit=PAGE_SIZE, error="InvalidInputException")


def _account(backend: OrganizationsBackend, account: FakeAccount) -> Answer:
    return {**account.describe(), "Paths": [f"{path_of(backend, account.parent_id)}{account.id}/"]}


def _unit(backend: OrganizationsBackend, unit: FakeOrganizationalUnit) -> Answer:
    described: Answer = {"Id": unit.id, "Arn": unit.arn, "Name": unit.name}
    return {**described, "Path": path_of(backend, unit.id)}


def _parent(backend: OrganizationsBackend, params: Params) -> str:
    parent = str(params.get("ParentId"))
    backend.validate_parent_id(parent)
    return parent


def _list_accounts(backend: OrganizationsBackend, params: Params) -> Answer:
    return _paged([_account(backend, a) for a in list(backend.accounts)], "Accounts", params)


def _list_accounts_for_parent(backend: OrganizationsBackend, params: Params) -> Answer:
    parent = _parent(backend, params)
    return _paged([_account(backend, a) for a in list(backend.accounts) if a.parent_id == parent], "Accounts", params)


def _list_units(backend: OrganizationsBackend, params: Params) -> Answer:
    parent = _parent(backend, params)
    units = [_unit(backend, u) for u in list(backend.ou) if u.parent_id == parent]
    return _paged(units, "OrganizationalUnits", params)


def _list_children(backend: OrganizationsBackend, params: Params) -> Answer:
    parent, kind = _parent(backend, params), params.get("ChildType")
    if kind not in ("ACCOUNT", "ORGANIZATIONAL_UNIT"):
        raise AwsError("InvalidInputException", "You specified an invalid value.")
    items: Sequence[Any] = list(backend.accounts) if kind == "ACCOUNT" else list(backend.ou)
    return _paged([{"Id": i.id, "Type": kind} for i in items if i.parent_id == parent], "Children", params)


def _describe_account(backend: OrganizationsBackend, params: Params) -> Answer:
    return {"Account": _account(backend, backend.get_account_by_id(str(params.get("AccountId"))))}


def _describe_unit(backend: OrganizationsBackend, params: Params) -> Answer:
    unit = backend.get_organizational_unit_by_id(str(params.get("OrganizationalUnitId")))
    return {"OrganizationalUnit": _unit(backend, unit)}


def _create_unit(backend: OrganizationsBackend, params: Params) -> Answer:
    parent = _parent(backend, params)
    if any(u.parent_id == parent and u.name == params.get("Name") for u in backend.ou):
        raise AwsError("DuplicateOrganizationalUnitException", "An OU with the same name already exists.")
    unit_id = backend.create_organizational_unit(**params)["OrganizationalUnit"]["Id"]
    return _describe_unit(backend, {"OrganizationalUnitId": unit_id})


def _delete_unit(backend: OrganizationsBackend, params: Params) -> Answer:
    unit = backend.get_organizational_unit_by_id(str(params.get("OrganizationalUnitId")))
    parents = {*(child.parent_id for child in backend.ou), *(account.parent_id for account in backend.accounts)}
    if unit.id in parents:
        raise AwsError(
            "OrganizationalUnitNotEmptyException",
            "The specified OU is not empty. Move all accounts to another root or to other OUs, "
            "remove all child OUs, and try the operation again.",
        )
    backend.delete_organizational_unit(**params)
    return {}


def _move_account(backend: OrganizationsBackend, params: Params) -> Answer:
    account = backend.get_account_by_id(str(params.get("AccountId")))
    known = {unit.id for unit in backend.ou}
    if params.get("SourceParentId") not in known or account.parent_id != params.get("SourceParentId"):
        raise AwsError(
            "SourceParentNotFoundException", "We can't find a source root or OU with the ID that you specified."
        )
    if params.get("DestinationParentId") not in known:
        raise AwsError(
            "DestinationParentNotFoundException",
            "We can't find the destination container (a root or OU) with the ID that you specified.",
        )
    account.parent_id = str(params["DestinationParentId"])
    return {}


def _service(params: Params) -> str:
    service = str(params.get("ServicePrincipal"))
    if service not in _DELEGABLE:
        raise AwsError("InvalidInputException", "You specified an unrecognized service principal.")
    return service


def _register(backend: OrganizationsBackend, params: Params) -> Answer:
    service, account_id = _service(params), str(params.get("AccountId"))
    if account_id == backend.account_id:
        raise AwsError(
            "ConstraintViolationException",
            "You cannot register master account/yourself as delegated administrator for your organization.",
        )
    account = backend.get_account_by_id(account_id)
    admin = next((a for a in backend.admins if a.account.id == account_id), None) or FakeDelegatedAdministrator(account)
    if service in admin.services:
        raise AwsError(
            "AccountAlreadyRegisteredException",
            "The provided account is already a delegated administrator for your organization.",
        )
    admin.services[service] = {"ServicePrincipal": service, "DelegationEnabledDate": admin.enabled_date.timestamp()}
    backend.admins[:] = [*(a for a in backend.admins if a is not admin), admin]
    return {}


def _list_delegated(backend: OrganizationsBackend, params: Params) -> Answer:
    wanted = _service(params) if params.get("ServicePrincipal") else None
    admins = [a.describe() for a in list(backend.admins) if wanted is None or wanted in a.services]
    return _paged(admins, "DelegatedAdministrators", params)


_OPERATIONS: Mapping[str, Callable[[OrganizationsBackend, Params], Answer]] = {
    "CreateOrganizationalUnit": _create_unit,
    "DeleteOrganizationalUnit": _delete_unit,
    "DescribeAccount": _describe_account,
    "DescribeOrganizationalUnit": _describe_unit,
    "ListAccounts": _list_accounts,
    "ListAccountsForParent": _list_accounts_for_parent,
    "ListChildren": _list_children,
    "ListDelegatedAdministrators": _list_delegated,
    "ListOrganizationalUnitsForParent": _list_units,
    "MoveAccount": _move_account,
    "RegisterDelegatedAdministrator": _register,
}
