"""Roles that set an environment up: functions, stack set administration, flow logs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from awacs.aws import PolicyDocument, Statement
from troposphere import Sub
from troposphere.iam import Policy, Role

from generator.cfn.arns import arn, role_arn
from generator.cfn.iam import allow, may_assume, policy, trust, trust_plain
from generator.cfn.stack import Release
from templates.access.actions import of
from templates.access.data import may_read_parameters
from templates.access.exceptions import SEEING_ROLE
from templates.access.products import may_keep_versions
from templates.access.trust import trust_stack_sets
from templates.parameters import environment_tags
from templates.published import (
    ENVIRONMENT,
    FLOW_LOGS_ROLE,
    SAGEMAKER_EXECUTION_ROLE,
    SETUP_FUNCTION_ROLE,
    STACK_SET_ADMINISTRATION_ROLE,
)


def service_role(title: str, name: str, trusting: PolicyDocument, boundary: Any, statements: Sequence[Any]) -> Role:
    return Role(
        title,
        RoleName=Sub(name),
        AssumeRolePolicyDocument=trusting,
        PermissionsBoundary=boundary,
        Policies=[Policy(PolicyName="Setup", PolicyDocument=policy(*statements))],
        Metadata=SEEING_ROLE,
        Tags=environment_tags(),
    )


def stack_set_administration_role(boundary: Any, execution_roles: Sequence[Any], region: str) -> Role:
    """CloudFormation becomes this role, and with it one of exactly these roles (ARNs) of the target accounts."""
    return service_role(
        "StackSetAdministrationRole",
        STACK_SET_ADMINISTRATION_ROLE,
        trust_stack_sets(region),
        boundary,
        [
            may_assume(
                "TargetsOfThisOrganization",
                execution_roles,
                when={"StringEquals": {"aws:ResourceOrgID": "${aws:PrincipalOrgID}"}},
            ),
            may_assume(
                "TargetsWithoutOrganization",
                execution_roles,
                when={"Null": {"aws:PrincipalOrgID": "true", "aws:ResourceOrgID": "true"}},
            ),
        ],
    )


def setup_function_role(boundary: Any, release: Release) -> Role:
    """The environment's custom resources: looks up organization and network, tidies Studio up, enables projects,
    keeps the versions of products."""
    return service_role(
        "SetupLambdaExecutionRole",
        SETUP_FUNCTION_ROLE,
        # Lambda is not documented to send a source account when it assumes a function's role.
        trust_plain("lambda"),
        boundary,
        [
            may_write_function_logs(f"{ENVIRONMENT}-*"),
            may_look_up_organization(),
            may_look_up_network(),
            may_tidy_studio(),
            may_enable_projects(),
            may_keep_versions(release.bucket, release.prefix),
            may_read_parameters(),
        ],
    )


def may_write_function_logs(functions: str) -> Statement:
    """Write the logs of functions whose names match."""
    return allow(
        "WriteLogs",
        of("logs", "CreateLogGroup", "CreateLogStream", "PutLogEvents"),
        arn("logs", f"log-group:/aws/lambda/{functions}"),
    )


def may_look_up_organization() -> Statement:
    """Read organizational units and their accounts; most of these actions have no resource type."""
    return allow(
        "LookUpOrganization",
        of(
            "organizations",
            "DescribeOrganization",
            "DescribeOrganizationalUnit",
            "ListAccounts",
            "ListAccountsForParent",
            "ListChildren",
            "ListOrganizationalUnitsForParent",
            "ListParents",
            "ListRoots",
        ),
    )


def may_look_up_network() -> Statement:
    """Read the network; Describe actions of EC2 have no resource types."""
    names = (
        "AvailabilityZones",
        "NetworkInterfaces",
        "RouteTables",
        "SecurityGroups",
        "Subnets",
        "VpcEndpoints",
        "Vpcs",
    )
    return allow("LookUpNetwork", of("ec2", *(f"Describe{name}" for name in names)))


def may_tidy_studio() -> list[Statement]:
    """Remove apps and spaces before the domain goes, and read the domain."""
    seen = of("sagemaker", "DescribeApp", "DescribeDomain", "DescribeProject", "DescribeSpace", "DescribeUserProfile")
    owned = [arn("sagemaker", f"{kind}/*") for kind in ("app", "domain", "project", "space", "user-profile")]
    listed = of("sagemaker", "ListApps", "ListDomains", "ListSpaces", "ListTags", "ListUserProfiles")
    return [
        allow("TidyStudio", (*of("sagemaker", "DeleteApp", "DeleteSpace"), *seen), owned),
        # These List actions have no resource type to limit them to.
        allow("ListStudio", listed),
    ]


def may_enable_projects() -> list[Statement]:
    """Enable SageMaker's project portfolio and give the execution role access to it."""
    return [
        # None of these has a resource type.
        allow(
            "EnableProjects",
            (
                *of(
                    "sagemaker",
                    "DisableSagemakerServicecatalogPortfolio",
                    "EnableSagemakerServicecatalogPortfolio",
                    "GetSagemakerServicecatalogPortfolioStatus",
                ),
                *of("servicecatalog", "ListAcceptedPortfolioShares"),
            ),
        ),
        allow(
            "AdmitToPortfolio",
            of(
                "servicecatalog",
                "AcceptPortfolioShare",
                "AssociatePrincipalWithPortfolio",
                "DisassociatePrincipalFromPortfolio",
                "ListPrincipalsForPortfolio",
            ),
            # The portfolio that SageMaker shares belongs to an account of AWS.
            arn("catalog", "portfolio/*", account="*"),
        ),
        allow("SeeAdmittedRole", of("iam", "GetRole"), role_arn(SAGEMAKER_EXECUTION_ROLE)),
    ]


def flow_logs_role(boundary: Any) -> Role:
    """VPC flow logs of this account write to its log groups."""
    log_groups = [arn("logs", f"log-group:/{kind}/{ENVIRONMENT}*") for kind in ("aws/vpc", "vpcflowlogs")]
    return service_role(
        "VPCFlowLogsRole",
        FLOW_LOGS_ROLE,
        trust("vpc-flow-logs", source_arn=arn("ec2", "vpc-flow-log/*")),
        boundary,
        [
            allow("WriteFlowLogs", of("logs", "CreateLogStream", "DescribeLogStreams", "PutLogEvents"), log_groups),
            # Flow logs look for their group by listing; the action has no narrower resource type that they use.
            allow("FindFlowLogs", of("logs", "DescribeLogGroups")),
        ],
    )
