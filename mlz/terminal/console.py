"""How the program speaks: data on stdout, progress on stderr, colours only where a person looks."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass

import click

from generator.errors import ToolError

Style = str
STYLES: Mapping[Style, Mapping[str, object]] = {
    "add": {"fg": "green"},
    "change": {"fg": "yellow"},
    "remove": {"fg": "red"},
    "error": {"fg": "red", "bold": True},
    "hint": {"fg": "cyan"},
    "title": {"bold": True},
    "quiet": {"dim": True},
    "": {},
}


@dataclass(frozen=True)
class Line:
    """One line for a person, with the role that decides its colour."""

    text: str
    style: Style = ""


@dataclass(frozen=True)
class Console:
    """stdout and stderr of one run."""

    is_colored: bool = False
    is_live: bool = False
    is_quiet: bool = False
    verbosity: int = 0

    @classmethod
    def of(cls, environment: Mapping[str, str], *, no_color: bool, quiet: bool, verbose: int) -> Console:
        """Decide from the terminal and NO_COLOR, FORCE_COLOR, CI, TERM."""
        live = sys.stderr.isatty() and not environment.get("CI") and environment.get("TERM") != "dumb"
        colored = wants_color(environment, is_terminal=sys.stdout.isatty() or live, no_color=no_color)
        return cls(is_colored=colored, is_live=live and not quiet, is_quiet=quiet, verbosity=verbose)

    def data(self, text: str) -> None:
        """Write to stdout what the user asked for."""
        click.echo(text, color=self.is_colored)

    def lines(self, lines: list[Line]) -> None:
        """Write styled lines to stdout."""
        for line in lines:
            self.data(self.styled(line))

    def progress(self, text: str, style: Style = "") -> None:
        """Write to stderr what happens meanwhile."""
        if not self.is_quiet:
            click.echo(self.styled(Line(text, style)), err=True, color=self.is_colored)

    def next(self, text: str) -> None:
        """The last line: what to do now."""
        self.progress(f"next: {text}", "hint")

    def styled(self, line: Line) -> str:
        return click.style(line.text, **STYLES[line.style]) if line.style and self.is_colored else line.text  # type: ignore[arg-type]

    def agreed(self, question: str, *, yes: bool) -> None:
        """Ask before a change; ToolError when nobody can answer or the answer is no."""
        if yes:
            return
        if not sys.stdin.isatty():
            raise ToolError("confirmation: nobody is here to answer", "look at it with --dry-run, then pass --yes")
        if not click.confirm(question, err=True):
            raise ToolError("not confirmed: nothing was changed", "run the same command when you are ready")

    def agreed_by_name(self, name: str, question: str, *, yes: bool) -> None:
        """Ask for the name of what is to be destroyed; ToolError unless it is typed."""
        if yes:
            return
        if not sys.stdin.isatty():
            raise ToolError("confirmation: nobody is here to answer", "look at it with --dry-run, then pass --yes")
        if click.prompt(f"{question} Type {name} to go on", err=True, default="", show_default=False) != name:
            raise ToolError("not confirmed: nothing was changed", "run the same command when you are ready")


def wants_color(environment: Mapping[str, str], *, is_terminal: bool, no_color: bool) -> bool:
    """Flag, then NO_COLOR, then FORCE_COLOR, then CI and the terminal (no-color.org; force-color.org)."""
    if no_color or environment.get("NO_COLOR"):
        return False
    if environment.get("FORCE_COLOR"):
        return True
    return is_terminal and not environment.get("CI")
