"""Runs an operation: Region by Region, so many accounts at once, until done, stopped, or too many have failed."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from sandbox import organizations
from sandbox.cfn.engine import Engine
from sandbox.stacksets import trust
from sandbox.stacksets.deployment import Outcome, deploy, drifted, remove
from sandbox.stacksets.model import Instance, Operation, Result, StackSet, Target
from sandbox.stacksets.preferences import Limits, limits, regions_in_order

TOLERANCE_EXCEEDED = "Cancelled since failure tolerance has exceeded"
STOPPED = "Cancelled since the operation was stopped"

# More threads than this only wait for each other: everything runs in one Python process.
_BUSY_THREADS = 8
_WAITING_THREADS = 64


@dataclass
class Runner:
    """`latency()` is how long each stack takes at least, in seconds."""

    engine: Engine
    now: Callable[[], datetime]
    latency: Callable[[], float]

    def run(self, stack_set: StackSet, operation: Operation) -> str:
        """To the operation's end, in the calling thread; returns the status in which it ends."""
        problem = trust.administration_problem(
            operation.administration_role_arn, stack_set.account, stack_set.region, stack_set.arn
        )
        if problem is not None and not operation.retain:
            return _fail_all(stack_set, operation, problem)
        by_region: dict[str, list[Target]] = {}
        for target in operation.targets:
            by_region.setdefault(target[1], []).append(target)
        regions = regions_in_order(operation.preferences, list(by_region))
        if operation.preferences.parallel_regions:
            exceeded = self._in_parallel(stack_set, operation, [by_region[region] for region in regions])
        else:
            exceeded = self._in_sequence(stack_set, operation, [by_region[region] for region in regions])
        _cancel_pending(stack_set, operation, STOPPED if operation.stopping.is_set() else TOLERANCE_EXCEEDED)
        if operation.stopping.is_set():
            return "STOPPED"
        return "FAILED" if exceeded else "SUCCEEDED"

    def _in_sequence(self, stack_set: StackSet, operation: Operation, regions: list[list[Target]]) -> bool:
        return any(self._region(stack_set, operation, targets) for targets in regions)

    def _in_parallel(self, stack_set: StackSet, operation: Operation, regions: list[list[Target]]) -> bool:
        exceeded: list[bool] = []
        threads = [
            threading.Thread(target=lambda t=t: exceeded.append(self._region(stack_set, operation, t))) for t in regions
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return any(exceeded)

    def _region(self, stack_set: StackSet, operation: Operation, targets: list[Target]) -> bool:
        """True when more accounts failed in this Region than were to be borne."""
        limit = limits(operation.preferences, len(targets))
        room = _WAITING_THREADS if self.latency() > 0 else _BUSY_THREADS
        queue = _Queue(deque(targets), limit, operation.stopping)

        def work() -> None:
            while (target := queue.take()) is not None:
                failed = True
                try:
                    failed = self._instance(stack_set, operation, target)
                finally:
                    queue.finish(failed)

        threads = [
            threading.Thread(target=work, daemon=True) for _ in range(min(limit.concurrency, len(targets), room))
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return queue.failures > limit.tolerance

    def _instance(self, stack_set: StackSet, operation: Operation, target: Target) -> bool:
        """True when it failed."""
        instance, result = stack_set.instances[target], operation.results[target]
        member = organizations.membership(instance.account)
        if member is not None and member.suspended and not operation.retain:
            _skip(instance, result)
            return False
        instance.detailed = result.status = "RUNNING"
        outcome = self._outcome(stack_set, operation, instance)
        _record(stack_set, operation, target, outcome, self.now())
        return outcome.reason is not None

    def _outcome(self, stack_set: StackSet, operation: Operation, instance: Instance) -> Outcome:
        if operation.action == "DELETE" and operation.retain:
            return Outcome(instance.stack_id)
        problem = trust.execution_problem(
            operation.administration_role_arn, instance.account, operation.execution_role_name
        )
        if problem is not None:
            return Outcome(instance.stack_id, problem)
        time.sleep(self.latency())
        if operation.action == "DETECT_DRIFT":
            instance.drifted = drifted(self.engine, instance)
            return Outcome(instance.stack_id, None if instance.stack_id else "The instance has no stack")
        if operation.action == "DELETE":
            return remove(self.engine, instance)
        return deploy(self.engine, stack_set, instance)


@dataclass
class _Queue:
    """Hands out targets while a slot is free; wakes waiting workers when one ends."""

    targets: deque[Target]
    limit: Limits
    stopping: threading.Event
    running: int = 0
    failures: int = 0
    _changed: threading.Condition = field(default_factory=threading.Condition)

    def take(self) -> Target | None:
        with self._changed:
            while self.targets and not self.stopping.is_set():
                slots = self.limit.slots(self.failures)
                if slots == 0:
                    return None
                if self.running < slots:
                    self.running += 1
                    return self.targets.popleft()
                self._changed.wait(0.1)
            return None

    def finish(self, failed: bool) -> None:
        with self._changed:
            self.running -= 1
            self.failures += failed
            self._changed.notify_all()


def _skip(instance: Instance, result: Result) -> None:
    instance.detailed = "SKIPPED_SUSPENDED_ACCOUNT"
    instance.reason = result.reason = f"Account {instance.account} is suspended"
    result.status = "CANCELLED"


def _record(stack_set: StackSet, operation: Operation, target: Target, outcome: Outcome, now: datetime) -> None:
    instance, result = stack_set.instances[target], operation.results[target]
    instance.stack_id = outcome.stack_id
    instance.reason = result.reason = outcome.reason
    instance.detailed = result.status = "SUCCEEDED" if outcome.reason is None else "FAILED"
    if outcome.inoperable:
        instance.status, instance.detailed = "INOPERABLE", "INOPERABLE"
    elif operation.action == "DETECT_DRIFT":
        found = "DRIFTED" if instance.drifted else "IN_SYNC"
        instance.drift, instance.drift_checked = found if outcome.reason is None else "UNKNOWN", now
    else:
        instance.status = "CURRENT" if outcome.reason is None else "OUTDATED"
    if operation.action == "DELETE" and outcome.reason is None:
        with stack_set.lock:
            del stack_set.instances[target]


def _fail_all(stack_set: StackSet, operation: Operation, reason: str) -> str:
    for target, result in operation.results.items():
        instance = stack_set.instances[target]
        instance.reason = result.reason = reason
        instance.detailed = result.status = "FAILED"
    return "FAILED" if operation.results else "SUCCEEDED"


def _cancel_pending(stack_set: StackSet, operation: Operation, reason: str) -> None:
    for target, result in operation.results.items():
        if result.status == "PENDING":
            instance = stack_set.instances[target]
            instance.reason = result.reason = reason
            instance.detailed = result.status = "CANCELLED"
