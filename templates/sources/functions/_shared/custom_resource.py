"""Answers CloudFormation: exactly one response to each request, in time, whatever happens in between."""

from __future__ import annotations

import json
import threading
import time
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

# CloudFormation User Guide, quotas: a custom resource's response body.
RESPONSE_BYTES = 4096
# What is left of the function's time when we give up, so that the answer still leaves before Lambda stops us.
ANSWER_SECONDS = 8.0
SEND_ATTEMPTS = 3
REASON_CHARACTERS = 1000
NOT_CREATED = "-not-created"

Properties = Mapping[str, Any]


class Refusal(Exception):
    """A reason that people can act on; it becomes the resource's status reason as it stands."""


@dataclass(frozen=True)
class Request:
    """What CloudFormation asks for. `deadline` is in seconds of time.monotonic()."""

    kind: str
    properties: Properties
    physical_id: str
    deadline: float

    def seconds_left(self) -> float:
        return self.deadline - time.monotonic()


def nothing_to_remove(request: Request) -> None:
    """The Delete of a resource that only reads."""


def serve(
    event: Mapping[str, Any],
    context: Any,
    *,
    identify: Callable[[Properties], str],
    apply: Callable[[Request], Mapping[str, Any]],
    remove: Callable[[Request], None] = nothing_to_remove,
    oversize: str = "return fewer values",
) -> None:
    """Run one request and answer it.

    `identify` makes the physical id from what may not change: a different id on Update is a replacement, after which
    CloudFormation deletes the old one. `apply` runs on Create and Update and returns the attributes of GetAtt;
    `remove` has to succeed when there is nothing left. `oversize` is the advice when the attributes do not fit.
    """
    answer = _Answer(event, _failed_id(event), oversize)
    seconds = context.get_remaining_time_in_millis() / 1000 - ANSWER_SECONDS
    watch = threading.Timer(max(seconds, 0.1), answer.fail, ["the time of the function ended before its work did"])
    watch.daemon = True
    watch.start()
    print(json.dumps({"request": event.get("RequestType"), "resource": event.get("LogicalResourceId")}))
    try:
        _run(event, answer, time.monotonic() + seconds, identify, apply, remove)
    except Refusal as error:
        answer.fail(str(error))
    except BaseException as error:
        answer.fail(f"{type(error).__name__}: {error}")
        if not isinstance(error, Exception):
            raise
    finally:
        watch.cancel()


def _run(
    event: Mapping[str, Any],
    answer: _Answer,
    deadline: float,
    identify: Callable[[Properties], str],
    apply: Callable[[Request], Mapping[str, Any]],
    remove: Callable[[Request], None],
) -> None:
    kind: str = event["RequestType"]
    properties: Properties = event["ResourceProperties"]
    if kind == "Delete":
        if not answer.physical_id.endswith(NOT_CREATED):
            remove(Request(kind, properties, answer.physical_id, deadline))
        answer.succeed({})
        return
    answer.physical_id = identify(properties)
    answer.succeed(apply(Request(kind, properties, answer.physical_id, deadline)))


def _failed_id(event: Mapping[str, Any]) -> str:
    """The id to answer with when there is none yet: a later Delete recognizes it and has nothing to do."""
    given = event.get("PhysicalResourceId") or f"{event.get('LogicalResourceId', 'resource')}{NOT_CREATED}"
    return str(given)


class _Answer:
    """The one response to a request; a second attempt to give it does nothing."""

    def __init__(self, event: Mapping[str, Any], physical_id: str, oversize: str) -> None:
        self.physical_id = physical_id
        self._event = event
        self._oversize = oversize
        self._lock = threading.Lock()
        self._given = False

    def succeed(self, attributes: Mapping[str, Any]) -> None:
        body = self._body("SUCCESS", "", attributes)
        if len(body) > RESPONSE_BYTES:
            self.fail(
                f"the answer has {len(body)} bytes, a custom resource may return {RESPONSE_BYTES}: {self._oversize}"
            )
            return
        self._give(body)

    def fail(self, reason: str) -> None:
        print(json.dumps({"failed": reason}))
        self._give(self._body("FAILED", reason[:REASON_CHARACTERS], {}))

    def _body(self, status: str, reason: str, attributes: Mapping[str, Any]) -> bytes:
        event = self._event
        fields = {
            "Status": status,
            "Reason": reason,
            "PhysicalResourceId": self.physical_id,
            "StackId": event.get("StackId"),
            "RequestId": event.get("RequestId"),
            "LogicalResourceId": event.get("LogicalResourceId"),
            "Data": dict(attributes),
        }
        return json.dumps(fields, separators=(",", ":")).encode()

    def _give(self, body: bytes) -> None:
        with self._lock:
            if self._given:
                return
            self._given = True
        _send(self._event["ResponseURL"], body)


def _send(url: str, body: bytes) -> None:
    # The address is signed for an empty content type; urllib would put its own.
    request = urllib.request.Request(url, data=body, method="PUT", headers={"Content-Type": ""})
    for attempt in range(1, SEND_ATTEMPTS + 1):
        try:
            with urllib.request.urlopen(request, timeout=2):
                return
        except OSError:
            if attempt == SEND_ATTEMPTS:
                raise
            time.sleep(0.2 * attempt)
