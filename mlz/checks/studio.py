"""What SageMaker has in the account: a domain in the Region, the roles of project products, Identity Center."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mlz.checks.check import Check, Checks
from mlz.checks.wanted import Wanted
from mlz.removal.leftovers import SERVICE_ROLES

if TYPE_CHECKING:
    from mlz.config.settings import Settings
    from stacksets.client import Cloud
    from stacksets.stacks import Stack

OWNER_TAG = "Owner"


def domain(cloud: Cloud, env: Stack | None) -> Checks:
    """`env` is the environment's stack, where it stands."""
    from stacksets.client import translated

    with translated("SageMaker domains"):
        domains = cloud.client("sagemaker").list_domains()["Domains"]
    own = env.outputs.get("SageMakerDomainId", "") if env else ""
    return domains_judged([(one["DomainId"], one["DomainName"]) for one in domains], own)


def domains_judged(found: list[tuple[str, str]], own: str) -> Checks:
    """`found`: id and name of each domain in the Region; `own` is the environment's id, empty before it exists."""
    others = ", ".join(f"{name} ({id_})" for id_, name in found if id_ != own)
    if others and not own:
        hint = "the quota of domains must leave room for one more; delete the other if nobody uses it"
        return (Check("domain", "warning", f"this Region has {others} already, deploying adds one beside it", hint),)
    if own and own not in dict(found):
        detail = f"{own}, which the environment's stack made, is gone"
        return (Check("domain", "failed", detail, "somebody deleted it: mlz destroy env, then mlz deploy env"),)
    mine = f"{own} is the environment's" if own else "none in this Region yet"
    return (Check("domain", "ok", f"{mine}{'; beside it ' + others if others else ''}"),)


def product_roles(settings: Settings, cloud: Cloud, core: Stack | None) -> Checks:
    """The two roles that SageMaker finds by name; the core stack makes those that the account lacks."""
    from stacksets.client import Refused, translated

    found: dict[str, str | None] = {}
    for name in SERVICE_ROLES:
        try:
            with translated(name):
                found[name] = _owner(cloud.client("iam").get_role(RoleName=name)["Role"])
        except Refused as problem:
            if problem.code != "NoSuchEntity":
                raise
            found[name] = None
    return roles_judged(found, settings.core.stack_name, core is not None)


def _owner(role: Mapping[str, Any]) -> str:
    """The name of the stack whose id the tag says: `arn:…:stack/sm-mlops-core/42dc…`."""
    owner = next((tag["Value"] for tag in role.get("Tags", ()) if tag["Key"] == OWNER_TAG), "")
    return str(owner.split("/")[1] if "/" in owner else owner)


def roles_judged(found: Mapping[str, str | None], core: str, is_deployed: bool) -> Checks:
    """`found`: role → the stack that its tag Owner names, empty without one, None where there is no such role."""
    missing = [name for name, owner in found.items() if owner is None]
    if missing and is_deployed:
        detail = f"{', '.join(missing)}: gone, although {core} is deployed"
        return (Check("product roles", "failed", detail, "mlz deploy core"),)
    told: dict[str, list[str]] = {}
    for name, owner in found.items():
        said = {None: "mlz deploy core makes", "": "made by nobody's stack, used as they are"}
        told.setdefault(said.get(owner, f"made by the stack {owner}"), []).append(name)
    return (Check("product roles", "ok", "; ".join(f"{said}: {', '.join(names)}" for said, names in told.items())),)


def identity_center(wanted: Wanted, cloud: Cloud) -> Checks:
    """Only where the domain lets people in through IAM Identity Center, which must be in the domain's Region."""
    from stacksets.client import translated

    if "SSO" not in wanted.auth_modes:
        return (Check("identity center", "ok", "not needed: the domain lets people in through IAM"),)
    with translated("identity center"):
        found = cloud.client("sso-admin").list_instances()["Instances"]
    if not found:
        detail = f"AuthMode is SSO, and {cloud.region} has no instance of IAM Identity Center"
        return (Check("identity center", "failed", detail, "enable it in this Region, or use AuthMode IAM"),)
    return (Check("identity center", "ok", f"{found[0]['InstanceArn']}"),)
