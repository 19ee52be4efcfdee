"""Statements for the builds and pipelines of SageMaker's own project products: sources, artifacts, images."""

from __future__ import annotations

from awacs.aws import Statement

from generator.cfn.arns import ACCOUNT, arn
from generator.cfn.iam import Conditions, allow
from templates.access.actions import CONNECTIONS, USE_CONNECTION, of
from templates.env.iam_project_launch import PROJECTS, PROVISIONING

OWN_ACCOUNT: Conditions = {"StringEquals": {"aws:ResourceAccount": ACCOUNT}}


def may_build() -> list[Statement]:
    """Start the projects' builds and pipelines, report tests, write logs."""
    reports = of("codebuild", "BatchPutCodeCoverages", "BatchPutTestCases", "CreateReport", "CreateReportGroup")
    return [
        allow(
            "RunBuilds",
            of("codebuild", "BatchGetBuilds", "StartBuild", "StopBuild"),
            [arn("codebuild", f"{kind}/{PROJECTS}") for kind in ("build", "project")],
        ),
        allow(
            "ReportTests", (*reports, *of("codebuild", "UpdateReport")), arn("codebuild", f"report-group/{PROJECTS}")
        ),
        allow("StartPipelines", of("codepipeline", "StartPipelineExecution"), arn("codepipeline", PROJECTS)),
        allow(
            "WriteLogs",
            of("logs", "CreateLogGroup", "CreateLogStream", "PutLogEvents"),
            arn("logs", f"log-group:/aws/codebuild/{PROJECTS}"),
        ),
    ]


def may_use_sources() -> list[Statement]:
    """Read the projects' repositories, wherever they are; in S3, archives that carry the tag of seed code."""
    read = of("codecommit", "CancelUploadArchive", "GetBranch", "GetCommit", "GetRepository", "GetUploadArchiveStatus")
    return [
        allow("ReadRepositories", (*read, *of("codecommit", "GitPull", "UploadArchive")), arn("codecommit", PROJECTS)),
        allow("UseConnections", USE_CONNECTION, [arn(prefix, "connection/*") for prefix in CONNECTIONS]),
        allow(
            "ReadSeedCode",
            of("s3", "GetObject", "GetObjectTagging", "GetObjectVersion"),
            arn("s3", "*/*", region="", account=""),
            when={"StringEquals": {**OWN_ACCOUNT["StringEquals"], PROVISIONING: "true"}},
        ),
        allow(
            "FindSeedCode",
            of("s3", "GetBucketLocation", "GetBucketVersioning"),
            arn("s3", "*", region="", account=""),
            when=OWN_ACCOUNT,
        ),
    ]


def may_use_artifacts() -> list[Statement]:
    """Artifacts of pipelines, in buckets of the projects' prefix; no bucket and no key of an environment."""
    find = of("s3", "GetBucketLocation", "GetBucketVersioning", "ListBucket")
    use = of("s3", "AbortMultipartUpload", "GetObject", "GetObjectVersion", "PutObject")
    return [
        allow("FindArtifacts", find, arn("s3", PROJECTS, region="", account=""), when=OWN_ACCOUNT),
        allow("UseArtifacts", use, arn("s3", f"{PROJECTS}/*", region="", account=""), when=OWN_ACCOUNT),
    ]


def may_publish_images() -> Statement:
    """Push images of projects; nothing is deleted."""
    push = of("ecr", "CompleteLayerUpload", "InitiateLayerUpload", "PutImage", "UploadLayerPart")
    return allow("PublishImages", push, arn("ecr", f"repository/{PROJECTS}"))
