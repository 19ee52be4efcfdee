"""The role with which Service Catalog launches user profiles and notebook instances."""

from __future__ import annotations

from typing import Any

from awacs.aws import Statement
from troposphere import Sub
from troposphere.iam import Role

from generator.cfn.arns import arn, role_arn
from generator.cfn.iam import Conditions, allow, may_pass, trust_plain
from templates.access.actions import of
from templates.access.data import OWN_TAGS, may_attach_to_vpc
from templates.env.iam_project_launch import may_read_provisioned_code, may_run_product_stacks
from templates.env.iam_setup import service_role
from templates.facts import facts
from templates.published import ENVIRONMENT, SAGEMAKER_EXECUTION_ROLE, WORKSPACE_LAUNCH_ROLE

OWN = f"{ENVIRONMENT}-*"


def workspace_launch_role(boundary: Any) -> Role:
    """What it makes carries the environment's name and runs with the environment's execution role, no other."""
    return service_role(
        "SCWorkspaceLaunchRole",
        WORKSPACE_LAUNCH_ROLE,
        # Service Catalog sends no source account when it assumes a launch role.
        trust_plain("servicecatalog"),
        boundary,
        [
            may_run_product_stacks(),
            may_read_provisioned_code(),
            # CloudFormation names the function after core's stack and its logical id, and cuts both.
            allow("LookUpEnvironment", of("lambda", "InvokeFunction"), arn("lambda", "function:*-GetEnvironmentConf*")),
            may_keep_profiles(),
            may_keep_notebooks(),
            may_attach_to_vpc(),
            may_encrypt_notebooks(),
            may_pass("RunWorkspacesAs", role_arn(SAGEMAKER_EXECUTION_ROLE), "sagemaker"),
        ],
    )


def may_keep_profiles() -> Statement:
    """Profiles and private spaces of the environment's name, in whatever domain of the account."""
    keep = of("sagemaker", "AddTags", "CreateSpace", "CreateUserProfile", "DeleteSpace", "DeleteTags")
    keep += of("sagemaker", "DeleteUserProfile", "DescribeSpace", "DescribeUserProfile", "ListTags", "UpdateSpace")
    keep += of("sagemaker", "UpdateUserProfile")
    return allow("KeepProfiles", keep, [arn("sagemaker", f"{kind}/*/{OWN}") for kind in ("space", "user-profile")])


def may_keep_notebooks() -> list[Statement]:
    """Of the listed types, with the safe metadata service and a key of this account; the boundary says more.

    It says nothing of updates, which name only what they change. A key goes by two names (see without_key).
    """
    types = {"sagemaker:InstanceTypes": facts()["notebook"]["types"]}
    keys = {f"sagemaker:{key}": arn("kms", "key/*") for key in ("VolumeKmsKey", "VolumeKmsKeyArn")}
    metadata = {"sagemaker:MinimumInstanceMetadataServiceVersion": "2"}
    made: Conditions = {"ForAllValues:StringEquals": types, "StringEquals": metadata, "ArnLikeIfExists": keys}
    changed: Conditions = {
        "ForAllValues:StringEquals": types,
        "StringEqualsIfExists": {**metadata, "sagemaker:RootAccess": "Disabled"},
    }
    # Service Catalog gives tags to the stack, and CloudFormation to all in it
    tag = of("sagemaker", "AddTags", "DeleteTags", "ListTags")
    keep = of("sagemaker", "DeleteNotebookInstance", "DescribeNotebookInstance")
    keep += of("sagemaker", "StartNotebookInstance", "StopNotebookInstance")
    scripts = of("sagemaker", "CreateNotebookInstanceLifecycleConfig", "DeleteNotebookInstanceLifecycleConfig")
    scripts += of("sagemaker", "DescribeNotebookInstanceLifecycleConfig", "UpdateNotebookInstanceLifecycleConfig")
    instances = arn("sagemaker", f"notebook-instance/{OWN}")
    return [
        allow("CreateNotebooks", of("sagemaker", "CreateNotebookInstance"), instances, when=made),
        allow("UpdateNotebooks", of("sagemaker", "UpdateNotebookInstance"), instances, when=changed),
        allow("KeepNotebooks", (*keep, *tag), instances),
        allow("KeepScripts", (*scripts, *tag), arn("sagemaker", f"notebook-instance-lifecycle-config/{OWN}")),
    ]


def may_encrypt_notebooks() -> list[Statement]:
    """Grants for AWS resources on this environment's keys: a volume with another key does not come about."""
    keys = arn("kms", "key/*")
    through = Sub("sagemaker.${AWS::Region}.${AWS::URLSuffix}")
    grant: Conditions = {"StringEquals": OWN_TAGS, "Bool": {"kms:GrantIsForAWSResource": "true"}}
    return [
        allow("EncryptNotebooks", of("kms", "CreateGrant"), keys, when=grant),
        allow("SeeKeys", of("kms", "DescribeKey"), keys, when={"StringEquals": OWN_TAGS}),
        allow("TryKeys", of("kms", "Decrypt"), keys, when={"StringEquals": {**OWN_TAGS, "kms:ViaService": through}}),
    ]
