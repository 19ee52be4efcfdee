"""The templates as they are now, resolved in a world of the test's own."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from generator.access.names import World
from generator.access.resolve import load
from generator.access.site import Site
from generator.package.build import Site as Place
from generator.package.build import build
from mlz.config.settings import Settings
from mlz.release import product


def resolved(settings: Settings, world: World) -> Site:
    """Built into a scratch folder."""
    with TemporaryDirectory() as scratch:
        build(Place("a-bucket", settings.package.prefix, world.region), product.product(), Path(scratch))
        return load(Path(scratch), world)
