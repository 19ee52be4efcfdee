"""SageMaker Studio's user profiles, spaces and apps, which moto does not keep, and the end of a domain."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from moto.efs.models import efs_backends
from moto.sagemaker.models import sagemaker_backends

from sandbox.api.errors import AwsError
from sandbox.api.paging import page
from sandbox.api.request import Call
from sandbox.cfn.engine import Engine
from sandbox.cfn.handlers import home_directory
from sandbox.cfn.model import Resource

Row = dict[str, Any]

_APP_KEY = ("DomainId", "UserProfileName", "SpaceName", "AppType", "AppName")


# Apps in these states do not keep a space, a profile or a domain (Developer Guide, "Delete a domain").
_OVER = ("Deleted", "Failed")


@dataclass
class Studio:
    """Rows by account and Region, in the shape of the API; an app that was deleted stays listed, as on AWS.

    Profiles and spaces that stacks made are the engine's records, until somebody deletes them by the API.
    """

    engine: Engine
    _spaces: dict[tuple[str, ...], Row] = field(default_factory=dict)
    _apps: dict[tuple[str, ...], Row] = field(default_factory=dict)
    _deleted: set[tuple[str, ...]] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def operations(self) -> Mapping[tuple[str, str], Callable[[Call], Mapping[str, Any]]]:
        handlers = (
            *(self.create_space, self.describe_space, self.delete_space, self.list_spaces),
            *(self.create_app, self.describe_app, self.delete_app, self.list_apps),
            *(self.list_user_profiles, self.delete_user_profile, self.delete_domain),
        )
        named = {"".join(part.title() for part in h.__name__.split("_")): h for h in handlers}
        return {("sagemaker", name): handler for name, handler in named.items()}

    def create_space(self, call: Call) -> Row:
        _require_domain(call)
        with self._lock:
            key = (*_place(call), call.params["DomainId"], call.params["SpaceName"])
            if key in self._spaces:
                raise _in_use(f"Space {call.params['SpaceName']} already exists")
            self._spaces[key] = _row(call, ("DomainId", "SpaceName", "SpaceDisplayName"))
        return {"SpaceArn": f"{_arn(call)}:space/{call.params['DomainId']}/{call.params['SpaceName']}"}

    def describe_space(self, call: Call) -> Row:
        key = (*_place(call), call.params["DomainId"], call.params["SpaceName"])
        return _found(self._all_spaces(call), key, f"Space {call.params['SpaceName']} does not exist")

    def delete_space(self, call: Call) -> Row:
        with self._lock:
            space = self.describe_space(call)
            if any(_runs_in(app, space) for app in self._of(self._apps, call)):
                raise _in_use(f"Space {space['SpaceName']} has apps; delete them first")
            key = (*_place(call), space["DomainId"], space["SpaceName"])
            if self._spaces.pop(key, None) is None:
                self._deleted.add(("Space", *key))
        return {}

    def list_spaces(self, call: Call) -> Row:
        return page(_filtered(self._of(self._all_spaces(call), call), call), "Spaces", call.params)

    def list_user_profiles(self, call: Call) -> Row:
        return page(_filtered(list(self._recorded(call, "UserProfile").values()), call), "UserProfiles", call.params)

    def delete_user_profile(self, call: Call) -> Row:
        name = call.params["UserProfileName"]
        with self._lock:
            key = (*_place(call), call.params["DomainId"], name)
            _found(self._recorded(call, "UserProfile"), key, f"User profile {name} does not exist")
            held = (row for row in self._of(self._apps, call) if row.get("UserProfileName") == name)
            if any(row["Status"] not in _OVER for row in held):
                raise _in_use(f"User profile {name} has apps; delete them first")
            self._deleted.add(("UserProfile", *key))
        return {}

    def delete_domain(self, call: Call) -> Row:
        """Only when it is empty; the file system goes when the retention policy says so."""
        _require_domain(call)
        domain, held = call.params["DomainId"], (self._recorded(call, "UserProfile"), self._all_spaces(call))
        living = [row for row in self._of(self._apps, call) if row["Status"] not in _OVER]
        if any(row["DomainId"] == domain for row in [*living, *held[0].values(), *held[1].values()]):
            raise _in_use(f"Domain {domain} has user profiles, spaces or apps; delete them first")
        if call.params.get("RetentionPolicy", {}).get("HomeEfsFileSystem") == "Delete":
            home_directory.delete(efs_backends[call.account][call.region], f"{_arn(call)}:domain/{domain}")
        del sagemaker_backends[call.account][call.region].domains[domain]
        return {}

    def _all_spaces(self, call: Call) -> dict[tuple[str, ...], Row]:
        return {**self._recorded(call, "Space"), **self._spaces}

    def _recorded(self, call: Call, kind: str) -> dict[tuple[str, ...], Row]:
        """What living stacks made of a type and nobody has deleted by the API."""
        found: dict[tuple[str, ...], Row] = {}
        for resource in self._resources(call, kind):
            given = resource.properties
            names = {name: given[name] for name in ("DomainId", f"{kind}Name")}
            key = (*_place(call), *names.values())
            if (kind, *key) not in self._deleted:
                found[key] = {**names, "Status": "InService", "CreationTime": resource.time}
        return found

    def _resources(self, call: Call, kind: str) -> Iterator[Resource]:
        for stack in self.engine.stacks(call.account, call.region):
            for resource in list(stack.resources.values()):
                if resource.type == f"AWS::SageMaker::{kind}" and not resource.status.startswith("DELETE"):
                    yield resource

    def create_app(self, call: Call) -> Row:
        _require_domain(call)
        with self._lock:
            self._apps[_app_key(call)] = _row(call, _APP_KEY)
        owner = call.params.get("SpaceName") or call.params.get("UserProfileName")
        path = "/".join((call.params["DomainId"], str(owner), call.params["AppType"], call.params["AppName"]))
        return {"AppArn": f"{_arn(call)}:app/{path}"}

    def describe_app(self, call: Call) -> Row:
        return _found(self._apps, _app_key(call), f"App {call.params['AppName']} does not exist")

    def delete_app(self, call: Call) -> Row:
        """Only one that is in service, as the Developer Guide says."""
        with self._lock:
            app = self.describe_app(call)
            if app["Status"] != "InService":
                raise AwsError("ValidationException", f"App {app['AppName']} is {app['Status']}; it cannot be deleted")
            app["Status"] = "Deleted"
        return {}

    def fail_app(self, name: str) -> None:
        """Let every app of this name have failed."""
        for row in self._apps.values():
            if row["AppName"] == name:
                row["Status"] = "Failed"

    def list_apps(self, call: Call) -> Row:
        return page(_filtered(self._of(self._apps, call), call), "Apps", call.params)

    def _of(self, rows: Mapping[tuple[str, ...], Row], call: Call) -> list[Row]:
        return [row for key, row in list(rows.items()) if key[:2] == _place(call)]


def _place(call: Call) -> tuple[str, str]:
    return call.account, call.region


def _arn(call: Call) -> str:
    return f"arn:aws:sagemaker:{call.region}:{call.account}"


def _app_key(call: Call) -> tuple[str, ...]:
    return (*_place(call), *(str(call.params.get(name, "")) for name in _APP_KEY))


def _row(call: Call, names: tuple[str, ...]) -> Row:
    kept = {name: call.params[name] for name in names if name in call.params}
    return {**kept, "Status": "InService", "CreationTime": datetime.now(UTC), "LastModifiedTime": datetime.now(UTC)}


def _filtered(rows: list[Row], call: Call) -> list[Row]:
    """By the parameters `<Name>Equals`; those of apps have no time of modification in the API."""
    wanted = {name.removesuffix("Equals"): value for name, value in call.params.items() if name.endswith("Equals")}
    kept = [row for row in rows if all(row.get(name) == value for name, value in wanted.items())]
    return [{k: v for k, v in row.items() if k != "LastModifiedTime" or "AppName" not in row} for row in kept]


def _runs_in(app: Row, space: Row) -> bool:
    same = (app.get("DomainId"), app.get("SpaceName")) == (space["DomainId"], space["SpaceName"])
    return same and app["Status"] not in _OVER


def _require_domain(call: Call) -> None:
    domain = str(call.params.get("DomainId"))
    if domain not in sagemaker_backends[call.account][call.region].domains:
        raise AwsError("ResourceNotFound", f"Domain [{domain}] does not exist")


def _found(rows: Mapping[tuple[str, ...], Row], key: tuple[str, ...], problem: str) -> Row:
    if key not in rows:
        raise AwsError("ResourceNotFound", problem)
    return rows[key]


def _in_use(message: str) -> AwsError:
    return AwsError("ResourceInUse", message)
