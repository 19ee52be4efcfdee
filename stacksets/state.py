"""What AWS has: the stack sets of a plan and their instances, read with the fewest calls that show a difference."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Protocol

import msgspec

THREADS = 8
ACTIVE = frozenset({"RUNNING", "QUEUED", "STOPPING"})
GONE = "GONE"
UNDER_WAY = frozenset({"PENDING", "RUNNING"})


@dataclass(frozen=True, slots=True, order=True)
class Instance:
    """One stack instance; `status`: CURRENT, OUTDATED or INOPERABLE; `detailed`: StackInstanceStatus.DetailedStatus."""

    account: str
    region: str
    status: str = "CURRENT"
    detailed: str = "SUCCEEDED"
    reason: str = ""
    stack_id: str = ""
    last_operation: str = ""

    @property
    def is_quiet(self) -> bool:
        """The service has finished with it and it carries what the set says."""
        return self.status == "CURRENT" and self.detailed not in UNDER_WAY


@dataclass(frozen=True, slots=True)
class Operation:
    """A stack set operation; `failed` counts stack instances (StatusDetails), -1 when the service does not say."""

    id: str
    action: str
    status: str
    reason: str = ""
    failed: int = -1

    @property
    def is_active(self) -> bool:
        return self.status in ACTIVE


@dataclass(frozen=True, slots=True, kw_only=True)
class SetState:
    """One stack set as the service describes it.

    `template` has the digests that count as equal to the deployed body (`body_digests`).
    `overrides` holds the accounts whose overrides were read: they cost one call each, so most reads leave it empty.
    `operations` are those that run or wait in the queue, read only when an instance is not quiet.
    """

    name: str
    template: tuple[str, ...]
    parameters: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    administration_role_arn: str = ""
    execution_role_name: str = ""
    is_managed_execution: bool = True
    instances: tuple[Instance, ...] = ()
    overrides: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    operations: tuple[Operation, ...] = ()

    @property
    def accounts(self) -> tuple[str, ...]:
        return tuple(sorted({instance.account for instance in self.instances}))


@dataclass(frozen=True, slots=True)
class State:
    """The stack sets that exist, by name."""

    sets: Mapping[str, SetState] = field(default_factory=dict)

    @property
    def accounts(self) -> frozenset[str]:
        """Every account that any set holds."""
        return frozenset(account for held in self.sets.values() for account in held.accounts)

    @property
    def digest(self) -> str:
        """Changes whenever a plan made from this state could come out differently."""
        content = {name: _facts(held) for name, held in self.sets.items()}
        return hashlib.sha256(msgspec.json.encode(content, order="sorted")).hexdigest()


def _facts(held: SetState) -> list[object]:
    return [
        held.template,
        dict(held.parameters),
        dict(held.tags),
        held.administration_role_arn,
        held.execution_role_name,
        held.is_managed_execution,
        sorted([i.account, i.region, i.status, i.detailed, i.last_operation] for i in held.instances),
        sorted(operation.id for operation in held.operations),
    ]


class Reader(Protocol):
    """The calls that a state is read by (`service.StackSets` has them)."""

    def describe(self, name: str) -> SetState | None: ...

    def instances(self, name: str) -> tuple[Instance, ...]: ...

    def operation(self, name: str, operation: str) -> Operation | None: ...

    def operations(self, name: str, limit: int = 100) -> tuple[Operation, ...]: ...

    def overrides(self, name: str, account: str, region: str) -> dict[str, str]: ...


def without_stacks(state: State, accounts: Iterable[str]) -> State:
    """The state in which the stacks of these accounts are gone, which the service does not see: somebody deleted them.

    Such an instance can only be forgotten and added anew, like one that is INOPERABLE.
    """
    gone = set(accounts)
    return State(
        {
            name: replace(
                held,
                instances=tuple(
                    replace(one, status="INOPERABLE", detailed=GONE) if one.account in gone else one
                    for one in held.instances
                ),
            )
            for name, held in state.sets.items()
        }
    )


def body_digests(body: str) -> tuple[str, ...]:
    """The digests under which a template body is recognised: as it is, with one newline at its end, and with none.

    The service adds or drops a final newline by size (hashicorp/terraform-provider-aws#29342).
    """
    forms = (body, body.rstrip("\n") + "\n", body.rstrip("\n"))
    return tuple(dict.fromkeys(hashlib.sha256(form.encode()).hexdigest() for form in forms))


def read(service: Reader, names: Iterable[str], threads: int = THREADS) -> State:
    """Describe and list each set: 1 + ceil(instances / 100) calls a set, one when it does not exist."""
    wanted = sorted(set(names))
    with ThreadPoolExecutor(max(1, min(threads, len(wanted)))) as pool:
        found = tuple(pool.map(lambda name: _read_set(service, name), wanted))
    return State({held.name: held for held in found if held is not None})


def _read_set(service: Reader, name: str) -> SetState | None:
    held = service.describe(name)
    if held is None:
        return None
    instances = tuple(sorted(service.instances(name)))
    return replace(held, instances=instances, operations=_operations(service, name, instances))


def _operations(service: Reader, name: str, instances: tuple[Instance, ...]) -> tuple[Operation, ...]:
    """Operations are listed late: those that work on an instance now are asked for by name."""
    if all(instance.is_quiet for instance in instances):
        return ()
    listed = {operation.id: operation for operation in service.operations(name)}
    working = {one.last_operation for one in instances if one.detailed in UNDER_WAY and one.last_operation}
    missed = (service.operation(name, operation) for operation in sorted(working - set(listed)))
    return tuple(one for one in (*listed.values(), *missed) if one is not None and one.is_active)


def with_overrides(service: Reader, state: State, names: Iterable[str], threads: int = THREADS) -> State:
    """The state with the overrides of every account of these sets: one call an account, so only when needed."""
    cells = [
        (name, one.account, one.region) for name in names if name in state.sets for one in _first(state.sets[name])
    ]
    with ThreadPoolExecutor(threads) as pool:
        answers = tuple(pool.map(lambda cell: service.overrides(*cell), cells))
    read_now: dict[str, dict[str, dict[str, str]]] = {}
    for (name, account, _), values in zip(cells, answers, strict=True):
        read_now.setdefault(name, {})[account] = values
    return State(
        {name: replace(held, overrides=read_now.get(name, held.overrides)) for name, held in state.sets.items()}
    )


def _first(held: SetState) -> tuple[Instance, ...]:
    """One instance an account: overrides are given by account, so that its Regions agree."""
    return tuple({instance.account: instance for instance in reversed(held.instances)}.values())
