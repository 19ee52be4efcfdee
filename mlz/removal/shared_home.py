"""The file system that SageMaker makes for a domain, with its mount targets and two security groups.

All carry the domain's ARN in a tag of SageMaker's own, and are found by that alone: an account has other file systems,
of other domains too. Mount targets and groups hold no data, but the VPC: they go with the domain. The file system is
data, and goes only when that is asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from mlz.removal.tagged import NAME_TAG, TYPE_TAG
from mlz.removal.vanishing import until_gone
from stacksets.client import translated

if TYPE_CHECKING:
    from stacksets.client import Api, Cloud

OWNER_TAG = "ManagedByAmazonSageMakerResource"
ENDING = ("deleting", "deleted")


@dataclass(frozen=True)
class Home:
    """Ids of the file systems (one, or none) and of the security groups."""

    systems: tuple[str, ...]
    groups: tuple[str, ...]


def of(cloud: Cloud, domain_arn: str) -> Home:
    """What is there of a domain's home; the domain itself may be gone."""
    wanted = [{"Name": f"tag:{OWNER_TAG}", "Values": [domain_arn]}]
    with translated("home file system"):
        systems = cloud.client("efs").get_paginator("describe_file_systems").paginate()
        groups = cloud.client("ec2").get_paginator("describe_security_groups").paginate(Filters=wanted)
        return Home(
            tuple(one["FileSystemId"] for page in systems for one in page["FileSystems"] if _is_of(one, domain_arn)),
            tuple(one["GroupId"] for page in groups for one in page["SecurityGroups"]),
        )


def _is_of(system: dict[str, Any], domain_arn: str) -> bool:
    return {"Key": OWNER_TAG, "Value": domain_arn} in system["Tags"] and system["LifeCycleState"] not in ENDING


def claim(cloud: Cloud, home: Home, environment: str, kind: str) -> None:
    """Tag the file system as the environment's, so that it is found when the domain is gone."""
    tags = [{"Key": NAME_TAG, "Value": environment}, {"Key": TYPE_TAG, "Value": kind}]
    for system in home.systems:
        with translated(f"file system {system}"):
            cloud.client("efs").tag_resource(ResourceId=system, Tags=tags)


def detach(cloud: Cloud, home: Home, first: float) -> None:
    """Delete mount targets, wait for the interfaces to go, and delete the groups, whose rules name each other."""
    for system in home.systems:
        _unmount(cloud, system, first)
    if not home.groups:
        return
    ec2 = cloud.client("ec2")
    where = f"security groups {', '.join(home.groups)}"
    with translated(where):
        until_gone(f"network interfaces in {where}", partial(_interfaces, ec2, home.groups), _wait, first)
        for group in ec2.describe_security_groups(GroupIds=list(home.groups))["SecurityGroups"]:
            _clear(ec2, group)
        for identity in home.groups:
            ec2.delete_security_group(GroupId=identity)


def delete(cloud: Cloud, system: str, first: float) -> None:
    """Delete a file system with its mount targets."""
    _unmount(cloud, system, first)
    with translated(f"file system {system}"):
        cloud.client("efs").delete_file_system(FileSystemId=system)


def _unmount(cloud: Cloud, system: str, first: float) -> None:
    efs = cloud.client("efs")

    def targets() -> list[dict[str, Any]]:
        found = efs.get_paginator("describe_mount_targets").paginate(FileSystemId=system)
        return [one for page in found for one in page["MountTargets"] if one["LifeCycleState"] != "deleted"]

    def ask(target: dict[str, Any]) -> None:
        if target["LifeCycleState"] != "deleting":
            efs.delete_mount_target(MountTargetId=target["MountTargetId"])

    with translated(f"file system {system}"):
        until_gone(f"mount targets of {system}", targets, ask, first)


def _interfaces(ec2: Api, groups: tuple[str, ...]) -> list[str]:
    wanted = [{"Name": "group-id", "Values": list(groups)}]
    found = ec2.get_paginator("describe_network_interfaces").paginate(Filters=wanted)
    return [one["NetworkInterfaceId"] for page in found for one in page["NetworkInterfaces"]]


def _wait(interface: str) -> None:
    """EFS and SageMaker delete their interfaces themselves."""


def _clear(ec2: Api, group: dict[str, Any]) -> None:
    if group["IpPermissions"]:
        ec2.revoke_security_group_ingress(GroupId=group["GroupId"], IpPermissions=group["IpPermissions"])
    if group["IpPermissionsEgress"]:
        ec2.revoke_security_group_egress(GroupId=group["GroupId"], IpPermissions=group["IpPermissionsEgress"])
