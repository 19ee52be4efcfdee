"""Two builds by two processes in two folders with two hash seeds and time zones are equal byte for byte."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

WORDS = ("generate", "--bucket", "a-bucket", "--region", "eu-west-1", "--prefix", "some/where")


def built(folder: Path, seed: str) -> dict[str, bytes]:
    folder.mkdir()
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "PYTHONHASHSEED": seed, "TZ": f"UTC-{seed}"}
    subprocess.run([sys.executable, "-m", "mlz.cli", *WORDS], cwd=folder, env=environment, check=True, timeout=120)
    root = folder / "build" / "eu-west-1"
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}


def test_builds_are_equal(tmp_path: Path) -> None:
    first, second = built(tmp_path / "one", "1"), built(tmp_path / "two", "2")
    assert sorted(first) == sorted(second)
    assert [name for name in first if first[name] != second[name]] == []
    assert {"env-main.yaml", "manifest.json", "assets/seed-code/mlops-model-deploy-v1.0.zip"} <= set(first)
