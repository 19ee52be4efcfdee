"""The part of the StackSets API that planning and applying need: the real client and fakes satisfy it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from generator.errors import ToolError
from stacksets.spec import Definition, Preferences
from stacksets.state import Instance, Operation, SetState


class Busy(ToolError):
    """Another operation holds the stack set (OperationInProgressException, StaleRequestException): wait."""


class OperationExists(ToolError):
    """An operation with this id was accepted before (OperationIdAlreadyExistsException)."""


@dataclass(frozen=True, slots=True)
class Result:
    """What one operation did to one stack instance."""

    account: str
    region: str
    status: str
    reason: str = ""


class StackSets(Protocol):
    """Mutating calls take the operation id, and return when the service has accepted the operation.

    They raise Busy, OperationExists, or a ToolError that nothing here handles. `describe` answers without instances.
    """

    def describe(self, name: str) -> SetState | None: ...

    def instances(self, name: str) -> tuple[Instance, ...]: ...

    def instance(self, name: str, account: str, region: str) -> Instance | None: ...

    def overrides(self, name: str, account: str, region: str) -> dict[str, str]: ...

    def operation(self, name: str, operation: str) -> Operation | None: ...

    def operations(self, name: str, limit: int = 100) -> tuple[Operation, ...]: ...

    def failures(self, name: str, operation: str) -> tuple[Result, ...]: ...

    def create_set(self, definition: Definition) -> None: ...

    def update_set(
        self,
        definition: Definition,
        preferences: Preferences,
        operation: str,
        accounts: tuple[str, ...] = (),
        regions: tuple[str, ...] = (),
    ) -> None:
        """Change the set, which makes every instance OUTDATED, and update these instances; all of them without any."""
        ...

    def retry_instances(
        self,
        definition: Definition,
        accounts: tuple[str, ...],
        regions: tuple[str, ...],
        preferences: Preferences,
        operation: str,
    ) -> None: ...

    def create_instances(
        self,
        name: str,
        accounts: tuple[str, ...],
        regions: tuple[str, ...],
        overrides: Mapping[str, str],
        preferences: Preferences,
        operation: str,
    ) -> None: ...

    def update_instances(
        self,
        name: str,
        accounts: tuple[str, ...],
        regions: tuple[str, ...],
        overrides: Mapping[str, str],
        preferences: Preferences,
        operation: str,
    ) -> None: ...

    def delete_instances(
        self,
        name: str,
        accounts: tuple[str, ...],
        regions: tuple[str, ...],
        retain: bool,
        preferences: Preferences,
        operation: str,
    ) -> None: ...

    def delete_set(self, name: str) -> None: ...
