"""What exists because of stacks: the proof that nothing is left."""

from __future__ import annotations

from collections.abc import Iterator

from .lookup import NESTED
from .model import Physical
from .registry import Registry

GONE = frozenset({"DELETE_COMPLETE", "DELETE_SKIPPED"})


def inventory(registry: Registry) -> list[Physical]:
    """Ordered by account, Region, type and id. Nested stacks are not listed themselves, their resources are."""
    return sorted(
        [*_held(registry), *registry.left], key=lambda row: (row.account, row.region, row.type, row.physical_id)
    )


def _held(registry: Registry) -> Iterator[Physical]:
    for stack in registry.stacks():
        for resource in list(stack.resources.values()):
            if resource.physical_id and resource.status not in GONE and resource.type != NESTED:
                yield Physical(
                    stack.account, stack.region, resource.type, resource.physical_id, stack.name,
                    resource.logical_id, resource.kind,
                )  # fmt: skip
