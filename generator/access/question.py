"""A question in people's words -> a request with its context, and the policies of a site that bear on it.

What a caller, a resource and a network imply is filled in (organization, tags, TLS, endpoint); everything else is what
the question says. Sources: IAM User Guide, global condition keys; each service's own keys where it says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from generator.access.context import Missing, Value
from generator.access.names import Account, World, account_of
from generator.access.policy import Kind, Policy
from generator.access.principal import Principal, PrincipalKind, principal_of, session
from generator.access.request import Request
from generator.access.site import LEVEL, Document, Endpoint, Guarded, Role, Site
from generator.errors import ToolError

INTERNET = ""
# Action prefix -> the endpoint service that takes its calls, where the two have different names
ENDPOINT_SERVICES = {"cloudwatch": "monitoring", "sagemaker": "sagemaker.api", "ecr": "ecr.api"}
RUNTIME = ("InvokeEndpoint", "InvokeEndpointAsync", "InvokeEndpointWithResponseStream")


@dataclass(frozen=True)
class Question:
    """`who` is a role's short name or ARN, a service, an account or `*`; `owner` the account that owns a resource whose
    ARN does not say it. `through` names the account whose network the call comes through (`dev`, or `dev:ecr.dkr` for
    one of its endpoints), or is empty for the internet.

    `guardrails`: the organization's policies are attached; what the environment promises holds without them.
    `is_unbridled`: the role's own policies allow everything; what is left are the ceilings.
    `is_open`: the resource is a key or role of another maker that leaves access to IAM, as keys do by default.
    """

    who: str
    action: str
    resource: str = "*"
    owner: str = ""
    through: str = INTERNET
    context: Mapping[str, Any] = field(default_factory=dict, hash=False)
    others: Missing = Missing.ABSENT
    guardrails: bool = False
    is_open: bool = False
    is_unbridled: bool = False


@dataclass(frozen=True)
class Case:
    """A question made concrete."""

    request: Request
    policies: tuple[Policy, ...]


def names_of(site: Site) -> dict[str, str]:
    """What `{…}` stands for in resources: accounts, buckets, keys and endpoints by name."""
    world = site.world
    names = {account.name: account.id for account in world.accounts}
    names |= {"region": world.region, "partition": world.partition, "suffix": world.suffix}
    names |= {"name": world.name, "organization": world.organization}
    for one in site.guarded:
        names[one.title] = one.arn
    for endpoint in site.endpoints:
        place = world.find(endpoint.account)
        names[f"{endpoint.title}:{place.name if place else endpoint.account}"] = endpoint.id
    return names | {role.short: role.arn for role in site.roles}


def filled(site: Site, value: Any, names: Mapping[str, str] | None = None) -> Any:
    """`{name}` replaced in texts and lists of texts; `${…}`, a policy variable, stays."""
    if isinstance(value, list):
        return [filled(site, one, names) for one in value]
    if not isinstance(value, str) or "{" not in value:
        return value
    known = names or names_of(site)
    for name, text in known.items():
        value = value.replace(f"{{{name}}}", text)
    return value


def case(site: Site, question: Question) -> Case:
    """The request and the policies of `site` that decide about it."""
    resource = filled(site, question.resource)
    role, principal = _caller(site, filled(site, question.who))
    guarded, target = site.owner(resource), _role_at(site, resource)
    owner = _owner(site.world, question, resource, guarded, principal)
    endpoint = _endpoint(site, question)
    context = {
        **_caller_keys(site.world, principal, role),
        **_resource_keys(site.world, owner, guarded, target),
        **_network_keys(site.world, question, endpoint),
        **{key: _value(filled(site, value)) for key, value in question.context.items()},
    }
    request = Request(principal, question.action, resource, owner, context, question.others)
    trusting = target if question.action.lower().startswith("sts:") else None
    over = _organization_policies(site, principal, owner) if question.guardrails else ()
    opened = (Policy("policy of another maker", _kind(resource), _leaves_to_iam(site.world, principal.account)),)
    own = _policies(principal, role, guarded, trusting, endpoint)
    if question.is_unbridled:
        own = (_unbridled(policy) for policy in own)
    return Case(request, (*over, *own, *(opened if question.is_open else ())))


def _caller(site: Site, who: str) -> tuple[Role | None, Principal]:
    for role in site.roles:
        if who in (role.short, role.arn):
            return role, session(role.arn, "somebody")
    if "@" in who:
        name, _, place = who.rpartition("@")
        account = site.world.account(place)
        if name == "root":
            return None, principal_of(account.id)
        if name.startswith("user/"):
            return None, principal_of(f"arn:{site.world.partition}:iam::{account.id}:{name}")
        if name.startswith("role/"):
            return None, session(f"arn:{site.world.partition}:iam::{account.id}:{name}", "somebody")
        site.role(who)
    return None, principal_of(who)


def _role_at(site: Site, arn: str) -> Role | None:
    return next((role for role in site.roles if role.arn == arn), None)


def _owner(world: World, question: Question, resource: str, guarded: Guarded | None, principal: Principal) -> str:
    if question.owner:
        return world.account(question.owner).id
    if guarded:
        return guarded.account
    own = account_of(resource)
    if own or resource == "*":
        return own or principal.account
    raise ToolError(f"{resource}: whose is it?", "give its account: --owner, or owner in a file of expectations")


def _caller_keys(world: World, principal: Principal, role: Role | None) -> dict[str, Value]:
    keys: dict[str, Value] = {f"aws:PrincipalTag/{k}": v for k, v in (role.tags if role else {}).items()}
    if not principal.account:
        return keys
    place = world.find(principal.account)
    return keys | _organization(world, place, "aws:PrincipalOrgID", "aws:PrincipalOrgPaths")


def _resource_keys(world: World, owner: str, guarded: Guarded | None, target: Role | None) -> dict[str, Value]:
    tags = guarded.tags if guarded and guarded.kind == "key" else target.tags if target else {}
    keys: dict[str, Value] = {f"aws:ResourceTag/{key}": value for key, value in tags.items()}
    return keys | _organization(world, world.find(owner), "aws:ResourceOrgID", "aws:ResourceOrgPaths")


def _network_keys(world: World, question: Question, endpoint: Endpoint | None) -> dict[str, Value]:
    keys: dict[str, Value] = {
        "aws:SecureTransport": "true",
        "aws:ViaAWSService": "false",
        "aws:RequestedRegion": world.region,
        "s3:TlsVersion": "1.3" if question.action.startswith("s3:") else Missing.ABSENT,
        "aws:SourceVpce": endpoint.id if endpoint else Missing.ABSENT,
        "aws:SourceVpc": endpoint.vpc if endpoint else Missing.ABSENT,
        "aws:VpceAccount": endpoint.account if endpoint else Missing.ABSENT,
    }
    place = world.find(endpoint.account) if endpoint else None
    return keys | _organization(world, place, "aws:VpceOrgID", "aws:VpceOrgPaths")


def _organization(world: World, account: Account | None, id_key: str, paths_key: str) -> dict[str, Value]:
    if account is None or not account.path:
        return {id_key: Missing.ABSENT, paths_key: Missing.ABSENT}
    return {id_key: world.organization, paths_key: (account.path,)}


def _endpoint(site: Site, question: Question) -> Endpoint | None:
    if question.through == INTERNET:
        return None
    place, _, named = question.through.partition(":")
    account = site.world.account(place)
    prefix, _, name = question.action.partition(":")
    service = named or ("sagemaker.runtime" if name in RUNTIME else ENDPOINT_SERVICES.get(prefix, prefix))
    found = site.endpoint(account.id, service)
    if found is None:
        raise ToolError(f"{question.action}: the network of {account.name} has no endpoint for {service}", "")
    return found


def _value(given: Any) -> Value:
    match given:
        case None:
            return Missing.ABSENT
        case "?":  # somebody knows it, but not we
            return Missing.UNKNOWN
        case list():
            return tuple(str(one) for one in given)
        case bool():
            return str(given).lower()
    return str(given)


def _policies(
    principal: Principal,
    role: Role | None,
    guarded: Guarded | None,
    trusting: Role | None,
    endpoint: Endpoint | None,
) -> Iterator[Policy]:
    if endpoint and endpoint.policy:
        yield endpoint.policy.policy
    if role and role.boundary:
        yield role.boundary.policy
    for document in role.identity if role else _stranger(principal):
        yield document.policy
    if guarded and guarded.policy:
        yield guarded.policy.policy
    if trusting:
        yield trusting.trust.policy


def _unbridled(policy: Policy) -> Policy:
    return replace(policy, document=ALLOW_ALL) if policy.kind is Kind.IDENTITY else policy


def _kind(resource: str) -> Kind:
    return Kind.KEY if ":key/" in resource else Kind.TRUST if ":role/" in resource else Kind.RESOURCE


def _leaves_to_iam(world: World, account: str) -> dict[str, Any]:
    root = {"AWS": f"arn:{world.partition}:iam::{account}:root"}
    everything = {"Sid": "LeavesToIAM", "Effect": "Allow", "Principal": root, "Action": "*"}
    return {"Version": "2012-10-17", "Statement": [{**everything, "Resource": "*"}]}


def _stranger(principal: Principal) -> tuple[Document, ...]:
    """A caller that the platform did not make is taken to have every right in its own account: the worst case."""
    if principal.kind not in (PrincipalKind.SESSION, PrincipalKind.USER):
        return ()
    return (ADMINISTRATOR,)


ALLOW_ALL = {
    "Version": "2012-10-17",
    "Statement": [{"Sid": "Everything", "Effect": "Allow", "Action": "*", "Resource": "*"}],
}

ADMINISTRATOR = Document("identity", "administrator of the caller's account", "", ALLOW_ALL)


def _organization_policies(site: Site, principal: Principal, owner: str) -> Iterator[Policy]:
    """SCPs stand over the caller, RCPs over the resource; neither binds the management account."""
    for documents, account, kind in ((site.scps, principal.account, Kind.SCP), (site.rcps, owner, Kind.RCP)):
        if not documents or not _is_below_guardrails(site.world, account):
            continue
        full = ALLOW_ALL if kind is Kind.SCP else RCP_FULL
        yield Policy("FullAWSAccess", kind, full, LEVEL)
        yield from (document.policy for document in documents)


RCP_FULL = {
    "Version": "2012-10-17",
    "Statement": [{"Sid": "Everything", "Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}],
}


def _is_below_guardrails(world: World, account: str) -> bool:
    stages = [one.id for accounts in world.targets.values() for one in accounts]
    return world.units and account in (world.dev.id, *stages)
