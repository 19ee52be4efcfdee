"""Which of some IAM roles have to be created, because no one else has created them yet."""

from __future__ import annotations

from typing import Any

import boto3
from custom_resource import Properties, Request, serve


def handler(event: dict[str, Any], context: Any) -> None:
    """Properties: RoleNames (list), Owner (the stack that would own them).

    Attributes: for each role its name if it is to be created, or was created by the same owner, else the empty string.
    A role of the owner carries the tag `Owner`: without it an Update would find the stack's own role, take it for
    someone else's, and delete it.
    """
    serve(event, context, identify=_identity, apply=_check)


def _identity(properties: Properties) -> str:
    return ",".join(sorted(properties["RoleNames"]))


def _check(request: Request) -> dict[str, str]:
    client = boto3.client("iam")
    owner: str = request.properties["Owner"]
    return {name: name if is_ours(client, name, owner) else "" for name in request.properties["RoleNames"]}


def is_ours(client: Any, name: str, owner: str) -> bool:
    """The role does not exist, or exists with `owner` as its tag `Owner`."""
    try:
        role = client.get_role(RoleName=name)["Role"]
    except client.exceptions.NoSuchEntityException:
        return True
    return any(tag["Key"] == "Owner" and tag["Value"] == owner for tag in role.get("Tags", []))
