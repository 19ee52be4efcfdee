"""Drift of stack sets, asked for: an operation a set, then what differs in the accounts that drifted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from stacksets.client import Cloud, pages, translated
from stacksets.service import StackSets
from stacksets.waiting import SYSTEM, Clock, Pace, wait_turns

PAGE = 100
THREADS = 8
DRIFTED, UNKNOWN = "DRIFTED", "UNKNOWN"


@dataclass(frozen=True, slots=True)
class Drifted:
    """One account that drifted; each of `resources` reads `Fact (AWS::SSM::Parameter) MODIFIED: Value`."""

    account: str
    region: str
    resources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Drift:
    """What one detection found; the service could not tell for the `unknown` accounts."""

    stack_set: str
    instances: int
    drifted: tuple[Drifted, ...]
    unknown: tuple[str, ...]


def detect(
    cloud: Cloud, service: StackSets, instances: Mapping[str, int], pace: Pace, clock: Clock = SYSTEM
) -> tuple[Drift, ...]:
    """Detect drift in stack sets (name → instances) at once, and wait; changes nothing but what the service notes."""
    api = cloud.client("cloudformation")
    started: dict[str, str] = {}
    for name, count in instances.items():
        if count:
            with translated(name):
                started[name] = api.detect_stack_set_drift(StackSetName=name, OperationPreferences=_fast())[
                    "OperationId"
                ]
    _await(service, started, pace, clock)
    return tuple(_result(cloud, name, operation, instances[name]) for name, operation in started.items())


def _fast() -> dict[str, object]:
    """Reading harms nobody: all accounts at once, whatever fails."""
    return {
        "MaxConcurrentPercentage": 100,
        "FailureTolerancePercentage": 100,
        "ConcurrencyMode": "SOFT_FAILURE_TOLERANCE",
        "RegionConcurrencyType": "PARALLEL",
    }


def _await(service: StackSets, started: Mapping[str, str], pace: Pace, clock: Clock) -> None:
    left = dict(started)
    for delay in wait_turns(pace):
        found = {name: service.operation(name, operation) for name, operation in left.items()}
        left = {name: left[name] for name, operation in found.items() if operation and operation.is_active}
        if not left:
            return
        clock.sleep(delay)


def _result(cloud: Cloud, name: str, operation: str, instances: int) -> Drift:
    drifted, unknown = _instances(cloud, name, DRIFTED), _instances(cloud, name, UNKNOWN)
    with ThreadPoolExecutor(THREADS) as pool:
        found = tuple(pool.map(lambda entry: _drifted(cloud, name, operation, entry), drifted))
    return Drift(name, instances, found, tuple(sorted(entry["Account"] for entry in unknown)))


def _instances(cloud: Cloud, name: str, status: str) -> Sequence[Mapping[str, Any]]:
    only = [{"Name": "DRIFT_STATUS", "Values": status}]
    with translated(name):
        call = cloud.client("cloudformation").list_stack_instances
        found = tuple(pages(call, "Summaries", StackSetName=name, MaxResults=PAGE, Filters=only))
    return sorted(found, key=lambda entry: (entry["Account"], entry["Region"]))


def _drifted(cloud: Cloud, name: str, operation: str, entry: Mapping[str, Any]) -> Drifted:
    place = {"StackInstanceAccount": entry["Account"], "StackInstanceRegion": entry["Region"]}
    with translated(name):
        call = cloud.client("cloudformation").list_stack_instance_resource_drifts
        found = tuple(
            pages(
                call,
                "Summaries",
                StackSetName=name,
                OperationId=operation,
                StackInstanceResourceDriftStatuses=["MODIFIED", "DELETED"],
                **place,
            )
        )
    return Drifted(entry["Account"], entry["Region"], tuple(_resources(found)))


def _resources(found: Iterable[Mapping[str, Any]]) -> list[str]:
    """`PropertyDifferences` name what differs; a deleted resource has none."""
    lines = []
    for row in found:
        paths = sorted(one["PropertyPath"].lstrip("/") for one in row.get("PropertyDifferences", ()))
        what = f"{row['LogicalResourceId']} ({row['ResourceType']}) {row['StackResourceDriftStatus']}"
        lines.append(f"{what}: {', '.join(paths)}" if paths else what)
    return sorted(lines)
