"""What `mlz doctor` looks at: one check a function, none changes anything."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from generator.errors import ToolError
from mlz import bootstrapping, facts, product, session, targets
from mlz.wording import count

if TYPE_CHECKING:
    from mlz.settings import Settings
    from stacksets.client import Cloud

ROLE_LIMIT = 64  # IAM quotas, "Role name length", read 2026-11-21
BUCKET_LIMIT = 63
LONGEST_ROLE_END = "team-administrator"
State = Literal["ok", "warning", "failed"]


@dataclass(frozen=True)
class Check:
    """One finding of the doctor."""

    what: str
    state: State
    detail: str
    hint: str = ""


def checks(settings: Settings) -> Iterator[Check]:
    """All checks, cheapest first; those that need credentials are left out when there are none."""
    yield _names(settings)
    yield _build(settings)
    cloud = session.connected(settings)
    caller = _guarded("credentials", lambda: Check("credentials", "ok", cloud.caller_arn))
    yield caller
    if caller.state != "ok":
        return
    yield _guarded("zones", lambda: _zones(settings, cloud))
    yield _guarded("package bucket", lambda: _bucket(settings, cloud))
    yield _limits(cloud)
    if settings.targets.staging.is_declared:
        yield _guarded("organization", lambda: _organization(settings, cloud))
        yield _guarded("execution roles", lambda: _roles(settings))
        yield _guarded("environment", lambda: _environment(settings, cloud))


def _guarded(what: str, check: Callable[[], Check]) -> Check:
    try:
        return check()
    except ToolError as problem:
        return Check(what, "failed", problem.message, problem.hint)


def _names(settings: Settings) -> Check:
    longest = f"{settings.identity}-{settings.region}-{LONGEST_ROLE_END}"
    if len(longest) > ROLE_LIMIT:
        hint = f"shorten environment.name by {len(longest) - ROLE_LIMIT}"
        return Check("names", "failed", f"{longest} has {len(longest)} characters, IAM takes {ROLE_LIMIT}", hint)
    return Check("names", "ok", f"the longest role name has {len(longest)} of {ROLE_LIMIT} characters")


def _build(settings: Settings) -> Check:
    try:
        manifest = product.built(settings)
    except ToolError as problem:
        return Check("build", "warning", problem.message, "mlz package")
    return Check("build", "ok", f"release {manifest.release[:12]} for s3://{manifest.bucket}/{manifest.prefix}")


def _zones(settings: Settings, cloud: Cloud) -> Check:
    return Check("zones", "ok", ", ".join(facts.zones(cloud, settings, settings.network.availability_zones)))


def _bucket(settings: Settings, cloud: Cloud) -> Check:
    from botocore.exceptions import ClientError

    from stacksets.client import code_of

    name = settings.package.bucket
    if not name:
        return Check("package bucket", "warning", "not given", "set package.bucket in mlz.yaml")
    try:
        answer = cloud.client("s3").head_bucket(Bucket=name, ExpectedBucketOwner=cloud.account)
    except ClientError as problem:
        if code_of(problem) in ("404", "NoSuchBucket"):
            return Check("package bucket", "ok", f"{name} does not exist yet: mlz package makes it")
        return Check("package bucket", "failed", f"{name} belongs to another account", "choose another name")
    where = answer.get("BucketRegion") or settings.region
    if where != settings.region:
        return Check("package bucket", "failed", f"{name} is in {where}", f"use a bucket in {settings.region}")
    return Check("package bucket", "ok", f"{name} is this account's")


def _limits(cloud: Cloud) -> Check:
    """Only a warning when they cannot be read: deploying does not need that permission."""
    from stacksets.client import pages, translated

    try:
        with translated("limits"):
            limits = pages(cloud.client("cloudformation").describe_account_limits, "AccountLimits")
            found = {entry["Name"]: entry["Value"] for entry in limits}
    except ToolError as problem:
        return Check("limits", "warning", f"cannot be read: {problem.message}")
    return Check("limits", "ok", f"{found.get('StackLimit', 'an unknown number of')} stacks in this account and Region")


def _organization(settings: Settings, cloud: Cloud) -> Check:
    from stacksets.organization import resolve

    found = resolve(cloud.client("organizations"), targets.scopes(settings))
    parts = [f"{name} {count(len(stage.accounts), 'account')}" for name, stage in found.stages.items()]
    return Check("organization", "ok", ", ".join(parts))


def _roles(settings: Settings) -> Check:
    from stacksets.bootstrap import Bootstrap

    try:
        made = bootstrapping.prepared(settings, product.built(settings))
        plan = Bootstrap(made.management, lambda _event: None).plan(made.spec)
    except ToolError as problem:
        return Check("execution roles", "warning", f"cannot be seen: {problem.message}", problem.hint)
    if plan.is_empty:
        return Check("execution roles", "ok", f"in all {len(plan.present)} accounts")
    missing = len(plan.missing) + len(plan.unreachable)
    return Check("execution roles", "failed", f"missing in {count(missing, 'account')}", "mlz bootstrap")


def _environment(settings: Settings, cloud: Cloud) -> Check:
    try:
        found = facts.environment(cloud, settings)
    except ToolError as problem:
        return Check("environment", "warning", problem.message, problem.hint)
    return Check("environment", "ok", f"models in s3://{found.model_bucket}")
