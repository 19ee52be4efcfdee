"""`mlz version`."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version

from mlz.options import Run, verb


def text() -> str:
    """`mlz 0.1.0 (Python 3.11.9)`."""
    try:
        own = version("mlops-landing-zone")
    except PackageNotFoundError:
        own = "from source"
    return f"mlz {own} (Python {platform.python_version()})"


@verb("Print the version.")
def command(run: Run) -> None:
    run.console.data(text())
