"""What a stack and the stacks nested in it made: the ground on which something is called the environment's own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from stacksets.cause import NESTED
from stacksets.client import Refused, pages, translated

if TYPE_CHECKING:
    from stacksets.client import Cloud


def of(cloud: Cloud, stack: str, kind: str) -> tuple[str, ...]:
    """Physical ids of the resources of a type (`AWS::SageMaker::Domain`); none when there is no such stack."""
    return tuple(identity for found, identity in _everything(cloud, stack) if found == kind)


def _everything(cloud: Cloud, stack: str) -> Iterator[tuple[str, str]]:
    try:
        with translated(stack):
            call = cloud.client("cloudformation").list_stack_resources
            found = list(pages(call, "StackResourceSummaries", StackName=stack))
    except Refused as problem:
        if problem.code == "ValidationError" and "does not exist" in problem.message:
            return
        raise
    for row in found:
        identity = row.get("PhysicalResourceId", "")
        if row["ResourceType"] == NESTED and identity and row["ResourceStatus"] != "DELETE_COMPLETE":
            yield from _everything(cloud, identity)
        elif identity:
            yield row["ResourceType"], identity
