"""The ceilings of roles: the services that they need, which roles may be made below which ceiling, guardrails."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from awacs.aws import Action, PolicyDocument, Statement
from troposphere import If, Sub
from troposphere.iam import ManagedPolicy

from generator.cfn.arns import arn, role_arn, service
from generator.cfn.iam import allow, deny, policy
from generator.cfn.lint import guard_exception, scan_exception
from templates.access.actions import (
    ANSWER_APPROVALS,
    CONNECTIONS,
    DELETE_PLATFORM,
    OPEN_STUDIO,
    UPDATE_STACK_SETS,
    of,
)
from templates.access.guardrails import VPC_BOUND, approves_nothing, notebooks_stay_closed, stays_in_vpc

# A ceiling grants nothing: each role's own policy names actions and resources below it.
ENVIRONMENT_SERVICES = (
    "application-autoscaling",
    "athena",
    "cloudformation",
    "cloudwatch",
    "codeartifact",
    "codebuild",
    "codecommit",
    *CONNECTIONS,
    "codepipeline",
    "ec2",
    "ecr",
    "elasticfilesystem",
    "events",
    "glue",
    "kms",
    "lambda",
    "logs",
    "s3",
    "sagemaker",
    "scheduler",
    "servicecatalog",
    "sns",
    "ssm",
    "sts",
)
PROJECT_SERVICES = (
    "cloudformation",
    "cloudwatch",
    "codebuild",
    "codecommit",
    *CONNECTIONS,
    "codepipeline",
    "ec2",
    "kms",
    "logs",
    "s3",
    "sagemaker",
    "sns",
    "ssm",
    "sts",
)
TARGET_SERVICES = (
    "application-autoscaling",
    "cloudformation",
    "cloudwatch",
    "ec2",
    "ecr",
    "events",
    "kms",
    "logs",
    "s3",
    "sagemaker",
    "scheduler",
    "sns",
    "ssm",
    "sts",
)

_GRANTS_NOTHING = "a boundary grants nothing: each role's own policy names actions and resources below it"
_WIDE = (
    "IAM_MANAGEDPOLICY_NO_STATEMENTS_WITH_FULL_ACCESS",
    "IAM_POLICYDOCUMENT_NO_WILDCARD_RESOURCE",
    "IAM_POLICY_NO_WILDCARD_RESOURCE_ON_PASSROLE",
)
CEILING = {
    **scan_exception(**{f"CKV_AWS_{number}": _GRANTS_NOTHING for number in (107, 108, 109, 110, 111)}),
    **guard_exception(**dict.fromkeys(_WIDE, _GRANTS_NOTHING)),
}

READ_ROLES = of(
    "iam",
    "GetRole",
    "GetRolePolicy",
    "ListAttachedRolePolicies",
    "ListInstanceProfilesForRole",
    "ListRolePolicies",
    "ListRoleTags",
)
# The actions that iam:PermissionsBoundary can be asked of (service authorization reference, IAM)
BOUND_ROLES = of(
    "iam",
    "AttachRolePolicy",
    "CreateRole",
    "DeleteRolePolicy",
    "DetachRolePolicy",
    "PutRolePermissionsBoundary",
    "PutRolePolicy",
)
KEEP_ROLES = of(
    "iam",
    "DeleteRole",
    "TagRole",
    "UntagRole",
    "UpdateAssumeRolePolicy",
    "UpdateRole",
    "UpdateRoleDescription",
)


def policy_arn(name: str) -> Sub:
    """The ARN of a policy of this account by name."""
    return arn("iam", f"policy/{name}", region="")


def may_keep_bounded_roles(boundary: Any, *roles: str) -> list[Statement]:
    """Create, change and delete roles whose names match, only ever under `boundary`, and never take it off."""
    arns = [role_arn(name) for name in roles]
    return [
        allow("BoundRoles", BOUND_ROLES, arns, when={"StringEquals": {"iam:PermissionsBoundary": boundary}}),
        allow("KeepRoles", (*KEEP_ROLES, *READ_ROLES), arns),
    ]


def environment_boundary(below: Any, *roles: str) -> PolicyDocument:
    """Ceiling of the roles of an environment's own account; they may make `roles`, under the boundary `below` alone."""
    return policy(
        may_use_services(ENVIRONMENT_SERVICES),
        may_see_organization(),
        allow("PassAndSeeRoles", (*READ_ROLES, *of("iam", "PassRole"))),
        may_keep_bounded_roles(below, *roles),
        links_scaling(),
        stays_in_vpc(),
        notebooks_stay_closed(),
    )


def project_boundary(*passed: str) -> PolicyDocument:
    """Ceiling of the roles of projects: they make no role, hand on only `passed`, and do not approve, delete or pose
    as a person in Studio."""
    return policy(
        may_use_services(PROJECT_SERVICES),
        allow("PassRoles", of("iam", "PassRole"), [role_arn(name) for name in passed]),
        approves_nothing(),
        deny("AnswersNoApproval", ANSWER_APPROVALS),
        deny("DeletesNoPlatform", [action for action in DELETE_PLATFORM if action not in UPDATE_STACK_SETS]),
        deny("OpensNoStudio", OPEN_STUDIO),
        stays_in_vpc(),
    )


def target_boundary(bound: Sequence[Action] = VPC_BOUND) -> PolicyDocument:
    """Ceiling of the roles of a target account: nothing below it makes a role, and `bound` takes a VPC."""
    return policy(
        may_use_services(TARGET_SERVICES),
        allow("PassRoles", of("iam", "PassRole")),
        links_scaling(),
        stays_in_vpc(bound),
        notebooks_stay_closed(),
    )


def may_see_organization() -> Statement:
    """Looking the organization up is all that a member account needs of it; leaving it is not."""
    return allow("SeeOrganization", of("organizations", "Describe*", "List*"))


def links_scaling() -> Statement:
    """The role with which endpoints are scaled is the service's own; it is made for the first of them."""
    name = service("sagemaker.application-autoscaling")
    link = of("iam", "CreateServiceLinkedRole")
    return allow("LinkScaling", link, when={"StringEquals": {"iam:AWSServiceName": name}})


def boundary_policy(title: str, name: str, document: PolicyDocument | If | dict[str, Any]) -> ManagedPolicy:
    """The managed policy that roles name as their boundary; by its fixed name, a role without it can be refused."""
    return ManagedPolicy(
        title,
        ManagedPolicyName=Sub(name),
        Description="Permissions boundary of the roles of this environment",
        PolicyDocument=document,
        Metadata=CEILING,
    )


def ceiling(description: str, document: PolicyDocument) -> ManagedPolicy:
    """A boundary that only its own template's roles name, so that CloudFormation may choose its name."""
    return ManagedPolicy("PermissionsBoundary", Description=description, PolicyDocument=document, Metadata=CEILING)


def may_use_services(names: Sequence[str]) -> Statement:
    """Everything of these services; for ceilings only, which grant nothing."""
    return allow("Services", [action for name in names for action in of(name, "*")])
