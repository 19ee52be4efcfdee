"""Organizational units and accounts: which accounts a stage has, and the organization paths for policy conditions."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

from generator.errors import ToolError
from stacksets.client import Api, Refused, pages, translated
from stacksets.directory import Directory, Listing, Row, state_of

ABSENT = "ABSENT"
ACCOUNT = re.compile(r"\d{12}")


@dataclass(frozen=True, slots=True)
class Scope:
    """Accounts: organizational units (`ou-…`, `r-…` or `Workloads/Staging`), accounts by id, exclusions.

    `tags` narrow it down; on their own they are of the whole organization. An account is in one scope of a `family`.
    `is_selection`: it only chooses among accounts of others: it may be empty, and overlap with any.
    """

    units: tuple[str, ...] = ()
    accounts: tuple[str, ...] = ()
    excluded: frozenset[str] = frozenset()
    tags: Mapping[str, str] = field(default_factory=dict)
    family: str = ""
    is_selection: bool = False

    @property
    def places(self) -> tuple[str, ...]:
        return self.units or (("Root",) if self.tags and not self.accounts else ())


@dataclass(frozen=True, slots=True, order=True)
class Skipped:
    """An account that is in scope and is not served."""

    account: str
    reason: str


@dataclass(frozen=True, slots=True)
class Membership:
    """The accounts of one stage, sorted; `paths` are `o-…/r-…/ou-…/` of its units, for aws:PrincipalOrgPaths."""

    accounts: tuple[str, ...]
    skipped: tuple[Skipped, ...] = ()
    paths: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Resolution:
    """All stages by name; `organization` is `o-…` (empty without units), `states` is of every account that was seen."""

    stages: Mapping[str, Membership]
    organization: str = ""
    states: Mapping[str, str] = field(default_factory=dict)
    is_complete: bool = False
    names: Mapping[str, str] = field(default_factory=dict)


def resolve(client: Api, scopes: Mapping[str, Scope], expected: int = 0, allow_empty: bool = False) -> Resolution:
    """The accounts of each stage. `client` is an Organizations client (unused when no scope has units).

    `expected` is how many accounts the stack sets hold now; it decides when listing the whole organization has become
    dearer than walking the units. ToolError: a unit that does not exist or has no active account, an account in two
    stages, no permission.
    """
    _check_accounts(scopes)
    listing = _listing(client, scopes, expected)
    found = tuple(_membership(name, scope, listing, allow_empty) for name, scope in scopes.items())
    tags = _tags(client, scopes.values(), found)
    stages = {
        name: replace(membership, accounts=tuple(a for a in membership.accounts if _carries(tags.get(a, {}), scope)))
        for (name, scope), membership in zip(scopes.items(), found, strict=True)
    }
    _refuse_tagless(scopes, stages, allow_empty)
    _refuse_doubles(scopes, stages)
    states = {row.id: row.state for row in listing.rows}
    names = {row.id: row.name for row in listing.rows}
    return Resolution(stages, listing.organization, states, listing.is_complete, names)


def _listing(client: Api, scopes: Mapping[str, Scope], expected: int) -> Listing:
    units = tuple(dict.fromkeys(unit for scope in scopes.values() for unit in scope.places))
    return Directory(client).listing(units, expected) if units else Listing()


def _tags(client: Api, scopes: Iterable[Scope], found: Iterable[Membership]) -> Mapping[str, Mapping[str, str]]:
    """The tags of every account that they decide about: a call an account, so only where tags are asked for."""
    pairs = zip(scopes, found, strict=True)
    asked = sorted({account for scope, membership in pairs if scope.tags for account in membership.accounts})

    def read(account: str) -> dict[str, str]:
        with translated(f"tags of account {account}"):
            answer = pages(client.list_tags_for_resource, "Tags", ResourceId=account)
            return {tag["Key"]: tag["Value"] for tag in answer}

    with ThreadPoolExecutor(4) as pool:
        return dict(zip(asked, pool.map(read, asked), strict=True))


def _refuse_tagless(scopes: Mapping[str, Scope], stages: Mapping[str, Membership], allow_empty: bool) -> None:
    for name, scope in scopes.items():
        if scope.tags and not (stages[name].accounts or scope.is_selection or allow_empty):
            wanted = ", ".join(f"{key}={value}" for key, value in sorted(scope.tags.items()))
            raise ToolError(
                f"{name}: no account has the tags {wanted}",
                "tags of accounts in the organization are meant; if it is meant to be empty: --allow-empty",
            )


def _carries(tags: Mapping[str, str], scope: Scope) -> bool:
    return all(tags.get(key) == value for key, value in scope.tags.items())


def _check_accounts(scopes: Mapping[str, Scope]) -> None:
    for name, scope in scopes.items():
        for account in (*scope.accounts, *sorted(scope.excluded)):
            if not ACCOUNT.fullmatch(account):
                raise ToolError(
                    f"{name}: {account!r} is not an account id", "an account id has twelve digits; quote it"
                )


def _membership(name: str, scope: Scope, listing: Listing, allow_empty: bool) -> Membership:
    allow_empty = allow_empty or scope.is_selection
    rows = {row.id: row for unit in scope.places for row in _members(listing, unit, allow_empty)}
    states = {row.id: row.state for row in listing.rows}
    wanted = sorted({*rows, *scope.accounts})
    skipped = tuple(Skipped(account, reason) for account in wanted if (reason := _reason(account, scope, states)))
    out = {entry.account for entry in skipped}
    served = tuple(account for account in wanted if account not in out)
    if not served and not allow_empty and (scope.units or scope.accounts):
        raise ToolError(
            f"{name}: no active account is left of {len(wanted)}",
            "check the units, the exclusions and the accounts' states; if it is meant to be empty: --allow-empty",
        )
    paths = tuple(sorted({listing.units[unit] for unit in scope.units if unit in listing.units}))
    return Membership(served, skipped, paths)


def _members(listing: Listing, unit: str, allow_empty: bool) -> tuple[Row, ...]:
    path = listing.units[unit]
    found = tuple(row for row in listing.rows if row.path.startswith(path))
    if not found and not allow_empty:
        raise ToolError(
            f"organizational unit {unit}: it has no accounts",
            "move accounts into it, or take it out of the settings; if it is meant to be empty: --allow-empty",
        )
    return found


def _reason(account: str, scope: Scope, states: Mapping[str, str]) -> str:
    if account in scope.excluded:
        return "excluded in the settings"
    state = states.get(account, "ACTIVE")
    return "" if state == "ACTIVE" else f"the account is {state}"


def _refuse_doubles(scopes: Mapping[str, Scope], stages: Mapping[str, Membership]) -> None:
    home: dict[tuple[str, str], str] = {}
    for name, scope in scopes.items():
        for account in () if scope.is_selection else stages[name].accounts:
            if (scope.family, account) in home:
                raise ToolError(
                    f"account {account}: it is in {home[scope.family, account]} and in {name}",
                    "give the stages units that do not contain each other, or exclude it from one",
                )
            home[scope.family, account] = name


def standing(client: Api, accounts: Iterable[str], resolution: Resolution) -> dict[str, str]:
    """What the organization says of these accounts; ABSENT for one that is not in it.

    Only accounts that were not seen while resolving cost a call each, and none does when the listing was complete.
    """
    wanted = sorted(set(accounts))
    unseen = [account for account in wanted if account not in resolution.states]
    if resolution.is_complete:
        asked = dict.fromkeys(unseen, ABSENT)
    elif resolution.organization:
        with ThreadPoolExecutor(4) as pool:
            asked = dict(zip(unseen, pool.map(lambda account: _state(client, account), unseen), strict=True))
    else:
        asked = {}
    return {account: resolution.states.get(account) or asked.get(account, "ACTIVE") for account in wanted}


def _state(client: Api, account: str) -> str:
    try:
        with translated(f"account {account}"):
            return state_of(client.describe_account(AccountId=account)["Account"])
    except Refused as problem:
        if problem.code == "AccountNotFoundException":
            return ABSENT
        raise


def children(client: Api, parent: str) -> tuple[tuple[str, str], ...]:
    """The (id, name) of the units directly under a unit or root."""
    with translated(parent):
        found = pages(client.list_organizational_units_for_parent, "OrganizationalUnits", ParentId=parent)
        return tuple((unit["Id"], unit["Name"]) for unit in found)


def management_account(client: Api) -> str:
    """The account id of the organization's management account; empty when it cannot be asked for."""
    try:
        with translated("organization"):
            return str(client.describe_organization()["Organization"]["MasterAccountId"])
    except Refused:
        return ""
