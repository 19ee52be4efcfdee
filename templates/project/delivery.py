"""Makers of what every project's delivery consists of: artifact bucket, builds, pipeline and its triggers.

Name budgets, with `<name>` at most 32 and `<id>` at most 15 characters: bucket `sm-mlops-cp-<id>-<account>` 40 of 63,
event rule `sagemaker-<name>-<id>-build` 64 of 64, pipeline `sagemaker-<name>-<id>-modeldeploy` 70 of 100.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from troposphere import GetAtt, Ref, Sub, codebuild, codecommit, codepipeline, events, s3
from troposphere.iam import Role

from generator.cfn import arns
from templates.artifacts import artifact_bucket, artifact_policy
from templates.facts import codebuild_image
from templates.project.environment import ARTIFACT_BUCKET, PROJECT, environment, project_tags
from templates.project.source import BRANCH


def project_artifacts() -> tuple[s3.Bucket, s3.BucketPolicy]:
    """The bucket of the pipelines' artifacts, and its policy."""
    unlogged = "projects know no bucket for logs; CloudTrail data events can cover it"
    name = Sub(ARTIFACT_BUCKET)
    bucket = artifact_bucket(
        "MlOpsArtifactsBucket", environment("S3KmsKeyId"), project_tags(), unlogged, BucketName=name
    )
    return bucket, artifact_policy("MlOpsArtifactsPolicy", bucket)


def build_project(
    title: str, suffix: str, description: str, role: Role, variables: Mapping[str, Any], *, buildspec: str, minutes: int
) -> codebuild.Project:
    """A build in the environment's VPC."""
    return codebuild.Project(
        title,
        Name=Sub(f"{PROJECT}-{suffix}"),
        Description=description,
        ServiceRole=GetAtt(role, "Arn"),
        Artifacts=codebuild.Artifacts(Type="CODEPIPELINE"),
        EncryptionKey=environment("S3KmsKeyId"),
        Environment=codebuild.Environment(
            Type="LINUX_CONTAINER",
            ComputeType="BUILD_GENERAL1_SMALL",
            Image=codebuild_image(),
            EnvironmentVariables=[
                codebuild.EnvironmentVariable(Name=name, Value=value) for name, value in variables.items()
            ],
        ),
        Source=codebuild.Source(Type="CODEPIPELINE", BuildSpec=buildspec),
        TimeoutInMinutes=minutes,
        VpcConfig=codebuild.VpcConfig(
            VpcId=environment("VpcId"),
            Subnets=environment("SubnetIds"),
            SecurityGroupIds=environment("SecurityGroups"),
        ),
        Tags=project_tags(),
    )


def pipeline(
    title: str,
    suffix: str,
    role: Role,
    bucket: s3.Bucket,
    stages: list[codepipeline.Stages],
    *,
    mode: str,
    variables: Mapping[str, str] | None = None,
) -> codepipeline.Pipeline:
    """A V2 pipeline; `mode` is QUEUED or SUPERSEDED, `variables` are name -> default."""
    given: dict[str, Any] = {}
    if variables:
        given["Variables"] = [
            codepipeline.VariableDeclaration(Name=name, DefaultValue=default) for name, default in variables.items()
        ]
    return codepipeline.Pipeline(
        title,
        Name=Sub(f"{PROJECT}-{suffix}"),
        PipelineType="V2",
        ExecutionMode=mode,
        RoleArn=GetAtt(role, "Arn"),
        ArtifactStore=codepipeline.ArtifactStore(
            Type="S3",
            Location=Ref(bucket),
            EncryptionKey=codepipeline.EncryptionKey(Type="KMS", Id=environment("S3KmsKeyId")),
        ),
        Stages=stages,
        Tags=project_tags(),
        **given,
    )


def build_action(
    name: str,
    project: codebuild.Project,
    inputs: list[str],
    outputs: list[str],
    *,
    order: int = 1,
    variables: Mapping[str, str] | None = None,
    namespace: str = "",
) -> codepipeline.Actions:
    """Run a build; `variables` are for this run, `namespace` is where later actions find what the build exports."""
    configuration: dict[str, Any] = {"ProjectName": Ref(project)}
    if len(inputs) > 1:
        configuration["PrimarySource"] = inputs[0]
    if variables:
        listed = [{"name": key, "value": value} for key, value in variables.items()]
        configuration["EnvironmentVariables"] = json.dumps(listed, separators=(",", ":"))
    given = {"Namespace": namespace} if namespace else {}
    return codepipeline.Actions(
        Name=name,
        ActionTypeId=codepipeline.ActionTypeId(Category="Build", Owner="AWS", Provider="CodeBuild", Version="1"),
        Configuration=configuration,
        InputArtifacts=[codepipeline.InputArtifacts(Name=artifact) for artifact in inputs],
        OutputArtifacts=[codepipeline.OutputArtifacts(Name=artifact) for artifact in outputs],
        RunOrder=order,
        **given,
    )


def commit_rule(
    title: str, source: codecommit.Repository, target: codepipeline.Pipeline, role: Role, suffix: str
) -> events.Rule:
    """Start the pipeline when the main branch of its CodeCommit repository changes."""
    return events.Rule(
        title,
        Name=Sub(f"{PROJECT}-{suffix}"),
        Description="Starts the pipeline when its main branch changes",
        EventPattern={
            "source": ["aws.codecommit"],
            "detail-type": ["CodeCommit Repository State Change"],
            "resources": [GetAtt(source, "Arn")],
            "detail": {"referenceType": ["branch"], "referenceName": [BRANCH]},
        },
        State="ENABLED",
        Targets=[starts(pipeline_arn(target), role)],
    )


def starts(pipeline: Any, role: Role, **properties: Any) -> events.Target:
    """A rule's target: a pipeline by ARN, started with the project's role for events."""
    return events.Target(Id="pipeline", Arn=pipeline, RoleArn=GetAtt(role, "Arn"), **properties)


def pipeline_arn(target: codepipeline.Pipeline) -> Sub:
    return arns.arn("codepipeline", f"${{{target.title}}}")
