"""Apps and spaces of SageMaker domains, which moto does not keep: made and deleted at once, listed by domain."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.api.errors import AwsError
from sandbox.api.paging import page
from sandbox.api.request import Call

Place = tuple[str, str]
Row = dict[str, Any]

_APP = ("DomainId", "UserProfileName", "SpaceName", "AppType", "AppName")
_SPACE = ("DomainId", "SpaceName")


@dataclass
class Studio:
    """Rows by account and Region, in the order of their making; a deleted one is gone."""

    _apps: dict[Place, dict[tuple[str, ...], Row]] = field(default_factory=dict)
    _spaces: dict[Place, dict[tuple[str, ...], Row]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def operations(self) -> Mapping[tuple[str, str], Callable[[Call], Mapping[str, Any]]]:
        return {
            ("sagemaker", "CreateApp"): self.create_app,
            ("sagemaker", "DeleteApp"): self.delete_app,
            ("sagemaker", "ListApps"): self.list_apps,
            ("sagemaker", "CreateSpace"): self.create_space,
            ("sagemaker", "DeleteSpace"): self.delete_space,
            ("sagemaker", "ListSpaces"): self.list_spaces,
        }

    def create_app(self, call: Call) -> Row:
        self._create(self._apps, _APP, call)
        owner = call.params.get("SpaceName") or call.params.get("UserProfileName")
        return {"AppArn": _arn(call, "app", call.params["DomainId"], owner, call.params["AppName"])}

    def delete_app(self, call: Call) -> Row:
        return self._delete(self._apps, _APP, call)

    def list_apps(self, call: Call) -> Row:
        return self._list(self._apps, "Apps", call)

    def create_space(self, call: Call) -> Row:
        self._create(self._spaces, _SPACE, call)
        return {"SpaceArn": _arn(call, "space", call.params["DomainId"], call.params["SpaceName"])}

    def delete_space(self, call: Call) -> Row:
        with self._lock:
            used = any(
                app.get("SpaceName") == call.params["SpaceName"] and app["DomainId"] == call.params["DomainId"]
                for app in self._apps.get(_place(call), {}).values()
            )
        if used:
            raise AwsError("ResourceInUse", f"Space {call.params['SpaceName']} has apps that are not deleted.")
        return self._delete(self._spaces, _SPACE, call)

    def list_spaces(self, call: Call) -> Row:
        return self._list(self._spaces, "Spaces", call)

    def _create(self, rows: dict[Place, dict[tuple[str, ...], Row]], names: tuple[str, ...], call: Call) -> None:
        key = _key(call, names)
        with self._lock:
            if key in (held := rows.setdefault(_place(call), {})):
                raise AwsError("ResourceInUse", f"{' '.join(filter(None, key))} already exists.")
            held[key] = {"Status": "InService"} | {name: call.params[name] for name in names if name in call.params}

    def _delete(self, rows: dict[Place, dict[tuple[str, ...], Row]], names: tuple[str, ...], call: Call) -> Row:
        key = _key(call, names)
        with self._lock:
            if rows.get(_place(call), {}).pop(key, None) is None:
                raise AwsError("ResourceNotFound", f"{' '.join(filter(None, key))} does not exist.")
        return {}

    def _list(self, rows: dict[Place, dict[tuple[str, ...], Row]], name: str, call: Call) -> Row:
        wanted = call.params.get("DomainIdEquals")
        with self._lock:
            found = [row for row in rows.get(_place(call), {}).values() if wanted in (None, row["DomainId"])]
        return page(found, name, call.params, error="ValidationException")


def _place(call: Call) -> Place:
    return call.account, call.region


def _key(call: Call, names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(str(call.params.get(name, "")) for name in names)


def _arn(call: Call, kind: str, *parts: Any) -> str:
    return f"arn:aws:sagemaker:{call.region}:{call.account}:{kind}/{'/'.join(str(part) for part in parts)}"
