"""Where events go: a live table on a terminal, plain lines elsewhere."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from mlz.terminal.console import Console, Line
from mlz.terminal.progress import Board, cells, folded, line
from stacksets.report import ActionStarted

if TYPE_CHECKING:
    from rich.table import Table

    from stacksets.report import Event, Report

STATUS_STYLE = {"DONE": "green", "SUCCEEDED": "green", "FAILED": "red", "STOPPED": "red"}


@contextmanager
def reporting(console: Console) -> Iterator[Report]:
    """A report to pass to stacksets for the length of the block."""
    if not console.is_live:
        yield Reporter(console, console.progress).show
        return
    from rich.console import Console as RichConsole
    from rich.live import Live
    from rich.text import Text

    terminal = RichConsole(stderr=True, no_color=not console.is_colored)

    def above(text: str, style: str) -> None:
        terminal.print(Text.from_ansi(console.styled(Line(text, style))))

    reporter = Reporter(console, above, is_live=True)
    with Live(console=terminal, get_renderable=reporter.table, refresh_per_second=4, transient=True):
        yield reporter.show


class Reporter:
    """Folds events into a board, which the live table draws; what must stay readable goes to `write` as a line."""

    def __init__(self, console: Console, write: Callable[[str, str], None], *, is_live: bool = False) -> None:
        self._verbosity, self._write, self._is_live = console.verbosity, write, is_live
        self._board = Board()
        self._lock = threading.Lock()

    def show(self, event: Event) -> None:
        now = time.monotonic()
        with self._lock:
            self._board = folded(self._board, event, now)
            shown = line(event, self._board, now, verbose=self._verbosity)
            if shown and not (self._is_live and isinstance(event, ActionStarted)):
                self._write(shown.text, shown.style)

    def table(self) -> Table:
        from rich.table import Table
        from rich.text import Text

        table = Table(title=self._board.step or None, box=None, pad_edge=False, title_justify="left")
        for heading in ("", "", "status", "elapsed", ""):
            table.add_column(heading, overflow="ellipsis", no_wrap=True)
        for name, doing, status, took, note in cells(self._board, time.monotonic()):
            table.add_row(name, doing, Text(status, STATUS_STYLE.get(status, "yellow")), took, Text(note, "red"))
        return table
