"""Everything that one engine remembers: stacks, exports, what was left behind, and who waits for an answer."""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from . import naming
from .errors import CfnError, ResourceError, invalid
from .model import JSON, Event, Export, Hooks, Physical, Resource, Scope, Stack, StackRequest

if TYPE_CHECKING:
    from .deployment import Deployment
    from .handler import Children

STACK = "AWS::CloudFormation::Stack"


@dataclass
class Home:
    """One account and Region."""

    living: dict[str, Stack] = field(default_factory=dict)
    by_id: dict[str, Stack] = field(default_factory=dict)
    exports: dict[str, Export] = field(default_factory=dict)


@dataclass
class Answer:
    arrived: threading.Event = field(default_factory=threading.Event)
    body: bytes = b""


class Registry:
    """Holds state and writes events; decides nothing. The lock guards names, exports and the start of operations."""

    def __init__(self, hooks: Hooks, children: Children) -> None:
        self.hooks = hooks
        self.children = children
        self.lock = threading.RLock()
        self.homes: dict[tuple[str, str], Home] = {}
        self.left: list[Physical] = []
        self.running: dict[str, threading.Event] = {}
        self.active: dict[str, Deployment] = {}
        self.broken: dict[str, Deployment] = {}
        self._answers: dict[str, Answer] = {}
        self._claimed: set[tuple[str, str, str, str]] = set()

    def home(self, account: str, region: str) -> Home:
        with self.lock:
            return self.homes.setdefault((account, region), Home())

    def find(self, account: str, region: str, name: str) -> Stack | None:
        home = self.home(account, region)
        return home.by_id.get(name) or home.living.get(name)

    def get(self, account: str, region: str, name: str) -> Stack:
        stack = self.find(account, region, name)
        if stack is None:
            raise invalid(f"Stack with id {name} does not exist")
        return stack

    def by_id(self, stack_id: str) -> Stack:
        _, _, _, region, account, *_ = stack_id.split(":")
        return self.get(account, region, stack_id)

    def new_stack(self, request: StackRequest, body: str, status: str) -> Stack:
        """A record under its name; AlreadyExistsException if a living stack has it."""
        partition, _ = naming.partition_of(request.region)
        stack_id = (
            f"arn:{partition}:cloudformation:{request.region}:{request.account}:stack/{request.name}/{uuid.uuid4()}"
        )
        stack = Stack(stack_id, request.name, request.account, request.region, self.hooks.now(), status, request, body)
        home = self.home(request.account, request.region)
        with self.lock:
            if request.name in home.living:
                raise CfnError("AlreadyExistsException", f"Stack [{request.name}] already exists")
            home.living[request.name] = home.by_id[stack_id] = stack
        return stack

    def retire(self, stack: Stack) -> None:
        """The name becomes free; the record stays reachable by its id."""
        home = self.home(stack.account, stack.region)
        with self.lock:
            if home.living.get(stack.name) is stack:
                del home.living[stack.name]
            for name in [name for name, export in home.exports.items() if export.stack_id == stack.stack_id]:
                del home.exports[name]

    def stacks(self) -> Iterator[Stack]:
        with self.lock:
            homes = list(self.homes.values())
        for home in homes:
            yield from list(home.by_id.values())

    def status(self, stack: Stack, status: str, reason: str | None = None) -> None:
        """Set the stack's status and write its own event."""
        stack.status, stack.reason = status, reason
        now = self.hooks.now()
        stack.events.append(
            Event(
                str(uuid.uuid4()),
                stack.stack_id,
                stack.name,
                stack.name,
                stack.stack_id,
                STACK,
                status,
                now,
                reason,
                token=stack.token,
            )
        )

    def event(
        self,
        stack: Stack,
        logical_id: str,
        type_name: str,
        physical_id: str,
        status: str,
        reason: str | None = None,
        properties: dict[str, JSON] | None = None,
    ) -> None:
        now = self.hooks.now()
        event_id = f"{logical_id}-{status}-{now.isoformat(timespec='milliseconds')}"
        stack.events.append(
            Event(
                event_id,
                stack.stack_id,
                stack.name,
                logical_id,
                physical_id,
                type_name,
                status,
                now,
                reason,
                properties,
                stack.token,
            )
        )

    def mark(self, stack: Stack, resource: Resource, status: str, reason: str | None = None) -> None:
        """A resource's status and its event."""
        resource.status, resource.reason, resource.time = status, reason, self.hooks.now()
        properties = _masked(resource.properties, _secrets(stack)) if stack.no_echo else resource.properties
        self.event(stack, resource.logical_id, resource.type, resource.physical_id, status, reason, properties)

    def before(self, stack: Stack, action: str, type_name: str, logical_id: str) -> None:
        """Let the host delay or fail what comes next; ResourceError when it does."""
        try:
            self.hooks.before(stack.account, stack.region, action, type_name, logical_id)
        except CfnError as error:
            raise ResourceError(error.message, error.code) from error

    def leave(self, stack: Stack, resource: Resource, *, retained: bool) -> None:
        """A physical thing outlives its stack: kept by policy, or because it could not be deleted."""
        with self.lock:
            self.left.append(
                Physical(
                    stack.account,
                    stack.region,
                    resource.type,
                    resource.physical_id,
                    stack.name,
                    resource.logical_id,
                    resource.kind,
                    retained,
                )
            )

    def claim(self, scope: Scope, type_name: str, physical_id: str) -> bool:
        """Take a recorded identifier; False if it is taken in this account and Region."""
        key = (scope.account, scope.region, type_name, physical_id)
        with self.lock:
            if key in self._claimed:
                return False
            self._claimed.add(key)
        return True

    def release(self, scope: Scope, type_name: str, physical_id: str) -> None:
        with self.lock:
            self._claimed.discard((scope.account, scope.region, type_name, physical_id))

    def mark_physical(self, scope: Scope, physical_id: str) -> None:
        """A resource that is still being made shows its id already (nested stacks, so that they can be followed)."""
        self.by_id(scope.stack_id).resources[scope.logical_id].physical_id = physical_id

    def expect(self) -> str:
        """A token for a custom resource's answer; `answer` waits for it."""
        token = str(uuid.uuid4())
        with self.lock:
            self._answers[token] = Answer()
        return token

    def signal(self, token: str, body: bytes) -> bool:
        with self.lock:
            answer = self._answers.get(token)
        if answer is None or answer.arrived.is_set():
            return False
        answer.body = body
        answer.arrived.set()
        return True

    def answer(self, token: str, timeout: float) -> dict[str, JSON]:
        """The parsed answer; ResourceError when none comes in time or it is not a JSON object."""
        answer = self._answers[token]
        arrived = answer.arrived.wait(timeout)
        with self.lock:
            del self._answers[token]
        if not arrived:
            raise ResourceError(
                f"CloudFormation did not receive a response from your Custom Resource. Please check your logs for "
                f"requestId [{token}]. If you are using the Python cfn-response module, you may need to update your "
                "Lambda function so that CloudFormation can attach the updated version.",
                "NotStabilized",
            )
        try:
            parsed = json.loads(answer.body)
        except json.JSONDecodeError as error:
            raise ResourceError("Invalid response from custom resource: not JSON") from error
        return parsed if isinstance(parsed, dict) else {}

    def drop_answer(self, token: str) -> None:
        with self.lock:
            self._answers.pop(token, None)

    def scope(self, stack: Stack, logical_id: str = "", tags: dict[str, str] | None = None) -> Scope:
        partition, url_suffix = naming.partition_of(stack.region)
        return Scope(
            stack.account, stack.region, partition, url_suffix, stack.stack_id, stack.name, logical_id, tags or {}
        )


def _secrets(stack: Stack) -> frozenset[str]:
    return frozenset(str(stack.values[name]) for name in stack.no_echo if stack.values.get(name))


def _masked(value: JSON, secrets: frozenset[str]) -> JSON:
    """The value as events may show it: strings that hold a NoEcho parameter's value become asterisks."""
    match value:
        case dict():
            return {key: _masked(item, secrets) for key, item in value.items()}
        case list():
            return [_masked(item, secrets) for item in value]
        case str() if any(secret in value for secret in secrets):
            return "****"
        case _:
            return value
