"""Statements that stack instances of stack sets need beside those for their resources."""

from __future__ import annotations

from awacs.aws import Statement

from generator.cfn.arns import arn
from generator.cfn.iam import allow
from templates.access.actions import of

KEEP_STACK = of(
    "cloudformation",
    "CancelUpdateStack",
    "ContinueUpdateRollback",
    "CreateChangeSet",
    "CreateStack",
    "DeleteChangeSet",
    "DeleteStack",
    "DescribeChangeSet",
    "DescribeEvents",
    "DescribeStackEvents",
    "DescribeStackResource",
    "DescribeStackResourceDrifts",
    "DescribeStackResources",
    "DescribeStacks",
    "DetectStackDrift",
    "DetectStackResourceDrift",
    "ExecuteChangeSet",
    "GetTemplate",
    "GetTemplateSummary",
    "ListChangeSets",
    "ListStackResources",
    "SetStackPolicy",
    "TagResource",
    "UntagResource",
    "UpdateStack",
    "UpdateTerminationProtection",
)


def may_keep_instances(prefix: str) -> list[Statement]:
    """The stacks of stack sets whose names begin so; CloudFormation names them `StackSet-<stack set>-<id>`.

    Source: CloudFormation User Guide, "Grant self-managed permissions" (the service's own buckets and topic).
    """
    stacks = [arn("cloudformation", f"{kind}/StackSet-{prefix}*") for kind in ("changeSet", "stack")]
    return [
        allow("KeepInstances", KEEP_STACK, stacks),
        # The status of a drift detection and the summary of a new template belong to no stack.
        allow(
            "AskCloudFormation",
            of(
                "cloudformation",
                "DescribeStackDriftDetectionStatus",
                "GetTemplateSummary",
                "ListStacks",
                "ValidateTemplate",
            ),
        ),
        # Stack sets hand the template over in buckets of CloudFormation itself, whose names are not published.
        allow("ReadTemplate", of("s3", "GetObject"), arn("s3", "*/*", region="", account="")),
        allow("ReportToCloudFormation", of("sns", "Publish"), arn("sns", "CfnNotificationTopic*", account="*")),
    ]
