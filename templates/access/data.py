"""Statements over the environment's data: its buckets, keys, parameters, images, logs and network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from awacs.aws import Statement
from troposphere import Ref, Sub

from generator.cfn.arns import ACCOUNT, arn, bucket_arn, objects_arn
from generator.cfn.contract import Cond
from generator.cfn.iam import DELETE_OBJECTS, LIST_BUCKET, READ_OBJECTS, USE_KEY, WRITE_OBJECTS, Conditions, allow
from templates.access.actions import of
from templates.published import ENVIRONMENT

# Public buckets of AWS with sample data, project seeds and JumpStart models; readable by everybody
AWS_BUCKETS = (
    "jumpstart-cache-prod-${AWS::Region}",
    "sagemaker-sample-files",
    "sagemaker-servicecatalog-seedcode-${AWS::Region}",
)

OWN_ACCOUNT: Conditions = {"StringEquals": {"aws:ResourceAccount": ACCOUNT}}
OWN_TAGS = {
    "aws:ResourceTag/EnvironmentName": Ref("EnvName"),
    "aws:ResourceTag/EnvironmentType": Ref("EnvType"),
}


@dataclass(frozen=True)
class BucketName:
    """A bucket by the parameter that names it, or where that is empty, by this product's own name."""

    parameter: str
    named: Cond
    usual: str

    @property
    def arn(self) -> Any:
        return self.named.then(bucket_arn(f"${{{self.parameter}}}"), bucket_arn(self.usual))

    @property
    def objects(self) -> Any:
        return self.named.then(objects_arn(f"${{{self.parameter}}}"), objects_arn(self.usual))


def may_read_buckets(sid: str, *buckets: BucketName) -> list[Statement]:
    """List and read buckets of this account; another account's bucket of a matching name stays closed."""
    return [
        allow(f"{sid}List", LIST_BUCKET, [b.arn for b in buckets], when=OWN_ACCOUNT),
        allow(f"{sid}Read", READ_OBJECTS, [b.objects for b in buckets], when=OWN_ACCOUNT),
    ]


def may_write_buckets(sid: str, *buckets: BucketName) -> list[Statement]:
    """Read and write buckets of this account, without deleting."""
    written = [b.objects for b in buckets]
    return [*may_read_buckets(sid, *buckets), allow(f"{sid}Write", WRITE_OBJECTS, written, when=OWN_ACCOUNT)]


def may_delete_objects(sid: str, *buckets: BucketName) -> Statement:
    return allow(sid, DELETE_OBJECTS, [b.objects for b in buckets], when=OWN_ACCOUNT)


def may_read_aws_buckets() -> Statement:
    return allow(
        "ReadAwsSamples",
        (*READ_OBJECTS, *LIST_BUCKET),
        [
            *(bucket_arn(b) for b in AWS_BUCKETS),
            *(objects_arn(b) for b in AWS_BUCKETS),
        ],
    )


def may_use_environment_keys(*services: str) -> list[Statement]:
    """Use the environment's keys, known by their tags, through these services only; grants only for AWS resources."""
    keys = arn("kms", "key/*")
    through = [Sub(f"{name}.${{AWS::Region}}.${{AWS::URLSuffix}}") for name in services]
    via: Conditions = {"StringEquals": {**OWN_TAGS, "kms:ViaService": through}}
    grant: Conditions = {"StringEquals": OWN_TAGS, "Bool": {"kms:GrantIsForAWSResource": "true"}}
    return [
        allow("UseKeys", USE_KEY, keys, when=via),
        allow("GrantKeysToServices", of("kms", "CreateGrant"), keys, when=grant),
        allow("DescribeKeys", of("kms", "DescribeKey"), keys, when={"StringEquals": OWN_TAGS}),
    ]


def may_read_parameters() -> Statement:
    """Read what the environment publishes in SSM."""
    return allow(
        "ReadParameters",
        of("ssm", "GetParameter", "GetParameters", "GetParametersByPath"),
        arn("ssm", f"parameter/{ENVIRONMENT}-*"),
    )


def may_write_logs(group: str = "/aws/sagemaker/*") -> list[Statement]:
    """Write log streams of log groups that match, and custom metrics of SageMaker's namespaces."""
    spaces = {"StringLike": {"cloudwatch:namespace": ["/aws/sagemaker/*", "aws/sagemaker/*", "AWS/SageMaker*"]}}
    return [
        allow(
            "WriteLogs",
            of("logs", "CreateLogGroup", "CreateLogStream", "DescribeLogStreams", "PutLogEvents"),
            arn("logs", f"log-group:{group}"),
        ),
        # PutMetricData has no resource type; the namespace limits it.
        allow("WriteMetrics", of("cloudwatch", "PutMetricData"), "*", when=spaces),
    ]


def may_read_logs() -> list[Statement]:
    """Read SageMaker's logs and all metrics."""
    return [
        allow(
            "ReadLogs",
            of("logs", "DescribeLogStreams", "FilterLogEvents", "GetLogEvents"),
            arn("logs", "log-group:/aws/sagemaker/*"),
        ),
        # None of these has a resource type that they can be limited to.
        allow(
            "ReadMetrics",
            (*of("logs", "DescribeLogGroups"), *of("cloudwatch", "DescribeAlarms", "GetMetricData", "ListMetrics")),
        ),
    ]


def may_pull_images() -> list[Statement]:
    """Pull container images, the account's and AWS's own, whose registries are accounts that differ by Region."""
    return [
        allow(
            "PullImages",
            of("ecr", "BatchCheckLayerAvailability", "BatchGetImage", "GetDownloadUrlForLayer"),
            arn("ecr", "repository/*", account="*"),
        ),
        # The token is for the caller's registry; the action has no resource type.
        allow("LogInToRegistry", of("ecr", "GetAuthorizationToken")),
    ]


def may_attach_to_vpc() -> list[Statement]:
    """Put network interfaces of jobs, models and apps into the account's subnets."""
    return [
        allow(
            "AttachToVpc",
            of(
                "ec2",
                "CreateNetworkInterface",
                "CreateNetworkInterfacePermission",
                "DeleteNetworkInterface",
                "DeleteNetworkInterfacePermission",
            ),
            [arn("ec2", f"{kind}/*") for kind in ("network-interface", "security-group", "subnet")],
        ),
        # Describe actions of EC2 have no resource types.
        allow(
            "SeeVpc",
            of(
                "ec2",
                "DescribeDhcpOptions",
                "DescribeNetworkInterfaces",
                "DescribeSecurityGroups",
                "DescribeSubnets",
                "DescribeVpcEndpoints",
                "DescribeVpcs",
            ),
        ),
    ]


def may_use_repositories() -> Statement:
    """Work with the code of the projects; branches are not deleted, merges need the repository's own approval rules."""
    return allow(
        "UseRepositories",
        of(
            "codecommit",
            "BatchGetCommits",
            "BatchGetPullRequests",
            "BatchGetRepositories",
            "CreateBranch",
            "CreateCommit",
            "CreatePullRequest",
            "GetBlob",
            "GetBranch",
            "GetCommentsForPullRequest",
            "GetCommit",
            "GetCommitHistory",
            "GetDifferences",
            "GetFile",
            "GetFolder",
            "GetMergeConflicts",
            "GetPullRequest",
            "GetReferences",
            "GetRepository",
            "GetTree",
            "GitPull",
            "GitPush",
            "ListBranches",
            "ListFileCommitHistory",
            "ListPullRequests",
            "PostCommentForPullRequest",
        ),
        arn("codecommit", "sagemaker-*"),
    )
