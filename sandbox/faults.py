"""Faults to order: throttling, server errors, lost responses, failing and slow accounts, each counted or by chance."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, get_args

from generator.errors import ToolError
from sandbox.api.errors import AwsError

Kind = Literal["throttle", "server_error", "error", "lost_response", "slow_request", "failing_account", "slow_account"]

_THROTTLES: Mapping[str, tuple[str, str, int]] = {
    "cloudformation": ("Throttling", "Rate exceeded", 400),
    "organizations": ("TooManyRequestsException", "Rate exceeded", 429),
    "s3": ("SlowDown", "Please reduce your request rate.", 503),
}


ASKED_FOR = ("delete", "drift")


@dataclass(frozen=True)
class Fault:
    """One order; `*` matches everything.

    All kinds but the last two strike requests of `service`:`operation` from `account`; `error` answers with `code`,
    `reason` and `status`. `failing_account` and `slow_account` strike resources (of `resource_type`) that stacks
    create, update or delete (`action`) in `account`; deletes fail only where `action` says so, or nothing could be
    rolled back. With `drift` as action the resources of a failing account have drifted, in the property that `reason`
    names. `times` None means until cleared; `probability` below 1 is drawn from `seed`, so that a run can be repeated.
    """

    kind: Kind
    service: str = "*"
    operation: str = "*"
    account: str = "*"
    region: str = "*"
    resource_type: str = "*"
    action: str = "*"
    times: int | None = None
    probability: float = 1.0
    seed: int = 0
    seconds: float = 0.0
    reason: str = "ordered by the sandbox's faults"
    code: str = "InternalFailure"
    status: int = 400


def fault_from(document: Mapping[str, Any]) -> Fault:
    """A fault from JSON; a name that is not a field is refused."""
    unknown = set(document) - set(Fault.__dataclass_fields__)
    if unknown:
        fields = ", ".join(Fault.__dataclass_fields__)
        raise ToolError(f"fault: unknown field {', '.join(sorted(unknown))}", f"the fields are {fields}")
    if document.get("kind") not in get_args(Kind):
        raise ToolError(f"fault: unknown kind {document.get('kind')!r}", f"the kinds are {', '.join(get_args(Kind))}")
    return Fault(**document)


@dataclass
class _Armed:
    fault: Fault
    left: int | None
    chance: random.Random

    def strikes(self) -> bool:
        if self.left == 0 or self.chance.random() >= self.fault.probability:
            return False
        self.left = None if self.left is None else self.left - 1
        return True


@dataclass
class Faults:
    """The faults in force; thread-safe."""

    _armed: list[_Armed] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def order(self, *faults: Fault) -> None:
        with self._lock:
            self._armed.extend(_Armed(fault, fault.times, random.Random(fault.seed)) for fault in faults)

    def clear(self) -> None:
        with self._lock:
            self._armed.clear()

    def shown(self) -> list[dict[str, Any]]:
        """The orders with how often each may still strike (`left`, None: always)."""
        with self._lock:
            return [{**asdict(armed.fault), "left": armed.left} for armed in self._armed]

    def of_request(self, service: str, operation: str, account: str) -> list[Fault]:
        """The faults that strike this request now; each counts once."""
        with self._lock:
            return [
                armed.fault
                for armed in self._armed
                if not armed.fault.kind.endswith("_account")
                and _matches(armed.fault, service=service, operation=operation, account=account)
                and armed.strikes()
            ]

    def at_resource(self, account: str, region: str, resource_type: str, action: str) -> str | None:
        """Sleep as a slow account does; the reason when the account shall fail, else None."""
        if not self._armed:
            return None
        with self._lock:
            struck = [
                armed.fault
                for armed in self._armed
                if armed.fault.kind.endswith("_account")
                and _matches(armed.fault, account=account, region=region, resource_type=resource_type, action=action)
                and not (armed.fault.kind == "failing_account" and armed.fault.action == "*" and action in ASKED_FOR)
                and armed.strikes()
            ]
        for fault in struck:
            time.sleep(fault.seconds)
        return next((fault.reason for fault in struck if fault.kind == "failing_account"), None)


def _matches(fault: Fault, **given: str) -> bool:
    wanted = asdict(fault)
    return all(wanted[name] in ("*", value) for name, value in given.items())


def error_of(fault: Fault, service: str) -> AwsError | None:
    """What the client is answered; None for faults that are not errors."""
    if fault.kind == "throttle":
        return AwsError(*_THROTTLES.get(service, ("ThrottlingException", "Rate exceeded", 400)))
    if fault.kind == "server_error":
        return AwsError("ServiceUnavailable", "Service is unable to handle request.", 503)
    if fault.kind == "error":
        return AwsError(fault.code, fault.reason, fault.status)
    return None
