"""The shared home of a domain: an EFS file system, its mount targets, and two security groups that admit each other.

SageMaker makes them with the domain and tags all of them with its ARN (Developer Guide, "Amazon SageMaker AI domain
entities and statuses"); deleting the domain deletes the file system only when asked to, and the groups never.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any

TAG = "ManagedByAmazonSageMakerResource"
NFS = "2049"


def create(efs: Any, ec2: Any, domain: str, arn: str, vpc: str, subnets: Iterable[str], key: str) -> str:
    """The id of the file system; `efs` and `ec2` are moto's backends, `domain` is the domain's id."""
    tags = {TAG: arn}
    made = {
        way: ec2.create_security_group(
            f"security-group-for-{way}-nfs-{domain}",
            f"[DO NOT DELETE] Security Group that allows {way} NFS traffic for SageMaker Notebooks Domain [{domain}]",
            vpc,
            tags,
        )
        for way in ("inbound", "outbound")
    }
    made["outbound"].egress_rules.clear()
    groups = {way: group.id for way, group in made.items()}
    ec2.authorize_security_group_ingress(
        groups["inbound"], "tcp", NFS, NFS, [], source_groups=[{"GroupId": groups["outbound"]}]
    )
    ec2.authorize_security_group_egress(
        groups["outbound"], "tcp", NFS, NFS, [], source_groups=[{"GroupId": groups["inbound"]}]
    )
    listed = [{"Key": TAG, "Value": arn}]
    system = efs.create_file_system(str(uuid.uuid4()), "generalPurpose", True, key, "bursting", 0, "", False, listed)
    for subnet in subnets:
        efs.create_mount_target(system.file_system_id, subnet, security_groups=[groups["inbound"]])
    return str(system.file_system_id)


def delete(efs: Any, arn: str) -> None:
    """The file systems of a domain with their mount targets; the security groups stay."""
    for system in list(efs.file_systems_by_id.values()):
        tags = efs.tagging_service.get_tag_dict_for_resource(system.file_system_id)
        if tags.get(TAG) == arn:
            for target in list(system.iter_mount_targets()):
                efs.delete_mount_target(target.mount_target_id)
            efs.delete_file_system(system.file_system_id)
