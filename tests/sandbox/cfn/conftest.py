"""A host for the engine: templates by URL, functions as Python callables, a clock, and faults to order."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest

from sandbox.cfn.engine import Engine
from sandbox.cfn.errors import CfnError, ResourceError
from sandbox.cfn.model import Scope, Stack, StackRequest

ACCOUNT = "222222222222"
REGION = "eu-west-1"


class Host:
    """`functions` answer custom resources: from the request to the response's fields, or None for silence."""

    def __init__(self) -> None:
        self.engine = Engine(self)
        self.templates: dict[str, str] = {}
        self.functions: dict[str, Callable[[dict[str, Any]], dict[str, Any] | None]] = {}
        self.requests: list[dict[str, Any]] = []
        self.stack_sets: list[tuple[str, str | None]] = []
        self.faults: dict[tuple[str, str], str] = {}
        self._ticks = count()
        self._start = datetime(2026, 1, 1, tzinfo=UTC)

    def now(self) -> datetime:
        return self._start + timedelta(milliseconds=next(self._ticks))

    def read_template(self, url: str, *_: str) -> str:
        if url not in self.templates:
            raise CfnError("ValidationError", "S3 error: Access Denied")
        return self.templates[url]

    def response_url(self, token: str) -> str:
        return f"https://answers.test/{token}"

    def invoke_function(self, _account: str, _region: str, arn: str, payload: dict[str, Any]) -> None:
        if arn not in self.functions:
            raise ResourceError(f"Function not found: {arn}")
        self.requests.append(payload)
        answer = self.functions[arn](payload)
        if answer is not None:
            body = {"StackId": payload["StackId"], "RequestId": payload["RequestId"], **answer}
            self.engine.signal(payload["ResponseURL"].rsplit("/", 1)[1], json.dumps(body).encode())

    def stack_set_resource(self, action: str, _scope: Scope, physical_id: str | None, properties: Any) -> str:
        self.stack_sets.append((action, physical_id))
        return physical_id or f"{properties['StackSetName']}:0000"

    def pipeline_created(self, *_: str) -> None:
        """Nothing runs here."""

    def pipeline_deleted(self, *_: str) -> None:
        """Nothing ran here."""

    def before(self, _account: str, _region: str, action: str, _type: str, logical_id: str) -> None:
        reason = self.faults.get((action, logical_id))
        if reason:
            raise ResourceError(reason)

    def request(self, template: str, name: str = "app", **more: Any) -> StackRequest:
        return replace(StackRequest(ACCOUNT, REGION, name, template_body=template), **more)

    def create(self, template: str, name: str = "app", **more: Any) -> Stack:
        return self.engine.create_stack(self.request(template, name, **more), wait=True)

    def update(self, template: str | None, name: str = "app", **more: Any) -> Stack:
        return self.engine.update_stack(self.request(template, name, **more), wait=True)  # type: ignore[arg-type]

    def delete(self, name: str = "app", **more: Any) -> None:
        self.engine.delete_stack(ACCOUNT, REGION, name, wait=True, **more)

    def stack(self, name: str = "app") -> Stack:
        return self.engine.stack(ACCOUNT, REGION, name)


@pytest.fixture
def host() -> Iterator[Host]:
    """A fresh engine; what it made in moto's backends is forgotten afterwards."""
    yield Host()
    from moto.core.base_backend import BackendDict

    BackendDict.reset()


@pytest.fixture
def refusal() -> Callable[[Callable[[], object]], str]:
    """`code: message` of the CfnError that a call raises."""

    def raised(call: Callable[[], object]) -> str:
        with pytest.raises(CfnError) as caught:
            call()
        return f"{caught.value.code}: {caught.value.message}"

    return raised


@pytest.fixture
def history() -> Callable[..., list[str]]:
    """The events as `logical id STATUS`, oldest first, from the given one on."""

    def listed(stack: Stack, since: int = 0) -> list[str]:
        return [f"{event.logical_id} {event.status}" for event in stack.events[since:]]

    return listed
