"""Runs a function as Lambda does: an event with a real response address, a clock, and its own folder as the path."""

from __future__ import annotations

import importlib.util
import json
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

FUNCTIONS = Path(__file__).parents[2] / "templates" / "sources" / "functions"
STACK_ID = "arn:aws:cloudformation:eu-west-1:111111111111:stack/env/5b2c6d10-0000-0000-0000-000000000000"

Response = dict[str, Any]
Invoke = Callable[..., Response]


def load(path: str) -> ModuleType:
    """The module at a path below templates/sources/functions, fresh."""
    file = FUNCTIONS / path
    spec = importlib.util.spec_from_file_location(f"{file.parent.name}_{file.stem}".replace("-", "_"), file)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(autouse=True)
def custom_resource(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The shared module, where the functions import it from."""
    module = load("_shared/custom_resource.py")
    monkeypatch.setitem(sys.modules, "custom_resource", module)
    for name, value in {
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_ACCESS_KEY_ID": "x",
        "AWS_SECRET_ACCESS_KEY": "x",
    }.items():
        monkeypatch.setenv(name, value)
    return module


class Context:
    """Lambda's clock, and the stream that the function logs to."""

    log_stream_name = "stream"

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    def get_remaining_time_in_millis(self) -> int:
        return int(self.seconds * 1000)


class Mailbox(ThreadingHTTPServer):
    """What CloudFormation receives at the response address; the first `refusals` attempts get a 503."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Receiver)
        self.bodies: list[bytes] = []
        self.content_types: list[str] = []
        self.refusals = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/answer"


class _Receiver(BaseHTTPRequestHandler):
    server: Mailbox

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.server.refusals:
            self.server.refusals -= 1
            self.send_response(503)
        else:
            self.server.bodies.append(body)
            self.server.content_types.append(self.headers.get("Content-Type", "absent"))
            self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        pass


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    server = Mailbox()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


def event(kind: str, properties: dict[str, Any], url: str, physical_id: str | None = None) -> dict[str, Any]:
    """A request of CloudFormation, whose properties are text (or lists of it)."""
    given = {
        "RequestType": kind,
        "RequestId": "request-1",
        "StackId": STACK_ID,
        "LogicalResourceId": "Thing",
        "ResponseURL": url,
        "ResourceProperties": {"ServiceToken": "arn", **properties},
    }
    return given | ({"PhysicalResourceId": physical_id} if physical_id else {})


@pytest.fixture
def invoke(mailbox: Mailbox) -> Invoke:
    """Run a handler and return its one response."""

    def run(
        handler: Any, kind: str, properties: dict[str, Any], physical_id: str | None = None, *, seconds: float = 60
    ) -> Response:
        before = len(mailbox.bodies)
        handler(event(kind, properties, mailbox.url, physical_id), Context(seconds))
        assert len(mailbox.bodies) == before + 1
        response: Response = json.loads(mailbox.bodies[-1])
        return response

    return run


@pytest.fixture
def clients(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The clients that boto3.client gives, by service; a test puts its world in."""
    import boto3

    given: dict[str, Any] = {}
    monkeypatch.setattr(boto3, "client", lambda service: given[service])
    return given


@pytest.fixture(name="event")
def event_fixture() -> Callable[..., dict[str, Any]]:
    return event


@pytest.fixture(name="Context")
def context_fixture() -> type[Context]:
    return Context


@pytest.fixture(name="load")
def load_fixture() -> Callable[[str], ModuleType]:
    """The module of a function by the function's name."""
    return lambda name: load(f"{name}/index.py")


class Pages:
    """A paginator over lists of items: `pages(item key, key of the answer)` a page at a time."""

    def __init__(self, operation: Callable[..., list[Any]], key: str, size: int) -> None:
        self.operation = operation
        self.key = key
        self.size = size

    def paginate(self, **arguments: Any) -> Iterator[dict[str, Any]]:
        items = self.operation(**arguments)
        for start in range(0, max(len(items), 1), self.size):
            yield {self.key: items[start : start + self.size]}


@pytest.fixture(name="Pages")
def pages_fixture() -> type[Pages]:
    return Pages
