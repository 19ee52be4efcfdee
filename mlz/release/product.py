"""This product's build: its templates and archives given to the generator, its output folder found again."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from generator.errors import ToolError
from mlz.config import rules
from mlz.release import freshness

if TYPE_CHECKING:
    from generator.package.build import Product, Site
    from generator.package.manifest import Manifest
    from mlz.config.settings import Settings

OUTPUT = Path("build")


def product() -> Product:
    """Everything there is to build."""
    from generator.package.archive import folder_archive, seed_archive
    from generator.package.build import Product
    from mlz.release.source import is_checkout, source_archive
    from templates.catalog import (
        CATALOG,
        ENTRIES,
        NOTEBOOKS,
        PROJECT_TAGS,
        PROJECT_TEMPLATES,
        SEED_TAGS,
        SEEDS,
        SOURCES,
    )
    from templates.core.package_cfn import SOURCE_ARCHIVE

    archives: dict[str, Callable[[], bytes]] = {
        key: partial(seed_archive, name, SOURCES) for name, key in SEEDS.items()
    }
    archives[NOTEBOOKS] = partial(folder_archive, SOURCES / "notebooks")
    tags = dict.fromkeys(SEEDS.values(), SEED_TAGS) | dict.fromkeys(PROJECT_TEMPLATES.values(), PROJECT_TAGS)
    if is_checkout():
        archives[SOURCE_ARCHIVE] = source_archive
    return Product(CATALOG, ENTRIES, SOURCES, archives, PROJECT_TEMPLATES, tags)


def site(settings: Settings) -> Site:
    """Where the release is to stand."""
    from generator.package.build import Site

    return Site(rules.bucket(settings), settings.package.prefix, rules.region(settings))


def folder(settings: Settings) -> Path:
    """build/<region>, below the current folder."""
    return OUTPUT / rules.region(settings)


def remembered(settings: Settings) -> Settings:
    """The settings with what the last build says where they say nothing: its Region, its bucket and prefix.

    So `deploy core` goes on where `package --bucket NAME --region REGION` ended, without a settings file.
    """
    from msgspec.structs import replace

    from generator.package.manifest import FILE, load

    builds = sorted(OUTPUT.glob(f"*/{FILE}"))
    if not settings.region and len(builds) == 1:
        settings = replace(settings, region=builds[0].parent.name)
    place = OUTPUT / settings.region
    if not settings.region or settings.package.bucket or not (place / FILE).is_file():
        return settings
    made = load(place)
    return replace(settings, package=replace(settings.package, bucket=made.bucket, prefix=made.prefix))


def generated(settings: Settings, into: Path | None = None) -> Manifest:
    """Build into `into`, or into this Region's folder; a build that today's sources made is not made again."""
    place = into or folder(settings)
    made_from = freshness.inputs(rules.bucket(settings), settings.package.prefix, rules.region(settings))
    standing = freshness.standing(place, made_from)
    if standing is not None:
        return standing
    from generator.package.build import build

    manifest = build(site(settings), product(), place)
    freshness.remember(place, made_from)
    return manifest


def built(settings: Settings) -> Manifest:
    """The build that stands in this Region's folder; ToolError when it is of another bucket or prefix."""
    from generator.package.manifest import FILE, load

    place = folder(settings)
    if not (place / FILE).is_file() and (others := sorted(path.parent.name for path in OUTPUT.glob(f"*/{FILE}"))):
        hint = f"there is one for {', '.join(others)}: pass --region {others[0]}, or package again"
        raise ToolError(f"{place}: no build for this Region", hint)
    if not (place / FILE).is_file():
        raise ToolError(
            f"{place}: no build here", f"run: mlz package{'' if settings.package.bucket else ' --bucket NAME'}"
        )
    manifest = load(place)
    wanted = settings.package.bucket or manifest.bucket
    if (manifest.bucket, manifest.prefix) != (wanted, settings.package.prefix):
        raise ToolError(
            f"{folder(settings)}: built for s3://{manifest.bucket}/{manifest.prefix}, "
            f"the settings say s3://{wanted}/{settings.package.prefix}",
            "package again: mlz package",
        )
    return manifest
