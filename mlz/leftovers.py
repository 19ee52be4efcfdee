"""What of an environment is still there: looked for by name and tag in every account, not taken from a record."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from generator.errors import ToolError
from mlz.wording import count

if TYPE_CHECKING:
    from mlz.settings import Settings
    from stacksets.client import Api, Cloud

THREADS = 8
GONE = "DELETE_COMPLETE"
BUCKET, KEY, SERVICE_ROLE = "bucket", "key", "service role"
# What stacks leave alone on purpose: data, the keys that it is encrypted with, roles that others use too.
RETAINED = (BUCKET, KEY, SERVICE_ROLE)
# SageMaker finds them by name; the core stack makes them where they are missing, and leaves them.
SERVICE_ROLES = ("AmazonSageMakerServiceCatalogProductsLaunchRole", "AmazonSageMakerServiceCatalogProductsUseRole")


@dataclass(frozen=True, order=True)
class Leftover:
    """One thing in one account: `stack sm-mlops-dev`, `role …`; kind `unknown` when nobody could look."""

    account: str
    kind: str
    name: str


def of_account(cloud: Cloud, account: str, settings: Settings, stacks: Iterable[str]) -> list[Leftover]:
    """Stacks, stack sets, roles, buckets, SSM parameters, VPCs and key aliases of the environment in one account."""
    from stacksets.client import translated

    names = tuple(stacks)
    with translated(f"account {account}"):
        found = [
            *(("stack", name) for name in _stacks(cloud, settings, names)),
            *(("role", name) for name in _roles(cloud, settings)),
            *(("VPC", name) for name in _networks(cloud, settings)),
            *(("SSM parameter", name) for name in _parameters(cloud, settings)),
        ]
    return [Leftover(account, kind, name) for kind, name in found]


def of_home(cloud: Cloud, account: str, settings: Settings, stacks: Iterable[str]) -> list[Leftover]:
    """The same in the development account, where stack sets, buckets and keys live too."""
    from stacksets.client import translated

    with translated(f"account {account}"):
        found = [
            *(("stack set", name) for name in _stack_sets(cloud, settings)),
            *((BUCKET, name) for name in _buckets(cloud, settings)),
            *((KEY, name) for name in _keys(cloud, settings)),
            *((SERVICE_ROLE, name) for name in _service_roles(cloud, settings)),
        ]
    return of_account(cloud, account, settings, stacks) + [Leftover(account, kind, name) for kind, name in found]


def of_targets(
    accounts: Iterable[str], enter: Callable[[str], Cloud], settings: Settings, stacks: Iterable[str]
) -> list[Leftover]:
    """The same in every target account, in parallel; an account that cannot be entered is a leftover of its own."""
    names = tuple(stacks)

    def look(account: str) -> list[Leftover]:
        try:
            return of_account(enter(account), account, settings, names)
        except ToolError as problem:
            return [Leftover(account, "unknown", problem.message)]

    with ThreadPoolExecutor(THREADS) as pool:
        return [found for answer in pool.map(look, accounts) for found in answer]


def _stacks(cloud: Cloud, settings: Settings, names: tuple[str, ...]) -> list[str]:
    from stacksets.client import pages

    prefixes = (*names, f"StackSet-{settings.identity}-")
    found = pages(cloud.client("cloudformation").list_stacks, "StackSummaries")
    living = (entry["StackName"] for entry in found if entry["StackStatus"] != GONE)
    return sorted({name for name in living if name.startswith(prefixes)})


def _stack_sets(cloud: Cloud, settings: Settings) -> list[str]:
    from stacksets.client import pages

    found = pages(cloud.client("cloudformation").list_stack_sets, "Summaries", Status="ACTIVE")
    return sorted(e["StackSetName"] for e in found if e["StackSetName"].startswith(f"{settings.identity}-"))


def _roles(cloud: Cloud, settings: Settings) -> list[str]:
    found = cloud.client("iam").get_paginator("list_roles").paginate()
    return sorted(role["RoleName"] for page in found for role in page["Roles"] if _is_ours(role["RoleName"], settings))


def _networks(cloud: Cloud, settings: Settings) -> list[str]:
    tag = {"Name": "tag:EnvironmentName", "Values": [settings.environment.name]}
    found = cloud.client("ec2").describe_vpcs(Filters=[tag])["Vpcs"]
    return sorted(f"{vpc['VpcId']} {vpc['CidrBlock']}" for vpc in found)


def _parameters(cloud: Cloud, settings: Settings) -> list[str]:
    begins = {"Key": "Name", "Option": "BeginsWith", "Values": [f"{settings.environment.name}-"]}
    found = cloud.client("ssm").get_paginator("describe_parameters").paginate(ParameterFilters=[begins])
    return sorted(entry["Name"] for page in found for entry in page["Parameters"])


def _buckets(cloud: Cloud, settings: Settings) -> list[str]:
    found = cloud.client("s3").list_buckets()["Buckets"]
    generated = f"{settings.env_stack_name.lower()}-"
    names = (str(bucket["Name"]) for bucket in found)
    return sorted(name for name in names if _is_ours(name, settings) or name.startswith(generated))


def _keys(cloud: Cloud, settings: Settings) -> list[str]:
    """Keys that are not waiting for their deletion, by the tags that the environment's stack gives them."""
    api = cloud.client("kms")
    ids = [key["KeyId"] for page in api.get_paginator("list_keys").paginate() for key in page["Keys"]]
    return sorted(key for key in ids if _is_customers(api, key) and _is_tagged(api, key, settings))


