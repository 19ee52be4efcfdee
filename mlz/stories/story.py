"""Stories that the program tells of itself: real commands, one after another, on an embedded AWS of their own."""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TextIO
from urllib.request import urlopen

from generator.errors import ToolError
from mlz.terminal.console import Console
from mlz.terminal.wording import count

# How long a stack takes at least, so that there is progress to see
STACK_SECONDS = "0.3"
OUTLINE = re.compile(r"\S|  [-+~] ")
NOTHING = re.compile("(?!)")
NEXT = "next: "
INTERRUPTED = 130
REPEATED = re.compile(r"^next: |accounts?\)\s*$")


@dataclass(frozen=True)
class Scene:
    """One command: what is told before it, which of its lines are shown, which exit code is right.

    `streams` lets progress through while it runs.
    """

    told: str
    words: tuple[str, ...]
    keeps: re.Pattern[str] = OUTLINE
    code: int = 0
    streams: bool = False


@dataclass
class Stage:
    """Where the scenes are played: the console, and what an earlier scene took."""

    console: Console
    started: float = field(default_factory=time.monotonic)

    def say(self, text: str, style: str = "") -> None:
        self.console.progress(text, style)

    def play(self, scene: Scene) -> str:
        """Run the command in this process; ToolError when it does not end as it should. Returns its stdout."""
        if scene.told:
            self.say(f"\n{scene.told}", "title")
        self.say(f"$ mlz {' '.join(scene.words)}", "hint")
        began = time.monotonic()
        code, out, error = self._run(scene)
        if code == INTERRUPTED:
            raise KeyboardInterrupt
        if code != scene.code:
            raise ToolError(f"demo: mlz {' '.join(scene.words)}: exit {code}\n{out}{error}", "run: mlz demo -v")
        shown = [] if self.console.verbosity else _kept(out, scene.keeps) or _kept(error, scene.keeps)
        took = f"({time.monotonic() - began:.1f} s)"
        for line in [*shown[:-1], f"{shown[-1]}  {took}"] if shown else []:
            self.say(f"  {line}")
        return out

    def play_all(self, scenes: Sequence[Scene]) -> None:
        for scene in scenes:
            self.play(scene)

    def _run(self, scene: Scene) -> tuple[int, str, str]:
        from mlz.cli import run

        out, error = io.StringIO(), io.StringIO()
        words = [*scene.words, *(["--no-color"] if not self.console.is_colored else [])]
        if self.console.verbosity:
            return run([*words, "-v"]), "", ""
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(self._stderr(scene, error)):
            return run(words), out.getvalue(), error.getvalue()

    def _stderr(self, scene: Scene, captured: io.StringIO) -> TextIO | io.TextIOBase:
        """Where progress goes: to a terminal as it is, to a log indented, or nowhere."""
        if not scene.streams:
            return captured
        return sys.stderr if self.console.is_live else _Indented(sys.stderr)


class _Indented(io.TextIOBase):
    """Writes whole lines further to the right, without those that the line of the result repeats."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        if not REPEATED.search(text):
            self._stream.write(f"  {text}" if text.strip() else text)
        return len(text)

    def flush(self) -> None:
        self._stream.flush()


def _kept(text: str, pattern: re.Pattern[str]) -> list[str]:
    return [line for line in text.splitlines() if pattern.match(line) and not line.startswith(NEXT)]


def played(console: Console, story: Callable[[Stage, str, Path], None]) -> None:
    """Play a story. It gets the endpoint, and a folder of its own to work in, which is removed at the end."""
    stage = Stage(console)
    home = Path.cwd()
    with TemporaryDirectory(prefix="mlz-demo-") as name, _embedded_aws(Path(name)) as endpoint:
        os.chdir(name)
        try:
            story(stage, endpoint, Path(name))
        finally:
            os.chdir(home)
    stage.say(f"\nThe whole story took {time.monotonic() - stage.started:.0f} s.", "title")


def prove(stage: Stage, endpoint: str) -> None:
    """The sandbox's own record of what stacks made; what they retain, the command has looked for through the API."""
    with urlopen(f"{endpoint}/_sandbox/inventory", timeout=30) as answer:
        inventory: dict[str, dict[str, list[Any]]] = json.load(answer)
    rows = [row for stacks in inventory.values() for rows in stacks.values() for row in rows]
    if left := [row for row in rows if not row["retained"]]:
        named = "\n".join(f"  {row['type']} {row['physical_id']}" for row in left[:10])
        raise ToolError(f"demo: {count(len(left), 'resource')} left in the sandbox\n{named}", "report this")
    stage.say("  the embedded AWS agrees: of all that stacks made nothing is left; keys wait seven days", "add")


@contextlib.contextmanager
def _embedded_aws(folder: Path) -> Iterator[str]:
    """The sandbox as a process of its own, so that it has a processor to itself; its endpoint."""
    words = [sys.executable, "-m", "mlz.cli", "sandbox", "--port", "0", "--output", "json", "--quiet"]
    words += ["--latency", STACK_SECONDS]
    root = str(Path(__file__).parents[2])
    log = (folder / "sandbox.log").open("wb")
    variables = {**os.environ, "PYTHONPATH": root}
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=log, text=True, env=variables, cwd=folder)
    try:
        yield _endpoint(process, folder / "sandbox.log")
    finally:
        process.terminate()
        process.wait(timeout=30)
        log.close()


def _endpoint(process: subprocess.Popen[str], log: Path) -> str:
    assert process.stdout is not None
    text = ""
    for line in process.stdout:
        text += line
        if line.startswith("}"):
            return str(json.loads(text)["AWS_ENDPOINT_URL"])
    raise ToolError(f"demo: the embedded AWS did not start: {log.read_text()[-500:]}", "run: mlz sandbox --debug")
