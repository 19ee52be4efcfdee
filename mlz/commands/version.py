"""`mlz version`."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version

from mlz.options import Run, verb


def versions() -> dict[str, str]:
    """Of the program and of the Python that runs it."""
    try:
        own = version("mlops-landing-zone")
    except PackageNotFoundError:
        own = "from source"
    return {"mlz": own, "python": platform.python_version()}


def text() -> str:
    """`mlz 0.1.0 (Python 3.11.9)`."""
    found = versions()
    return f"mlz {found['mlz']} (Python {found['python']})"


@verb("Print the version.")
def command(run: Run) -> None:
    from mlz.terminal.output import text_of

    run.console.data(text() if run.output == "text" else text_of(versions(), run.output))
