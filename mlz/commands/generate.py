"""`mlz generate`: the templates as files, for review; no AWS call."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from mlz.options import Run, site_options, verb

if TYPE_CHECKING:
    from generator.package.manifest import Manifest


@verb("Write every template to build/REGION. No AWS call.")
@site_options
def command(run: Run, bucket: str, prefix: str) -> None:
    from mlz.release import product

    settings = run.settings(bucket=bucket, prefix=prefix)
    folder = product.folder(settings)
    if run.dry_run:
        with TemporaryDirectory() as scratch:
            show(run, product.generated(settings, Path(scratch)), folder)
        run.console.next("without --dry-run the same is written")
        return
    show(run, product.generated(settings), folder)
    run.console.next("mlz lint, then mlz package")


def show(run: Run, manifest: Manifest, folder: Path) -> None:
    """The build as data: one line, or the list of templates for programs."""
    from mlz.terminal.output import text_of
    from mlz.terminal.wording import count

    if run.output == "text":
        zips = sum(entry.path.endswith(".zip") for entry in manifest.objects)
        size = sum(template.size for template in manifest.templates.values())
        text = f"{count(len(manifest.templates), 'template')} ({size:,} bytes) and {count(zips, 'archive')}"
        run.console.data(f"{folder}: {text}, release {manifest.release[:12]}")
        return
    templates = {name: {"sha256": entry.sha256, "size": entry.size} for name, entry in manifest.templates.items()}
    document = {"folder": str(folder), "release": manifest.release, "templates": templates}
    run.console.data(text_of(document, run.output))
