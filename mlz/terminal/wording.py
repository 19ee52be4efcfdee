"""Numbers, lists and durations in words."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

# Of most terminals, and of what is read in a log.
WIDTH = 100


def count(number: int, noun: str) -> str:
    """`1 account`, `30 accounts`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def listed(items: Sequence[str], limit: int) -> str:
    """`a, b, c` or `a, b, … (7 more)`."""
    if len(items) <= limit:
        return ", ".join(items)
    return f"{', '.join(items[:limit])}, … ({len(items) - limit} more)"


def wrapped(text: str, margin: int) -> list[str]:
    """`text` in lines of at most WIDTH columns; those after the first begin at column `margin`."""
    return textwrap.wrap(
        text, WIDTH, subsequent_indent=" " * margin, break_long_words=False, break_on_hyphens=False
    ) or [text]


def elapsed(seconds: float) -> str:
    """`0.4 s`, `42 s`, `2 min 05 s`, `1 h 02 min`."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = int(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02} min"


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Left-aligned columns, two spaces apart, header first."""
    cells = [list(header), *[list(row) for row in rows]]
    widths = [max(len(row[index]) for row in cells) for index in range(len(header))]
    return ["  ".join(f"{text:{width}}" for text, width in zip(row, widths, strict=True)).rstrip() for row in cells]
