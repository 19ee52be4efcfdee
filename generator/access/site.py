"""Everything that decides, account by account: roles, buckets, keys, endpoints, and what stands over them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from generator.access.names import World
from generator.access.policy import Kind, Policy
from generator.errors import ToolError

KINDS = {
    "identity": Kind.IDENTITY,
    "boundary": Kind.BOUNDARY,
    "trust": Kind.TRUST,
    "bucket": Kind.RESOURCE,
    "key": Kind.KEY,
    "endpoint": Kind.ENDPOINT,
    "scp": Kind.SCP,
    "rcp": Kind.RCP,
}
# Guardrails are attached to the units of the environment's own and its target accounts.
LEVEL = "guarded units"


@dataclass(frozen=True)
class Document:
    """A policy: `kind` is identity, boundary, trust, bucket, key, endpoint, scp or rcp; `name` is for people."""

    kind: str
    name: str
    template: str
    body: Mapping[str, Any]

    @cached_property
    def policy(self) -> Policy:
        """The document in its part, read once."""
        return Policy(self.name, KINDS[self.kind], self.body, LEVEL if self.kind in ("scp", "rcp") else "")


@dataclass(frozen=True)
class Role:
    """A role with everything that decides what it may do by itself, and who may become it."""

    arn: str
    account: str
    short: str
    template: str
    title: str
    identity: tuple[Document, ...]
    boundary: Document | None
    trust: Document
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Guarded:
    """A bucket or a key: what it is called, whose it is, its policy, its tags."""

    arn: str
    account: str
    kind: str
    title: str
    policy: Document | None
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Endpoint:
    """A VPC endpoint; without a policy everything passes."""

    id: str
    account: str
    vpc: str
    service: str
    title: str
    policy: Document | None


@dataclass(frozen=True)
class Site:
    """All of it. `scps` and `rcps` hold the documents that stand over the accounts of the organization's units."""

    world: World
    roles: tuple[Role, ...]
    guarded: tuple[Guarded, ...]
    endpoints: tuple[Endpoint, ...]
    scps: tuple[Document, ...] = ()
    rcps: tuple[Document, ...] = ()

    def role(self, name: str) -> Role:
        """A role by short name, name or ARN; ToolError lists the close ones."""
        for role in self.roles:
            if name in (role.short, role.arn, role.arn.split("/")[-1], f"{role.title}@{role.account}"):
                return role
        raise ToolError(f"{name}: no such role", f"there are: {', '.join(role.short for role in self.roles)}")

    def owner(self, arn: str) -> Guarded | None:
        """The bucket or key that an ARN belongs to: an object's bucket included."""
        return next((one for one in self.guarded if arn == one.arn or arn.startswith(f"{one.arn}/")), None)

    def endpoint(self, account: str, service: str) -> Endpoint | None:
        """The endpoint of a service (`s3`, `kms`, `sagemaker.api`) in the network of an account."""
        for one in self.endpoints:
            if one.account == account and one.service.endswith(f".{service}"):
                return one
        return None

    def documents(self) -> Iterator[Document]:
        """Every document, each object once."""
        for role in self.roles:
            yield from (*role.identity, *((role.boundary,) if role.boundary else ()), role.trust)
        yield from (one.policy for one in self.guarded if one.policy)
        yield from (one.policy for one in self.endpoints if one.policy)
        yield from (*self.scps, *self.rcps)
