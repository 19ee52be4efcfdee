"""The world that the access commands resolve the templates in: what the settings say, example ids for the rest."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from generator.access.names import Account, World
from mlz.release import product

if TYPE_CHECKING:
    from generator.access.site import Site
    from mlz.config.settings import Settings, Stage

REGION = "eu-west-1"
BUCKET = "unpublished"
EXAMPLE = World()
CAPABILITIES = Path(__file__).parent.parent / "templates" / "access" / "capabilities.yaml"


def world(settings: Settings) -> World:
    """Accounts, units and names of the settings; units and the own account, which settings do not spell, by example."""
    staging, prod = settings.targets.stages
    return World(
        region=settings.region or REGION,
        name=settings.environment.name,
        stage=settings.environment.type,
        staging=staging.name or EXAMPLE.staging,
        prod=prod.name or EXAMPLE.prod,
        targets={"staging": _accounts("staging", staging), "prod": _accounts("prod", prod)},
        units=bool(staging.organizational_units),
        parameters={
            "core-main.yaml": _plain(settings.core.parameters),
            "env-main.yaml": _plain(settings.env.parameters),
        },
    )


def _plain(parameters: dict[str, str | tuple[str, ...]]) -> dict[str, str]:
    return {name: value if isinstance(value, str) else ",".join(value) for name, value in parameters.items()}


def _accounts(name: str, stage: Stage) -> tuple[Account, ...]:
    """The listed accounts, or an example account below the first unit; none in single-account mode."""
    (example,) = EXAMPLE.targets[name]
    if stage.accounts:
        names = [name, *(f"{name}-{number}" for number in range(2, len(stage.accounts) + 1))]
        return tuple(Account(one, id_, example.path) for one, id_ in zip(names, stage.accounts, strict=True))
    if not stage.organizational_units:
        return ()
    unit = stage.organizational_units[0]
    above = example.path.rstrip("/").rsplit("/", 1)[0]
    # A unit by its path of names is looked up when it is deployed; its id does not matter here.
    return (Account(name, example.id, f"{above}/{unit if unit.startswith(('ou-', 'r-')) else f'ou-{name}'}/"),)


def site(settings: Settings, build: str = "") -> Site:
    """The site of a build folder, or of the templates as they are now."""
    from generator.access.resolve import load
    from generator.package.build import Site as Place
    from generator.package.build import build as make

    declared = world(settings)
    if build:
        return load(Path(build), declared)
    place = Place(settings.package.bucket or BUCKET, settings.package.prefix, declared.region)
    with TemporaryDirectory() as scratch:
        make(place, product.product(), Path(scratch))
        return load(Path(scratch), declared)
