"""Batch transforms of a stage: the role that schedules start jobs with, and rights to keep what starts and tells."""

from __future__ import annotations

from typing import Any

from awacs.aws import Statement
from troposphere import GetAtt, Sub
from troposphere.iam import Policy, Role

from generator.cfn.arns import arn
from generator.cfn.iam import allow, deny, may_pass, policy, trust
from templates import published
from templates.access.actions import of
from templates.access.exceptions import ROLE
from templates.access.guardrails import without_key
from templates.parameters import environment_tags


def batch_role(boundary: Any) -> Role:
    """Starts jobs whose output has a key, and can do nothing else; a job reads and writes as its model's role.

    EventBridge Scheduler sends its group as the source (User Guide, "Confused deputy prevention").
    """
    start, jobs = of("sagemaker", "CreateTransformJob"), arn("sagemaker", "transform-job/*")
    return Role(
        "ModelBatchRole",
        RoleName=Sub(published.MODEL_BATCH_ROLE),
        AssumeRolePolicyDocument=trust("scheduler", source_arn=arn("scheduler", "schedule-group/default")),
        PermissionsBoundary=boundary,
        Policies=[
            Policy(
                PolicyName="StartJobs",
                PolicyDocument=policy(
                    allow("StartJobs", start, jobs),
                    deny("OutputNeedsKey", start, jobs, when=without_key("OutputKmsKey")),
                    allow("TagJobs", of("sagemaker", "AddTags"), jobs),
                ),
            )
        ],
        Metadata=ROLE,
        Tags=environment_tags(),
    )


def may_keep_schedules(role: Role) -> list[Statement]:
    """Schedules of projects, which start jobs as `role` and as nothing else, and rules that tell of failed jobs."""
    keep = of("scheduler", "CreateSchedule", "DeleteSchedule", "GetSchedule", "UpdateSchedule")
    rules = of("events", "DeleteRule", "DescribeRule", "ListTagsForResource", "ListTargetsByRule", "PutRule")
    rules += of("events", "PutTargets", "RemoveTargets", "TagResource", "UntagResource")
    return [
        allow("KeepRules", rules, arn("events", "rule/sagemaker-*")),
        allow("KeepSchedules", keep, arn("scheduler", "schedule/default/sagemaker-*")),
        may_pass("StartJobsAs", GetAtt(role, "Arn"), "scheduler"),
    ]
