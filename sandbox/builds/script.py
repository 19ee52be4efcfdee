"""The shell program of a build: all phases in one shell, so that exports and directories last from command to command.

A shell's options do not: CodeBuild starts each command as a script of its own.

A phase stops at its first failing command. After a failed build phase post_build still runs, after any other failed
phase nothing does, and `finally` always runs (CodeBuild User Guide, "Build phase transitions" and "Buildspec syntax").
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from sandbox.builds.buildspec import Phase

# $MLZ_BUILD is the folder of the build's records: `phases`, a line for each that ran (name, status); `current`, the
# last command; `failed`, the first failing one after its status; `after`, the environment at the end.
_HEAD = r"""
__build_records="$MLZ_BUILD"; unset MLZ_BUILD
export CODEBUILD_BUILD_SUCCEEDING=1
__options="$(set +o)"
__run() {
  printf '[Container] Running command %s\n' "$1"
  printf '%s' "$1" > "$__build_records/current"
  eval "$1"
  local status=$?
  eval "$__options"
  if [ $status -ne 0 ] && [ ! -e "$__build_records/failed" ]; then
    printf '%s\n%s' "$status" "$1" > "$__build_records/failed"
  fi
  return $status
}
__end() { printf '%s %s\n' "$1" "$2" >> "$__build_records/phases"; }
trap 'env -0 > "$__build_records/after"' EXIT
__stopped=0
"""


def script(phases: Sequence[Phase]) -> str:
    """A program for bash."""
    return _HEAD + "".join(_phase(phase) for phase in phases) + '[ "$__stopped" = 0 ]\n'


def _phase(phase: Phase) -> str:
    runs = 'if [ "$__stopped" != all ]; then' if phase.name == "post_build" else 'if [ "$__stopped" = 0 ]; then'
    stops = "build" if phase.name == "build" else "all"
    failing = (
        'rm -f "$__build_records/failed"; __status=0'
        if phase.goes_on
        else f"CODEBUILD_BUILD_SUCCEEDING=0; __stopped={stops}"
    )
    return f"""
{runs}
printf '[Container] Entering phase {phase.name.upper()}\\n'
{_chain(phase.commands)}
__status=$?
{f"{{ {_chain(phase.at_last)}; }} || __status=$?" if phase.at_last else ":"}
if [ $__status -ne 0 ]; then {failing}; fi
__end {phase.name.upper()} $__status
fi
"""


def _chain(commands: Sequence[str]) -> str:
    return " && ".join(f"__run {shlex.quote(command)}" for command in commands) or ":"
