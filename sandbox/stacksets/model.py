"""What the StackSets service keeps: sets, their instances, and the operations that run over them."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

Action = Literal["CREATE", "UPDATE", "DELETE", "DETECT_DRIFT"]
Target = tuple[str, str]

DEFAULT_EXECUTION_ROLE = "AWSCloudFormationStackSetExecutionRole"
DEFAULT_ADMINISTRATION_ROLE = "AWSCloudFormationStackSetAdministrationRole"


@dataclass(frozen=True)
class Definition:
    """What a set deploys and as whom; an update makes a new one."""

    template_body: str
    parameters: Mapping[str, str]
    capabilities: frozenset[str]
    tags: Mapping[str, str]
    description: str | None
    administration_role_arn: str | None
    execution_role_name: str

    def deploys_same(self, other: Definition) -> bool:
        """Whether the other leaves every instance current: same template and same parameters."""
        return self.template_body == other.template_body and dict(self.parameters) == dict(other.parameters)


@dataclass(frozen=True)
class Preferences:
    """OperationPreferences; None where not given. Counts are per Region."""

    region_order: tuple[str, ...] = ()
    parallel_regions: bool = False
    failure_tolerance_count: int | None = None
    failure_tolerance_percentage: int | None = None
    max_concurrent_count: int | None = None
    max_concurrent_percentage: int | None = None
    concurrency_mode: str | None = None


@dataclass(frozen=True)
class DriftedResource:
    """A resource that is not as its template says, in one property."""

    logical_id: str
    physical_id: str
    type: str
    property_path: str


@dataclass
class Instance:
    """A stack in an account and Region; `overrides` are merged over the set's parameters at each deployment."""

    account: str
    region: str
    overrides: dict[str, str] = field(default_factory=dict)
    stack_id: str | None = None
    status: Literal["CURRENT", "OUTDATED", "INOPERABLE"] = "OUTDATED"
    detailed: str = "PENDING"
    reason: str | None = None
    last_operation_id: str | None = None
    drift: str = "NOT_CHECKED"
    drift_checked: datetime | None = None
    drifted: tuple[DriftedResource, ...] = ()


@dataclass
class Result:
    """A row of ListStackSetOperationResults."""

    account: str
    region: str
    status: str = "PENDING"
    reason: str | None = None


@dataclass
class Operation:
    """One asynchronous operation. `definition` and `overrides` take effect when it starts, not while it is queued."""

    operation_id: str
    action: Action
    targets: tuple[Target, ...]
    preferences: Preferences
    created: datetime
    administration_role_arn: str
    execution_role_name: str
    definition: Definition | None = None
    exclusive: bool = False
    overrides: Mapping[str, str] | None = None
    kept_overrides: frozenset[str] = frozenset()
    retain: bool = False
    status: str = "QUEUED"
    reason: str | None = None
    ended: datetime | None = None
    results: dict[Target, Result] = field(default_factory=dict)
    stopping: threading.Event = field(default_factory=threading.Event)
    done: threading.Event = field(default_factory=threading.Event)

    @property
    def is_active(self) -> bool:
        return self.status in ("QUEUED", "RUNNING", "STOPPING")

    @property
    def failed_count(self) -> int:
        return sum(result.status == "FAILED" for result in list(self.results.values()))

    def conflicts_with(self, other: Operation) -> bool:
        return self.exclusive or other.exclusive or bool(set(self.targets) & set(other.targets))


@dataclass
class StackSet:
    """A set of one account and Region; guard its dictionaries with `lock`."""

    name: str
    uuid: str
    account: str
    region: str
    definition: Definition
    created: datetime
    managed_execution: bool = False
    status: str = "ACTIVE"
    token: str | None = None
    instances: dict[Target, Instance] = field(default_factory=dict)
    operations: dict[str, Operation] = field(default_factory=dict)
    drift_checked: datetime | None = None
    lock: threading.RLock = field(default_factory=threading.RLock)

    @property
    def id(self) -> str:
        return f"{self.name}:{self.uuid}"

    @property
    def arn(self) -> str:
        return f"arn:aws:cloudformation:{self.region}:{self.account}:stackset/{self.id}"

    @property
    def regions(self) -> list[str]:
        """The Regions of the instances, in the order in which they came."""
        return list(dict.fromkeys(region for _, region in self.instances))

    def active(self) -> list[Operation]:
        return [operation for operation in self.operations.values() if operation.is_active]
