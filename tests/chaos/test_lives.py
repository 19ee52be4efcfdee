"""Seeded lives: whatever happens on the way, nothing forbidden is done, and one quiet run ends where it should.

`SEEDS=10000 make chaos` for many; a failing life is `tests.chaos.story.random_life(seed)`.
"""

from __future__ import annotations

import os

import pytest

from tests.chaos.story import Story, random_life

FIRST, SEEDS = int(os.environ.get("FIRST_SEED", "0")), int(os.environ.get("SEEDS", "300"))
CHUNK = 50


@pytest.mark.parametrize("first", range(FIRST, FIRST + SEEDS, CHUNK))
def test_lives(first: int) -> None:
    for seed in range(first, min(first + CHUNK, FIRST + SEEDS)):
        try:
            life(seed)
        except BaseException as problem:
            problem.add_note(f"in the life of seed {seed}")
            raise


def life(seed: int) -> None:
    story = Story(str(seed))
    for day in random_life(seed):
        story.live(day)
    story.rest()
    story.check_end()
