"""`mlz deploy core | env | targets`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from mlz.options import Run, Verbs, insisting, mannered, site_options, verb

if TYPE_CHECKING:
    from mlz.config.settings import Settings

DRY = "the same without --dry-run does it"


@click.group(cls=Verbs, help="Deploy core, env or targets.")
def command() -> None:
    pass


@verb(
    "Deploy the core stack: portfolio, shared roles, shared services; and share the portfolio.",
    "Deploy the core stack: portfolio, roles, controls.",
)
@site_options
def core(run: Run, bucket: str, prefix: str) -> None:
    from mlz.release import product
    from mlz.session import connected
    from mlz.stacks import sharing, stackwise

    settings = run.settings(bucket=bucket, prefix=prefix)
    manifest, cloud = product.built(settings), connected(settings)
    spec = stackwise.core_spec(settings, manifest, cloud)
    _preflight(run, settings)
    done = stackwise.deployed(run, cloud, spec)
    sharing.converged(run, settings, cloud)
    run.console.next("mlz deploy env" if done else DRY)


@verb(
    "Deploy the environment stack: Studio domain, network, buckets, keys, roles.",
    "Deploy the environment stack: Studio, network, data.",
)
@site_options
def env(run: Run, bucket: str, prefix: str) -> None:
    from mlz.release import product
    from mlz.session import connected
    from mlz.stacks import stackwise

    settings = run.settings(bucket=bucket, prefix=prefix)
    manifest, cloud = product.built(settings), connected(settings)
    spec = stackwise.env_spec(settings, manifest, cloud)
    _preflight(run, settings)
    done = stackwise.deployed(run, cloud, spec)
    following = "mlz plan, then mlz deploy targets" if settings.targets.staging.is_declared else "open SageMaker Studio"
    run.console.next(following if done else DRY)


@verb(
    "Converge the staging accounts, then the prod accounts, and your own stack sets.",
    "Converge the staging accounts, then prod.",
)
@site_options
@insisting
@mannered
@click.option(
    "--recreate", metavar="ACCOUNT", multiple=True, help="Its stacks were deleted by hand: add them anew (repeatable)."
)
def targets(
    run: Run,
    bucket: str,
    prefix: str,
    allow_removals: bool,
    allow_empty: bool,
    wait: bool,
    pause_after: str,
    recreate: tuple[str, ...],
) -> None:
    from mlz.fleet import convergence
    from mlz.fleet.applying import Manner, converged
    from mlz.session import connected

    settings = run.settings(bucket=bucket, prefix=prefix)
    if not (settings.targets.staging.is_declared or settings.stack_sets):
        run.console.next("no targets are declared: everything stays in one account")
        return
    if settings.targets.staging.is_declared:
        _preflight(run, settings)
    insistence = convergence.Insistence(allow_removals, allow_empty, recreate)
    done = converged(run, settings, connected(settings), insistence, Manner(wait, pause_after))
    run.console.next("mlz status" if done else DRY)


def _preflight(run: Run, settings: Settings) -> None:
    """The checks of `mlz doctor` that call nobody; one that failed ends the command before anything changes."""
    from mlz.health import preflight

    for check in preflight(settings):
        run.console.progress(f"{check.state}: {check.what}: {check.detail} ({check.hint})", "change")


for _verb in (core, env, targets):
    command.add_command(_verb)
