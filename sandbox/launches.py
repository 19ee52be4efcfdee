"""One operation of a catalog or a project on its stack, followed to its end."""

from __future__ import annotations

import secrets
import string
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Literal

from sandbox.api.errors import AwsError
from sandbox.cfn.engine import Engine
from sandbox.cfn.errors import CfnError
from sandbox.cfn.model import Output, Stack, StackRequest
from sandbox.identity import service_may_assume
from sandbox.roles import find_role

Status = Literal["IN_PROGRESS", "SUCCEEDED", "FAILED"]

# What a launch is acknowledged for: whoever publishes the product has seen its template.
CAPABILITIES = frozenset({"CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"})
_GOOD = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "DELETE_COMPLETE")
_MINUTES = 3600.0


@dataclass
class Launch:
    """`message` says why it failed; `outputs` are the stack's."""

    began: datetime = field(default_factory=lambda: datetime.now(UTC))
    ended: datetime | None = None
    status: Status = "IN_PROGRESS"
    message: str = ""
    outputs: tuple[Output, ...] = ()

    def end(self, status: Status, message: str = "", outputs: tuple[Output, ...] = ()) -> None:
        self.message, self.outputs, self.ended = message, outputs, datetime.now(UTC)
        self.status = status


@dataclass(frozen=True)
class Launcher:
    """Operations begin at once and go on in a thread; a request that CloudFormation refuses is a launch that failed."""

    engine: Engine

    def create(self, request: StackRequest) -> Launch:
        return self._begun(lambda: self.engine.create_stack(request))

    def update(self, request: StackRequest) -> Launch:
        """A request that changes nothing has succeeded."""
        launch = self._begun(lambda: self.engine.update_stack(replace(request, on_failure="ROLLBACK")))
        if launch.message.startswith("No updates"):
            launch.end("SUCCEEDED", "", self.engine.stack(request.account, request.region, request.name).outputs)
        return launch

    def delete(self, account: str, region: str, name: str, done: Callable[[], None]) -> Launch:
        """`done` is called when the stack is gone, also when there was none."""
        launch = Launch()
        stack = self.engine.registry.find(account, region, name)
        if stack is None:
            done()
            launch.end("SUCCEEDED")
            return launch

        def gone() -> Stack:
            self.engine.delete_stack(account, region, stack.stack_id)
            return stack

        return self._begun(gone, done)

    def _begun(self, start: Callable[[], Stack], done: Callable[[], None] = lambda: None) -> Launch:
        launch = Launch()
        try:
            stack = start()
        except CfnError as error:
            launch.end("FAILED", error.message)
            return launch
        threading.Thread(target=self._follow, args=(launch, stack, done), daemon=True).start()
        return launch

    def _follow(self, launch: Launch, stack: Stack, done: Callable[[], None]) -> None:
        self.engine.wait(stack, _MINUTES)
        if stack.status in _GOOD:
            done()
            launch.end("SUCCEEDED", "", stack.outputs)
        else:
            launch.end("FAILED", _reason(stack))


def _reason(stack: Stack) -> str:
    """Of the first status that says why: a rolled back stack's last one does not."""
    own = [event for event in stack.events if event.physical_id == stack.stack_id and event.reason]
    return next((str(e.reason) for e in reversed(own) if "FAILED" in e.status or "ROLLBACK_IN" in e.status), "")


def require_role(arn: str, service: str, account: str, region: str, error: str) -> None:
    """The service's error unless the role exists and the service may assume it."""
    role = find_role(arn)
    source = f"arn:aws:{service.split('.')[0]}:{region}:{account}:*"
    if role is None or not service_may_assume(service, role, account, source):
        raise AwsError(error, f"Access denied while assuming the role {arn}.")


def identifier(prefix: str) -> str:
    """`<prefix>-` and thirteen letters or digits."""
    return f"{prefix}-{''.join(secrets.choice(string.ascii_lowercase + string.digits) for _ in range(13))}"