def _is_customers(api: Api, key: str) -> bool:
    facts = api.describe_key(KeyId=key)["KeyMetadata"]
    return bool(facts["KeyManager"] == "CUSTOMER" and facts["KeyState"] != "PendingDeletion")


def _is_tagged(api: Api, key: str, settings: Settings) -> bool:
    tags = {tag["TagKey"]: tag["TagValue"] for tag in api.list_resource_tags(KeyId=key)["Tags"]}
    wanted = (settings.environment.name, settings.environment.type)
    return (tags.get("EnvironmentName"), tags.get("EnvironmentType")) == wanted


def _service_roles(cloud: Cloud, settings: Settings) -> list[str]:
    """Those that the core stack made, which its tags on them still say."""
    from botocore.exceptions import ClientError

    from stacksets.client import code_of

    api, found = cloud.client("iam"), []
    for name in SERVICE_ROLES:
        try:
            tags = {tag["Key"]: tag["Value"] for tag in api.list_role_tags(RoleName=name)["Tags"]}
        except ClientError as problem:
            if code_of(problem) not in ("NoSuchEntity", "NoSuchEntityException"):
                raise
            continue
        if tags.get("aws:cloudformation:stack-name", "").startswith(settings.core.stack_name):
            found.append(name)
    return found


def _is_ours(name: str, settings: Settings) -> bool:
    """Names begin with environment and stage: `sm-mlops-dev-…`, `sm-mlops-staging-…`."""
    stages = (settings.environment.type, *(stage.name for stage in settings.targets.stages))
    return name.startswith(tuple(f"{settings.environment.name}-{stage}-" for stage in stages))


def lines(left: Iterable[Leftover], kept: Iterable[Leftover], names: Mapping[str, str], looked: int) -> list[str]:
    """What was kept on purpose, then `nothing is left in 31 accounts`, or what is."""

    def shown(word: str, found: Iterable[Leftover]) -> list[str]:
        return [f"{word}: {one.account} {names.get(one.account, '')}: {one.kind} {one.name}" for one in sorted(found)]

    first = shown("kept", kept)
    nothing = f"nothing {'else ' if first else ''}is left in {count(looked, 'account')}"
    return [*first, *(shown("left", left) or [nothing])]
