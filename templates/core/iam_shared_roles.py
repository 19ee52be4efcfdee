"""Roles that all environments of an account share: the administrator, the launch of environments, the controls."""

from __future__ import annotations

from troposphere import Equals, Not

from generator.cfn.contract import Cond, Out, Param, switch
from generator.cfn.stack import Stack

ROLE_NAME = r"[\w+=,.@-]*"


class CoreIamSharedRoles(Stack):
    FILE = "core-iam-shared-roles.yaml"
    DESCRIPTION = "Roles that all data science environments of an account share"

    ADMINISTRATOR_NAME = Param(
        "DSAdministratorRoleName",
        "Name of the data science administrator's role; empty to leave it out",
        default="DataScienceAdministrator",
        pattern=ROLE_NAME,
        max_length=64,
    )
    LAUNCH_NAME = Param(
        "SCLaunchRoleName",
        "Name of the role that launches environments from Service Catalog; empty to leave it out",
        default="DSServiceCatalogLaunchRole",
        pattern=ROLE_NAME,
        max_length=64,
    )
    CONTROL_NAME = Param(
        "SageMakerDetectiveControlExecutionRoleName",
        "Name of the role of the function that finds what breaks the rules; empty to leave it out",
        default="DSSageMakerDetectiveControlRole",
        pattern=ROLE_NAME,
        max_length=64,
    )
    REQUIRE_SOURCE_IDENTITY = switch(
        "RequireSourceIdentity",
        "YES admits people only with a source identity, which the console's switch-role page cannot set",
        default="NO",
    )

    CREATES_ADMINISTRATOR = Cond("CreatesAdministrator", Not(Equals(ADMINISTRATOR_NAME, "")))
    CREATES_LAUNCH = Cond("CreatesLaunch", Not(Equals(LAUNCH_NAME, "")))
    CREATES_CONTROL = Cond("CreatesControl", Not(Equals(CONTROL_NAME, "")))
    REQUIRES_SOURCE_IDENTITY = Cond("RequiresSourceIdentity", Equals(REQUIRE_SOURCE_IDENTITY, "YES"))

    ASSUME_ADMINISTRATOR = Out("AssumeDSAdministratorRole", "Console link that switches to the administrator")
    ADMINISTRATOR_ARN = Out("DSAdministratorRoleArn", "Role of the data science administrator; empty if not created")
    LAUNCH_ARN = Out("SCLaunchRoleArn", "Role that launches environments; empty if not created")
    CONTROL_ARN = Out("SageMakerDetectiveControlExecutionRoleArn", "Role of the controls; empty if not created")

    def build(self) -> None:
        raise NotImplementedError
