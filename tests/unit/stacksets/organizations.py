"""An organization that is declared as a tree and answers as the Organizations API does, in pages of at most twenty."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

ORGANIZATION, ROOT = "o-abcdefghij", "r-abcd"


@dataclass
class Unit:
    """`name` is also the tail of its id: Staging is ou-abcd-staging. Accounts may be `id` or `id STATE`."""

    name: str
    accounts: tuple[str, ...] = ()
    units: tuple[Unit, ...] = ()

    @property
    def id(self) -> str:
        return f"ou-abcd-{self.name.lower()}"


@dataclass
class Organization:
    """`fills_paths` and `fills_state` say which fields the service fills; `denied` are refused API names."""

    units: tuple[Unit, ...]
    accounts: tuple[str, ...] = ()
    fills_paths: bool = True
    fills_state: bool = True
    denied: frozenset[str] = frozenset()
    tags: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    calls: Counter[str] = field(default_factory=Counter)

    def _walk(self) -> Iterator[tuple[str, str, Unit]]:
        """(id, path, unit) of the root and every unit."""
        level = [(ROOT, f"{ORGANIZATION}/{ROOT}/", Unit("Root", self.accounts, self.units))]
        while level:
            place, path, unit = level.pop(0)
            yield place, path, unit
            level += [(child.id, f"{path}{child.id}/", child) for child in unit.units]

    def _of(self, parent: str, code: str = "ParentNotFoundException") -> tuple[str, Unit]:
        found = next(((path, unit) for place, path, unit in self._walk() if place == parent), None)
        return found or _refuse(code, "there is no such unit.")

    def _account(self, text: str, path: str) -> dict[str, Any]:
        number, state = (*text.split(), "ACTIVE")[:2]
        account: dict[str, Any] = {"Id": number, "Arn": f"arn:aws:organizations::1:account/{ORGANIZATION}/{number}"}
        if self.fills_paths:
            account["Paths"] = [f"{path}{number}/"]
        if self.fills_state:
            return {**account, "State": state}
        return {**account, "Status": "SUSPENDED" if state in ("CLOSED", "SUSPENDED") else state}

    def _call(self, name: str) -> None:
        self.calls[name] += 1
        if name in self.denied:
            _refuse("AccessDeniedException", "You don't have permissions to access this resource.")

    def list_accounts(self, **given: Any) -> Mapping[str, Any]:
        self._call("list_accounts")
        rows = [(text, path) for _, path, unit in self._walk() for text in unit.accounts]
        return _page("Accounts", rows, given, lambda row: self._account(*row))

    def list_accounts_for_parent(self, **given: Any) -> Mapping[str, Any]:
        self._call("list_accounts_for_parent")
        path, unit = self._of(given["ParentId"])
        return _page("Accounts", unit.accounts, given, lambda text: self._account(text, path))

    def list_organizational_units_for_parent(self, **given: Any) -> Mapping[str, Any]:
        self._call("list_organizational_units_for_parent")
        _, unit = self._of(given["ParentId"])
        return _page("OrganizationalUnits", unit.units, given, lambda child: {"Id": child.id, "Name": child.name})

    def list_roots(self) -> Mapping[str, Any]:
        self._call("list_roots")
        return {"Roots": [{"Id": ROOT, "Arn": f"arn:aws:organizations::1:root/{ORGANIZATION}/{ROOT}"}]}

    def list_parents(self, **given: Any) -> Mapping[str, Any]:
        self._call("list_parents")
        path, _ = self._of(given["ChildId"])
        return {"Parents": [{"Id": path.rstrip("/").split("/")[-2]}]}

    def describe_organizational_unit(self, **given: Any) -> Mapping[str, Any]:
        self._call("describe_organizational_unit")
        path, unit = self._of(given["OrganizationalUnitId"], "OrganizationalUnitNotFoundException")
        found = {"Id": unit.id, "Name": unit.name, "Arn": f"arn:aws:organizations::1:ou/{ORGANIZATION}/{unit.id}"}
        return {"OrganizationalUnit": {**found, "Path": path} if self.fills_paths else found}

    def list_tags_for_resource(self, **given: Any) -> Mapping[str, Any]:
        self._call("list_tags_for_resource")
        return {"Tags": [{"Key": k, "Value": v} for k, v in self.tags.get(given["ResourceId"], {}).items()]}

    def describe_account(self, **given: Any) -> Mapping[str, Any]:
        self._call("describe_account")
        for _, path, unit in self._walk():
            for text in unit.accounts:
                if text.split()[0] == given["AccountId"]:
                    return {"Account": self._account(text, path)}
        return _refuse("AccountNotFoundException", "You specified an account that doesn't exist.")


def _page(key: str, rows: Sequence[Any], given: Mapping[str, Any], shown: Callable[[Any], Any]) -> Mapping[str, Any]:
    start, size = int(given.get("NextToken", 0)), min(20, given.get("MaxResults", 20))
    end = start + size
    return {key: [shown(row) for row in rows[start:end]], **({"NextToken": str(end)} if end < len(rows) else {})}


def _refuse(code: str, message: str) -> Any:
    raise ClientError({"Error": {"Code": code, "Message": message}}, "organizations")
