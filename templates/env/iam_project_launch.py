"""The role with which Service Catalog launches the products of MLOps projects."""

from __future__ import annotations

from typing import Any

from awacs.aws import Statement
from troposphere.iam import Role

from generator.cfn.arns import arn, role_arn
from generator.cfn.iam import allow, may_pass, trust_plain
from templates.access.actions import CONNECTIONS, KEEP_BUCKETS, of
from templates.access.boundary import may_keep_bounded_roles
from templates.access.data import may_read_parameters
from templates.env.iam_setup import service_role
from templates.published import PROJECT_LAUNCH_ROLE, PROJECT_ROLES

PROJECTS = "sagemaker-*"
# By this tag of an object Service Catalog marks what a launch may read
PROVISIONING = "s3:ExistingObjectTag/servicecatalog:provisioning"


def project_launch_role(boundary: Any, project_boundary: Any) -> Role:
    """Service Catalog launches the projects' products with it; what it makes carries the projects' prefix."""
    return service_role(
        "SCProjectLaunchRole",
        PROJECT_LAUNCH_ROLE,
        # Neither is documented to send a source account: Service Catalog for products, CloudFormation for other stacks.
        trust_plain("servicecatalog", "cloudformation"),
        boundary,
        project_launch_statements(project_boundary),
    )


def project_launch_statements(boundary: Any) -> list[Any]:
    """What project products create, by the prefix that SageMaker gives projects; roles only below `boundary`."""
    return [
        may_run_product_stacks(),
        may_read_provisioned_code(),
        may_keep_project_code(),
        may_keep_project_buckets(),
        may_keep_bounded_roles(boundary, PROJECT_ROLES),
        may_pass("GiveProjectsTheirRoles", role_arn(PROJECT_ROLES), ["codebuild", "codepipeline", "events"]),
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
    tagged = {"StringEquals": {PROVISIONING: "true"}}
    return allow(
        "ReadProvisionedCode",
        of("s3", "GetObject", "GetObjectVersion"),
        arn("s3", "*/*", region="", account=""),
        when=tagged,
    )


def may_keep_project_code() -> list[Statement]:
    """Repositories, builds, pipelines, rules, log groups, topics, alarms and connections of projects."""
    return [
        *may_keep_repositories(),
        may_keep_pipelines(),
        *may_keep_builds(),
        may_keep_rules(),
        may_keep_topics(),
        may_keep_project_alarms(),
        may_use_connections(),
    ]


def may_keep_repositories() -> list[Statement]:
    """CloudFormation knows a repository by its id, and finds its name in the list of all."""
    keep = of("codecommit", "CreateCommit", "CreateRepository", "DeleteRepository", "GetRepository")
    keep += of("codecommit", "GetRepositoryTriggers", "ListTagsForResource", "PutRepositoryTriggers", "TagResource")
    keep += of("codecommit", "UntagResource", "UpdateRepositoryDescription", "UpdateRepositoryName")
    return [
        allow("KeepRepositories", keep, arn("codecommit", PROJECTS)),
        # The action has no resource type.
        allow("FindRepositories", of("codecommit", "ListRepositories")),
    ]


def may_keep_builds() -> list[Statement]:
    """Build projects and the groups of their logs."""
    keep = of("codebuild", "BatchGetProjects", "CreateProject", "DeleteProject", "UpdateProject")
    logs = of("logs", "CreateLogGroup", "DeleteLogGroup", "PutRetentionPolicy", "TagResource", "UntagResource")
    return [
        allow("KeepBuilds", keep, arn("codebuild", f"project/{PROJECTS}")),
        allow("KeepBuildLogs", logs, arn("logs", f"log-group:/aws/codebuild/{PROJECTS}")),
        # The action has no narrower resource type that CloudFormation asks with.
        allow("FindLogGroups", of("logs", "DescribeLogGroups")),
    ]


def may_keep_pipelines() -> Statement:
    keep = of("codepipeline", "CreatePipeline", "DeletePipeline", "GetPipeline", "GetPipelineState")
    keep += of("codepipeline", "ListTagsForResource", "StartPipelineExecution", "TagResource", "UntagResource")
    return allow("KeepPipelines", (*keep, *of("codepipeline", "UpdatePipeline")), arn("codepipeline", PROJECTS))


def may_keep_rules() -> Statement:
    keep = of("events", "DeleteRule", "DescribeRule", "DisableRule", "EnableRule", "ListTargetsByRule", "PutRule")
    keep += of("events", "ListTagsForResource", "PutTargets", "RemoveTargets", "TagResource", "UntagResource")
    return allow("KeepRules", keep, arn("events", f"rule/{PROJECTS}"))


def may_keep_topics() -> Statement:
    """Topics that tell people of models that wait for approval and of drift."""
    keep = of("sns", "CreateTopic", "DeleteTopic", "GetDataProtectionPolicy", "GetTopicAttributes")
    keep += of("sns", "GetSubscriptionAttributes", "ListSubscriptionsByTopic", "ListTagsForResource")
    keep += of(
        "sns",
        "SetSubscriptionAttributes",
        "SetTopicAttributes",
        "Subscribe",
        "TagResource",
        "Unsubscribe",
        "UntagResource",
    )
    return allow("KeepTopics", keep, arn("sns", PROJECTS))


def may_keep_project_alarms() -> Statement:
    keep = of("cloudwatch", "DeleteAlarms", "DescribeAlarms", "ListTagsForResource", "PutMetricAlarm")
    keep += of("cloudwatch", "TagResource", "UntagResource")
    return allow("KeepProjectAlarms", keep, arn("cloudwatch", f"alarm:{PROJECTS}"))


def may_use_connections() -> Statement:
    """Connect pipelines to repositories elsewhere, through connections that people authorized."""
    names = ("GetConnection", "PassConnection", "UseConnection")
    use = [action for prefix in CONNECTIONS for action in of(prefix, *names)]
    return allow("UseConnections", use, [arn(prefix, "connection/*") for prefix in CONNECTIONS])


def may_keep_project_buckets() -> Statement:
    """Buckets of the projects' artifacts, their settings and their policies; no object."""
    return allow(
        "KeepProjectBuckets",
        KEEP_BUCKETS,
        [arn("s3", name, region="", account="") for name in ("sagemaker-*", "sm-mlops-cp-*")],
    )
