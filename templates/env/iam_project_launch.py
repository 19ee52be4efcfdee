"""The role with which Service Catalog launches the products of MLOps projects."""

from __future__ import annotations

from typing import Any

from awacs.aws import Statement
from troposphere.iam import Role

from generator.cfn.arns import arn, role_arn
from generator.cfn.iam import allow, may_pass, trust_plain
from templates.access.actions import of
from templates.access.boundary import may_keep_bounded_roles
from templates.access.data import may_read_parameters
from templates.env.iam_setup import service_role
from templates.published import PROJECT_LAUNCH_ROLE

PROJECTS = "sagemaker-*"
PROJECT_ROLES = "sagemaker-*"


def project_launch_role(boundary: Any) -> Role:
    """Service Catalog launches the projects' products with it; what it makes carries the projects' prefix."""
    return service_role(
        "SCProjectLaunchRole",
        PROJECT_LAUNCH_ROLE,
        # Service Catalog sends no source account when it assumes a launch role.
        trust_plain("servicecatalog"),
        boundary,
        project_launch_statements(boundary),
    )


def project_launch_statements(boundary: Any) -> list[Any]:
    """What project products create, by the prefix that SageMaker gives projects."""
    return [
        may_run_product_stacks(),
        may_read_provisioned_code(),
        may_keep_project_code(),
        may_keep_project_buckets(),
        may_keep_bounded_roles(boundary, PROJECT_ROLES),
        may_pass("GiveProjectsTheirRoles", role_arn(PROJECT_ROLES), ["codebuild", "codepipeline", "events", "lambda"]),
        may_pass(
            "GiveProjectsUseRole",
            role_arn("service-role/AmazonSageMakerServiceCatalogProducts*"),
            ["cloudformation", "codebuild", "codepipeline", "events"],
        ),
        allow("LookUpEnvironment", of("lambda", "InvokeFunction"), arn("lambda", "function:*")),
        may_read_parameters(),
    ]


def may_run_product_stacks() -> list[Statement]:
    """Keep the stacks that Service Catalog makes of products."""
    stack = of(
        "cloudformation",
        "CancelUpdateStack",
        "CreateChangeSet",
        "CreateStack",
        "DeleteChangeSet",
        "DeleteStack",
        "DescribeChangeSet",
        "DescribeStackEvents",
        "DescribeStackResources",
        "DescribeStacks",
        "ExecuteChangeSet",
        "GetTemplate",
        "ListChangeSets",
        "SetStackPolicy",
        "TagResource",
        "UpdateStack",
    )
    return [
        allow("RunProductStacks", stack, [arn("cloudformation", f"{kind}/SC-*") for kind in ("changeSet", "stack")]),
        # A template that is only looked at belongs to no stack.
        allow("ReadTemplates", of("cloudformation", "GetTemplateSummary", "ValidateTemplate")),
    ]


def may_read_provisioned_code() -> Statement:
    """Read templates and seed code; Service Catalog's own convention marks them with this tag."""
    tagged = {"StringEquals": {"s3:ExistingObjectTag/servicecatalog:provisioning": "true"}}
    return allow(
        "ReadProvisionedCode",
        of("s3", "GetObject", "GetObjectVersion"),
        arn("s3", "*/*", region="", account=""),
        when=tagged,
    )


def may_keep_project_code() -> list[Statement]:
    """Repositories, builds, pipelines, rules and log groups of projects."""
    return [
        allow(
            "KeepRepositories",
            of(
                "codecommit",
                "CreateCommit",
                "CreateRepository",
                "DeleteRepository",
                "GetRepository",
                "ListTagsForResource",
                "TagResource",
                "UntagResource",
            ),
            arn("codecommit", PROJECTS),
        ),
        allow(
            "KeepBuilds",
            of("codebuild", "BatchGetProjects", "CreateProject", "DeleteProject", "UpdateProject"),
            arn("codebuild", f"project/{PROJECTS}"),
        ),
        allow(
            "KeepPipelines",
            of(
                "codepipeline",
                "CreatePipeline",
                "DeletePipeline",
                "GetPipeline",
                "GetPipelineState",
                "ListTagsForResource",
                "StartPipelineExecution",
                "TagResource",
                "UntagResource",
                "UpdatePipeline",
            ),
            arn("codepipeline", PROJECTS),
        ),
        allow(
            "KeepRules",
            of(
                "events",
                "DeleteRule",
                "DescribeRule",
                "DisableRule",
                "EnableRule",
                "ListTargetsByRule",
                "PutRule",
                "PutTargets",
                "RemoveTargets",
                "TagResource",
                "UntagResource",
            ),
            arn("events", f"rule/{PROJECTS}"),
        ),
        allow(
            "KeepBuildLogs",
            of("logs", "CreateLogGroup", "DeleteLogGroup", "PutRetentionPolicy", "TagResource", "UntagResource"),
            arn("logs", f"log-group:/aws/codebuild/{PROJECTS}"),
        ),
        # The action has no narrower resource type that CloudFormation asks with.
        allow("FindLogGroups", of("logs", "DescribeLogGroups")),
        allow(
            "UseConnections",
            of("codeconnections", "GetConnection", "PassConnection", "UseConnection"),
            arn("codeconnections", "connection/*"),
        ),
    ]


def may_keep_project_buckets() -> Statement:
    """Buckets of the projects' artifacts, their settings and their policies; no object."""
    return allow(
        "KeepProjectBuckets",
        of(
            "s3",
            "CreateBucket",
            "DeleteBucket",
            "DeleteBucketPolicy",
            "GetBucketLocation",
            "GetBucketPolicy",
            "GetEncryptionConfiguration",
            "PutBucketLogging",
            "PutBucketOwnershipControls",
            "PutBucketPolicy",
            "PutBucketPublicAccessBlock",
            "PutBucketTagging",
            "PutBucketVersioning",
            "PutEncryptionConfiguration",
            "PutLifecycleConfiguration",
        ),
        [arn("s3", name, region="", account="") for name in ("sagemaker-*", "sm-mlops-cp-*")],
    )
