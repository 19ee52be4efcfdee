"""The two account-wide roles that SageMaker's own project products expect by name."""

from __future__ import annotations

from troposphere import Equals, Not

from generator.cfn.contract import Cond, Out, Param
from generator.cfn.stack import Stack

ROLE_NAME = r"[\w+=,.@-]*"


class CoreIamScSmProjectsRoles(Stack):
    FILE = "core-iam-sc-sm-projects-roles.yaml"
    DESCRIPTION = "Launch and use role of SageMaker projects, for accounts that do not have them yet"

    LAUNCH_NAME = Param(
        "AmazonSageMakerServiceCatalogProductsLaunchRoleName",
        "Name of the role that launches project products; empty where the account has it",
        default="AmazonSageMakerServiceCatalogProductsLaunchRole",
        pattern=ROLE_NAME,
        max_length=64,
    )
    USE_NAME = Param(
        "AmazonSageMakerServiceCatalogProductsUseRoleName",
        "Name of the role that runs the products' builds; empty where the account has it",
        default="AmazonSageMakerServiceCatalogProductsUseRole",
        pattern=ROLE_NAME,
        max_length=64,
    )

    CREATES_LAUNCH = Cond("CreatesLaunch", Not(Equals(LAUNCH_NAME, "")))
    CREATES_USE = Cond("CreatesUse", Not(Equals(USE_NAME, "")))

    LAUNCH_ARN = Out(
        "AmazonSageMakerServiceCatalogProductsLaunchRoleArn",
        "Role that launches project products; empty if not created",
    )
    USE_ARN = Out("AmazonSageMakerServiceCatalogProductsUseRoleArn", "Role of the builds; empty if not created")

    def build(self) -> None:
        raise NotImplementedError
