"""The sandbox's own HTTP interface under `/_sandbox/`: health, inventory, calls, faults, events, models."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from generator.errors import ToolError
from sandbox.calls import Calls
from sandbox.cfn.model import Physical
from sandbox.faults import Faults, fault_from
from sandbox.http_server import Answer
from sandbox.models import Endpoints, behaviour_from

SIGNAL_PATH = "/_sandbox/signal/"


@dataclass(frozen=True)
class Controls:
    """What the control interface reaches; `health` and `inventory` are asked at each request."""

    faults: Faults
    calls: Calls
    health: Callable[[], dict[str, Any]]
    inventory: Callable[[], list[Physical]]
    signal: Callable[[str, bytes], bool]
    latency: Callable[[float], None]
    endpoints: Endpoints
    events: Callable[[], list[dict[str, Any]]]

    def __call__(self, method: str, path: str, body: bytes) -> Answer:
        if method == "PUT" and path.startswith(SIGNAL_PATH):
            known = self.signal(path.removeprefix(SIGNAL_PATH), body)
            return Answer(200) if known else _json(404, {"error": "nobody waits for this answer"})
        try:
            return self._routed(method, path.rstrip("/"), body)
        except (ToolError, ValueError, TypeError) as error:
            return _json(400, {"error": str(error)})

    def _routed(self, method: str, path: str, body: bytes) -> Answer:
        match method, path:
            case "GET", "/_sandbox/health":
                return _json(200, self.health())
            case "GET", "/_sandbox/inventory":
                return _json(200, by_account(self.inventory()))
            case "GET", "/_sandbox/calls":
                return _json(200, self.calls.shown())
            case "DELETE", "/_sandbox/calls":
                self.calls.reset()
            case "GET", "/_sandbox/faults":
                return _json(200, self.faults.shown())
            case "POST", "/_sandbox/faults":
                given = json.loads(body)
                self.faults.order(*(fault_from(d) for d in (given if isinstance(given, list) else [given])))
            case "DELETE", "/_sandbox/faults":
                self.faults.clear()
            case "GET", "/_sandbox/events":
                return _json(200, self.events())
            case "GET", "/_sandbox/models":
                return _json(200, self.endpoints.shown())
            case "POST", "/_sandbox/models":
                self.endpoints.order(behaviour_from(json.loads(body)))
            case "DELETE", "/_sandbox/models":
                self.endpoints.clear()
            case "PUT", "/_sandbox/latency":
                self.latency(float(json.loads(body)["seconds"]))
            case _:
                return _json(404, {"error": f"no {method} {path}"})
        return _json(200, {})


def by_account(things: list[Physical]) -> dict[str, Any]:
    """`{account: {stack: [{type, physical_id, …}]}}`, in the order of creation within a stack."""
    accounts: dict[str, Any] = {}
    for thing in things:
        row = {k: v for k, v in asdict(thing).items() if k not in ("account", "stack")}
        accounts.setdefault(thing.account, {}).setdefault(thing.stack, []).append(row)
    return accounts


def _json(status: int, document: Any) -> Answer:
    return Answer(status, json.dumps(document, default=str).encode(), (("Content-Type", "application/json"),))
