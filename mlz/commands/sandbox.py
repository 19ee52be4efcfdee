"""`mlz sandbox`: the embedded AWS in the foreground; any AWS client can talk to it."""

from __future__ import annotations

import re
import shlex
import signal
import threading
from pathlib import Path

import click

from generator.errors import ToolError
from mlz.options import Run, verb

PORT = 4570
REGION = "eu-west-1"
ACCOUNT = re.compile(r"\d{12}")


@verb("Start the embedded AWS and print what points any AWS client to it; Ctrl-C ends it.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=PORT,
    show_default=True,
    help="Port on 127.0.0.1; 0 takes a free one.",
)
@click.option("--account", default="", metavar="ID", help="Account of the printed credentials (default: management).")
@click.option("--seed-world", is_flag=True, help="Make the demonstration's organization, and settings for it.")
@click.option(
    "--latency",
    type=click.FloatRange(0),
    default=0.0,
    show_default=True,
    help="Seconds that a stack of a stack set takes at least.",
)
def command(run: Run, port: int, account: str, seed_world: bool, latency: float) -> None:
    from mlz.stories.world import MANAGEMENT
    from mlz.terminal.output import text_of
    from sandbox.server import Sandbox

    if account and not ACCOUNT.fullmatch(account):
        raise ToolError(f"--account: {account!r} is not an account id", "an account id has 12 digits")
    server = Sandbox(port)
    server.set_latency(latency)
    try:
        server.start()
    except OSError as problem:
        raise ToolError(f"sandbox: port {port}: {problem.strerror}", "choose another one: --port 0") from problem
    region = run.region or REGION
    environment = server.environment(account or MANAGEMENT, region)
    if seed_world:
        environment |= _seeded(run, server.endpoint, region)
    shown = "\n".join(f"export {name}={shlex.quote(value)}" for name, value in environment.items())
    run.console.data(shown if run.output == "text" else text_of(environment, run.output))
    command_there = "mlz package" if seed_world else "mlz package --bucket my-bucket"
    run.console.next(f"paste these lines into another shell; there: {command_there}")
    _wait()
    server.stop()


def _seeded(run: Run, endpoint: str, region: str) -> dict[str, str]:
    """Make the organization; the variables that make its development account the caller."""
    from mlz.stories import world
    from stacksets.client import connect

    folder = Path(".mlz")
    folder.mkdir(exist_ok=True)
    file = (folder / "sandbox-credentials").resolve()
    with world.environment(world.variables(file, endpoint, world.MANAGEMENT, region)):
        made = world.seed(connect("", region))
    settings = folder / "sandbox.yaml"
    settings.write_text(world.settings(made, "mlz-sandbox", region), encoding="utf-8")
    run.console.progress(f"an organization of {len(made.accounts) + 1} accounts; settings for it: {settings}")
    return {**world.variables(file, endpoint, made.development, region), "MLZ_CONFIG": str(settings.resolve())}


def _wait() -> None:
    """Until Ctrl-C or a request to terminate; both are a good end."""
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    ended.wait()
