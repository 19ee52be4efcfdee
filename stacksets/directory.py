"""Reading an organization with the fewest calls: one list of all accounts with their paths, or a walk by unit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from generator.errors import ToolError
from stacksets.client import Api, Refused, pages, translated

PAGE = 20
WALKERS = 4
HINTS = {
    "AccessDeniedException": "let mlz bootstrap make this account a delegated administrator, or list account ids",
    "AWSOrganizationsNotInUseException": "this account is in no organization: list account ids instead of units",
}


@dataclass(frozen=True, slots=True, order=True)
class Row:
    """One account; `path` is of its parent, `o-…/r-…/ou-…/`."""

    id: str
    state: str
    path: str
    name: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Listing:
    """Accounts below the asked units (all of the organization if `is_complete`); `units`: as asked for → path."""

    rows: tuple[Row, ...] = ()
    units: Mapping[str, str] = field(default_factory=dict)
    organization: str = ""
    is_complete: bool = False


def state_of(account: Mapping[str, Any]) -> str:
    """The account's State, or the Status that it replaces (announced for removal on 2026-09-09)."""
    return str(account.get("State") or account.get("Status") or "ACTIVE")


class Directory:
    """An organization behind an Organizations client."""

    def __init__(self, client: Api) -> None:
        self._client = client

    def listing(self, units: tuple[str, ...], expected: int) -> Listing:
        """Accounts below `units`.

        Listing all accounts costs ceil(organization / 20) calls one after another, walking at least
        ceil(accounts in scope / 20) + 2 a unit in parallel. The size of the organization is not known before, so
        the list is left for the walk once it has cost as much as the walk is expected to: never more than twice
        the better of the two.
        """
        with translated("organization", HINTS):
            ids = self._identify(units)
            budget = -(-expected // PAGE) + 2 * len(units) + 2
            rows = self._list_all(budget)
            return self._from_list(ids, rows) if rows is not None else self._walk(ids)

    def paths(self, units: tuple[str, ...]) -> dict[str, str]:
        """Each unit as asked for → its path; no account is asked for."""
        with translated("organization", HINTS):
            return {unit: self._describe(unit, place) for unit, place in self._identify(units).items()}

    def require(self, units: tuple[str, ...]) -> None:
        """ToolError for the first id of a unit that does not exist; who may not ask is not refused."""
        try:
            for unit in units:
                self._describe(unit, unit)
        except Refused as problem:
            if problem.code not in HINTS:
                raise

    def _identify(self, units: tuple[str, ...]) -> dict[str, str]:
        """Each unit as asked for → its id; names are looked up level by level, once a level."""
        known = {unit: unit for unit in units if unit.startswith(("ou-", "r-"))}
        named = [unit for unit in units if unit not in known]
        if not named:
            return known
        root = self._client.list_roots()["Roots"][0]["Id"]
        levels: dict[str, dict[str, str]] = {}
        return {**known, **{unit: self._find(unit, root, levels) for unit in named}}

    def _find(self, unit: str, root: str, levels: dict[str, dict[str, str]]) -> str:
        place = root
        names = unit.strip("/").split("/")
        for name in names[1:] if names[0].lower() == "root" else names:
            if place not in levels:
                levels[place] = {entry["Name"]: entry["Id"] for entry in self._units_of(place)}
            if name not in levels[place]:
                has = ", ".join(sorted(levels[place])) or "none"
                raise ToolError(f"organizational unit {unit}: there is no {name}", f"units at this level: {has}")
            place = levels[place][name]
        return place

    def _list_all(self, budget: int) -> tuple[Mapping[str, Any], ...] | None:
        """All accounts, or None when their paths are not filled or the walk has become cheaper."""
        found: list[Mapping[str, Any]] = []
        token: str | None = None
        for _ in range(budget):
            answer = self._client.list_accounts(MaxResults=PAGE, **({"NextToken": token} if token else {}))
            found += answer["Accounts"]
            token = answer.get("NextToken")
            if any(not account.get("Paths") for account in answer["Accounts"]):
                return None
            if not token:
                return tuple(found)
        return None

    def _from_list(self, ids: Mapping[str, str], accounts: tuple[Mapping[str, Any], ...]) -> Listing:
        rows = tuple(sorted(_row(a, _parent(path, a["Id"])) for a in accounts for path in a["Paths"]))
        paths = {unit: _cut(rows, place) or self._describe(unit, place) for unit, place in ids.items()}
        return Listing(rows, paths, rows[0].path.split("/")[0] if rows else "", is_complete=True)

    def _walk(self, ids: Mapping[str, str]) -> Listing:
        paths = {unit: self._describe(unit, place) for unit, place in ids.items()}
        tops = {path: place for place, path in ((ids[unit], paths[unit]) for unit in ids)}
        rows: set[Row] = set()
        with ThreadPoolExecutor(WALKERS) as pool:
            level = list(tops.items())
            while level:
                answers = tuple(pool.map(self._visit, level))
                rows |= {row for members, _ in answers for row in members}
                level = sorted({unit for _, below in answers for unit in below} - set(tops.items()))
        organization = next(iter(paths.values())).split("/")[0]
        return Listing(tuple(sorted(rows)), paths, organization)

    def _visit(self, unit: tuple[str, str]) -> tuple[list[Row], list[tuple[str, str]]]:
        path, place = unit
        members = pages(self._client.list_accounts_for_parent, "Accounts", ParentId=place, MaxResults=PAGE)
        rows = [_row(account, path) for account in members]
        return rows, [(f"{path}{child['Id']}/", child["Id"]) for child in self._units_of(place)]

    def _units_of(self, place: str) -> Iterator[Mapping[str, Any]]:
        return pages(
            self._client.list_organizational_units_for_parent, "OrganizationalUnits", ParentId=place, MaxResults=PAGE
        )

    def _describe(self, unit: str, place: str) -> str:
        """The path of a unit, which is also the proof that it exists."""
        if place.startswith("r-"):
            return self._root_path(unit, place)
        missing = {
            "OrganizationalUnitNotFoundException": "list them: aws organizations list-organizational-units-for-parent"
        }
        with translated(f"organizational unit {unit}", {**HINTS, **missing}):
            found = self._client.describe_organizational_unit(OrganizationalUnitId=place)["OrganizationalUnit"]
            if found.get("Path"):
                return str(found["Path"])
            return self._climb(place, found["Arn"].split("/")[1])

    def _root_path(self, unit: str, place: str) -> str:
        roots = {root["Id"]: root["Arn"] for root in self._client.list_roots()["Roots"]}
        if place not in roots:
            raise ToolError(f"organizational unit {unit}: there is no such root", f"the root is {', '.join(roots)}")
        return f"{roots[place].split('/')[1]}/{place}/"

    def _climb(self, place: str, organization: str) -> str:
        path = f"{place}/"
        while not place.startswith("r-"):
            place = self._client.list_parents(ChildId=place)["Parents"][0]["Id"]
            path = f"{place}/{path}"
        return f"{organization}/{path}"


def _row(account: Mapping[str, Any], path: str) -> Row:
    return Row(account["Id"], state_of(account), path, account.get("Name", ""))


def _parent(path: str, account: str) -> str:
    """An account's path ends with its own id; the path of its parent does not."""
    return path.removesuffix(f"{account}/").removesuffix(account)


def _cut(rows: tuple[Row, ...], place: str) -> str:
    """The path of a unit as it stands in the path of any account below it, else nothing."""
    for row in rows:
        before, found, _ = row.path.partition(f"/{place}/")
        if found:
            return f"{before}{found}"
    return ""
