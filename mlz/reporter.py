"""Where events go: a live table on a terminal, plain lines elsewhere."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from mlz.console import Console
from mlz.progress import Board, cells, folded, line

if TYPE_CHECKING:
    from rich.console import Console as RichConsole
    from rich.table import Table

    from stacksets.report import Event, Report

STATUS_STYLE = {"DONE": "green", "SUCCEEDED": "green", "FAILED": "red", "STOPPED": "red"}


@contextmanager
def reporting(console: Console) -> Iterator[Report]:
    """A report to pass to stacksets for the length of the block."""
    if not console.is_live:
        yield lambda event: _print(console, event)
        return
    from rich.console import Console as RichConsole
    from rich.live import Live

    terminal = RichConsole(stderr=True, no_color=not console.is_colored)
    display = _Display(console, terminal)
    with Live(console=terminal, get_renderable=display.table, refresh_per_second=4, transient=True):
        yield display.show


def _print(console: Console, event: Event) -> None:
    shown = line(event, verbose=console.verbosity)
    if shown:
        console.progress(shown.text, shown.style)


class _Display:
    """Folds events into a board that the live table draws; what must stay readable is printed above it."""

    def __init__(self, console: Console, terminal: RichConsole) -> None:
        self._console, self._terminal = console, terminal
        self._board = Board()
        self._lock = threading.Lock()

    def show(self, event: Event) -> None:
        with self._lock:
            self._board = folded(self._board, event, time.monotonic())
        shown = line(event, verbose=self._console.verbosity)
        if shown:
            from rich.text import Text

            self._terminal.print(Text.from_ansi(self._console.styled(shown)))

    def table(self) -> Table:
        from rich.table import Table
        from rich.text import Text

        table = Table(title=self._board.step or None, box=None, pad_edge=False, title_justify="left")
        for heading in ("", "", "status", "elapsed", ""):
            table.add_column(heading, overflow="ellipsis", no_wrap=True)
        for name, doing, status, took, note in cells(self._board, time.monotonic()):
            table.add_row(name, doing, Text(status, STATUS_STYLE.get(status, "yellow")), took, Text(note, "red"))
        return table
