"""The two account-wide roles that SageMaker's own project products expect by name; ours use neither."""

from __future__ import annotations

from typing import Any

from awacs.aws import PolicyDocument
from troposphere import Equals, GetAtt, Not
from troposphere.iam import Policy, Role

from generator.cfn.arns import arn, role_arn
from generator.cfn.contract import Cond, Out, Param
from generator.cfn.iam import allow, may_pass, policy, trust, trust_plain
from generator.cfn.stack import Stack
from templates.access import actions
from templates.access.actions import of
from templates.access.data import may_pull_images
from templates.access.exceptions import SEEING_ROLE
from templates.access.guardrails import approves_nothing
from templates.core.project_builds import (
    may_build,
    may_publish_images,
    may_use_artifacts,
    may_use_sources,
)
from templates.env.iam_project_launch import (
    may_keep_project_buckets,
    may_keep_project_code,
    may_read_provisioned_code,
    may_run_product_stacks,
)

ROLE_NAME = r"[\w+=,.@-]*"
SERVICE_PATH = "/service-role/"
USE_ROLES = role_arn("service-role/AmazonSageMakerServiceCatalogProducts*")


class CoreIamScSmProjectsRoles(Stack):
    """Created only where the account lacks them; kept when the stack goes, since other projects may use them then."""

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
        launch = self.add(launch_role(self.LAUNCH_NAME), self.CREATES_LAUNCH)
        use = self.add(use_role(self.USE_NAME), self.CREATES_USE)
        self.put(self.LAUNCH_ARN, self.CREATES_LAUNCH.then(GetAtt(launch, "Arn"), ""))
        self.put(self.USE_ARN, self.CREATES_USE.then(GetAtt(use, "Arn"), ""))


def launch_role(name: Any) -> Role:
    """Service Catalog makes projects with it: what carries the projects' prefix, with the use role and no other."""
    return Role(
        "AmazonSageMakerServiceCatalogProductsLaunchRole",
        DeletionPolicy="Retain",
        UpdateReplacePolicy="Retain",
        RoleName=name,
        Path=SERVICE_PATH,
        Description="Launches SageMaker project products",
        # Service Catalog is not documented to send a source account when it assumes a launch role.
        AssumeRolePolicyDocument=trust_plain("servicecatalog"),
        Policies=[
            Policy(
                PolicyName="LaunchProjects",
                PolicyDocument=policy(
                    may_run_product_stacks(),
                    may_read_provisioned_code(),
                    may_keep_project_code(),
                    may_keep_project_buckets(),
                    may_pass(
                        "GiveProjectsUseRole", USE_ROLES, ["cloudformation", "codebuild", "codepipeline", "events"]
                    ),
                    # CloudFormation reads the role of a pipeline that it creates.
                    allow("SeeUseRole", of("iam", "GetRole"), USE_ROLES),
                    allow("LookUpEnvironment", of("lambda", "InvokeFunction"), arn("lambda", "function:*")),
                ),
            )
        ],
        Metadata=SEEING_ROLE,
    )


def use_role(name: Any) -> Role:
    """SageMaker's own project products run with it, no project of ours: those make their roles themselves.

    It approves no model, and has no role, no key, no bucket and no target account of an environment.
    """
    statements: list[Any] = [
        may_build(),
        may_use_sources(),
        may_use_artifacts(),
        allow("SeeSageMaker", actions.READ),
        allow(
            "BuildModels",
            (*actions.WRITE_PIPELINES, *actions.RUN_PIPELINES, *actions.REGISTER_MODELS, *actions.TAG),
            arn("sagemaker", "*"),
        ),
        may_publish_images(),
        may_pull_images(),
        approves_nothing(),
    ]
    return Role(
        "AmazonSageMakerServiceCatalogProductsUseRole",
        DeletionPolicy="Retain",
        UpdateReplacePolicy="Retain",
        RoleName=name,
        Path=SERVICE_PATH,
        Description="Runs builds and pipelines of SageMaker projects",
        AssumeRolePolicyDocument=trust_of_projects(),
        Policies=[Policy(PolicyName="RunProjects", PolicyDocument=policy(*statements))],
        Metadata=SEEING_ROLE,
    )


def trust_of_projects() -> PolicyDocument:
    """CodePipeline is not documented to send a source account when it assumes a role, the other services are.

    What keeps strangers' pipelines out is that CodePipeline takes roles of the pipeline's own account only.
    """
    told = trust("cloudformation", "codebuild", "events")
    silent = trust_plain("codepipeline")
    return policy(told.properties["Statement"], silent.properties["Statement"])
