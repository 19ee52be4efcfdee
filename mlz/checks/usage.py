"""Reading an account: the value of a quota, and how much of it is in use."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from generator.errors import ToolError
from mlz.checks.quotas import Quota, Reading
from mlz.checks.wanted import GATEWAY

if TYPE_CHECKING:
    from stacksets.client import Cloud

THREADS = 8
IN_USE = {"Name": "state", "Values": ["pending", "available"]}


def readings(cloud: Cloud, quotas: tuple[Quota, ...]) -> dict[Quota, Reading]:
    """All at once: the calls do not depend on each other."""
    with ThreadPoolExecutor(THREADS) as pool:
        return dict(zip(quotas, pool.map(lambda quota: reading(cloud, quota), quotas), strict=True))


def reading(cloud: Cloud, quota: Quota) -> Reading:
    """A question that nobody answers leaves its number out and says why."""
    used, silence = (0, "") if quota.inside else _answered(lambda: USED[quota.counts](cloud))
    if quota.counts == "AWS::IAM::Role":
        limit, reason = _answered(lambda: _summary(cloud)["RolesQuota"])
    elif not quota.code:
        limit, reason = None, "Service Quotas' code for it is not known"
    else:
        limit, reason = _answered(lambda: _limit(cloud, quota))
    return Reading(limit, used, reason or silence)


def _answered(ask: Callable[[], int]) -> tuple[int | None, str]:
    try:
        return ask(), ""
    except ToolError as problem:
        return None, f"cannot be asked here: {problem.message}"


def _limit(cloud: Cloud, quota: Quota) -> int:
    """The applied value, else AWS's default: a quota that was never changed may have no applied one."""
    from stacksets.client import Refused, translated

    api = cloud.client("service-quotas")
    named = {"ServiceCode": quota.service, "QuotaCode": quota.code}
    try:
        with translated("Service Quotas"):
            return int(api.get_service_quota(**named)["Quota"]["Value"])
    except Refused as problem:
        if problem.code != "NoSuchResourceException":
            raise
    with translated("Service Quotas"):
        return int(api.get_aws_default_service_quota(**named)["Quota"]["Value"])


def _count(service: str, operation: str, key: str, **arguments: Any) -> Callable[[Cloud], int]:
    def count(cloud: Cloud) -> int:
        return len(_listed(cloud, service, operation, key, **arguments))

    return count


def _listed(cloud: Cloud, service: str, operation: str, key: str, **arguments: Any) -> list[Any]:
    """All pages of a paginated operation, by its snake-case name."""
    from stacksets.client import translated

    api = cloud.client(service)
    with translated(f"{service}:{operation}"):
        pages = api.get_paginator(operation).paginate(**arguments)
        return [entry for page in pages for entry in page.get(key, ())]


def _addresses(cloud: Cloud) -> int:
    from stacksets.client import translated

    with translated("ec2:describe_addresses"):
        return len(cloud.client("ec2").describe_addresses()["Addresses"])


def _fullest_zone(cloud: Cloud) -> int:
    """NAT gateways of the zone that has most."""
    gateways = _listed(cloud, "ec2", "describe_nat_gateways", "NatGateways", Filter=[IN_USE])
    if not gateways:
        return 0
    ids = sorted({gateway["SubnetId"] for gateway in gateways if "SubnetId" in gateway})
    subnets = _listed(cloud, "ec2", "describe_subnets", "Subnets", SubnetIds=ids)
    zones = {subnet["SubnetId"]: subnet["AvailabilityZone"] for subnet in subnets}
    return max(Counter(zones.get(gateway.get("SubnetId", "")) for gateway in gateways).values())


def _summary(cloud: Cloud) -> Mapping[str, int]:
    from stacksets.client import translated

    with translated("iam:get_account_summary"):
        answer: Mapping[str, int] = cloud.client("iam").get_account_summary()["SummaryMap"]
        return answer


def missing_sets(cloud: Cloud, names: list[str]) -> int:
    """How many of these stack sets there are not; where nobody answers, none of them is taken to exist."""
    try:
        found = _listed(cloud, "cloudformation", "list_stack_sets", "Summaries", Status="ACTIVE")
    except ToolError:
        found = []
    return len(set(names) - {one["StackSetName"] for one in found})


def holds(cloud: Cloud, identity: str) -> bool:
    """Whether an account has stacks of an environment's stack sets."""
    stacks = _listed(cloud, "cloudformation", "describe_stacks", "Stacks")
    return any(stack["StackName"].startswith(f"StackSet-{identity}-") for stack in stacks)


USED: Mapping[str, Callable[[Cloud], int]] = {
    "AWS::EC2::VPC": _count("ec2", "describe_vpcs", "Vpcs"),
    "AWS::EC2::EIP": _addresses,
    "AWS::EC2::NatGateway": _fullest_zone,
    GATEWAY: _count(
        "ec2", "describe_vpc_endpoints", "VpcEndpoints", Filters=[{"Name": "vpc-endpoint-type", "Values": ["Gateway"]}]
    ),
    "AWS::IAM::Role": lambda cloud: _summary(cloud)["Roles"],
    "AWS::CloudFormation::Stack": _count("cloudformation", "describe_stacks", "Stacks"),
    "stack sets": _count("cloudformation", "list_stack_sets", "Summaries", Status="ACTIVE"),
    "AWS::SageMaker::Domain": _count("sagemaker", "list_domains", "Domains"),
    "AWS::SageMaker::UserProfile": _count("sagemaker", "list_user_profiles", "UserProfiles"),
}
