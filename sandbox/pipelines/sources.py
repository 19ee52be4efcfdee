"""Source actions: an object in S3, or the files of a CodeCommit repository."""

from __future__ import annotations

from sandbox.api.errors import AwsError
from sandbox.pipelines.context import Context
from sandbox.pipelines.model import ActionFailed, Outcome, not_emulated
from sandbox.repositories import head_of


def from_s3(context: Context) -> Outcome:
    """The object as it is; it must be a zip, as CodePipeline asks."""
    bucket, key = context.required("S3Bucket"), context.required("S3ObjectKey")
    found = context.client("s3").get_object(Bucket=bucket, Key=key)
    context.store(found["Body"].read())
    version = str(found.get("VersionId") or "null")
    variables = {"ETag": found["ETag"].strip('"'), "VersionId": version, "BucketName": bucket, "ObjectKey": key}
    return _changed(context, version, f"Amazon S3 version id: {version}", variables)


def from_codecommit(context: Context) -> Outcome:
    """The newest commit of the branch; the role needs the rights that CodePipeline reads it with."""
    name, branch = context.required("RepositoryName"), context.required("BranchName")
    context.may("codecommit", "GetBranch", "GetCommit", "UploadArchive", "GetUploadArchiveStatus")
    try:
        head = head_of(context.execution.account, context.execution.region, name, branch)
    except AwsError as error:
        raise ActionFailed(error.message, error.code) from None
    context.store(head.content)
    variables = {"CommitId": head.id, "BranchName": branch, "RepositoryName": name, "CommitMessage": head.message}
    return _changed(context, head.id, head.message, variables)


def through_connection(context: Context) -> Outcome:
    """Refused: behind a connection stands a host that is not on this machine."""
    identifier = context.configuration.get("FullRepositoryId", "?")
    raise not_emulated(f"source CodeStarSourceConnection ({identifier}): give the repository as S3 or CodeCommit")


def _changed(context: Context, revision: str, summary: str, variables: dict[str, str]) -> Outcome:
    row = {"actionName": context.run.name, "revisionId": revision, "revisionSummary": summary}
    context.execution.revisions.append(row)
    return Outcome(variables, summary, revision)
