"""Logic in three values after Kleene: None is what nobody knows."""

from __future__ import annotations

from collections.abc import Iterable

Truth = bool | None


def negation(truth: Truth) -> Truth:
    return None if truth is None else not truth


def every(truths: Iterable[Truth]) -> Truth:
    """False as soon as one is, whatever the others are."""
    result: Truth = True
    for truth in truths:
        if truth is False:
            return False
        if truth is None:
            result = None
    return result


def some(truths: Iterable[Truth]) -> Truth:
    """True as soon as one is, whatever the others are."""
    result: Truth = False
    for truth in truths:
        if truth:
            return True
        if truth is None:
            result = None
    return result
