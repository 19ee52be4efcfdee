"""The development account: who calls and what they may, zones, the package bucket, the environment's stack."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from generator.errors import ToolError
from mlz.checks.check import Check, Checks
from mlz.checks.data import data
from mlz.fleet import facts
from mlz.terminal.wording import count, listed

if TYPE_CHECKING:
    from mlz.config.settings import Settings
    from stacksets.client import Cloud

SHOWN = 4


def credentials(cloud: Cloud) -> Checks:
    return (Check("credentials", "ok", f"{cloud.caller_arn} in {cloud.region}"),)


def rights(cloud: Cloud) -> Checks:
    """By IAM's simulator, which knows the caller's own policies and boundary, and of the organization's only SCPs."""
    from stacksets.client import translated

    principal = _principal(cloud)
    if not principal:
        return (Check("rights", "unknown", f"IAM simulates users and roles, not {cloud.caller_arn}"),)
    actions: list[str] = data("rights")["actions"]
    with translated("rights"):
        answer = cloud.client("iam").simulate_principal_policy(PolicySourceArn=principal, ActionNames=actions)
    return decided({one["EvalActionName"]: one["EvalDecision"] for one in answer["EvaluationResults"]})


def decided(answers: dict[str, str]) -> Checks:
    """`answers`: action → allowed, implicitDeny or explicitDeny.

    Asked of no resource and without a request's context: a policy that names resources or passed-to services is an
    implicit deny here and may be enough, so only an explicit one says that the caller may not.
    """
    hint = "use a role that may deploy"
    if denied := sorted(action for action, decision in answers.items() if decision == "explicitDeny"):
        return (Check("rights", "failed", f"the caller may not {listed(denied, SHOWN)}", hint),)
    if unsure := sorted(action for action, decision in answers.items() if decision != "allowed"):
        detail = f"the caller may do this on some resources only, or not at all: {listed(unsure, SHOWN)}"
        return (Check("rights", "warning", detail, hint),)
    return (
        Check("rights", "ok", f"IAM's simulator allows {count(len(answers), 'action')}, one for each kind of change"),
    )


def _principal(cloud: Cloud) -> str:
    """The user or role behind a session; empty for the root user and federated users."""
    from stacksets.client import translated

    kind, _, rest = cloud.caller_arn.split(":", 5)[5].partition("/")
    if kind == "user":
        return cloud.caller_arn
    if kind != "assumed-role":
        return ""
    with translated("rights"):
        return str(cloud.client("iam").get_role(RoleName=rest.split("/")[0])["Role"]["Arn"])


def region(cloud: Cloud, place: str = "") -> Checks:
    """Whether the account has the Region switched on; `place` names an account that is not the development account."""
    from stacksets.client import translated

    with translated("region"):
        answer = cloud.client("ec2").describe_regions(RegionNames=[cloud.region], AllRegions=True)
    return switched_on(cloud.region, answer["Regions"][0]["OptInStatus"], place)


def switched_on(name: str, status: str, place: str) -> Checks:
    """`status`: opt-in-not-required, opted-in or not-opted-in."""
    where = f" in {place}" if place else ""
    if status == "not-opted-in":
        hint = f"aws account enable-region --region-name {name}"
        return (Check("region", "failed", f"{name} is not switched on{where}", hint),)
    return (Check("region", "ok", f"{name} is switched on{where}"),)


def zones(settings: Settings, cloud: Cloud) -> Checks:
    """At least two: endpoints and Studio need them."""
    return (Check("zones", "ok", ", ".join(facts.zones(cloud, settings, settings.network.availability_zones))),)


def bucket(settings: Settings, cloud: Cloud, serves_templates: bool) -> Checks:
    """Whose it is and where, then how it is set up; `serves_templates`: Studio lists project templates in it."""
    from stacksets.client import Refused, translated

    name, what = settings.package.bucket, "package bucket"
    if not name:
        return (Check(what, "warning", "not given", "set package.bucket in mlz.yaml"),)
    api = cloud.client("s3")
    try:
        with translated(name):
            answer = api.head_bucket(Bucket=name, ExpectedBucketOwner=cloud.account)
    except Refused as problem:
        if problem.code in ("404", "NoSuchBucket"):
            return (Check(what, "ok", f"{name} does not exist yet: mlz package makes it"),)
        if problem.code != "403":
            raise
        detail = f"{name} belongs to another account, or the caller may not see it"
        return (Check(what, "failed", detail, "choose another name, or use a role with s3:ListBucket"),)
    where = answer.get("BucketRegion") or settings.region
    if where != settings.region:
        return (Check(what, "failed", f"{name} is in {where}", f"use a bucket in {settings.region}"),)
    found = {
        "versioning": _setting(api.get_bucket_versioning, name, "Status"),
        "ownership": _setting(api.get_bucket_ownership_controls, name, "OwnershipControls"),
        "CORS": _setting(api.get_bucket_cors, name, "CORSRules"),
    }
    return set_up(name, found, serves_templates)


def _setting(call: Any, name: str, key: str) -> Any:
    """One setting of a bucket; None where it has none."""
    from stacksets.client import Refused, translated

    try:
        with translated(name):
            return call(Bucket=name).get(key)
    except Refused as problem:
        if problem.code in ("NoSuchCORSConfiguration", "OwnershipControlsNotFoundError"):
            return None
        raise


def set_up(name: str, found: dict[str, Any], serves_templates: bool) -> Checks:
    """`found`: versioning (Enabled), ownership (its rules) and CORS (its rules), None where there is none.

    A bucket without ownership controls is an old one, in which access control lists are in force.
    """
    rules = (found["ownership"] or {}).get("Rules", ())
    lacks = []
    if found["versioning"] != "Enabled":
        lacks.append("it is not versioned")
    if not any(rule.get("ObjectOwnership") == "BucketOwnerEnforced" for rule in rules):
        lacks.append("access control lists are in force")
    if serves_templates and not found["CORS"]:
        lacks.append("Studio cannot read project templates in it: it has no CORS rule")
    if lacks:
        return (Check("package bucket", "warning", f"{name}: {'; '.join(lacks)}", "set it up, or use a new bucket"),)
    return (Check("package bucket", "ok", f"{name} is this account's, in this Region, versioned"),)


def environment(settings: Settings, cloud: Cloud) -> Checks:
    """Not there yet is a warning; that nobody may look is not."""
    from stacksets.client import Refused

    try:
        found = facts.environment(cloud, settings)
    except Refused:
        raise
    except ToolError as problem:
        return (Check("environment", "warning", problem.message, problem.hint),)
    return (Check("environment", "ok", f"models in s3://{found.model_bucket}, {count(len(found.zones), 'zone')}"),)
