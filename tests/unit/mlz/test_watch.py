"""Watching: what changed between two looks, how long to wait for the next, and what is said."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from mlz.fleet import watch
from mlz.fleet.statusview import Column
from mlz.fleet.watch import Change
from mlz.terminal.console import Console, Line
from stacksets.client import Refused
from stacksets.state import Instance, Operation, SetState, State

NAMES = {"1": "one", "2": "two"}
NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def state(*instances: Instance, moving: bool = False) -> State:
    operations = (Operation("op", "UPDATE", "RUNNING"),) if moving else ()
    return State({"roles": SetState(name="roles", template=("x",), instances=instances, operations=operations)})


def test_what_happened_between_two_looks() -> None:
    before = state(Instance("1", "r"), Instance("2", "r", "OUTDATED", "RUNNING"), Instance("3", "r"))
    after = state(Instance("1", "r"), Instance("2", "r", "OUTDATED", "FAILED", "no room"), Instance("4", "r"))
    found = watch.changes(before, after)
    assert found == (
        Change("roles", "2", "OUTDATED (RUNNING)", "OUTDATED (FAILED)", "no room"),
        Change("roles", "3", "CURRENT", "", ""),
        Change("roles", "4", "", "CURRENT", ""),
    )
    assert [watch.line(change, NAMES, NOON) for change in found] == [
        Line("12:00:00 roles: 2 two: OUTDATED (RUNNING) → OUTDATED (FAILED): no room", "error"),
        Line("12:00:00 roles: 3: CURRENT → gone", "quiet"),
        Line("12:00:00 roles: 4: joined → CURRENT", "add"),
    ]


def test_a_row_a_stack_set() -> None:
    seen = state(Instance("1", "r"), Instance("2", "r", "OUTDATED", "FAILED"), moving=True)
    columns = [Column("roles", "roles", "staging"), Column("network", "network", "staging")]
    assert [line.text for line in watch.board(seen, columns, NAMES)] == [
        "stack set  accounts                        under way       failed",
        "roles      1 CURRENT, 1 OUTDATED (FAILED)  UPDATE RUNNING  two",
        "network                                    does not exist",
    ]


@pytest.mark.parametrize(
    ("previous", "took", "is_moving", "expected"),
    [(5, 0, True, 5), (40, 0, True, 5), (5, 0, False, 7.5), (50, 0, False, 60), (5, 10, True, 40)],
)
def test_how_long_to_wait(previous: float, took: float, is_moving: bool, expected: float) -> None:
    assert watch.pause(previous, 5, took, is_moving) == expected


@dataclass
class Clock:
    """Stops the watch by an interruption after so many waits."""

    most: int
    slept: list[float] = field(default_factory=list)

    def now(self) -> float:
        return 0.0

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        if len(self.slept) == self.most:
            raise KeyboardInterrupt


def test_it_slows_down_while_nothing_moves_and_survives_a_throttle() -> None:
    throttle = Refused("roles: Rate exceeded (Throttling)", "", "Throttling")
    looks = iter([state(moving=True), throttle, state(moving=True), state(), state(), state()])
    shown: list[tuple[State, State | None]] = []
    clock = Clock(6)

    def look() -> State:
        found = next(looks)
        if isinstance(found, Refused):
            raise found
        return found

    with pytest.raises(KeyboardInterrupt):
        watch.watched(look, lambda now, before: shown.append((now, before)), clock, 4)
    assert clock.slept == [4, 6, 4, 4, 6, 9]
    assert shown == [
        (state(moving=True), None),
        (state(moving=True), state(moving=True)),
        (state(), state(moving=True)),
        (state(), state()),
        (state(), state()),
    ]


def test_another_refusal_ends_it() -> None:
    def look() -> State:
        raise Refused("roles: sign in", "", "ExpiredToken")

    with pytest.raises(Refused, match="sign in"):
        watch.watched(look, lambda _now, _before: None, Clock(1), 4)


def test_on_a_terminal_the_table_stands_still_and_changes_stand_above_it(capsys: pytest.CaptureFixture[str]) -> None:
    columns = [Column("roles", "roles", "staging")]
    before, after = state(Instance("1", "r"), moving=True), state(Instance("1", "r", "OUTDATED", "FAILED", "no room"))
    with watch.screen(Console(is_live=True), columns, NAMES) as show:
        show(before, None)
        show(after, before)
    shown = capsys.readouterr().err
    assert "roles: 1 one: CURRENT → OUTDATED (FAILED): no room" in shown
    assert [line.rstrip() for line in shown.splitlines()][-2:] == [
        "stack set  accounts             under way  failed",
        "roles      1 OUTDATED (FAILED)             one",
    ]


def test_elsewhere_only_what_changes_is_written(capsys: pytest.CaptureFixture[str]) -> None:
    columns = [Column("roles", "roles", "staging")]
    before, after = state(Instance("1", "r")), state(Instance("1", "r", "OUTDATED", "RUNNING"))
    with watch.screen(Console(), columns, NAMES) as show:
        show(before, None)
        show(before, before)
        show(after, before)
    shown = capsys.readouterr().out.splitlines()
    assert shown[:3] == [
        "stack set  accounts   under way  failed",
        "roles      1 CURRENT",
        "watching 1 stack set",
    ]
    assert [line[9:] for line in shown[3:]] == ["roles: 1 one: CURRENT → OUTDATED (RUNNING)"]
