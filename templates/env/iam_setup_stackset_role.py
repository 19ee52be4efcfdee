"""The role in a target account with which the stack sets set up its roles and its network."""

from __future__ import annotations

from typing import Any

from awacs.aws import PolicyDocument, Statement
from troposphere import Equals, GetAtt, If, Not, Ref, Sub
from troposphere.iam import ManagedPolicy, Policy, Role

from generator.cfn.arns import arn, role_arn
from generator.cfn.contract import Cond, Out, Param, switch
from generator.cfn.iam import allow, may_pass, policy
from generator.cfn.stack import Stack
from templates import published
from templates.access.actions import of
from templates.access.boundary import (
    CEILING,
    boundary_policy,
    may_keep_bounded_roles,
    may_use_services,
    policy_arn,
    target_boundary,
)
from templates.access.exceptions import SEEING_ROLE
from templates.access.guardrails import VPC_BOUND
from templates.access.network import may_keep_network
from templates.access.stacks import may_keep_instances
from templates.access.trust import trust_role
from templates.parameters import ENV_NAME, ENV_TYPE, environment_tags

# Any stage of this environment in this Region: an account has one, and only the administration role says which
ANY_STAGE = "${EnvName}-*"
# A serverless endpoint's model takes no VPC (SageMaker Developer Guide, "Serverless Inference", feature exclusions).
BOUND_BUT_MODELS = tuple(action for action in VPC_BOUND if action.action != "CreateModel")


class EnvIamSetupStacksetRole(Stack):
    """Launched in each target by `mlz bootstrap`; the administration role that it trusts may come later."""

    FILE = "env-iam-setup-stackset-role.yaml"
    DESCRIPTION = "Role of a target account that stack sets use to set up roles and network, with the roles' boundary"

    ENV_NAME = ENV_NAME
    ENV_TYPE = ENV_TYPE
    ROLE_NAME = Param(
        "StackSetExecutionRoleName",
        "Name of the role; empty for this product's own name",
        default="",
        pattern=r"[\w+=,.@-]*",
        max_length=64,
    )
    ADMINISTRATOR_ACCOUNT = Param(
        "AdministratorAccountId",
        "Account that administers the stack sets",
        pattern=r"\d{12}",
        min_length=12,
        max_length=12,
    )
    ADMINISTRATION_ROLE_ARN = Param(
        "StackSetAdministrationRoleArn",
        "The only role that may use this one; empty for this product's own name in the administrator account",
        default="",
    )
    ORGANIZATION_ID = Param(
        "OrganizationId",
        "Organization that the administration role must belong to; empty for no such check",
        default="",
        pattern="(o-[a-z0-9]{10,32})?",
    )

    ALLOW_SERVERLESS = switch(
        "AllowServerlessEndpoints",
        "YES lets models be made outside of the VPC, where serverless endpoints have theirs; they reach the internet",
        default="NO",
    )

    NAMES_ROLE = Cond("NamesRole", Not(Equals(ROLE_NAME, "")))
    NAMES_ADMINISTRATION = Cond("NamesAdministration", Not(Equals(ADMINISTRATION_ROLE_ARN, "")))
    IN_ORGANIZATION = Cond("InOrganization", Not(Equals(ORGANIZATION_ID, "")))
    ALLOWS_SERVERLESS = Cond("AllowsServerlessEndpoints", Equals(ALLOW_SERVERLESS, "YES"))

    STACK_SET_EXECUTION_ROLE_ARN = Out("StackSetExecutionRoleArn", "Role that sets up this account")
    STACK_SET_EXECUTION_ROLE_NAME = Out("StackSetExecutionRoleName", "Name of the role that sets up this account")
    BOUNDARY_ARN = Out("PermissionsBoundaryArn", "Policy that bounds every role that the set-up creates")

    def build(self) -> None:
        document = If(self.ALLOWS_SERVERLESS.name, target_boundary(BOUND_BUT_MODELS), target_boundary())
        boundary = self.add(boundary_policy("PermissionsBoundary", published.TARGET_PERMISSIONS_BOUNDARY, document))
        ceiling = Ref(self.add(setup_boundary(published.TARGET_PERMISSIONS_BOUNDARY)))
        role = self.add(setup_role(self._name(), self._trust(), published.TARGET_PERMISSIONS_BOUNDARY, ceiling))
        self.put(self.STACK_SET_EXECUTION_ROLE_ARN, GetAtt(role, "Arn"))
        self.put(self.STACK_SET_EXECUTION_ROLE_NAME, Ref(role))
        self.put(self.BOUNDARY_ARN, Ref(boundary))

    def _name(self) -> Any:
        return self.NAMES_ROLE.then(self.ROLE_NAME, Sub(published.SETUP_EXECUTION_ROLE))

    def _trust(self) -> If:
        administration = self.NAMES_ADMINISTRATION.then(
            self.ADMINISTRATION_ROLE_ARN,
            role_arn(published.STACK_SET_ADMINISTRATION_ROLE, account="${AdministratorAccountId}"),
        )
        account = "${AdministratorAccountId}"
        organization = {"StringEquals": {"aws:PrincipalOrgID": self.ORGANIZATION_ID}}
        return If(
            self.IN_ORGANIZATION.name,
            trust_role("StackSetsOfOneAdministrator", account, administration, when=organization),
            trust_role("StackSetsOfOneAdministrator", account, administration),
        )


