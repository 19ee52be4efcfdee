"""Runs cfn-lint over many templates in forked processes that share one set of loaded rules."""

from __future__ import annotations

import contextlib
import gc
import multiprocessing
import os
import signal
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

from generator.errors import ToolError
from generator.lint.finding import Finding, Level

_LEVELS: dict[str, Level] = {"error": "error", "warning": "warning", "informational": "info"}
_SILENT_CONFIG = "cfn-lint.yaml"


@dataclass(frozen=True)
class Rules:
    """What cfn-lint needs for a run: its configuration and its loaded rules."""

    config: Any
    rules: Any


def check(files: Sequence[str], folder: Path, region: str, workers: int) -> Iterator[tuple[int, tuple[Finding, ...]]]:
    """Lint `files` (relative to `folder`) for `region`; yields (index, findings without paths) as they come.

    `folder` becomes the workers' current folder: cfn-lint follows a local TemplateURL only below it. The files are
    begun in the order given, so give the largest first.
    """
    rules = _load(folder, region)
    context = multiprocessing.get_context("fork")
    gc.freeze()
    pipes: dict[Connection, Any] = {}
    for _ in range(min(workers, len(files))):
        mine, theirs = context.Pipe()
        process = context.Process(target=_serve, args=(theirs, [*pipes, mine], files, folder, rules), daemon=True)
        process.start()
        theirs.close()
        pipes[mine] = process
    gc.unfreeze()
    try:
        yield from _dispatch(list(pipes), files)
    finally:
        for pipe, process in pipes.items():
            pipe.close()
            process.terminate()
            process.join()


def _dispatch(pipes: list[Connection], files: Sequence[str]) -> Iterator[tuple[int, tuple[Finding, ...]]]:
    ahead = iter(range(len(files)))
    busy: dict[Connection, int] = {}
    for pipe in pipes:
        busy[pipe] = next(ahead)
        pipe.send(busy[pipe])
    while busy:
        for ready in wait(list(busy)):
            assert isinstance(ready, Connection)
            index = busy.pop(ready)
            yield index, _received(ready, files[index])
            following = next(ahead, None)
            if following is not None:
                busy[ready] = following
                ready.send(following)


def _received(pipe: Connection, file: str) -> tuple[Finding, ...]:
    try:
        answer = pipe.recv()
    except EOFError as problem:
        raise ToolError(
            f"{Path(file).name}: cfn-lint's process died", "run again with one worker and look at the memory"
        ) from problem
    if isinstance(answer, str):
        raise ToolError(f"{Path(file).name}: cfn-lint failed: {answer}", "report it with the template")
    findings: tuple[Finding, ...] = answer
    return findings


def _serve(pipe: Connection, inherited: Sequence[Connection], files: Sequence[str], folder: Path, rules: Rules) -> None:
    """Answer indices with findings until the parent is gone; `inherited` ends would hide that it is."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for end in inherited:
        end.close()
    os.chdir(folder)
    while True:
        try:
            index = pipe.recv()
        except EOFError:
            return
        try:
            pipe.send(_lint(files[index], rules))
        except Exception as problem:  # noqa: BLE001 - crosses to the parent, which raises it
            pipe.send(f"{type(problem).__name__}: {problem}")


def _load(folder: Path, region: str) -> Rules:
    with _bundled_schemas(folder):
        from cfnlint.config import ConfigMixIn
        from cfnlint.runner import Runner
    # a named file, because cfn-lint else reads .cfnlintrc from the home and the current folder
    silent = folder / _SILENT_CONFIG
    silent.write_text("{}\n")
    config = ConfigMixIn(["--config-file", str(silent), "--include-checks", "I", "--regions", region])
    return Rules(config, Runner(config).rules)


@contextlib.contextmanager
def _bundled_schemas(folder: Path) -> Iterator[None]:
    """Hide the user's schema cache, which cfn-lint would prefer to its own schemas when it is newer."""
    names = ("XDG_CACHE_HOME", "LOCALAPPDATA", "HOME")
    before = {name: os.environ.get(name) for name in names}
    os.environ.update(dict.fromkeys(names, str(folder / "no-cache")))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _lint(file: str, rules: Rules) -> tuple[Finding, ...]:
    from cfnlint.runner.template import run_template_by_file_path

    matches = run_template_by_file_path(file, rules.config, rules.rules, False)
    return tuple(sorted(_finding(match) for match in matches))


def _finding(match: Any) -> Finding:
    place = list(getattr(match, "path", None) or ())
    return Finding(
        path="",
        line=match.linenumber,
        column=match.columnnumber,
        end_line=match.linenumberend,
        end_column=match.columnnumberend,
        rule=match.rule.id,
        level=_LEVELS[match.rule.severity],
        message=match.message,
        resource=str(place[1]) if len(place) > 1 and place[0] == "Resources" else "",
        help_url=match.rule.source_url or "",
    )
