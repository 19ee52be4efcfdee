"""Makers of what every project's delivery consists of: artifact bucket, repository, builds, pipeline and its triggers.

Name budgets, with `<name>` at most 32 and `<id>` at most 15 characters: bucket `sm-mlops-cp-<id>-<account>` 40 of 63,
event rule `sagemaker-<name>-<id>-build` 64 of 64, pipeline `sagemaker-<name>-<id>-modeldeploy` 70 of 100.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from troposphere import GetAtt, Ref, Sub, codebuild, codecommit, codepipeline, events, s3

from generator.cfn import arns
from generator.cfn.contract import Cond, Param
from generator.cfn.lint import lint_exception, scan_exception
from templates.facts import codebuild_image
from templates.project.environment import environment, project_tags

BRANCH = "main"
ARTIFACT_DAYS = 90
_NAME = "sagemaker-${SageMakerProjectName}-${SageMakerProjectId}"

REPOSITORY_PROVIDER = Param(
    "RepositoryProvider",
    "Where the repository is: made in CodeCommit; your own, through CodeConnections; or a versioned S3 object",
    default="CodeCommit",
    allowed=("CodeCommit", "CodeConnections", "S3"),
)
CONNECTION_ARN = Param(
    "ConnectionArn", "For CodeConnections: ARN of a connection that a person has confirmed", default=""
)
REPOSITORY_ID = Param("FullRepositoryId", "For CodeConnections: the repository, as owner/name", default="")
SOURCE_BUCKET = Param(
    "SourceS3BucketName", "For S3: versioned bucket of the source archive; empty for the seed code's", default=""
)


def service_role() -> Sub:
    """The role that SageMaker's products use for their builds, pipelines and rules (core-iam-sc-sm-projects-roles)."""
    return arns.role_arn("service-role/AmazonSageMakerServiceCatalogProductsUseRole")


def artifact_bucket(title: str) -> s3.Bucket:
    """The pipeline's artifacts; kept when the project is deleted, until they expire.

    Projects may have capital letters in their names, and buckets may not: ids have none.
    """
    encryption = s3.ServerSideEncryptionByDefault(SSEAlgorithm="aws:kms", KMSMasterKeyID=environment("S3KmsKeyId"))
    return s3.Bucket(
        title,
        Metadata=scan_exception(CKV_AWS_18="projects know no bucket for logs; CloudTrail data events can cover it"),
        DeletionPolicy="Retain",
        UpdateReplacePolicy="Retain",
        BucketName=Sub("sm-mlops-cp-${SageMakerProjectId}-${AWS::AccountId}"),
        BucketEncryption=s3.BucketEncryption(
            ServerSideEncryptionConfiguration=[
                s3.ServerSideEncryptionRule(BucketKeyEnabled=True, ServerSideEncryptionByDefault=encryption)
            ]
        ),
        LifecycleConfiguration=s3.LifecycleConfiguration(
            Rules=[
                s3.LifecycleRule(
                    Id="ExpireArtifacts",
                    Status="Enabled",
                    ExpirationInDays=ARTIFACT_DAYS,
                    NoncurrentVersionExpiration=s3.NoncurrentVersionExpiration(NoncurrentDays=ARTIFACT_DAYS),
                    AbortIncompleteMultipartUpload=s3.AbortIncompleteMultipartUpload(DaysAfterInitiation=7),
                )
            ]
        ),
        OwnershipControls=s3.OwnershipControls(Rules=[s3.OwnershipControlsRule(ObjectOwnership="BucketOwnerEnforced")]),
        PublicAccessBlockConfiguration=s3.PublicAccessBlockConfiguration(
            BlockPublicAcls=True, BlockPublicPolicy=True, IgnorePublicAcls=True, RestrictPublicBuckets=True
        ),
        VersioningConfiguration=s3.VersioningConfiguration(Status="Enabled"),
        Tags=project_tags(),
    )


