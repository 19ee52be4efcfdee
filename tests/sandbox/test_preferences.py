"""How many accounts run at once and how many may fail: numbers that AWS documents."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.stacksets.preferences import Limits, limits, read_preferences, regions_in_order

SOFT = {"ConcurrencyMode": "SOFT_FAILURE_TOLERANCE"}


@pytest.mark.parametrize(
    ("given_preferences", "accounts", "expected"),
    [
        ({}, 10, Limits(1, 0, True)),
        ({"MaxConcurrentCount": 5, "FailureToleranceCount": 2}, 10, Limits(5, 2, True)),
        ({"MaxConcurrentPercentage": 100}, 10, Limits(10, 0, True)),
        ({"MaxConcurrentPercentage": 25, "FailureTolerancePercentage": 25}, 10, Limits(2, 2, True)),
        ({"MaxConcurrentPercentage": 5, "FailureTolerancePercentage": 5}, 10, Limits(1, 0, True)),
        ({**SOFT, "MaxConcurrentPercentage": 100}, 10, Limits(10, 0, False)),
    ],
)
def test_percentages_round_down(given_preferences: dict[str, Any], accounts: int, expected: Limits) -> None:
    assert limits(read_preferences(given_preferences), accounts) == expected


@pytest.mark.parametrize(
    ("limit", "by_failures"),
    [
        (Limits(10, 0, True), [1, 0, 0]),
        (Limits(10, 2, True), [3, 2, 1, 0]),
        (Limits(2, 5, True), [2, 2, 2, 2, 2, 1, 0]),
        (Limits(10, 2, False), [10, 10, 10, 0]),
    ],
)
def test_strict_shrinks_with_failures_and_soft_does_not(limit: Limits, by_failures: list[int]) -> None:
    assert [limit.slots(failures) for failures in range(len(by_failures))] == by_failures


@given(st.integers(1, 50), st.integers(0, 50), st.booleans(), st.lists(st.booleans(), max_size=200))
def test_failures_never_exceed_the_tolerance_by_more_than_those_that_run(
    concurrency: int, tolerance: int, strict: bool, outcomes: list[bool]
) -> None:
    limit = Limits(concurrency, tolerance, strict)
    failures = running = 0
    for fails in outcomes:
        while running < limit.slots(failures):
            running += 1
        if running == 0:
            break
        running -= 1
        failures += fails
    assert failures <= tolerance + (1 if strict else concurrency)


def test_regions_that_are_not_named_come_last() -> None:
    preferences = read_preferences({"RegionOrder": ["b", "x"]})
    assert regions_in_order(preferences, ["a", "b", "c"]) == ["b", "a", "c"]
