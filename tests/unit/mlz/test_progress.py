"""Events become a board for a terminal and lines for a log."""

from __future__ import annotations

from mlz.terminal.console import Line
from mlz.terminal.progress import Board, cells, folded, line
from mlz.terminal.wording import elapsed, listed, table
from stacksets.report import (
    AccountDone,
    AccountFailed,
    ActionFinished,
    ActionStarted,
    Event,
    GatePassed,
    OperationFinished,
    OperationProgress,
    OperationStarted,
    StackEvent,
    StepStarted,
    Waiting,
)

STACK = "AWS::CloudFormation::Stack"
STORY: tuple[tuple[float, Event], ...] = (
    (0.0, StepStarted("staging", 2)),
    (1.0, ActionStarted("roles", "CreateInstances", 15)),
    (2.0, OperationStarted("roles", "mlz-1-0", 15, False)),
    (30.0, OperationProgress("roles", "mlz-1-0", "RUNNING", 1, 28.0)),
    (60.0, OperationFinished("roles", "mlz-1-0", "SUCCEEDED", 1, 58.0)),
    (60.0, AccountFailed("roles", "200000000003", "eu-west-1", "Role: the name is taken")),
    (61.0, ActionFinished("roles", "CreateInstances", 1)),
)


def board_after(count: int) -> Board:
    board = Board()
    for now, event in STORY[:count]:
        board = folded(board, event, now)
    return board


def told(*events: tuple[float, Event]) -> list[Line | None]:
    board, shown = Board(), []
    for now, event in events:
        board = folded(board, event, now)
        shown.append(line(event, board, now))
    return shown


def test_the_board_while_it_runs() -> None:
    assert cells(board_after(4), 31.0) == [("roles", "add accounts 0/15", "RUNNING", "30 s", "")]


def test_the_board_keeps_the_cause_and_stops_the_clock() -> None:
    doing = "add accounts 15/15 (1 failure)"
    assert cells(board_after(7), 999.0) == [
        ("roles", doing, "FAILED", "1 min 00 s", "200000000003: Role: the name is taken")
    ]


def test_plain_lines() -> None:
    assert [one.text for one in told(*STORY) if one] == [
        "staging: 2 actions",
        "  roles: add accounts (15 accounts)",
        "  roles: SUCCEEDED after 58 s",
        "  roles: 200000000003 eu-west-1 failed: Role: the name is taken",
        "  roles: 1 account failed, after 1 min 00 s",
    ]


def test_many_operations_of_one_action_are_one_line() -> None:
    story: tuple[tuple[float, Event], ...] = (
        (0.0, ActionStarted("network", "CreateInstances", 2)),
        (1.0, OperationStarted("network", "mlz-1-0", 1, False)),
        (1.0, OperationStarted("network", "mlz-2-0", 1, False)),
        (5.0, OperationFinished("network", "mlz-1-0", "SUCCEEDED", 0, 4.0)),
        (6.0, OperationFinished("network", "mlz-2-0", "SUCCEEDED", 0, 5.0)),
        (6.0, ActionFinished("network", "CreateInstances", 0)),
    )
    assert [one.text for one in told(*story) if one] == [
        "  network: add accounts (2 accounts)",
        "  network: add accounts 2/2, done after 6.0 s",
    ]


def test_other_lines() -> None:
    events: tuple[Event, ...] = (
        GatePassed("staging", "prod"),
        Waiting("roles", "another operation is running", 4.0),
        OperationStarted("roles", "mlz-1-0", 15, True),
        AccountDone("200000000003", "failed", "the role cannot be assumed"),
        StackEvent(("Vpc",), "Nat", "AWS::EC2::NatGateway", "CREATE_FAILED", "limit reached"),
        StackEvent((), "Vpc", STACK, "CREATE_COMPLETE", ""),
        StackEvent(("Vpc",), "env-Vpc-1ABC", STACK, "CREATE_COMPLETE", ""),
        StackEvent((), "Key", "AWS::KMS::Key", "CREATE_COMPLETE", ""),
    )
    assert [one.text if one else None for one in told(*((0.0, event) for event in events))] == [
        "staging succeeded: going on to prod",
        "  roles: another operation is running; again in 4.0 s",
        "  roles: operation mlz-1-0 found running, 15 accounts",
        "  200000000003: failed: the role cannot be assumed",
        "  Vpc/Nat: CREATE_FAILED: limit reached",
        "  Vpc: CREATE_COMPLETE",
        None,
        None,
    ]


def test_a_stack_on_the_board() -> None:
    board = Board()
    for event in (
        StackEvent((), "env", STACK, "CREATE_IN_PROGRESS", ""),
        StackEvent((), "Key", "AWS::KMS::Key", "CREATE_COMPLETE", ""),
        StackEvent((), "Vpc", STACK, "CREATE_IN_PROGRESS", ""),
        StackEvent(("Vpc",), "Nat", "AWS::EC2::NatGateway", "CREATE_FAILED", "limit reached"),
        StackEvent(("Vpc",), "env-Vpc-1ABC", STACK, "CREATE_FAILED", "nested"),
        StackEvent((), "Vpc", STACK, "CREATE_FAILED", "Embedded stack failed"),
        StackEvent((), "env", STACK, "ROLLBACK_COMPLETE", ""),
    ):
        board = folded(board, event, 5.0)
    assert cells(board, 9.0) == [
        ("env", "1 resource, Key", "ROLLBACK_COMPLETE", "0.0 s", ""),
        ("Vpc", "0 resources, Nat (1 failure)", "CREATE_FAILED", "0.0 s", "Nat: limit reached"),
    ]


def test_words() -> None:
    assert [elapsed(seconds) for seconds in (0.94, 59, 65, 3725)] == ["0.9 s", "59 s", "1 min 05 s", "1 h 02 min"]
    assert listed(["a", "b", "c"], 2) == "a, b, … (1 more)"
    assert table(["id", "x"], [["aaa", "b"]]) == ["id   x", "aaa  b"]
