"""The same world driven by hypothesis, which makes a failing history short."""

from __future__ import annotations

import os
from dataclasses import replace
from math import inf

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from stacksets.simulator import rivals
from tests.chaos.story import ACCOUNTS, BUDGETS, ROLLOUTS, Day, Story

EXAMPLES = max(60, int(os.environ.get("SEEDS", "0")) // 50)
HOMES = st.tuples(*(st.sampled_from(("", "staging", "prod")) for _ in ACCOUNTS))
SOME = st.frozensets(st.sampled_from(ACCOUNTS), max_size=3)


class Operators(RuleBasedStateMachine):
    """Wishes change, things break, runs are made; at the end a quiet run must finish the job."""

    def __init__(self) -> None:
        super().__init__()
        self.story = Story("machine")
        self.day = Day(("",) * len(ACCOUNTS))
        self.has_run = False

    @rule(homes=HOMES, regions=st.integers(1, 2))
    def accounts_move(self, homes: tuple[str, ...], regions: int) -> None:
        self.day = replace(self.day, homes=homes, regions=regions)

    @rule(text=st.sampled_from(("v1", "v2", "v3")), own_values=st.booleans())
    def templates_change(self, text: str, own_values: bool) -> None:
        self.day = replace(self.day, text=text, own_values=own_values)

    @rule(rollout=st.integers(0, len(ROLLOUTS) - 1), budget=st.integers(0, len(BUDGETS) - 1))
    def settings_change(self, rollout: int, budget: int) -> None:
        self.day = replace(self.day, rollout=rollout, budget=budget)

    @rule(failing=SOME, suspended=st.frozensets(st.sampled_from(ACCOUNTS), max_size=1))
    def accounts_break(self, failing: frozenset[str], suspended: frozenset[str]) -> None:
        self.day = replace(self.day, failing=failing, suspended=suspended)

    @rule(crash_at=st.integers(0, 60), crash_after=st.booleans(), lag=st.floats(0, 10))
    def run_until_a_crash(self, crash_at: int, crash_after: bool, lag: float) -> None:
        self._live(replace(self.day, crash_at=crash_at, crash_after=crash_after, lag=lag))

    @rule(interrupted=st.floats(1, 300), expires=st.one_of(st.just(inf), st.floats(5, 200)))
    def run_until_an_interrupt(self, interrupted: float, expires: float) -> None:
        self._live(replace(self.day, interrupted=interrupted, expires=expires))

    @rule(busy=st.integers(0, 3), lost=st.integers(0, 3), cut=st.integers(0, 1), reads=st.sampled_from((0.0, 1.0, 3.0)))
    def run_over_a_bad_line(self, busy: int, lost: int, cut: int, reads: float) -> None:
        self._live(replace(self.day, busy=busy, lost=lost, cut=cut, reads=reads))

    @rule(moments=st.lists(st.tuples(st.floats(1, 120), st.sampled_from(rivals.DEEDS)), min_size=1, max_size=2))
    def run_beside_a_rival(self, moments: list[tuple[float, str]]) -> None:
        self._live(replace(self.day, rivals=tuple(moments)))

    @rule(seconds=st.floats(1, 500))
    def time_passes(self, seconds: float) -> None:
        self.story.clock.sleep(seconds)

    def _live(self, day: Day) -> None:
        self.has_run = True
        self.story.live(day)

    @invariant()
    def nothing_forbidden_was_done(self) -> None:
        self.story.check_wrongs()

    def teardown(self) -> None:
        if self.has_run:
            self.story.rest()
            self.story.check_end()


Operators.TestCase.settings = settings(max_examples=EXAMPLES, stateful_step_count=15, deadline=None, derandomize=True)
test_operators = Operators.TestCase
