"""Makers of what core-main does itself: the check for SageMaker's roles, and the function that projects ask."""

from __future__ import annotations

from typing import Any

from awacs import iam as iam_actions
from awacs import logs, sagemaker, ssm
from awacs.aws import Statement
from troposphere import AWS_STACK_ID, AWSObject, Ref, Sub
from troposphere.iam import ManagedPolicy, Policy, Role
from troposphere.ssm import Parameter

from generator.cfn.arns import arn, role_arn
from generator.cfn.iam import allow, policy, trust_plain
from templates import published
from templates.access.actions import of
from templates.access.boundary import ceiling
from templates.access.exceptions import SEEING_ROLE
from templates.published import Published

# `${StackSetName}` has at most 28 characters and a Region's name 14, so that these stay below IAM's 64.
ADMINISTRATOR_NAME = "${StackSetName}-${AWS::Region}-ds-administrator"
LAUNCH_NAME = "${StackSetName}-${AWS::Region}-sc-launch"
CONTROL_NAME = "${StackSetName}-${AWS::Region}-security-control"

LAUNCH = "AmazonSageMakerServiceCatalogProductsLaunchRole"
USE = "AmazonSageMakerServiceCatalogProductsUseRole"


class CheckIfIAMRolesExist(AWSObject):
    """Custom::CheckIfIAMRolesExist. Attributes: each role's name if it is to be created here, else empty."""

    resource_type = "Custom::CheckIfIAMRolesExist"
    props = {  # noqa: RUF012 - troposphere's own form
        "ServiceToken": (str, True),
        "RoleNames": (list, True),
        "Owner": (str, True),
    }


def owner() -> Ref:
    """The tag `Owner` of the roles that this stack created, by which a later look knows them as its own.

    A stack id and not its name: the roles stay when the stack goes, and are not those of the next one.
    """
    return Ref(AWS_STACK_ID)


def missing_roles(service_token: Any) -> CheckIfIAMRolesExist:
    return CheckIfIAMRolesExist(
        "CheckIfSageMakerSCProductsRolesExist", ServiceToken=service_token, RoleNames=[LAUNCH, USE], Owner=owner()
    )


def functions_boundary() -> ManagedPolicy:
    """Ceiling of both functions: they look things up and write their logs, and change nothing."""
    looks = (*of("iam", "GetRole"), *of("sagemaker", "Describe*", "List*"), *of("ssm", "GetParameter"))
    logged = of("logs", "CreateLogStream", "PutLogEvents")
    document = policy(allow("LookUp", (*looks, *logged)))
    return ceiling("Permissions boundary of the core stack's own functions", document)


def check_role(boundary: Any) -> Role:
    """Look at the two roles, wherever their path puts them."""
    roles = role_arn("*AmazonSageMakerServiceCatalogProducts*")
    seen = allow("SeeRoles", [iam_actions.GetRole], roles)
    return _function_role("CheckRolesExistRole", "check-roles-exist", boundary, seen)


def configuration_role(boundary: Any) -> Role:
    """Read projects, domains and what environments publish."""
    sagemaker_arns = [arn("sagemaker", f"{kind}/*") for kind in ("domain", "project")]
    seen = [sagemaker.DescribeDomain, sagemaker.DescribeProject, sagemaker.ListTags]
    told = [arn("ssm", f"parameter/*-{one.key}") for one in everything_published()]
    return _function_role(
        "GetEnvironmentConfigurationRole",
        "get-environment-configuration",
        boundary,
        allow("SeeProject", seen, sagemaker_arns),
        # ListDomains has no resource type.
        allow("FindDomain", [sagemaker.ListDomains]),
        allow("ReadPublished", [ssm.GetParameter], told),
    )


def everything_published() -> list[Published]:
    """All values that environments publish, the four subnets one by one."""
    single = [value for value in vars(published).values() if isinstance(value, Published)]
    return [*single, *published.PRIVATE_SUBNETS]


def configuration_role_parameter(role: Any) -> Parameter:
    return Parameter(
        "EnvironmentConfigurationRoleSSM",
        Name=Sub("${StackSetName}-environment-configuration-role-arn"),
        Type="String",
        Value=role,
        Description="Role of the function that projects ask for their environment",
    )


def _function_role(title: str, source: str, boundary: Any, *statements: Statement) -> Role:
    streams = arn("logs", f"log-group:/aws/lambda/${{StackSetName}}-{source}:*")
    return Role(
        title,
        # Lambda is not documented to send a source account when it assumes a function's role.
        AssumeRolePolicyDocument=trust_plain("lambda"),
        PermissionsBoundary=boundary,
        Policies=[
            Policy(
                PolicyName="Function",
                PolicyDocument=policy(
                    allow("WriteLogs", [logs.CreateLogStream, logs.PutLogEvents], streams), *statements
                ),
            )
        ],
        Metadata=SEEING_ROLE,
    )
