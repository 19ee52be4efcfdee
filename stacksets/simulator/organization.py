"""An organization of two stages in virtual time, behind the calls of an Organizations client."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from stacksets.client import Refused
from stacksets.simulator.wire import Wire

ORGANIZATION, ROOT = "o-simulated0", "r-simu"
PAGE = 20


@dataclass(frozen=True)
class Unit:
    """An organizational unit directly below the root."""

    name: str
    accounts: tuple[str, ...]

    @property
    def id(self) -> str:
        return f"ou-simu-{self.name}"

    @property
    def path(self) -> str:
        return f"{ORGANIZATION}/{ROOT}/{self.id}/"

    @cached_property
    def rows(self) -> list[tuple[str, str]]:
        """Account and path of its parent, as lists show them."""
        return [(account, self.path) for account in self.accounts]


@dataclass
class Organization:
    """Answers in pages of at most twenty; `states`: account → State, else ACTIVE."""

    wire: Wire
    units: tuple[Unit, ...]
    states: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def _rows(self) -> list[tuple[str, str]]:
        return [row for unit in self.units for row in unit.rows]

    def list_accounts(self, **given: Any) -> Mapping[str, Any]:
        with self.wire.read("ListAccounts"):
            return _page("Accounts", self._rows, given, self._account)

    def list_accounts_for_parent(self, **given: Any) -> Mapping[str, Any]:
        unit = self._unit(given["ParentId"])
        with self.wire.read("ListAccountsForParent"):
            return _page("Accounts", unit.rows, given, self._account)

    def list_organizational_units_for_parent(self, **given: Any) -> Mapping[str, Any]:
        with self.wire.read("ListOrganizationalUnitsForParent"):
            rows = [(unit.id, unit.name) for unit in self.units] if given["ParentId"] == ROOT else []
            return _page("OrganizationalUnits", rows, given, lambda place, name: {"Id": place, "Name": name})

    def list_roots(self) -> Mapping[str, Any]:
        with self.wire.read("ListRoots"):
            return {"Roots": [{"Id": ROOT, "Arn": f"arn:aws:organizations::1:root/{ORGANIZATION}/{ROOT}"}]}

    def describe_organizational_unit(self, **given: Any) -> Mapping[str, Any]:
        unit = self._unit(given["OrganizationalUnitId"])
        with self.wire.read("DescribeOrganizationalUnit"):
            arn = f"arn:aws:organizations::1:ou/{ORGANIZATION}/{unit.id}"
            return {"OrganizationalUnit": {"Id": unit.id, "Name": unit.name, "Arn": arn, "Path": unit.path}}

    def describe_account(self, **given: Any) -> Mapping[str, Any]:
        with self.wire.read("DescribeAccount"):
            for unit in self.units:
                if given["AccountId"] in unit.accounts:
                    return {"Account": self._account(given["AccountId"], unit.path)}
            raise Refused("account: it is in no unit", "look at its id", "AccountNotFoundException")

    def _account(self, account: str, path: str) -> dict[str, Any]:
        state = self.states.get(account, "ACTIVE")
        return {"Id": account, "Name": f"a-{account}", "State": state, "Paths": [f"{path}{account}/"]}

    def _unit(self, place: str) -> Unit:
        for unit in self.units:
            if unit.id == place:
                return unit
        raise Refused(f"{place}: there is no such unit", "", "OrganizationalUnitNotFoundException")


def _page(key: str, rows: Sequence[tuple[str, str]], given: Mapping[str, Any], shown: Any) -> Mapping[str, Any]:
    start, size = int(given.get("NextToken", 0)), min(PAGE, given.get("MaxResults", PAGE))
    end = start + size
    following = {"NextToken": str(end)} if end < len(rows) else {}
    return {key: [shown(*row) for row in rows[start:end]], **following}
