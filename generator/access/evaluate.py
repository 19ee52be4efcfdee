"""One request against all policies that bear on it: AWS's documented evaluation logic."""

from __future__ import annotations

from collections.abc import Iterable

from generator.access.decision import Decision
from generator.access.policy import Policy
from generator.access.request import Request


def evaluate(request: Request, policies: Iterable[Policy]) -> Decision:
    """Whether the request is allowed, and which statement of which policy decided."""
    raise NotImplementedError(request, policies)
