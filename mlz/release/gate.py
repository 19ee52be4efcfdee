"""The gate over the build of a Region: which templates, which cache, and how findings are said."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from generator.errors import ToolError
from mlz.config.document import nearest
from mlz.release import product

if TYPE_CHECKING:
    from generator.lint.finding import Findings
    from generator.package.manifest import Manifest
    from mlz.config.settings import Settings
    from mlz.terminal.console import Console

UNKNOWN_REGION = "InvalidRegionException"
CACHE = Path(".mlz") / "lint"


def templates(settings: Settings, manifest: Manifest) -> list[Path]:
    """The emitted templates of the build, in the order of their names."""
    folder = product.folder(settings)
    return sorted(folder / template.path for template in manifest.templates.values())


def full(settings: Settings, manifest: Manifest) -> Findings:
    """cfn-lint with every severity, nested templates checked against each other."""
    from generator.lint import gate
    from generator.lint.nested import local_files

    files = local_files(manifest, product.folder(settings))
    try:
        return gate.run(templates(settings, manifest), settings.region, cache_dir=CACHE, files=files)
    except ToolError as problem:
        if UNKNOWN_REGION not in problem.message:
            raise
        what = f"region: {settings.region} is not a Region that cfn-lint knows"
        raise ToolError(what, nearest(settings.region, gate.regions())) from problem


def quick(settings: Settings, manifest: Manifest, rules: Path | None = None) -> Findings:
    """The inner loop's check, errors and warnings."""
    from generator.lint import quick as validator

    return validator.run(templates(settings, manifest), validator.engine(rules))


def passed(settings: Settings, manifest: Manifest, console: Console) -> None:
    """GateError when the gate has a finding; the findings go to stderr before."""
    from generator.lint.finding import as_text, require

    found = full(settings, manifest)
    for line in as_text(found.found).splitlines():
        console.progress(line, "error")
    require(found)
    console.progress(f"lint: no finding in {found.checked + found.cached} templates ({found.cached} known already)")
