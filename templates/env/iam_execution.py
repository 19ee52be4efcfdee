"""Roles that run people's code: Studio with its jobs, and SageMaker pipelines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from awacs.aws import Statement
from troposphere import Ref, Sub
from troposphere.iam import ManagedPolicy, Policy, Role

from generator.cfn.arns import arn, bucket_arn, objects_arn, role_arn
from generator.cfn.iam import Conditions, allow, may_pass, policy
from templates.access import actions, guardrails
from templates.access.actions import of
from templates.access.data import (
    BucketName,
    may_attach_to_vpc,
    may_delete_objects,
    may_pull_images,
    may_read_aws_buckets,
    may_read_parameters,
    may_use_environment_keys,
    may_write_buckets,
    may_write_logs,
)
from templates.access.exceptions import SEEING_POLICY, SEEING_ROLE
from templates.access.studio import (
    may_keep_features,
    may_on_sagemaker,
    may_see_sagemaker,
    may_tag_at_creation,
    may_try_endpoints,
    may_use_own_spaces,
)
from templates.access.trust import trust_sagemaker
from templates.env.iam_personas import EXECUTION_ROLES, may_launch_products, may_see_deployments
from templates.parameters import environment_tags
from templates.published import ENVIRONMENT, PROJECT_LAUNCH_ROLE

KEYS_THROUGH = ("s3", "sagemaker", "ec2")


def job_policy() -> ManagedPolicy:
    """What every job needs while it runs; a policy of its own, since a role's inline policies end at 10,240 bytes."""
    return ManagedPolicy(
        "SageMakerJobPolicy",
        Description="What SageMaker jobs of this environment need while they run",
        PolicyDocument=policy(
            may_read_aws_buckets(),
            may_use_environment_keys(*KEYS_THROUGH),
            may_read_parameters(),
            may_pull_images(),
            may_attach_to_vpc(),
            may_write_logs(),
        ),
        Metadata=SEEING_POLICY,
    )


def execution_role(
    title: str, name: str, boundary: Any, attached: Sequence[ManagedPolicy], statements: Sequence[Any]
) -> Role:
    """A role that SageMaker assumes to run code of this account."""
    return Role(
        title,
        RoleName=Sub(name),
        AssumeRolePolicyDocument=trust_sagemaker(),
        PermissionsBoundary=boundary,
        ManagedPolicyArns=[Ref(shared) for shared in attached],
        Policies=[Policy(PolicyName="Execution", PolicyDocument=policy(*statements))],
        Metadata=SEEING_ROLE,
        Tags=environment_tags(),
    )


def notebook_statements(data: BucketName, models: BucketName) -> list[Any]:
    """Studio and the jobs that it starts: trains, registers, tries. Beside the policies of jobs and of all trainers."""
    return [
        may_use_own_spaces(),
        may_on_sagemaker("Train", actions.RUN_JOBS, actions.TRACK_EXPERIMENTS, actions.REGISTER_MODELS),
        may_on_sagemaker("Orchestrate", actions.RUN_PIPELINES, actions.WRITE_PIPELINES),
        may_on_sagemaker("CreateProjects", of("sagemaker", "CreateProject")),
        may_keep_features(),
        may_try_endpoints(),
        may_stop_notebooks(),
        may_launch_products(),
        may_see_deployments(),
        may_read_mirror(),
        may_write_buckets("Buckets", data, models),
        may_delete_objects("CleanData", data),
    ]


def may_stop_notebooks() -> Statement:
    """A notebook instance's own script stops it when it is idle; the role cannot tell one instance from another."""
    stop = of("sagemaker", "StopNotebookInstance")
    return allow("StopIdleNotebooks", stop, arn("sagemaker", f"notebook-instance/{ENVIRONMENT}-*"))


def pipeline_statements(data: BucketName, models: BucketName) -> list[Any]:
    """SageMaker pipelines and their steps: train, create and register models."""
    return [
        may_see_sagemaker(),
        may_on_sagemaker("Train", actions.RUN_JOBS, actions.TRACK_EXPERIMENTS, actions.REGISTER_MODELS),
        may_on_sagemaker("CreateModels", of("sagemaker", "CreateModel"), actions.USE_FEATURES),
        may_on_sagemaker("Continue", of("sagemaker", "StartPipelineExecution", "UpdatePipelineExecution")),
        may_tag_at_creation(),
        may_pass("RunJobsAs", EXECUTION_ROLES, "sagemaker"),
        may_write_buckets("Buckets", data, models),
        guardrails.approves_nothing(),
        guardrails.deletes_no_platform(),
    ]


def may_read_mirror() -> list[Any]:
    """Read packages from the account's CodeArtifact repositories; the token's bearer is for that service only."""
    read = of("codeartifact", "DescribePackageVersion", "GetRepositoryEndpoint", "ReadFromRepository")
    bearer = {"StringEquals": {"sts:AWSServiceName": Sub("codeartifact.${AWS::URLSuffix}")}}
    return [
        allow("ReadMirror", read, [arn("codeartifact", "repository/*"), arn("codeartifact", "package/*")]),
        allow("LogInToMirror", of("codeartifact", "GetAuthorizationToken"), arn("codeartifact", "domain/*")),
        # GetServiceBearerToken has no resource type; the condition names its only service.
        allow("BearMirrorToken", of("sts", "GetServiceBearerToken"), "*", when=bearer),
    ]


def may_create_projects(bucket: str, folder: str) -> list[Any]:
    """Create and change SageMaker projects from the templates of `folder`, provisioned with the launch role.

    SageMaker runs the stack, which it calls SP-…, in the caller's name. Another template, or another role, would be a
    way past every ceiling but the launch role's own, so both are named.
    """
    stacks = arn("cloudformation", "stack/SP-*/*")
    places = (f"{bucket}.s3.${{AWS::Region}}.${{AWS::URLSuffix}}", f"{bucket}.s3.${{AWS::URLSuffix}}")
    ours: Conditions = {
        "StringLike": {"cloudformation:TemplateUrl": [Sub(f"https://{place}/{folder}/*") for place in places]},
        "ArnEquals": {"cloudformation:RoleArn": role_arn(PROJECT_LAUNCH_ROLE)},
    }
    within = {"StringLike": {"s3:prefix": [folder, f"{folder}/*"]}}
    creating = {"StringEquals": {"cloudformation:CreateAction": ["CreateStack", "UpdateStack"]}}
    return [
        allow("ListProjectTemplates", of("s3", "ListBucket"), bucket_arn(bucket), when=within),
        allow("ReadProjectTemplates", of("s3", "GetObject", "GetObjectTagging"), objects_arn(bucket, f"{folder}/*")),
        allow("RunProjectStacks", of("cloudformation", "CreateStack", "UpdateStack"), stacks, when=ours),
        allow("TagProjectStacks", of("cloudformation", "TagResource"), stacks, when=creating),
        allow("SeeProjectStacks", of("cloudformation", "DescribeStackEvents", "DescribeStacks"), stacks),
        may_pass("ProvisionProjectsAs", role_arn(PROJECT_LAUNCH_ROLE), "cloudformation"),
    ]
