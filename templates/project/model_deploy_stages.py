"""The stages of the deploy pipeline after its source, and what they pass to each other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from troposphere import If, Ref, Sub, codebuild, codepipeline

from templates.project import delivery
from templates.project.environment import environment

# Variables of the pipeline with their defaults; whoever starts it may name a former package, which is a roll-back
PACKAGE = "ModelPackageArn"
VARIABLES = {PACKAGE: "latest", "ChangeTicket": "none"}
TEMPLATE = "cfn-sm-endpoint"
_BUILD = "BuildArtifact"
_NAMESPACE = "Build"


def build_stage(source: str, project: codebuild.Project) -> codepipeline.Stages:
    """Writes the template, and parameters and accounts of each stage."""
    action = delivery.build_action(
        "BuildEndpointDeploymentTemplate",
        project,
        [f"{source}Artifact"],
        [_BUILD],
        variables={"MODEL_PACKAGE_ARN": f"#{{variables.{PACKAGE}}}"},
        namespace=_NAMESPACE,
    )
    return codepipeline.Stages(Name="Build", Actions=[action])


def staging_stage(
    source: str, role: If, test: codebuild.Project, approval: codepipeline.Actions
) -> codepipeline.Stages:
    """Deploy, test, and wait for a person."""
    return codepipeline.Stages(
        Name="DeployModelStaging",
        BeforeEntry=with_a_model(),
        Actions=[
            deploy_action("DeployStaging", "EnvTypeStagingName", "staging", role),
            test_action("TestStaging", source, test, "TestArtifact", test_variables("staging", "full")),
            approval,
        ],
    )


def production_stage(source: str, role: If, test: codebuild.Project) -> codepipeline.Stages:
    """Deploy, and a few calls that show that it works."""
    return codepipeline.Stages(
        Name="DeployModelProd",
        BeforeEntry=with_a_model(),
        Actions=[
            deploy_action("DeployProd", "EnvTypeProdName", "prod", role),
            test_action("SmokeTestProd", source, test, "SmokeTestArtifact", test_variables("prod", "smoke")),
        ],
    )


def with_a_model() -> codepipeline.BeforeEntryConditions:
    """Skip the stage while no package is approved: the first run of a project is then no failure.

    Of all rules only this one and LambdaInvoke may skip a stage (CodePipeline User Guide, "Stage conditions").
    """
    rule = codepipeline.RuleDeclaration(
        Name="ModelIsApproved",
        RuleTypeId=codepipeline.RuleTypeId(Category="Rule", Owner="AWS", Provider="VariableCheck", Version="1"),
        Configuration={"Variable": f"#{{{_NAMESPACE}.DEPLOY}}", "Operator": "EQ", "Value": "YES"},
    )
    return codepipeline.BeforeEntryConditions(Conditions=[codepipeline.Condition(Result="SKIP", Rules=[rule])])


def test_action(
    name: str, source: str, project: codebuild.Project, output: str, variables: Mapping[str, str]
) -> codepipeline.Actions:
    return delivery.build_action(name, project, [f"{source}Artifact", _BUILD], [output], order=2, variables=variables)


def test_variables(stage: str, extent: str) -> dict[str, str]:
    """Which of the build's files a test reads, and which part of the payload contract it holds the endpoint to."""
    return {"BUILD_CONFIG": f"{stage}-config", "ACCOUNTS": f"{stage}-accounts", "EXTENT": extent}


def deploy_action(name: str, stage: str, files: str, role: Any) -> codepipeline.Actions:
    """Put the endpoint's stack set into the accounts of a stage, which the build has just read.

    Self-managed stack sets take accounts only; without tolerated failures they go on one account after the other.
    """
    return codepipeline.Actions(
        Name=name,
        ActionTypeId=codepipeline.ActionTypeId(
            Category="Deploy", Owner="AWS", Provider="CloudFormationStackSet", Version="1"
        ),
        InputArtifacts=[codepipeline.InputArtifacts(Name=_BUILD)],
        Configuration={
            "StackSetName": Sub(
                "sagemaker-${SageMakerProjectName}-${SageMakerProjectId}-deploy-${Stage}", Stage=environment(stage)
            ),
            "Description": Sub("Endpoint of the project ${SageMakerProjectName}"),
            "TemplatePath": f"{_BUILD}::{TEMPLATE}.yaml",
            "Parameters": f"{_BUILD}::{files}-config.json",
            "Capabilities": "CAPABILITY_NAMED_IAM",
            "PermissionModel": "SELF_MANAGED",
            "AdministrationRoleArn": environment("StackSetAdministrationRole"),
            "ExecutionRoleName": role,
            "DeploymentTargets": f"{_BUILD}::{files}-accounts.json",
            "Regions": Ref("AWS::Region"),
            "MaxConcurrentPercentage": 100,
            "FailureTolerancePercentage": 0,
        },
        RunOrder=1,
    )
