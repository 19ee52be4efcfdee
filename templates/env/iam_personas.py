"""Roles of people: the team administrator, the data scientist, the ML engineer and the approver of deployments."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from awacs.aws import Statement
from troposphere import Sub
from troposphere.iam import ManagedPolicy, Policy, Role

from generator.cfn.arns import arn, role_arn
from generator.cfn.iam import allow, deny, may_pass, policy
from templates.access import actions, guardrails
from templates.access.actions import ANSWER_APPROVALS, of
from templates.access.data import (
    BucketName,
    may_delete_objects,
    may_read_aws_buckets,
    may_read_buckets,
    may_read_logs,
    may_read_parameters,
    may_use_environment_keys,
    may_use_repositories,
    may_write_buckets,
)
from templates.access.exceptions import SEEING_POLICY, SEEING_ROLE
from templates.access.studio import (
    may_keep_features,
    may_on_sagemaker,
    may_see_sagemaker,
    may_tag_at_creation,
    may_try_endpoints,
)
from templates.parameters import environment_tags
from templates.published import ENVIRONMENT, PIPELINE_EXECUTION_ROLE, SAGEMAKER_EXECUTION_ROLE

FOUR_HOURS = 4 * 60 * 60
ONE_HOUR = 60 * 60

PROJECTS = "sagemaker-*"
EXECUTION_ROLES = [role_arn(SAGEMAKER_EXECUTION_ROLE), role_arn(PIPELINE_EXECUTION_ROLE)]


def trainer_policy() -> ManagedPolicy:
    """What everybody who trains or prepares data sees, and what none of them may do, in people and in their code."""
    return ManagedPolicy(
        "TrainerPolicy",
        Description="What everybody who trains in this environment sees, and what none of them may do",
        PolicyDocument=policy(
            may_see_sagemaker(),
            may_tag_at_creation(),
            may_pass("RunJobsAs", EXECUTION_ROLES, "sagemaker"),
            may_use_repositories(),
            may_read_parameters(),
            may_read_logs(),
            guardrails.approves_nothing(),
            guardrails.deletes_no_platform(),
        ),
        Metadata=SEEING_POLICY,
    )


def persona(title: str, name: str, boundary: Any, seconds: int, statements: Sequence[Any], **properties: Any) -> Role:
    """A role for people; `seconds` is how long a session may last; `properties` hold its trust, and may hold
    further policies."""
    own = Policy(PolicyName="Persona", PolicyDocument=policy(*statements))
    return Role(
        title,
        RoleName=Sub(name),
        PermissionsBoundary=boundary,
        MaxSessionDuration=seconds,
        Policies=[own, *properties.pop("Policies", [])],
        Metadata=SEEING_ROLE,
        Tags=environment_tags(),
        **properties,
    )


def team_administrator_statements(data: BucketName, models: BucketName) -> list[Any]:
    """Runs the team: its people, projects and pipelines. The only role that approves models; it trains none."""
    return [
        may_see_sagemaker(),
        may_on_sagemaker("ApproveModels", actions.APPROVE_MODELS),
        may_on_sagemaker("ManagePeople", actions.MANAGE_PEOPLE),
        may_on_sagemaker("ManageProjects", actions.MANAGE_PROJECTS),
        may_on_sagemaker("StopWork", actions.STOP_JOBS, of("sagemaker", "StopPipelineExecution")),
        may_on_sagemaker("CallEndpoints", actions.INVOKE_ENDPOINTS),
        may_tag_at_creation(),
        may_pass("GiveProfilesTheirRole", role_arn(SAGEMAKER_EXECUTION_ROLE), "sagemaker"),
        may_run_deployments(),
        may_see_deployments(),
        may_launch_products(),
        may_read_buckets("Buckets", data, models),
        may_use_environment_keys("s3"),
        may_read_parameters(),
        may_read_logs(),
        guardrails.deletes_no_platform(),
    ]


def may_use_notebooks() -> Statement:
    """Open, start and stop notebook instances of the environment; they are made as products only."""
    use = of("sagemaker", "CreatePresignedNotebookInstanceUrl", "StartNotebookInstance", "StopNotebookInstance")
    return allow("OpenNotebooks", use, arn("sagemaker", f"notebook-instance/{ENVIRONMENT}-*"))


def data_scientist_statements(data: BucketName, models: BucketName) -> list[Any]:
    """Explores data, trains and registers models, and tries them; beside the policy of all trainers."""
    return [
        may_on_sagemaker("OpenStudio", of("sagemaker", "CreatePresignedDomainUrl")),
        may_on_sagemaker(
            "Train", actions.RUN_JOBS, actions.TRACK_EXPERIMENTS, actions.RUN_PIPELINES, actions.REGISTER_MODELS
        ),
        may_try_endpoints(),
        may_use_notebooks(),
        may_see_deployments(),
        may_launch_products(),
        may_write_buckets("Buckets", data, models),
        may_read_aws_buckets(),
        may_use_environment_keys("s3", "sagemaker"),
    ]


def ml_engineer_statements(data: BucketName) -> list[Any]:
    """Brings data in: quality, features, processing and their pipelines. Beside the policy of all trainers."""
    return [
        may_on_sagemaker("OpenStudio", of("sagemaker", "CreatePresignedDomainUrl")),
        may_on_sagemaker("Prepare", of("sagemaker", "CreateProcessingJob", "StopProcessingJob"), actions.RUN_PIPELINES),
        may_on_sagemaker("WritePipelines", actions.WRITE_PIPELINES),
        may_keep_features(),
        may_query_catalog(),
        may_write_buckets("Data", data),
        may_delete_objects("CleanData", data),
        may_use_environment_keys("s3", "sagemaker"),
    ]


def model_approver_statements() -> list[Any]:
    """Lets tested models into production, and sees what there is to see of them; approves no package, runs nothing."""
    return [
        allow("AnswerApprovals", ANSWER_APPROVALS, arn("codepipeline", PROJECTS)),
        may_see_sagemaker(),
        may_see_deployments(),
        deny("ApprovesNoPackage", actions.APPROVE_MODELS),
    ]


def four_eyes() -> Policy:
    """For whoever approves packages: somebody else lets them into production."""
    return Policy(PolicyName="FourEyes", PolicyDocument=policy(deny("AnswersNoApproval", ANSWER_APPROVALS)))


def may_run_deployments() -> Statement:
    """Start the projects' pipelines and answer their manual approvals."""
    return allow(
        "RunDeployments",
        ANSWER_APPROVALS
        + of(
            "codepipeline",
            "RetryStageExecution",
            "StartPipelineExecution",
            "StopPipelineExecution",
        ),
        arn("codepipeline", PROJECTS),
    )


