"""Where a project's repository is: a new one in CodeCommit, one's own through CodeConnections, or an archive in S3."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from troposphere import Equals, GetAtt, If, Not, Sub, codecommit, codepipeline

from generator.cfn.contract import Cond, Param
from templates.project import rights
from templates.project.environment import PROJECT, environment, project_tags
from templates.project.roles import allowing

BRANCH = "main"

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

IN_CODECOMMIT = Cond("RepositoryInCodeCommit", Equals(REPOSITORY_PROVIDER, "CodeCommit"))
THROUGH_CONNECTION = Cond("RepositoryThroughConnection", Equals(REPOSITORY_PROVIDER, "CodeConnections"))
OWN_BUCKET = Cond("OwnSourceBucket", Not(Equals(SOURCE_BUCKET, "")))


def repository(title: str, kind: str, seed_key: str) -> codecommit.Repository:
    """A CodeCommit repository whose first commit is the seed code."""
    return codecommit.Repository(
        title,
        RepositoryName=Sub(f"{PROJECT}-{kind}"),
        RepositoryDescription=Sub(f"Source of {kind} for the project ${{SageMakerProjectName}}"),
        Code=codecommit.Code(
            S3=codecommit.S3(Bucket=environment("SeedCodeBucketName"), Key=seed_key), BranchName=BRANCH
        ),
        Tags=project_tags(),
    )


def source_stage(name: str, source: codecommit.Repository, seed_key: str) -> codepipeline.Stages:
    """The Source stage for each provider."""
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
    s3_action = _source(
        name,
        "S3",
        {"S3Bucket": _archive_bucket(), "S3ObjectKey": seed_key, "PollForSourceChanges": "true"},
        artifact,
    )
    action = IN_CODECOMMIT.then(codecommit_action, THROUGH_CONNECTION.then(connection_action, s3_action))
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


def source_policy(kind: str, seed_key: str) -> If:
    """What the pipeline's role needs to fetch the source from where it is."""
    from_codecommit = allowing("Source", rights.may_read_repository(kind))
    through_connection = allowing("Source", rights.may_use_connection(Sub(f"${{{CONNECTION_ARN.name}}}")))
    from_s3 = allowing("Source", rights.may_read_archive(_archive_bucket(), seed_key))
    return IN_CODECOMMIT.then(from_codecommit, THROUGH_CONNECTION.then(through_connection, from_s3))


def _archive_bucket() -> If:
    return OWN_BUCKET.then(SOURCE_BUCKET, environment("SeedCodeBucketName"))
