"""What `mlz doctor` looks at, and what of it `mlz deploy` looks at before it begins: nothing here changes anything."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import TYPE_CHECKING

from generator.errors import ToolError
from mlz import session
from mlz.checks import account, lifecycle, names, organization, quotas, regions, studio, usage
from mlz.checks.check import Check, Checks, guarded
from mlz.checks.wanted import Wanted, wanted
from mlz.config import rules
from mlz.fleet import convergence, targets
from mlz.release import product

if TYPE_CHECKING:
    from mlz.config.settings import Settings
    from stacksets.client import Cloud
    from stacksets.organization import Resolution
    from stacksets.stacks import Stack

Look = tuple[str, Callable[[], Checks]]
THREADS = 8
# Target accounts whose quotas are looked at.
TARGETS_SAMPLED = 3


@dataclass(frozen=True)
class Subject:
    """What the looks share: the settings, what deploying would make, the stacks that stand, the accounts there are."""

    settings: Settings
    cloud: Cloud
    wanted: Wanted
    core: Stack | None
    env: Stack | None
    resolution: Resolution | None


def checks(settings: Settings) -> Iterator[Check]:
    """All checks, those that need nobody first; without credentials only these. ToolError without a Region."""
    rules.region(settings)
    made, parameters = _wanted(settings)
    yield from (*parameters, *offline(settings, made), _build(settings))
    cloud = session.connected(settings)
    caller = guarded("credentials", partial(account.credentials, cloud))
    yield from caller
    if caller[0].state != "ok":
        return
    subject, problems = _subject(settings, cloud, made)
    yield from problems
    with ThreadPoolExecutor(THREADS) as pool:
        for found in pool.map(lambda look: guarded(*look), _looks(subject)):
            yield from found


def preflight(settings: Settings) -> Checks:
    """The checks that call nobody: warnings are returned, a failed one is a ToolError.

    Parameters that do not fit are left to the deployment, which names them better.
    """
    made, problems = _wanted(settings)
    found = () if problems else offline(settings, made)
    for check in found:
        if check.state == "failed":
            raise ToolError(f"{check.what}: {check.detail}", check.hint)
    return tuple(check for check in found if check.state == "warning")


def offline(settings: Settings, made: Wanted) -> Checks:
    """Names, Region and lifecycle, from the generated templates and dated data."""
    from templates.facts import facts

    today = date.today()
    return (
        *names.names(made),
        *regions.regions(made, regions.offer(settings.region)),
        *lifecycle.lifecycle(made, facts(), today),
    )


def _wanted(settings: Settings) -> tuple[Wanted, Checks]:
    try:
        return wanted(settings), ()
    except ToolError as problem:
        return Wanted(), (Check("parameters", "failed", problem.message, problem.hint),)


def _build(settings: Settings) -> Check:
    try:
        manifest = product.built(settings)
    except ToolError as problem:
        return Check("build", "warning", problem.message, "mlz package")
    return Check("build", "ok", f"release {manifest.release[:12]} for s3://{manifest.bucket}/{manifest.prefix}")


def _subject(settings: Settings, cloud: Cloud, made: Wanted) -> tuple[Subject, Checks]:
    """With what could be read; what could not is among the findings."""
    from stacksets.organization import resolve

    problems: list[Check] = []
    core, env, resolution = None, None, None
    try:
        core, env = _standing(cloud, settings.core.stack_name), _standing(cloud, settings.env_stack_name)
    except ToolError as problem:
        problems.append(Check("stacks", "unknown", problem.message, problem.hint))
    try:
        if settings.targets.staging.is_declared:
            resolution = resolve(cloud.client("organizations"), targets.scopes(settings))
    except ToolError as problem:
        problems.append(Check("organization", "failed", problem.message, problem.hint))
    return Subject(settings, cloud, made, core, env, resolution), tuple(problems)


def _standing(cloud: Cloud, name: str) -> Stack | None:
    """The stack, unless it is a shell that holds nothing."""
    from stacksets.changeset import SHELLS
    from stacksets.stacks import find

    found = find(cloud, name)
    return None if found is None or found.status in (*SHELLS, "REVIEW_IN_PROGRESS") else found


def _looks(subject: Subject) -> tuple[Look, ...]:
    settings, cloud, made = subject.settings, subject.cloud, subject.wanted
    looks: tuple[Look, ...] = (
        ("rights", partial(account.rights, cloud)),
        ("region", partial(account.region, cloud)),
        ("zones", partial(account.zones, settings, cloud)),
        ("package bucket", partial(account.bucket, settings, cloud, made.serves_templates)),
        ("endpoint services", partial(_endpoint_services, cloud, made)),
        ("domain", partial(studio.domain, cloud, subject.env)),
        ("product roles", partial(studio.product_roles, settings, cloud, subject.core)),
        ("identity center", partial(studio.identity_center, made, cloud)),
        ("quotas", partial(_quotas, subject)),
    )
    if not settings.targets.staging.is_declared:
        return looks
    seen: tuple[Look, ...] = ()
    if subject.resolution is not None:
        seen = (
            ("organization", partial(organization.accounts, subject.resolution)),
            ("quotas of targets", partial(_target_quotas, subject, subject.resolution)),
        )
    return (
        *looks,
        ("management account", partial(organization.management, settings)),
        ("execution roles", partial(organization.execution_roles, settings)),
        *seen,
        ("environment", partial(account.environment, settings, cloud)),
    )


def _endpoint_services(cloud: Cloud, made: Wanted) -> Checks:
    from stacksets.client import pages, translated

    with translated("endpoint services"):
        found = frozenset(pages(cloud.client("ec2").describe_vpc_endpoint_services, "ServiceNames"))
    return regions.served(made, found)


def _quotas(subject: Subject) -> Checks:
    """Of the development account."""
    settings, made = subject.settings, subject.wanted
    absent = (made.core if subject.core is None else Counter()) + (made.env if subject.env is None else Counter())
    stages = subject.resolution.stages.values() if subject.resolution else ()
    inside = {quota.counts: (made.core + made.env)[quota.counts] for quota in quotas.catalogue() if quota.inside}
    more = {
        **inside,
        "stack sets": usage.missing_sets(subject.cloud, convergence.set_names(settings)),
        "stack instances": max((len(stage.accounts) for stage in stages), default=0),
        "concurrent builds": 1,
    }
    adds = quotas.added(absent, more, settings.network.availability_zones)
    return quotas.judged_all(usage.readings(subject.cloud, quotas.catalogue()), adds)


def _target_quotas(subject: Subject, resolution: Resolution) -> Checks:
    """Of a few target accounts, and their Region; one that has the environment's stacks already gets nothing more."""
    settings = subject.settings
    members = tuple(sorted(one for stage in resolution.stages.values() for one in stage.accounts))
    chief = session.management(settings)
    wanted_there = tuple(quota for quota in quotas.catalogue() if quota.where == "target")
    found: dict[str, Checks] = {}
    for member in organization.sample(members, TARGETS_SAMPLED):
        cloud = organization.enter(settings, chief, member)
        resources = Counter[str]() if usage.holds(cloud, settings.identity) else subject.wanted.target
        inside = {quota.counts: subject.wanted.target[quota.counts] for quota in wanted_there if quota.inside}
        adds = quotas.added(resources, inside, settings.network.availability_zones)
        switched_on = guarded("region", partial(account.region, cloud, member))
        found[member] = (*switched_on, *quotas.judged_all(usage.readings(cloud, wanted_there), adds, member))
    return quotas.sampled(found, len(members))
