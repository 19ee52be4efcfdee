"""Requests within the sandbox, put to the evaluator; a context key that the sandbox does not set is absent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from generator.access.context import Missing
from generator.access.decision import Outcome
from generator.access.evaluate import evaluate
from generator.access.policy import Kind, Policy
from generator.access.principal import Principal
from generator.access.request import Request

Context = Mapping[str, str | list[str]]


def request_of(principal: Principal, action: str, resource: str, owner: str, context: Context) -> Request:
    """`owner` is the resource's account; a list in `context` is a multi-valued key."""
    keys = {key: tuple(value) if isinstance(value, list) else value for key, value in context.items()}
    return Request(principal, action, resource, owner, keys, Missing.ABSENT)


def is_allowed(request: Request, policies: Iterable[Policy]) -> bool:
    """Whether AWS's logic allows it; what AWS leaves open is not."""
    return evaluate(request, policies).outcome is Outcome.ALLOWED


def identity_policies(documents: Iterable[Mapping[str, Any]]) -> list[Policy]:
    """The documents of a role as identity policies."""
    return [Policy(f"policy {number}", Kind.IDENTITY, document) for number, document in enumerate(documents, 1)]


def boundary_policies(document: Mapping[str, Any] | None) -> list[Policy]:
    """The boundary of a role, if it has one."""
    return [] if document is None else [Policy("boundary", Kind.BOUNDARY, document)]
