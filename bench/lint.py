"""`mlz lint` cold, with one change, and unchanged, beside the serial cfn-lint over the same templates."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from bench.measure import BUCKET, REGION, ROOT, Row, measured, program
from generator.lint.cache import Linter, key
from generator.lint.nested import children, local_files
from generator.package.manifest import load

TITLE = "Lint, every severity"
ALL_FINDINGS = (0, 2, 3, 4, 6, 8, 10, 12, 14)


def tables(folder: Path, times: int) -> dict[str, list[Row]]:
    site = ["--bucket", BUCKET, "--region", REGION]
    subprocess.run(
        [*program("mlz"), "generate", *site], cwd=folder, check=True, capture_output=True, env=_environment()
    )
    build = folder / "build" / REGION
    templates = sorted(str(path) for path in build.glob("*.yaml"))
    cache = folder / ".mlz" / "lint"
    entry = cache / f"{_middle(build)}.json"
    serial = [*program("cfn-lint"), "--include-checks", "I", "--regions", REGION, "--format", "parseable", *templates]
    command = [*program("mlz"), "lint", *site]
    quick = [*command, "--quick"]

    def forget_all() -> None:
        shutil.rmtree(cache, ignore_errors=True)

    rows = [
        measured(f"`cfn-lint`, {len(templates)} templates", serial, folder, times, accept=ALL_FINDINGS),
        measured("`mlz lint`, nothing known", command, folder, times, before=forget_all, accept=(0, 3)),
        measured("`mlz lint`, one of middle size changed", command, folder, times, before=entry.unlink, accept=(0, 3)),
        measured("`mlz lint`, nothing changed", command, folder, times, accept=(0, 3)),
        measured("the gate alone, nothing changed", _alone(), folder, times),
        measured("`mlz lint --quick`", quick, folder, times, accept=(0, 3)),
    ]
    return {TITLE: rows}


def _alone() -> list[str]:
    """The gate over a build that stands there, without generating it."""
    code = (
        "from pathlib import Path; from generator.lint import gate; from generator.lint.nested import local_files;"
        "from generator.package.manifest import load;"
        f"build = Path('build/{REGION}'); manifest = load(build);"
        "paths = sorted(build / template.path for template in manifest.templates.values());"
        f"found = gate.run(paths, {REGION!r}, cache_dir=Path('.mlz/lint'), files=local_files(manifest, build));"
        "assert found.checked == 0"
    )
    return [sys.executable, "-c", code]


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT)}


def _middle(build: Path) -> str:
    """The cache's name for the template of the middle size."""
    manifest = load(build)
    ordered = sorted(manifest.templates.values(), key=lambda template: template.size)
    content = (build / ordered[len(ordered) // 2].path).read_bytes()
    inner = children(content.decode(), local_files(manifest, build))
    return key(Linter.installed(), REGION, content, [path.read_bytes() for path in inner])
