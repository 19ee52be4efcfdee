"""Operations in their threads: one at a time on a stack, from its first status to the moment when others may go on."""

from __future__ import annotations

import threading
from collections.abc import Callable

from . import operations
from .deployment import Deployment
from .errors import invalid
from .model import Stack
from .preparation import Prepared
from .registry import Registry

CANCEL_SECONDS = 600.0
UPDATABLE = frozenset(
    {"CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "UPDATE_FAILED", "CREATE_FAILED"}
    | {"IMPORT_COMPLETE", "IMPORT_ROLLBACK_COMPLETE"}
)


class Runner:
    def __init__(self, registry: Registry) -> None:
        self.registry = registry

    def refuse_busy(self, stack: Stack, *, review: bool = False) -> None:
        if stack.status in UPDATABLE or (review and stack.status == "REVIEW_IN_PROGRESS"):
            return
        raise invalid(f"Stack:{stack.stack_id} is in {stack.status} state and can not be updated.")

    def begin(self, stack: Stack, status: str, *, updating: bool = False) -> None:
        """Take the stack for one operation; refused when another one got there first."""
        with self.registry.lock:
            if updating:
                self.refuse_busy(stack, review=True)
            self.registry.running[stack.stack_id] = threading.Event()
            self.registry.status(stack, status, operations.USER)

    def start_create(self, stack: Stack, prepared: Prepared, wait: bool) -> None:
        request = prepared.request
        stack.token = request.client_request_token
        stack.parent_id, stack.root_id = request.parent_id, request.root_id
        stack.disable_rollback = request.disable_rollback or request.on_failure == "DO_NOTHING"
        stack.termination_protection = request.termination_protection
        deployment = Deployment(self.registry, stack, prepared, creating=True)
        self.registry.active[stack.stack_id] = deployment
        self.begin(stack, "CREATE_IN_PROGRESS")
        self.run(stack, lambda: operations.create(self.registry, stack, deployment), wait)

    def start_update(self, stack: Stack, prepared: Prepared, wait: bool) -> None:
        self.begin(stack, "UPDATE_IN_PROGRESS", updating=True)
        stack.token = prepared.request.client_request_token
        stack.updated = self.registry.hooks.now()
        deployment = Deployment(self.registry, stack, prepared, creating=False)
        self.run(stack, lambda: operations.update(self.registry, stack, deployment), wait)

    def cancel(self, stack: Stack) -> None:
        deployment = self.registry.active.get(stack.stack_id)
        if deployment is not None:
            deployment.cancelled.set()
        self.wait(stack, CANCEL_SECONDS)

    def run(self, stack: Stack, work: Callable[[], None], wait: bool) -> None:
        finished = self.registry.running[stack.stack_id]

        def guarded() -> None:
            try:
                work()
            except BaseException:
                failed = stack.status.replace("_IN_PROGRESS", "_FAILED")
                self.registry.status(stack, failed, "Internal failure of the sandbox")
                raise
            finally:
                self.registry.active.pop(stack.stack_id, None)
                self.registry.running.pop(stack.stack_id, None)
                finished.set()

        if wait:
            guarded()
        else:
            threading.Thread(target=guarded, name=f"cfn-{stack.name}", daemon=True).start()

    def wait(self, stack: Stack, timeout: float) -> Stack:
        """Block until no operation runs on the stack; TimeoutError after `timeout` seconds."""
        finished = self.registry.running.get(stack.stack_id)
        if finished is not None and not finished.wait(timeout):
            raise TimeoutError(f"{stack.name} is still in {stack.status} after {timeout} s")
        return stack
