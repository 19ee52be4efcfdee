"""SageMaker Studio domains; user profiles, spaces and apps are recorded, because moto has none."""

from __future__ import annotations

from collections.abc import Mapping

from ..errors import MissingError
from ..handler import Handler, Made, Task, tag_list, unchanged
from ..services import translated
from . import home_directory


def _create_domain(task: Task) -> Made:
    backend, properties = task.backend("sagemaker"), task.properties
    made = translated(
        lambda: backend.create_domain(
            domain_name=properties["DomainName"],
            auth_mode=properties["AuthMode"],
            default_user_settings=properties["DefaultUserSettings"],
            subnet_ids=list(properties.get("SubnetIds") or ()),
            vpc_id=properties.get("VpcId"),
            domain_settings=properties.get("DomainSettings"),
            tags=tag_list(task.scope.tags),
            app_network_access_type=properties.get("AppNetworkAccessType"),
            home_efs_file_system_kms_key_id=properties.get("KmsKeyId"),
            kms_key_id=properties.get("KmsKeyId"),
            app_security_group_management=properties.get("AppSecurityGroupManagement"),
            default_space_settings=properties.get("DefaultSpaceSettings"),
        ),
        "SageMaker",
    )
    domain_id = made["DomainArn"].rsplit("/", 1)[-1]
    domain = backend.domains[domain_id]
    if properties.get("HomeEfsFileSystemCreation", "Enabled") == "Enabled":
        domain.home_efs_file_system_id = translated(lambda: _home(task, domain_id, made["DomainArn"]), "SageMaker")
    return Made(domain_id, {
        "DomainId": domain_id, "DomainArn": made["DomainArn"], "Url": made["Url"],
        "HomeEfsFileSystemId": domain.home_efs_file_system_id,
    })  # fmt: skip


def _home(task: Task, domain_id: str, arn: str) -> str:
    given = task.properties
    vpc, subnets, key = given["VpcId"], given["SubnetIds"], given.get("KmsKeyId", "")
    return home_directory.create(task.backend("efs"), task.backend("ec2"), domain_id, arn, vpc, subnets, key)


def _update_domain(task: Task) -> Made:
    domain = task.backend("sagemaker").domains[task.physical_id]
    domain.default_user_settings = task.properties["DefaultUserSettings"]
    domain.domain_settings = task.properties.get("DomainSettings")
    domain.default_space_settings = task.properties.get("DefaultSpaceSettings")
    return unchanged(task)


def _delete_domain(task: Task) -> None:
    """As CloudFormation does: the file system stays."""
    if task.physical_id not in task.backend("sagemaker").domains:
        raise MissingError(f"Domain [{task.physical_id}] does not exist", "NotFound")
    translated(lambda: task.backend("sagemaker").delete_domain(task.physical_id, None), "SageMaker")


HANDLERS: Mapping[str, Handler] = {
    "AWS::SageMaker::Domain": Handler(_create_domain, _delete_domain, _update_domain),
}
