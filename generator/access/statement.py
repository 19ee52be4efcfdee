"""Statements of policy documents, ready for matching."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Statement:
    """One statement of a policy."""

    sid: str
    denies: bool


def statements_of(source: str, document: Mapping[str, Any]) -> tuple[Statement, ...]:
    """The statements of a document; ToolError where it is no policy."""
    raise NotImplementedError(source, document)
