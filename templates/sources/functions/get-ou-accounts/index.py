"""The accounts below organizational units, however deep, and the path pattern by which policies recognize them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
from botocore.exceptions import ClientError
from custom_resource import Properties, Refusal, Request, serve

# What Organizations answers, and what to do about it.
ADVICE = {
    "ParentNotFoundException": "the organization has no such unit. Check the OU id",
    "AccessDeniedException": "this account may not list accounts. Run `mlz bootstrap`, which makes it a delegated "
    "administrator, or deploy with an account list",
    "AWSOrganizationsNotInUseException": "this account is in no organization. Deploy with an account list",
}
TOO_MANY = "leave the stack sets to the orchestrator: StackSetsOwner=ORCHESTRATOR, then `mlz deploy targets`"


def handler(event: dict[str, Any], context: Any) -> None:
    """Properties: OUIds (list); OrganizationId (looked up if empty); IncludeAccounts NO looks up no account.

    Attributes: AccountList (sorted ids, comma-separated, or `none`), Count, OrganizationId and OrganizationalUnitPaths
    (a list). Ids are text and not a list because a response of 4,096 bytes then holds more of them.
    """
    serve(event, context, identify=_identity, apply=_look_up, oversize=TOO_MANY)


def _identity(properties: Properties) -> str:
    return ",".join(_units(properties))


def _units(properties: Properties) -> list[str]:
    return sorted({unit.strip() for unit in properties["OUIds"] if unit.strip()})


def _look_up(request: Request) -> dict[str, Any]:
    properties = request.properties
    units = _units(properties)
    client = boto3.client("organizations")
    organization = properties.get("OrganizationId") or _organization(client)
    accounts = _accounts(client, units, request) if properties.get("IncludeAccounts", "YES") == "YES" else []
    return {
        "AccountList": ",".join(accounts) or "none",
        "Count": str(len(accounts)),
        "OrganizationId": organization,
        "OrganizationalUnitPaths": [path_pattern(organization, unit) for unit in units],
    }


def _organization(client: Any) -> str:
    with explained("OrganizationId"):
        return str(client.describe_organization()["Organization"]["Id"])


def _accounts(client: Any, units: list[str], request: Request) -> list[str]:
    found: set[str] = set()
    for unit in units:
        with explained(unit):
            found.update(active_accounts(client, unit, request))
    if not found and request.properties.get("AllowEmpty", "NO") != "YES":
        raise Refusal(
            f"{', '.join(units) or 'OUIds'}: no active account below it. "
            "Check the OU id, move accounts into the OU, or deploy with an account list"
        )
    return sorted(found)


@contextmanager
def explained(what: str) -> Iterator[None]:
    """Refusals of Organizations that people can act on, as such."""
    try:
        yield
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code not in ADVICE:
            raise
        raise Refusal(f"{what}: {ADVICE[code]}") from error


def path_pattern(organization: str, unit: str) -> str:
    """A value of aws:PrincipalOrgPaths (with StringLike) that holds for everything below `unit`, a root or an OU."""
    return f"{organization}/{unit}/*" if unit.startswith("r-") else f"{organization}/*/{unit}/*"


def active_accounts(client: Any, parent: str, request: Request) -> Iterator[str]:
    """Ids of active accounts in `parent` and the OUs below it."""
    if request.seconds_left() < 0:
        raise Refusal(f"{parent}: the organization is too large to walk in the time of this function. {TOO_MANY}")
    for page in client.get_paginator("list_accounts_for_parent").paginate(ParentId=parent):
        yield from (account["Id"] for account in page["Accounts"] if is_active(account))
    for page in client.get_paginator("list_organizational_units_for_parent").paginate(ParentId=parent):
        for unit in page["OrganizationalUnits"]:
            yield from active_accounts(client, unit["Id"], request)


def is_active(account: dict[str, Any]) -> bool:
    """By State; by Status where an older API or SDK has no State (Status was announced for removal in 2026)."""
    return bool((account.get("State") or account.get("Status")) == "ACTIVE")