def setup_boundary(boundary: str) -> ManagedPolicy:
    """The set-up's own ceiling: services of network and roles, and no role but below `boundary`, a policy's name."""
    document: PolicyDocument = policy(
        may_use_services(("cloudformation", "ec2", "logs", "ssm")),
        allow("ReadTemplate", of("s3", "GetObject")),
        allow("ReportToCloudFormation", of("sns", "Publish")),
        *bounded_roles(policy_arn(boundary)),
    )
    return ManagedPolicy(
        "SetupBoundary",
        Description="Permissions boundary of the role that sets this account up",
        PolicyDocument=document,
        Metadata=CEILING,
    )


def setup_role(name: Any, trust: Any, boundary: str, ceiling: Any) -> Role:
    """Rights for what the roles and network templates make, by name and tag; `boundary` is a policy's name."""
    return Role(
        "SetupStackSetExecutionRole",
        RoleName=name,
        AssumeRolePolicyDocument=trust,
        PermissionsBoundary=ceiling,
        Policies=[
            Policy(PolicyName="StackInstances", PolicyDocument=policy(may_keep_instances("${EnvName}-"))),
            Policy(PolicyName="Roles", PolicyDocument=policy(*role_statements(policy_arn(boundary)))),
            Policy(PolicyName="Network", PolicyDocument=policy(may_keep_network(), *log_statements())),
        ],
        Metadata=SEEING_ROLE,
        Tags=environment_tags(),
    )


def bounded_roles(boundary: Any) -> list[Statement]:
    """Keep exactly the roles of the target templates, only under the boundary, and pass the one that VPCs need."""
    names = [stage_name(name) for name in TARGET_ROLES]
    passing = may_pass("GiveFlowLogsTheirRole", role_arn(stage_name(published.FLOW_LOGS_ROLE)), "vpc-flow-logs")
    return [*may_keep_bounded_roles(boundary, *names), passing]


def role_statements(boundary: Any) -> list[Any]:
    """The roles of the target templates, and the values that the network publishes."""
    return [
        *bounded_roles(boundary),
        allow(
            "KeepParameters",
            of(
                "ssm",
                "AddTagsToResource",
                "DeleteParameter",
                "DeleteParameters",
                "GetParameter",
                "GetParameters",
                "ListTagsForResource",
                "PutParameter",
                "RemoveTagsFromResource",
            ),
            arn("ssm", f"parameter/{ANY_STAGE}"),
        ),
        # The action has no narrower resource type that CloudFormation asks with.
        allow("FindParameters", of("ssm", "DescribeParameters")),
    ]


TARGET_ROLES = (
    published.MODEL_EXECUTION_ROLE,
    published.STACK_SET_EXECUTION_ROLE,
    published.MODEL_TEST_ROLE,
    published.MODEL_BATCH_ROLE,
    published.FLOW_LOGS_ROLE,
)


def stage_name(name: str) -> str:
    """The name of a stage's role, whichever stage it is."""
    return name.replace("${EnvType}", "*")


def log_statements() -> list[Statement]:
    """Log groups of the stage's flow logs."""
    return [
        allow(
            "KeepFlowLogGroups",
            of(
                "logs",
                "AssociateKmsKey",
                "CreateLogGroup",
                "DeleteLogGroup",
                "DeleteRetentionPolicy",
                "DisassociateKmsKey",
                "GetDataProtectionPolicy",
                "ListTagsForResource",
                "PutRetentionPolicy",
                "TagResource",
                "UntagResource",
            ),
            arn("logs", f"log-group:/vpcflowlogs/{ANY_STAGE}"),
        ),
        # None of these has a resource type that limits it.
        allow("FindLogGroups", of("logs", "DescribeIndexPolicies", "DescribeLogGroups", "DescribeResourcePolicies")),
    ]
