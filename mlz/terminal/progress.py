"""Progress of an apply or a deployment: events folded into a board, the board into rows and lines. All pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import assert_never

from mlz.terminal.console import Line
from mlz.terminal.wording import count, elapsed
from stacksets import report
from stacksets.report import Event

# stacksets reports an action by its type
TITLES = {
    "CreateSet": "create the stack set",
    "UpdateSet": "update the stack set",
    "RetryInstances": "try again",
    "CreateInstances": "add accounts",
    "UpdateInstances": "change the parameters of accounts",
    "DeleteInstances": "remove accounts",
    "DeleteSet": "delete the stack set",
    "AwaitOperation": "wait for an operation that is under way",
}


@dataclass(frozen=True)
class Row:
    """One stack set or stack while something happens to it."""

    name: str
    doing: str = ""
    status: str = ""
    accounts: int = 0
    served: int = 0
    failed: int = 0
    flying: Mapping[str, int] = field(default_factory=dict)
    began: float = 0.0
    ended: float | None = None
    note: str = ""

    def seconds(self, now: float) -> float:
        return (self.ended if self.ended is not None else now) - self.began


@dataclass(frozen=True)
class Board:
    """What a live display shows: the step under way and a row a stack set."""

    step: str = ""
    rows: Mapping[str, Row] = field(default_factory=dict)

    def put(self, row: Row) -> Board:
        return replace(self, rows={**self.rows, row.name: row})

    def row(self, name: str) -> Row:
        return self.rows.get(name, Row(name))


def folded(board: Board, event: Event, now: float) -> Board:
    """The board after an event that happened at `now` (any monotonic seconds)."""
    match event:
        case report.StepStarted():
            return replace(board, step=event.step)
        case report.ActionStarted():
            return board.put(
                Row(event.stack_set, TITLES.get(event.title, event.title), "STARTING", event.accounts, began=now)
            )
        case report.OperationStarted():
            row = board.row(event.stack_set)
            flying = {**row.flying, event.operation: event.accounts}
            note = "found running" if event.is_adopted else ""
            return board.put(replace(row, status="RUNNING", flying=flying, note=note))
        case report.OperationProgress():
            return board.put(replace(board.row(event.stack_set), status=event.status))
        case report.OperationFinished():
            row = board.row(event.stack_set)
            accounts = row.flying.get(event.operation, 0)
            row = replace(row, served=row.served + accounts, failed=row.failed + max(event.failed, 0))
            return board.put(row)
        case report.ActionFinished():
            status = "FAILED" if event.failed else "DONE"
            return board.put(replace(board.row(event.stack_set), status=status, failed=event.failed, ended=now))
        case report.Waiting():
            return board.put(replace(board.row(event.where), note=event.reason))
        case report.AccountFailed():
            return board.put(replace(board.row(event.stack_set), note=f"{event.account}: {event.cause}"))
        case report.StackEvent():
            return _stack_event(board, event, now)
        case report.StackStep():
            return board.put(
                replace(board.row(event.stack), doing=event.what, began=board.row(event.stack).began or now)
            )
        case report.Baking():
            return replace(board, step=f"{event.step}: watching what was changed for {elapsed(event.seconds)}")
        case report.GatePassed() | report.AccountDone():
            return board
    assert_never(event)


def _stack_event(board: Board, event: report.StackEvent, now: float) -> Board:
    if _repeats_parent(event):
        return board
    failed = event.status.endswith("_FAILED")
    note = f"{event.resource}: {event.reason}" if failed else ""
    if is_stack(event):
        began = board if board.step or event.path else replace(board, step=event.resource)
        known = began.rows.get(place(event), Row(place(event), began=now))
        over = None if event.status.endswith("_IN_PROGRESS") else now
        return began.put(replace(known, status=event.status, ended=over, note=known.note or note))
    name = "/".join(event.path) or board.step
    known = board.rows.get(name, Row(name, began=now))
    done = known.served + event.status.endswith("_COMPLETE")
    row = replace(known, doing=f"{count(done, 'resource')}, {event.resource}", served=done, note=known.note or note)
    return board.put(replace(row, failed=known.failed + failed))


def place(event: report.StackEvent) -> str:
    """`Network/Vpc/NatGateway`: the path from the root stack to the resource."""
    return "/".join((*event.path, event.resource))


def _repeats_parent(event: report.StackEvent) -> bool:
    """A nested stack tells of itself (`<parent>-<logical id>-<random>`) what its parent tells of it as a resource."""
    return is_stack(event) and bool(event.path) and f"-{event.path[-1]}-" in event.resource


def is_stack(event: report.StackEvent) -> bool:
    return event.type == "AWS::CloudFormation::Stack"


def cells(board: Board, now: float) -> list[tuple[str, str, str, str, str]]:
    """name, what, status, elapsed, note for each row."""
    return [(row.name, _doing(row), row.status, elapsed(row.seconds(now)), row.note) for row in board.rows.values()]


def _doing(row: Row) -> str:
    counted = f" {row.served}/{row.accounts}" if row.flying else ""
    return row.doing + counted + (f" ({count(row.failed, 'failure')})" if row.failed else "")


def line(event: Event, board: Board, now: float, *, verbose: int = 0) -> Line | None:
    """One plain line for an event that `board` has seen; None when it would only repeat what is known."""
    match event:
        case report.StepStarted():
            return Line(f"{event.step}: {count(event.actions, 'action')}", "title")
        case report.ActionStarted():
            if not event.accounts and not verbose:
                return None
            accounts = f" ({count(event.accounts, 'account')})" if event.accounts else ""
            return Line(f"  {event.stack_set}: {TITLES.get(event.title, event.title)}{accounts}")
        case report.OperationStarted():
            found = "found running" if event.is_adopted else "started"
            text = f"  {event.stack_set}: operation {event.operation} {found}, {count(event.accounts, 'account')}"
            return Line(text, "quiet") if event.is_adopted or verbose else None
        case report.OperationProgress():
            failed = f", {event.failed} failed" if event.failed > 0 else ""
            text = f"  {event.stack_set}: {event.status}{failed}, {elapsed(event.seconds)}"
            return Line(text, "quiet") if verbose else None
        case report.OperationFinished():
            usual = event.status == "SUCCEEDED" and event.failed < 1
            text = f"  {event.stack_set}: {event.status} after {elapsed(event.seconds)}"
            return None if usual and not verbose else Line(text, "quiet" if usual else "remove")
        case report.ActionFinished():
            row = board.row(event.stack_set)
            took = elapsed(row.seconds(now))
            if event.failed:
                return Line(f"  {row.name}: {count(event.failed, 'account')} failed, after {took}", "remove")
            return Line(f"  {row.name}: {_doing(row)}, done after {took}", "add") if row.flying else None
        case report.Waiting():
            return Line(f"  {event.where}: {event.reason}; again in {elapsed(event.seconds)}", "quiet")
        case report.AccountFailed():
            return Line(f"  {event.stack_set}: {event.account} {event.region} failed: {event.cause}", "error")
        case report.GatePassed():
            return Line(f"{event.stage} succeeded: going on to {event.following}", "add")
        case report.Baking():
            return Line(f"{event.step}: begins in {elapsed(event.seconds)}, if what was changed stays healthy", "quiet")
        case report.StackStep():
            return Line(f"  {event.stack}: {event.what}")
        case report.AccountDone():
            style = "remove" if event.outcome == "failed" else "quiet" if event.outcome == "unchanged" else "add"
            return Line(f"  {event.account}: {event.outcome}{': ' if event.detail else ''}{event.detail}", style)
        case report.StackEvent():
            return _stack_line(event, verbose)
    assert_never(event)


def _stack_line(event: report.StackEvent, verbose: int) -> Line | None:
    failed = event.status.endswith("_FAILED")
    ended = is_stack(event) and not event.status.endswith("_IN_PROGRESS")
    if _repeats_parent(event) or not (verbose or failed or ended):
        return None
    reason = f": {event.reason}" if event.reason and (failed or verbose) else ""
    style = "error" if failed else "add" if event.status.endswith("_COMPLETE") else "quiet"
    return Line(f"  {place(event)}: {event.status}{reason}", style)
