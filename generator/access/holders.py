"""What in the stacks holds a policy: roles with theirs put together, buckets, keys, VPC endpoints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from generator.access.deployed import Stack
from generator.access.names import World
from generator.access.site import Document, Endpoint, Guarded, Role
from generator.errors import ToolError

Named = Mapping[str, Document]


def roles(world: World, stacks: Sequence[Stack]) -> tuple[Role, ...]:
    """Every role, with its managed policies and its boundary looked up by ARN among all stacks."""
    managed = _managed_policies(stacks)
    made = [
        _role(world, stack, title, body, managed)
        for stack in stacks
        for title, body in stack.resources("AWS::IAM::Role").items()
    ]
    return tuple(sorted(made, key=lambda role: (role.account, role.arn)))


def _managed_policies(stacks: Sequence[Stack]) -> Named:
    found: dict[str, Document] = {}
    for stack in stacks:
        for title, body in stack.resources("AWS::IAM::ManagedPolicy").items():
            kind = "boundary" if "Boundary" in title else "identity"
            found[stack.ref(title)] = Document(kind, title, stack.file, body["PolicyDocument"])
    return found


def _role(world: World, stack: Stack, title: str, body: Mapping[str, Any], managed: Named) -> Role:
    arn, where = stack.attribute(title, "Arn"), f"{stack.file} {title}"
    inline = [
        Document("identity", f"{title}/{one['PolicyName']}", stack.file, one["PolicyDocument"])
        for one in body.get("Policies", [])
    ]
    attached = [_managed(where, arn_, managed) for arn_ in body.get("ManagedPolicyArns", [])]
    # A managed policy may also name the role that it is for.
    pushed = _pushed(stack, title)
    boundary = body.get("PermissionsBoundary")
    return Role(
        arn,
        stack.account,
        world.short(arn.split("/")[-1], stack.account),
        stack.file,
        title,
        (*inline, *attached, *pushed),
        _managed(where, boundary, managed) if boundary else None,
        Document("trust", f"{title}/trust", stack.file, body["AssumeRolePolicyDocument"]),
        _tags(body),
    )


def _pushed(stack: Stack, role: str) -> list[Document]:
    name = stack.ref(role)
    found = stack.resources("AWS::IAM::ManagedPolicy", "AWS::IAM::Policy")
    return [
        Document("identity", title, stack.file, body["PolicyDocument"])
        for title, body in found.items()
        if name in body.get("Roles", [])
    ]


def _managed(where: str, arn: str, managed: Named) -> Document:
    if arn in managed:
        return managed[arn]
    raise ToolError(f"{where}: {arn}: no policy of this build", "managed policies of AWS are not evaluated")


def guarded(stacks: Sequence[Stack]) -> tuple[Guarded, ...]:
    """Buckets with their policies, and keys."""
    found: list[Guarded] = []
    for stack in stacks:
        policies = {
            body["Bucket"]: Document("bucket", title, stack.file, body["PolicyDocument"])
            for title, body in stack.resources("AWS::S3::BucketPolicy").items()
        }
        for title, body in stack.resources("AWS::S3::Bucket").items():
            arn = stack.attribute(title, "Arn")
            found.append(Guarded(arn, stack.account, "bucket", title, policies.get(stack.ref(title)), _tags(body)))
        for title, body in stack.resources("AWS::KMS::Key").items():
            policy = Document("key", title, stack.file, body["KeyPolicy"])
            found.append(Guarded(stack.attribute(title, "Arn"), stack.account, "key", title, policy, _tags(body)))
    return tuple(found)


def endpoints(stacks: Sequence[Stack]) -> tuple[Endpoint, ...]:
    """VPC endpoints of every network."""
    found: list[Endpoint] = []
    for stack in stacks:
        for title, body in stack.resources("AWS::EC2::VPCEndpoint").items():
            document = body.get("PolicyDocument")
            policy = Document("endpoint", title, stack.file, document) if document else None
            service, vpc = str(body["ServiceName"]), str(body["VpcId"])
            found.append(Endpoint(stack.ref(title), stack.account, vpc, service, title, policy))
    return tuple(found)


def _tags(body: Mapping[str, Any]) -> dict[str, str]:
    return {tag["Key"]: str(tag["Value"]) for tag in body.get("Tags", [])}
