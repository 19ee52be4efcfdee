"""The program `mlz`: finds the command, runs it, turns what happened into a last line and an exit code."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence
from functools import partial
from importlib import import_module
from typing import Any

import click

from generator.errors import ToolError
from mlz.options import Run, Verbs, options, with_given
from mlz.terminal.console import wants_color

# name -> line for --help; the command is `command` in mlz.commands.<name>, imported when it runs.
COMMANDS = {
    "generate": "Write every template to build/REGION. No AWS call.",
    "lint": "Check the templates with cfn-lint.",
    "package": "Generate, lint and publish to the S3 bucket.",
    "bootstrap": "Make the set-up role in every target account.",
    "plan": "Show what converging the target accounts would change.",
    "deploy": "Deploy core, env or targets.",
    "access": "Show and test who can do what.",
    "apply": "Apply a saved plan.",
    "status": "Show accounts by stack set.",
    "explain": "Show why an account is where it is.",
    "project": "List, create and delete SageMaker projects.",
    "model": "A project's model: versions, deliveries, approval, roll-back.",
    "destroy": "Take everything down in its order, and prove it.",
    "simulate": "Predict a roll-out to up to 50,000 accounts.",
    "sandbox": "Start the embedded AWS.",
    "doctor": "Check every prerequisite; change nothing.",
    "settings": "Show settings, or the JSON Schema of mlz.yaml.",
    "completion": "Print the shell's completion script.",
    "version": "Print the version.",
}
HIDDEN = {"demo": "A story on the embedded AWS: the platform, or a model's life."}
RESUME = "run the same command to go on"


class Program(Verbs):
    """Commands by name, each imported only when used."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS and cmd_name not in HIDDEN:
            return None
        command = import_module(f"mlz.commands.{cmd_name}").command
        return command if isinstance(command, click.Command) else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


def _start(context: click.Context, **values: Any) -> None:
    context.obj = with_given(context.obj or Run(), values)


def _show_version(context: click.Context, _: click.Parameter, value: bool) -> None:
    if value:
        from mlz.commands.version import text

        click.echo(text())
        context.exit()


PROGRAM = Program(
    "mlz",
    callback=click.pass_context(_start),
    help="Secure multi-account SageMaker platforms: generate, lint, package, deploy, converge.",
    params=[
        *options(),
        click.Option(
            ["--version"], is_flag=True, is_eager=True, expose_value=False, callback=_show_version, help="Version."
        ),
    ],
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)


def run(arguments: Sequence[str] | None = None) -> int:
    """Run one command line; the exit code, never an exception."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in words or bool(os.environ.get("MLZ_DEBUG"))
    colored = wants_color(os.environ, is_terminal=sys.stderr.isatty(), no_color="--no-color" in words)
    say = partial(_say, colored=colored)
    try:
        result = PROGRAM.main(words, prog_name="mlz", standalone_mode=False)
    except (KeyboardInterrupt, click.Abort):
        return say("interrupted", RESUME, 130)
    except click.exceptions.NoArgsIsHelpError as problem:
        click.echo(problem.format_message(), err=True)
        return 2
    except click.UsageError as problem:
        usage = problem.ctx.command_path if problem.ctx else "mlz"
        return say(problem.format_message(), f"see: {usage} --help", 2)
    except ToolError as problem:
        if debug:
            traceback.print_exc()
        return say(problem.message, problem.hint, problem.exit_code)
    except BrokenPipeError:
        sys.stderr.close()
        return 0
    except Exception as problem:  # noqa: BLE001
        if debug:
            traceback.print_exc()
        known = _explained(problem)
        return say(known.message, known.hint, known.exit_code)
    return result if isinstance(result, int) else 0


def _explained(problem: Exception) -> ToolError:
    from mlz.terminal.failure import explained

    unknown = f"{type(problem).__name__}: {problem}"
    return explained(problem) or ToolError(unknown, "run again with --debug, and report what it prints")


def _say(message: str, hint: str, code: int, *, colored: bool) -> int:
    click.secho(f"error: {message}", err=True, fg="red", color=colored)
    if hint:
        click.secho(f"hint: {hint}", err=True, fg="cyan", color=colored)
    return code


def main() -> None:
    """Entry point of the console script."""
    sys.exit(run())


if __name__ == "__main__":
    main()