def may_see_deployments() -> list[Statement]:
    """Follow the projects' pipelines, builds and stacks."""
    projects = [arn("codebuild", f"{kind}/{PROJECTS}") for kind in ("build", "project")]
    stacks = [arn("cloudformation", f"stack/{name}-*/*") for name in ("SC", "sagemaker")]
    return [
        allow(
            "SeePipelines",
            of(
                "codepipeline",
                "GetPipeline",
                "GetPipelineExecution",
                "GetPipelineState",
                "ListActionExecutions",
                "ListPipelineExecutions",
            ),
            arn("codepipeline", PROJECTS),
        ),
        allow("SeeBuilds", of("codebuild", "BatchGetBuilds", "BatchGetProjects", "ListBuildsForProject"), projects),
        allow(
            "SeeStacks",
            of("cloudformation", "DescribeStackEvents", "DescribeStackResources", "DescribeStacks", "GetTemplate"),
            stacks,
        ),
    ]


def may_launch_products() -> list[Statement]:
    """Launch the products that the portfolio shows one, and change or end one's own."""
    catalog = arn("catalog", "product/*")
    own = {"StringEquals": {"servicecatalog:userLevel": "self"}}
    return [
        allow(
            "LaunchProducts",
            of(
                "servicecatalog",
                "DescribeProduct",
                "DescribeProvisioningParameters",
                "ListLaunchPaths",
                "ProvisionProduct",
            ),
            catalog,
        ),
        # What is provisioned has no resource type; the user level limits it to what one launched oneself.
        allow(
            "ChangeOwnProducts",
            of(
                "servicecatalog",
                "DescribeProvisionedProduct",
                "DescribeRecord",
                "ScanProvisionedProducts",
                "SearchProvisionedProducts",
                "TerminateProvisionedProduct",
                "UpdateProvisionedProduct",
            ),
            when=own,
        ),
        # Both show only products of portfolios that one belongs to; they have no resource type.
        allow("FindProducts", of("servicecatalog", "DescribeProductView", "SearchProducts")),
    ]


def may_query_catalog() -> list[Statement]:
    """Query the environment's own databases with Athena, in workgroups of its name."""
    database = ENVIRONMENT.replace("-", "_") + "_*"
    tables = [arn("glue", name) for name in ("catalog", f"database/{database}", f"table/{database}/*")]
    queries = of("athena", "GetQueryExecution", "GetQueryResults", "StartQueryExecution", "StopQueryExecution")
    glue = of(
        "glue", "CreateTable", "DeleteTable", "GetDatabase", "GetPartitions", "GetTable", "GetTables", "UpdateTable"
    )
    return [
        allow("Query", (*queries, *of("athena", "GetWorkGroup")), arn("athena", f"workgroup/{ENVIRONMENT}-*")),
        allow("KeepTables", (*glue, *of("glue", "BatchCreatePartition", "GetPartition")), tables),
    ]
