"""The request that a nested stack's resource makes on its parent's behalf."""

from __future__ import annotations

from collections.abc import Mapping

from .intrinsic import text
from .model import JSON, Scope, Stack, StackRequest


def nested_request(
    scope: Scope, properties: Mapping[str, JSON], name: str, capabilities: frozenset[str], parent: Stack | None
) -> StackRequest:
    """Lists become comma-separated; capabilities, role and tags are the parent's."""
    given: Mapping[str, JSON] = properties.get("Parameters") or {}
    return StackRequest(
        scope.account,
        scope.region,
        name,
        template_url=str(properties["TemplateURL"]),
        parameters={key: ",".join(map(text, v)) if isinstance(v, list) else text(v) for key, v in given.items()},
        capabilities=capabilities,
        tags=scope.tags,
        role_arn=parent.role_arn if parent else None,
        notification_arns=tuple(properties.get("NotificationARNs") or ()),
        parent_id=parent.stack_id if parent else None,
        root_id=(parent.root_id or parent.stack_id) if parent else None,
    )
