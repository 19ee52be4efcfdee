"""Makers of the delivery's builds: their steps, projects, logs and roles."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from awacs.aws import Statement
from troposphere import GetAtt, Ref, Sub, codebuild, iam, logs

from generator.cfn.arns import arn, objects_arn
from generator.cfn.iam import USE_KEY, allow, policy, trust
from templates.access.actions import of
from templates.access.exceptions import SEEING_POLICY, SEEING_ROLE
from templates.facts import codebuild_image, facts
from templates.functions import LOG_DAYS, LOG_KEY
from templates.parameters import environment_tags

NAME = "${EnvName}-${EnvType}-delivery"
SOURCES = Path(__file__).parents[1] / "sources" / "buildspecs"


def buildspec(step: str) -> str:
    """templates/sources/buildspecs/delivery-<step>.yml, with the runtime that CodeBuild's image has."""
    return (SOURCES / f"delivery-{step}.yml").read_text().replace("PYTHON_VERSION", facts()["codebuild"]["python"])


def build_role(title: str, bucket: str, key: Any, boundary: Any, statements: list[Any]) -> iam.Role:
    """The role of one step: its own log, the artifacts, and what the step does."""
    return iam.Role(
        title,
        AssumeRolePolicyDocument=trust("codebuild", source_arn=arn("codebuild", f"project/{NAME}-*")),
        PermissionsBoundary=boundary,
        Policies=[
            iam.Policy(
                PolicyName="Deliver", PolicyDocument=policy(*may_build(), *may_use_artifacts(bucket, key), *statements)
            )
        ],
        Tags=environment_tags(),
        Metadata=SEEING_ROLE,
    )


def may_build() -> list[Statement]:
    streams = of("logs", "CreateLogStream", "PutLogEvents")
    return [allow("WriteLog", streams, arn("logs", f"log-group:/aws/codebuild/{NAME}-*"))]


def may_use_artifacts(bucket: str, key: Any) -> list[Statement]:
    """Artifacts of the pipeline, with their key only through S3."""
    through = {"StringEquals": {"kms:ViaService": Sub("s3.${AWS::Region}.${AWS::URLSuffix}")}}
    return [
        allow("UseArtifacts", of("s3", "GetObject", "GetObjectVersion", "PutObject"), objects_arn(bucket)),
        allow("UseKey", USE_KEY, key, when=through),
    ]


def build_project(step: str, role: iam.Role, key: Any, variables: Mapping[str, Any]) -> codebuild.Project:
    """A build that runs one step; nothing of it comes from the repository but the code."""
    return codebuild.Project(
        f"{step.title()}Project",
        Name=Sub(f"{NAME}-{step}"),
        Description=Sub(f"Delivery of ${{EnvName}}-${{EnvType}}: {step}"),
        ServiceRole=GetAtt(role, "Arn"),
        Artifacts=codebuild.Artifacts(Type="CODEPIPELINE"),
        EncryptionKey=key,
        Environment=codebuild.Environment(
            Type="LINUX_CONTAINER",
            ComputeType="BUILD_GENERAL1_MEDIUM",
            Image=codebuild_image(),
            EnvironmentVariables=[
                codebuild.EnvironmentVariable(Name=name, Value=value) for name, value in variables.items()
            ],
        ),
        Source=codebuild.Source(Type="CODEPIPELINE", BuildSpec=buildspec(step)),
        TimeoutInMinutes=480,
        Tags=environment_tags(),
    )


def build_log(step: str) -> logs.LogGroup:
    return logs.LogGroup(
        f"{step.title()}Logs",
        DeletionPolicy="Delete",
        UpdateReplacePolicy="Delete",
        LogGroupName=Sub(f"/aws/codebuild/{NAME}-{step}"),
        RetentionInDays=LOG_DAYS,
        Tags=environment_tags(),
        Metadata=LOG_KEY,
    )


def deployment_policy(name: str, role: iam.Role, statements: list[Any]) -> iam.ManagedPolicy:
    """One part of what deploying takes; a role's inline policies end at 10,240 bytes."""
    return iam.ManagedPolicy(
        f"Deploy{name}Policy",
        Description=f"Deployment of the core and the environment: {name.lower()}",
        PolicyDocument=policy(*statements),
        Roles=[Ref(role)],
        Metadata=SEEING_POLICY,
    )
