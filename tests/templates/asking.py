"""Asks emitted documents alone, whatever other policies there may be around them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from generator.access.context import Missing, Value
from generator.access.policy import Kind, Policy
from generator.access.principal import principal_of
from generator.access.request import Request
from generator.access.voice import voices_of
from tests.templates.deployed import ACCOUNT


def allow_together(
    documents: Sequence[Mapping[str, Any]],
    action: str,
    resource: str = "*",
    *,
    role: str = f"arn:aws:iam::{ACCOUNT}:role/somebody",
    context: Mapping[str, str | list[str]],
) -> bool:
    """Whether some statement allows it and none denies it; keys that neither `context` nor the role gives are absent.

    So is the owner of the resource: whoever asks about that says it with aws:ResourceAccount.
    """
    keys: dict[str, Value] = {"aws:ResourceAccount": Missing.ABSENT}
    keys |= {key: tuple(value) if isinstance(value, list) else value for key, value in context.items()}
    request = Request(principal_of(role), action, resource, ACCOUNT, keys, Missing.ABSENT)
    (voice,) = voices_of(request, [Policy("document", Kind.RESOURCE, document) for document in documents])[
        Kind.RESOURCE
    ]
    return voice.denies is False and voice.allows() is True