def repository(title: str, kind: str, seed_key: str) -> codecommit.Repository:
    """A CodeCommit repository whose first commit is the seed code."""
    return codecommit.Repository(
        title,
        RepositoryName=Sub(f"{_NAME}-{kind}"),
        RepositoryDescription=Sub(f"Source of {kind} for the project ${{SageMakerProjectName}}"),
        Code=codecommit.Code(
            S3=codecommit.S3(Bucket=environment("SeedCodeBucketName"), Key=seed_key), BranchName=BRANCH
        ),
        Tags=project_tags(),
    )


def build_project(
    title: str, suffix: str, description: str, variables: Mapping[str, Any], *, buildspec: str, minutes: int
) -> codebuild.Project:
    """A build in the environment's VPC."""
    return codebuild.Project(
        title,
        Name=Sub(f"{_NAME}-{suffix}"),
        Description=description,
        ServiceRole=service_role(),
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
        Name=Sub(f"{_NAME}-{suffix}"),
        PipelineType="V2",
        ExecutionMode=mode,
        RoleArn=service_role(),
        ArtifactStore=codepipeline.ArtifactStore(
            Type="S3",
            Location=Ref(bucket),
            EncryptionKey=codepipeline.EncryptionKey(Type="KMS", Id=environment("S3KmsKeyId")),
        ),
        Stages=stages,
        Tags=project_tags(),
        Metadata=lint_exception("the role is made once for an account, by core-iam-sc-sm-projects-roles", "W9002"),
        **given,
    )


def source_stage(
    name: str, source: codecommit.Repository, seed_key: str, in_codecommit: Cond, through_connection: Cond, own: Cond
) -> codepipeline.Stages:
    """The Source stage for each provider; `own` holds where SourceS3BucketName is given."""
    artifact = codepipeline.OutputArtifacts(Name=f"{name}Artifact")
    codecommit_action = _source(
        name,
        "CodeCommit",
        {"RepositoryName": GetAtt(source, "Name"), "BranchName": BRANCH, "PollForSourceChanges": "false"},
        artifact,
    )
    connection_action = _source(
        name,
        "CodeStarSourceConnection",
        {"ConnectionArn": CONNECTION_ARN, "FullRepositoryId": REPOSITORY_ID, "BranchName": BRANCH},
        artifact,
    )
    bucket = own.then(SOURCE_BUCKET, environment("SeedCodeBucketName"))
    s3_action = _source(
        name, "S3", {"S3Bucket": bucket, "S3ObjectKey": seed_key, "PollForSourceChanges": "true"}, artifact
    )
    action = in_codecommit.then(codecommit_action, through_connection.then(connection_action, s3_action))
    return codepipeline.Stages(Name="Source", Actions=[action])


def _source(
    name: str, provider: str, configuration: Mapping[str, Any], artifact: codepipeline.OutputArtifacts
) -> codepipeline.Actions:
    return codepipeline.Actions(
        Name=name,
        ActionTypeId=codepipeline.ActionTypeId(Category="Source", Owner="AWS", Provider=provider, Version="1"),
        Configuration=dict(configuration),
        OutputArtifacts=[artifact],
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


def commit_rule(title: str, source: codecommit.Repository, target: codepipeline.Pipeline, suffix: str) -> events.Rule:
    """Start the pipeline when the main branch of its CodeCommit repository changes."""
    return events.Rule(
        title,
        Name=Sub(f"{_NAME}-{suffix}"),
        Description="Starts the pipeline when its main branch changes",
        EventPattern={
            "source": ["aws.codecommit"],
            "detail-type": ["CodeCommit Repository State Change"],
            "resources": [GetAtt(source, "Arn")],
            "detail": {"referenceType": ["branch"], "referenceName": [BRANCH]},
        },
        State="ENABLED",
        Targets=[events.Target(Id="pipeline", Arn=pipeline_arn(target), RoleArn=service_role())],
    )


def pipeline_arn(target: codepipeline.Pipeline) -> Sub:
    return arns.arn("codepipeline", f"${{{target.title}}}")
