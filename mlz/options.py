"""The options that every command takes, before or after its name, and the run they describe."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mlz.terminal.console import Console

if TYPE_CHECKING:
    from mlz.config.settings import Settings

OUTPUTS = ("text", "json", "yaml")


@dataclass(frozen=True)
class Run:
    """One invocation: where settings come from, what was agreed to, how to speak."""

    config: str = ""
    profile: str = ""
    region: str = ""
    output: str = "text"
    yes: bool = False
    dry_run: bool = False
    debug: bool = False
    no_color: bool = False
    quiet: bool = False
    verbose: int = 0
    console: Console = field(default_factory=Console)

    def settings(self, *, bucket: str = "", prefix: str = "") -> Settings:
        """The settings of this run; ToolError names file, line and key."""
        from mlz.config.configuration import Overlay, load
        from mlz.release.product import remembered

        overlay = Overlay(self.region, self.profile, bucket or _variable("MLZ_BUCKET", "CFN_BUCKET_NAME"), prefix)
        return remembered(load(Path(self.config) if self.config else None, overlay, os.environ))


def _variable(*names: str) -> str:
    return next((os.environ[name] for name in names if os.environ.get(name)), "")


def options() -> list[click.Option]:
    """Fresh option objects; those of the program also read MLZ_* variables."""
    return [
        click.Option(
            ["--config"],
            envvar="MLZ_CONFIG",
            type=click.Path(),
            metavar="FILE",
            help="Settings file (default: mlz.yaml).",
        ),
        click.Option(["--profile"], envvar="MLZ_PROFILE", help="AWS profile."),
        click.Option(["--region"], envvar=["MLZ_REGION", "DEPLOYMENT_REGION"], help="AWS Region."),
        click.Option(["--output"], envvar="MLZ_OUTPUT", type=click.Choice(OUTPUTS), help="Form of the data on stdout."),
        click.Option(["--yes", "-y"], envvar="MLZ_YES", is_flag=True, default=None, help="Do not ask."),
        click.Option(["--dry-run"], envvar="MLZ_DRY_RUN", is_flag=True, default=None, help="Show, change nothing."),
        click.Option(
            ["--debug"], envvar="MLZ_DEBUG", is_flag=True, default=None, help="Show the traceback of an error."
        ),
        click.Option(["--no-color"], is_flag=True, default=None, help="No colours (also: NO_COLOR)."),
        click.Option(["--quiet", "-q"], envvar="MLZ_QUIET", is_flag=True, default=None, help="No progress."),
        click.Option(["--verbose", "-v"], count=True, default=None, help="More detail; twice for still more."),
    ]


NAMES = ("config", "profile", "region", "output", "yes", "dry_run", "debug", "no_color", "quiet", "verbose")


def with_given(run: Run, values: dict[str, Any]) -> Run:
    """`run` with the global options among `values` that were given; they are taken out of `values`."""
    given = {name: values.pop(name) for name in NAMES if name in values}
    merged = replace(run, **{name: value for name, value in given.items() if value is not None})
    console = Console.of(os.environ, no_color=merged.no_color, quiet=merged.quiet, verbose=merged.verbose)
    return replace(merged, console=console)


class Verb(click.Command):
    """A command that also takes the program's options after its name; its function gets `run` first."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        own = {parameter.name for parameter in self.params}
        self.params += [_without_variable(option) for option in options() if option.name not in own]

    def invoke(self, context: click.Context) -> Any:
        context.obj = with_given(context.obj or Run(), context.params)
        return super().invoke(context)


def _without_variable(option: click.Option) -> click.Option:
    option.envvar = None
    return option


class Verbs(click.Group):
    """A group of commands that answers a mistyped one with the nearest."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and self.get_command(ctx, args[0]) is None:
            import difflib

            close = difflib.get_close_matches(args[0], self.list_commands(ctx), n=1)
            raise click.UsageError(
                f"there is no command {args[0]}" + (f"; did you mean {close[0]}?" if close else ""), ctx
            )
        return super().resolve_command(ctx, args)


def verb(summary: str, short: str | None = None) -> Callable[[Callable[..., int | None]], click.Command]:
    """Decorator: a click command whose function gets the Run first and may return an exit code.

    `short` stands in the list of commands, where `summary` would be cut off.
    """

    def decorate(function: Callable[..., int | None]) -> click.Command:
        return click.command(cls=Verb, help=summary, short_help=short)(click.pass_obj(function))

    return decorate


def site_options(function: Callable[..., int | None]) -> Callable[..., int | None]:
    """--bucket and --prefix; CFN_BUCKET_NAME is read where the settings are."""
    prefix = click.option("--prefix", envvar="MLZ_PREFIX", default="", help="Key prefix in the bucket.")
    bucket = click.option("--bucket", default="", metavar="NAME", help="Package bucket (also: CFN_BUCKET_NAME).")
    return bucket(prefix(function))


def insisting(function: Callable[..., int | None]) -> Callable[..., int | None]:
    """--allow-removals and --allow-empty: the guards that a user may overrule."""
    removals = click.option("--allow-removals", is_flag=True, help="Accept more removals than the settings allow.")
    emptiness = click.option("--allow-empty", is_flag=True, help="Accept a stage that has no active account.")
    return removals(emptiness(function))


def mannered(function: Callable[..., int | None]) -> Callable[..., int | None]:
    """--wait/--no-wait and --pause-after: how a plan is applied."""
    wait = click.option(
        "--wait/--no-wait", default=True, help="Wait for operations of others (default), or name them and leave."
    )
    pause = click.option(
        "--pause-after", metavar="WAVE", default="", help="Stop after a wave (canary, staging/1) or a stage (staging)."
    )
    return wait(pause(function))
