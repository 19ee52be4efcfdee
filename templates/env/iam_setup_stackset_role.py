"""The role in a target account with which the stack sets set up its roles and its network."""

from __future__ import annotations

from troposphere import Equals, Not

from generator.cfn.contract import Cond, Out, Param
from generator.cfn.stack import Stack
from templates.parameters import ENV_NAME, ENV_TYPE


class EnvIamSetupStacksetRole(Stack):
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

    NAMES_ROLE = Cond("NamesRole", Not(Equals(ROLE_NAME, "")))
    NAMES_ADMINISTRATION = Cond("NamesAdministration", Not(Equals(ADMINISTRATION_ROLE_ARN, "")))
    IN_ORGANIZATION = Cond("InOrganization", Not(Equals(ORGANIZATION_ID, "")))

    STACK_SET_EXECUTION_ROLE_ARN = Out("StackSetExecutionRoleArn", "Role that sets up this account")
    STACK_SET_EXECUTION_ROLE_NAME = Out("StackSetExecutionRoleName", "Name of the role that sets up this account")
    BOUNDARY_ARN = Out("PermissionsBoundaryArn", "Policy that bounds every role that the set-up creates")

    def build(self) -> None:
        raise NotImplementedError
