"""`mlz package`: from the commit to S3, through the gate."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from mlz.options import Run, site_options, verb

if TYPE_CHECKING:
    from generator.package.manifest import Manifest
    from generator.package.publish import Published
    from mlz.config.settings import Settings

MEMORY = Path(".mlz")


@verb("Generate, lint and publish to the S3 bucket.")
@site_options
@click.option("--no-lint", is_flag=True, help="Publish without the gate.")
@click.option("--repair", is_flag=True, help="Trust no record of what is there: look, and upload what is missing.")
@click.option("--kms-key", default="", help="Encrypt a new bucket with this key (default: S3's own).")
def command(run: Run, bucket: str, prefix: str, no_lint: bool, repair: bool, kms_key: str) -> None:
    from mlz.commands.generate import show
    from mlz.release import product
    from mlz.release.gate import passed

    settings = run.settings(bucket=bucket, prefix=prefix)
    manifest = product.generated(settings)
    run.console.progress(f"generated {len(manifest.templates)} templates, release {manifest.release[:12]}")
    if not no_lint:
        passed(settings, manifest, run.console)
    if run.dry_run:
        show(run, manifest, product.folder(settings))
        run.console.next("mlz package (this was a dry run: nothing was uploaded)")
        return
    _report(run, manifest, _published(run, settings, manifest, repair, kms_key))
    has_targets = settings.targets.staging.is_declared
    run.console.next("mlz bootstrap, once; then mlz deploy core" if has_targets else "mlz deploy core")


def _published(run: Run, settings: Settings, manifest: Manifest, repair: bool, kms_key: str) -> Published:
    from generator.package.publish import publish
    from generator.package.store import Access
    from mlz.release import product

    def notify(key: str) -> None:
        if run.console.verbosity:
            run.console.progress(f"  uploaded {key}", "quiet")

    access = Access(settings.profile, kms_key=kms_key, memory=MEMORY)
    return publish(manifest, product.folder(settings), access, repair=repair, notify=notify)


def _report(run: Run, manifest: Manifest, done: Published) -> None:
    from mlz.terminal.output import text_of
    from mlz.terminal.wording import count

    where = f"s3://{manifest.bucket}/{manifest.prefix}"
    if done.bucket_created:
        run.console.progress(f"made the bucket {manifest.bucket}: encrypted, versioned, TLS only, no public access")
    if run.output == "text":
        what = f"{len(done.uploaded)} uploaded, {done.unchanged} unchanged, {count(done.requests, 'request')}"
        run.console.data(f"{where}: {what}, release {manifest.release[:12]}")
        return
    run.console.data(
        text_of(
            {
                "where": where,
                "release": manifest.release,
                "uploaded": list(done.uploaded),
                "unchanged": done.unchanged,
                "requests": done.requests,
            },
            run.output,
        )
    )
