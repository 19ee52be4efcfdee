"""How often something that runs is looked at."""

from __future__ import annotations

from itertools import accumulate, takewhile

import pytest

from stacksets.waiting import Pace, wait_turns


def looks(takes: float, expected: float = 0.0) -> tuple[int, float]:
    """How many looks it takes to see the end of something that `takes` so long, and how late the last one is."""
    times = list(takewhile(lambda at: at < 10 * takes + 60, accumulate(wait_turns(Pace(), expected))))
    before = [at for at in times if at < takes]
    return len(before) + 1, times[len(before)] - takes


def test_the_first_look_is_soon_and_the_waits_grow() -> None:
    turns = wait_turns(Pace(first=1, factor=2, longest=5))
    assert [next(turns) for _ in range(5)] == [1, 2, 4, 5, 5]


@pytest.mark.parametrize(("takes", "most"), [(5, 4), (60, 9), (600, 25), (3600, 45)])
def test_unknown_work_is_seen_with_few_looks(takes: float, most: int) -> None:
    count, late = looks(takes)
    assert count <= most
    assert late <= max(30.0, 0.12 * takes)


@pytest.mark.parametrize("share", [0.75, 0.9, 1.0, 1.1])
@pytest.mark.parametrize("expected", [40.0, 200.0, 2000.0])
def test_known_work_is_seen_soon_after_its_end_with_at_most_ten_looks(expected: float, share: float) -> None:
    count, late = looks(share * expected, expected)
    assert count <= 10
    assert late <= 0.1 * expected
