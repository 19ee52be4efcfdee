"""Stops this notebook instance when no kernel works and nobody has used one for IDLE_MINUTES."""

from __future__ import annotations

import json
import os
import ssl
import subprocess
import urllib.request
from datetime import datetime, timedelta, timezone
from pathlib import Path

JUPYTER = "https://localhost:8443/api/"
METADATA = "/opt/ml/metadata/resource-metadata.json"
UPTIME = "/proc/uptime"


def is_idle(kernels: list[dict], terminals: list[dict], started: datetime, now: datetime, minutes: int) -> bool:
    """Jupyter's lists of kernels and terminals; a busy kernel is never idle, however long it works."""
    if any(kernel["execution_state"] == "busy" for kernel in kernels):
        return False
    used = [moment(one["last_activity"]) for one in kernels + terminals]
    return now - max([started, *used]) >= timedelta(minutes=minutes)


def moment(text: str) -> datetime:
    """The instance's own Python is 3.9, which does not know what Z means."""
    return datetime.fromisoformat(text.replace("Z", "+00:00"))  # noqa: FURB162


def read(name: str) -> list[dict]:
    """The server of this machine has a certificate of its own making."""
    context = ssl._create_unverified_context()
    with urllib.request.urlopen(JUPYTER + name, context=context, timeout=10) as answer:
        return json.load(answer)


def main() -> None:
    """Where Jupyter does not answer, nobody knows whether something runs: the instance is left on."""
    now = datetime.now(timezone.utc)  # noqa: UP017 - Python 3.9
    started = now - timedelta(seconds=float(Path(UPTIME).read_text().split()[0]))
    if is_idle(read("kernels"), read("terminals"), started, now, int(os.environ["IDLE_MINUTES"])):
        metadata = json.loads(Path(METADATA).read_text())
        region = metadata["ResourceArn"].split(":")[3]
        stop = ["aws", "sagemaker", "stop-notebook-instance", "--region", region]
        subprocess.run([*stop, "--notebook-instance-name", metadata["ResourceName"]], check=True)


if __name__ == "__main__":
    main()
