"""What a resource type does in the services behind it: three small functions, and the task that they are given."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from .errors import ResourceError
from .model import JSON, Kind, Resource, Scope

if TYPE_CHECKING:
    from .deployment import Deployment
    from .registry import Registry

MAX_WAIT_SECONDS = 3600
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Task:
    """One create, update or delete of one resource; for a delete `properties` are those that it was made with.

    `old` is the resource before an update or delete. `registry` and `deployment` are for the types that are about
    stacks themselves or call functions.
    """

    scope: Scope
    type: str
    properties: Mapping[str, JSON]
    registry: Registry
    old: Resource | None = None
    deployment: Deployment | None = None

    @property
    def physical_id(self) -> str:
        return self.old.physical_id if self.old else ""

    @property
    def before(self) -> Mapping[str, JSON]:
        return self.old.properties if self.old else {}

    def backend(self, service: str, region: str | None = None) -> Any:
        """moto's backend of a service for this account and Region ("aws" and the like for global ones)."""
        from .services import backend

        return backend(service, self.scope, region)


@dataclass(frozen=True, slots=True)
class Made:
    """What exists now; `attributes` are those of Fn::GetAtt that the service decides."""

    physical_id: str
    attributes: dict[str, JSON] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Handler:
    """`update` None means that an in-place change is only noted. `slow` ones run beside the others, in a thread.

    `replaces` decides for properties whose schema says "conditionally"; without it they are updated in place.
    """

    create: Callable[[Task], Made]
    delete: Callable[[Task], None]
    update: Callable[[Task], Made] | None = None
    kind: Kind = "live"
    slow: bool = False
    replaces: Callable[[Task], bool] | None = None


@dataclass(frozen=True)
class Children:
    """How a nested stack comes, changes and goes; given to the registry by the engine (children.py)."""

    create: Callable[[Task], Made]
    update: Callable[[Task], Made]
    delete: Callable[[Task], None]


def safely(work: Callable[[Task], Result], task: Task) -> Result:
    """The work's result; any defect in a handler or in moto fails the resource, so that no stack hangs in progress."""
    try:
        return work(task)
    except ResourceError:
        raise
    except Exception as error:
        reason = f"Internal failure of the sandbox: {type(error).__name__}: {error}"
        raise ResourceError(reason, "InternalFailure") from error


def unchanged(task: Task) -> Made:
    """The resource as it was: for updates that the service layer has no place for."""
    return Made(task.physical_id, dict(task.old.attributes) if task.old else {})


def tag_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]
