"""The stages of the deploy pipeline after its source, and what they pass to each other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from troposphere import If, Ref, Sub, codebuild, codepipeline

from templates.project import delivery
from templates.project.environment import PROJECT, environment, filled

# Variables of the pipeline with their defaults; whoever starts it may name a former package, which is a roll-back
PACKAGE = "ModelPackageArn"
VARIABLES = {PACKAGE: "latest", "ChangeTicket": "none"}
TEMPLATE = "cfn-sm-endpoint"
_BUILD = "BuildArtifact"
_NAMESPACE = "Build"


@dataclass(frozen=True)
class Pace:
    """How many accounts of production change at once, and how many may fail before it stops, both in percent."""

    concurrent: Any
    tolerated: Any


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


def production_stage(source: str, role: If, test: codebuild.Project, pace: Pace) -> codepipeline.Stages:
    """A first wave of accounts, a few calls that show that it works, then all accounts, and the calls again.

    An alarm in the first wave rolls its endpoint back, and so fails the first action; the other accounts stay as they
    are.
    """
    first = test_variables("prod", "smoke", "prod-first")
    return codepipeline.Stages(
        Name="DeployModelProd",
        BeforeEntry=with_a_model(),
        Actions=[
            deploy_action("DeployProdFirst", "EnvTypeProdName", "prod", role, targets="prod-first"),
            test_action("SmokeTestProdFirst", source, test, "SmokeTestFirstArtifact", first, order=2),
            spread_action("DeployProd", "EnvTypeProdName", "prod", pace, order=3),
            test_action("SmokeTestProd", source, test, "SmokeTestArtifact", test_variables("prod", "smoke"), order=4),
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
    name: str, source: str, project: codebuild.Project, output: str, variables: Mapping[str, str], *, order: int = 2
) -> codepipeline.Actions:
    inputs = [f"{source}Artifact", _BUILD]
    return delivery.build_action(name, project, inputs, [output], order=order, variables=variables)


def test_variables(stage: str, extent: str, targets: str = "") -> dict[str, str]:
    """Which of the build's files a test reads, and which part of the payload contract it holds the endpoint to."""
    return {"BUILD_CONFIG": f"{stage}-config", "ACCOUNTS": f"{targets or stage}-accounts", "EXTENT": extent}


def deploy_action(name: str, stage: str, files: str, role: Any, *, targets: str = "") -> codepipeline.Actions:
    """Put the endpoint's stack set into the accounts of a stage, or of its `targets`, which the build has just read.

    Self-managed stack sets take accounts only; without tolerated failures they go on one account after the other.
    """
    return codepipeline.Actions(
        Name=name,
        ActionTypeId=codepipeline.ActionTypeId(
            Category="Deploy", Owner="AWS", Provider="CloudFormationStackSet", Version="1"
        ),
        InputArtifacts=[codepipeline.InputArtifacts(Name=_BUILD)],
        Configuration={
            "StackSetName": stack_set_name(stage),
            "Description": Sub("Endpoint of the project ${SageMakerProjectName}"),
            "TemplatePath": f"{_BUILD}::{TEMPLATE}.yaml",
            "Parameters": f"{_BUILD}::{files}-config.json",
            "Capabilities": "CAPABILITY_NAMED_IAM",
            "PermissionModel": "SELF_MANAGED",
            "AdministrationRoleArn": environment("StackSetAdministrationRole"),
            "ExecutionRoleName": role,
            "DeploymentTargets": f"{_BUILD}::{targets or files}-accounts.json",
            "Regions": Ref("AWS::Region"),
            "MaxConcurrentPercentage": "100",
            "FailureTolerancePercentage": "0",
        },
        RunOrder=1,
    )


def spread_action(name: str, stage: str, files: str, pace: Pace, *, order: int) -> codepipeline.Actions:
    """Bring the stack set as an earlier action left it to the rest of a stage: accounts that have it stay as they are.

    CodePipeline User Guide, "How to structure StackSets actions in a pipeline".
    """
    return codepipeline.Actions(
        Name=name,
        ActionTypeId=codepipeline.ActionTypeId(
            Category="Deploy", Owner="AWS", Provider="CloudFormationStackInstances", Version="1"
        ),
        InputArtifacts=[codepipeline.InputArtifacts(Name=_BUILD)],
        Configuration={
            "StackSetName": stack_set_name(stage),
            "DeploymentTargets": f"{_BUILD}::{files}-accounts.json",
            "Regions": Ref("AWS::Region"),
            "MaxConcurrentPercentage": pace.concurrent,
            "FailureTolerancePercentage": pace.tolerated,
        },
        RunOrder=order,
    )


def stack_set_name(stage: str) -> Sub:
    return filled(Sub(f"{PROJECT}-deploy-${{Stage}}"), Stage=environment(stage))
