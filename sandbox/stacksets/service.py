"""The StackSets service: sets by account and Region, and operations that queue, run in threads and never overlap."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime

from sandbox.api.errors import AwsError
from sandbox.cfn.engine import Engine
from sandbox.cfn.model import StackRequest
from sandbox.stacksets.deployment import STORED_SCHEME, stored_url
from sandbox.stacksets.model import Definition, Instance, Operation, Result, StackSet
from sandbox.stacksets.runner import Runner


@dataclass
class StackSets:
    """One per sandbox, thread-safe; `latency` is the least time, in seconds, that each stack takes."""

    engine: Engine
    now: Callable[[], datetime]
    latency: float = 0.0
    _sets: list[StackSet] = field(default_factory=list)
    _texts: dict[str, str] = field(default_factory=dict)
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def text(self, url: str) -> str | None:
        """The template behind a `stackset:` URL of ours; None for any other URL."""
        return self._texts.get(url) if url.startswith(STORED_SCHEME) else None

    def create(self, account: str, region: str, name: str, definition: Definition, **options: object) -> StackSet:
        """NameAlreadyExistsException unless it repeats an earlier request (same ClientRequestToken)."""
        with self._lock:
            existing = self._living(account, region, name)
            token = options.get("token")
            if existing is not None and token and existing.token == token:
                return existing
            if existing is not None:
                raise AwsError("NameAlreadyExistsException", f"The Name {name} already exists.", 409)
            self.keep_text(definition.template_body)
            made = StackSet(name, str(uuid.uuid4()), account, region, definition, self.now(), **options)  # type: ignore[arg-type]
            self._sets.append(made)
            return made

    def find(self, account: str, region: str, name: str) -> StackSet:
        """By name, id or ARN; StackSetNotFoundException if there is none."""
        found = self._living(account, region, name.rsplit("stackset/", 1)[-1])
        if found is None:
            raise AwsError("StackSetNotFoundException", f"StackSet {name} not found", 404)
        return found

    def all(self, account: str, region: str) -> list[StackSet]:
        """Deleted ones too."""
        with self._lock:
            return [s for s in self._sets if (s.account, s.region) == (account, region)]

    def _living(self, account: str, region: str, name: str) -> StackSet | None:
        return next((s for s in self.all(account, region) if s.status == "ACTIVE" and name in (s.name, s.id)), None)

    def delete(self, stack_set: StackSet) -> None:
        """StackSetNotEmptyException while it has instances, OperationInProgressException while one runs."""
        with stack_set.lock:
            refuse_overlap(stack_set)
            if stack_set.instances:
                raise AwsError("StackSetNotEmptyException", f"StackSet {stack_set.name} is not empty", 409)
            stack_set.status = "DELETED"

    def submit(self, stack_set: StackSet, operation: Operation) -> Operation:
        """Start the operation, or queue it under ManagedExecution; returns at once."""
        with stack_set.lock:
            if operation.operation_id in stack_set.operations:
                raise AwsError(
                    "OperationIdAlreadyExistsException",
                    f"The specified operation ID {operation.operation_id} already exists.",
                    409,
                )
            if not stack_set.managed_execution:
                refuse_overlap(stack_set)
            _claim_instances(stack_set, operation)
            stack_set.operations[operation.operation_id] = operation
            self._start_ready(stack_set)
        return operation

    def stop(self, stack_set: StackSet, operation_id: str) -> None:
        """Cancels what has not begun; InvalidOperationException for an operation that has ended."""
        operation = self.operation(stack_set, operation_id)
        with stack_set.lock:
            if operation.status == "QUEUED":
                self._finish(stack_set, operation, "STOPPED")
            elif operation.status == "RUNNING":
                operation.status = "STOPPING"
                operation.stopping.set()
            elif operation.status != "STOPPING":
                raise AwsError(
                    "InvalidOperationException",
                    f"Operation {operation_id} cannot be stopped since it is in {operation.status} state",
                )

    def stop_all(self) -> None:
        """Let nothing more begin: the sandbox ends."""
        with self._lock:
            for stack_set in self._sets:
                for operation in stack_set.active():
                    operation.stopping.set()

    def operation(self, stack_set: StackSet, operation_id: str) -> Operation:
        """OperationNotFoundException if the set has no such operation."""
        found = stack_set.operations.get(operation_id)
        if found is None:
            raise AwsError("OperationNotFoundException", f"Operation {operation_id} not found", 404)
        return found

    def check_definition(self, stack_set_name: str, account: str, region: str, definition: Definition) -> None:
        """CfnError unless the definition could be deployed: template, parameters, capabilities."""
        url = self.keep_text(definition.template_body)
        self.engine.validate(
            StackRequest(
                account=account,
                region=region,
                name=f"StackSet-{stack_set_name}"[:128],
                template_url=url,
                parameters=definition.parameters,
                capabilities=definition.capabilities,
                tags=definition.tags,
            )
        )

    def keep_text(self, body: str) -> str:
        """A URL by which the engine reads this template; unlike a body given directly it may be up to 1 MB."""
        url = stored_url(body)
        self._texts[url] = body
        return url

    def _start_ready(self, stack_set: StackSet) -> None:
        """In request order, each operation that conflicts with none before it."""
        before: list[Operation] = []
        for operation in stack_set.active():
            if operation.status == "QUEUED" and not any(operation.conflicts_with(other) for other in before):
                operation.status = "RUNNING"
                _claim_instances(stack_set, operation)
                _apply(stack_set, operation)
                threading.Thread(target=self._run, args=(stack_set, operation), daemon=True).start()
            before.append(operation)

    def _run(self, stack_set: StackSet, operation: Operation) -> None:
        status, reason = "FAILED", "internal failure of the sandbox"
        try:
            status = Runner(self.engine, self.now, lambda: self.latency).run(stack_set, operation)
            reason = ""
        finally:
            with stack_set.lock:
                self._finish(stack_set, operation, status, reason)

    def _finish(self, stack_set: StackSet, operation: Operation, status: str, reason: str = "") -> None:
        if operation.action == "DETECT_DRIFT":
            stack_set.drift_checked = self.now()
        operation.ended, operation.status, operation.reason = self.now(), status, reason or None
        operation.done.set()
        self._start_ready(stack_set)


def refuse_overlap(stack_set: StackSet) -> None:
    """OperationInProgressException while any operation of the set is active."""
    for operation in stack_set.active():
        raise AwsError(
            "OperationInProgressException",
            f"Another Operation on StackSet {stack_set.arn} is in progress: {operation.operation_id}",
            409,
        )


def known_instances(stack_set: StackSet, targets: Iterable[tuple[str, str]]) -> None:
    """StackInstanceNotFoundException when one of the targets has no instance."""
    for account, region in targets:
        if (account, region) not in stack_set.instances:
            raise AwsError(
                "StackInstanceNotFoundException",
                f"Stack instance for stack set {stack_set.name}, account {account} and region {region} not found",
                404,
            )


def _claim_instances(stack_set: StackSet, operation: Operation) -> None:
    """Make those that a CREATE adds; leave out those that an operation before it in the queue has removed."""
    if operation.action == "CREATE":
        for target in operation.targets:
            stack_set.instances.setdefault(target, Instance(*target))
    operation.targets = tuple(target for target in operation.targets if target in stack_set.instances)
    operation.results = {target: Result(*target) for target in operation.targets}
    for target in operation.targets:
        stack_set.instances[target].last_operation_id = operation.operation_id
        stack_set.instances[target].detailed = "PENDING"
        stack_set.instances[target].reason = None


def _apply(stack_set: StackSet, operation: Operation) -> None:
    """What an operation changes before it touches an account: the definition, OUTDATED marks, overrides."""
    if operation.definition is not None:
        changed = not operation.definition.deploys_same(stack_set.definition)
        stack_set.definition = operation.definition
        if changed:
            for instance in stack_set.instances.values():
                instance.status = "INOPERABLE" if instance.status == "INOPERABLE" else "OUTDATED"
    if operation.overrides is not None:
        for target in operation.targets:
            instance = stack_set.instances[target]
            kept = {k: v for k, v in instance.overrides.items() if k in operation.kept_overrides}
            instance.overrides = {**kept, **operation.overrides}
    if operation.action == "UPDATE":
        for target in operation.targets:
            stack_set.instances[target].status = "OUTDATED"
