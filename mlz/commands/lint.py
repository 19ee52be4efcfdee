"""`mlz lint`: the gate, the quick check, and the watch loop around it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mlz.options import Run, site_options, verb

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.lint.finding import Findings
    from mlz.config.settings import Settings

WATCHED = ("templates", "generator")
INTERVAL_SECONDS = 0.5


@verb("Generate, and check every template with cfn-lint: all severities, in parallel, cached.")
@site_options
@click.option("--quick", is_flag=True, help="Use cloudformation-validate: ten times as fast, for the inner loop.")
@click.option("--rules", default="", metavar="FOLDER", help="With --quick: CloudFormation Guard rules to check too.")
@click.option("--watch", is_flag=True, help="Check quickly after every change of a source, until Ctrl-C.")
@click.option(
    "--format", "form", type=click.Choice(["text", "json", "sarif"]), default="text", help="Form of findings."
)
def command(run: Run, bucket: str, prefix: str, quick: bool, rules: str, watch: bool, form: str) -> None:
    from generator.lint.finding import require
    from mlz.release import gate, product

    settings = run.settings(bucket=bucket or "", prefix=prefix)
    if watch:
        _watch(run, settings, Path(rules) if rules else None)
        return
    manifest = product.generated(settings)
    guard = Path(rules) if rules else None
    found = gate.quick(settings, manifest, guard) if quick else gate.full(settings, manifest)
    _show(run, found, form, quick)
    require(found)
    run.console.progress(f"lint: no finding in {found.checked + found.cached} templates", "add")
    run.console.next("mlz lint" if quick else "mlz package")


def _show(run: Run, found: Findings, form: str, quick: bool) -> None:
    from generator.lint.finding import as_json, as_text

    match form:
        case "sarif":
            from generator.lint.cache import Linter
            from generator.lint.quick import TOOL
            from generator.lint.sarif import as_sarif

            tool, version = (TOOL, "") if quick else ("cfn-lint", Linter.installed().version)
            text = as_sarif(found.found, tool, version)
        case "json":
            text = as_json(found.found)
        case _:
            text = as_text(found.found) if run.output == "text" else _converted(as_json(found.found), run.output)
    if text:
        run.console.data(text.rstrip("\n"))


def _converted(text: str, output: str) -> str:
    """JSON text in the form that is asked for."""
    import json

    from mlz.terminal.output import text_of

    return text if output == "json" else text_of(json.loads(text), output)


def _watch(run: Run, settings: Settings, rules: Path | None) -> None:
    """Each round generates in a process of its own, which sees the changed modules."""
    import subprocess

    from generator.lint import quick
    from generator.lint.finding import as_text, summary
    from mlz.release import gate, product
    from mlz.release.source import ROOT

    validator = quick.engine(rules)
    words = ["generate", "--quiet", "--bucket", settings.package.bucket, "--region", settings.region]
    for _ in _changes(ROOT):
        done = subprocess.run([sys.executable, "-m", "mlz.cli", *words], check=False, stdout=subprocess.DEVNULL)
        if done.returncode:
            continue
        found = quick.run(gate.templates(settings, product.built(settings)), validator)
        if found.found:
            run.console.data(as_text(found.found).rstrip("\n"))
        run.console.progress(f"lint: {summary(found.found)}; watching {', '.join(WATCHED)}", "hint")


def _changes(root: Path) -> Iterator[None]:
    import time

    last: dict[Path, int] = {}
    while True:
        paths = (path for name in WATCHED for path in (root / name).rglob("*") if path.is_file())
        now = {path: path.stat().st_mtime_ns for path in paths if "__pycache__" not in path.parts}
        if now != last:
            yield
        last = now
        time.sleep(INTERVAL_SECONDS)
