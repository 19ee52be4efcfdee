"""Statements of the roles that a project makes: this project's own resources, and of its environment what it needs."""

from __future__ import annotations

from typing import Any

from awacs.aws import Statement
from troposphere import If, Sub

from generator.cfn.arns import ACCOUNT, arn, bucket_arn, objects_arn, role_arn, service
from generator.cfn.iam import LIST_BUCKET, USE_KEY, WRITE_OBJECTS, Conditions, allow, may_assume, may_pass
from templates import published
from templates.access import actions
from templates.access.actions import USE_CONNECTION, of
from templates.project.environment import ARTIFACT_BUCKET, PROJECT, environment, filled, of_environment

# SageMaker has written names in ARNs in lower case; a project's id has no capital letters, its name may have.
OWN = "*-${SageMakerProjectId}"
TRACED = ("endpoint-config", "model")
STAGES = ("EnvironmentType", "EnvTypeStagingName", "EnvTypeProdName")
SAME_ORGANIZATION: Conditions = {"StringEquals": {"aws:ResourceOrgID": "${aws:PrincipalOrgID}"}}
NO_ORGANIZATION: Conditions = {"Null": {"aws:PrincipalOrgID": "true", "aws:ResourceOrgID": "true"}}
OWN_ACCOUNT: Conditions = {"StringEquals": {"aws:ResourceAccount": ACCOUNT}}


def may_use_artifacts() -> list[Statement]:
    """This project's artifacts, and the key of the environment's buckets through S3."""
    read = of("s3", "GetObject", "GetObjectVersion")
    through: Conditions = {"StringEquals": {"kms:ViaService": Sub("s3.${AWS::Region}.${AWS::URLSuffix}")}}
    return [
        allow("FindArtifacts", (*LIST_BUCKET, *of("s3", "GetBucketVersioning")), bucket_arn(ARTIFACT_BUCKET)),
        allow("UseArtifacts", (*read, *WRITE_OBJECTS), objects_arn(ARTIFACT_BUCKET)),
        allow("UseKeyOfBuckets", USE_KEY, environment("S3KmsKeyId"), when=through),
    ]


def may_run_as_build() -> list[Statement]:
    """What every build of CodeBuild needs: artifacts, logs, and an interface in the environment's subnets.

    CodeBuild asks for the interface's rights when a project with a VPC is created (CodeBuild User Guide, "Allow access
    to VPC"), and refuses the project where its role may not.
    """
    logs = of("logs", "CreateLogGroup", "CreateLogStream", "PutLogEvents")
    interface = of("ec2", "CreateNetworkInterface", "DeleteNetworkInterface")
    lend: Conditions = {
        "StringEquals": {"ec2:AuthorizedService": service("codebuild")},
        "ArnLike": {"ec2:Subnet": arn("ec2", "subnet/*")},
    }
    seen = ("DhcpOptions", "NetworkInterfaces", "SecurityGroups", "Subnets", "Vpcs")
    return [
        *may_use_artifacts(),
        allow("WriteLogs", logs, arn("logs", f"log-group:/aws/codebuild/{PROJECT}-*")),
        allow(
            "JoinVpc",
            interface,
            [arn("ec2", f"{kind}/*") for kind in ("network-interface", "security-group", "subnet")],
        ),
        allow(
            "LendInterface",
            of("ec2", "CreateNetworkInterfacePermission"),
            arn("ec2", "network-interface/*"),
            when=lend,
        ),
        # Describe actions of EC2 have no resource types.
        allow("SeeVpc", of("ec2", *(f"Describe{name}" for name in seen))),
    ]


def may_train() -> list[Statement]:
    """Write data and code for the SageMaker pipeline of this project, keep that pipeline and follow its executions."""
    pipelines = [arn("sagemaker", f"pipeline/{name}") for name in (OWN, f"{OWN}/execution/*")]
    return [
        *may_use_bucket("Data", "DataBucketName", "*", writes=True),
        # Describe and List actions name no project; what they show is no secret inside the account.
        allow("SeeSageMaker", actions.READ),
        allow("KeepPipeline", (*actions.WRITE_PIPELINES, *actions.RUN_PIPELINES, *actions.TAG), pipelines),
        may_pass("RunPipelineAs", environment("PipelineExecutionRole"), "sagemaker"),
    ]


def may_prepare_deployment(group: If) -> list[Statement]:
    """Keep the model package group and its policy, read packages and the accounts of each stage, and copy the models
    of multi-model endpoints to their releases."""
    packages = of("sagemaker", "DescribeModelPackage", "DescribeModelPackageGroup", "ListModelPackages")
    bucket = environment("ModelBucketName")
    releases = filled(objects_arn("${Bucket}", "releases/${Group}/*"), Bucket=bucket, Group=group)
    named = filled(arn("sagemaker", "model-package-group/${Group}"), Group=group)
    keep = of("sagemaker", "CreateModelPackageGroup", "GetModelPackageGroupPolicy", "PutModelPackageGroupPolicy")
    return [
        allow("KeepModelGroup", (*keep, *actions.TAG), [arn("sagemaker", f"model-package-group/{OWN}"), named]),
        allow(
            "ReadPackages",
            packages,
            [arn("sagemaker", f"{kind}/*") for kind in ("model-package", "model-package-group")],
        ),
        # The action has no resource type.
        allow("FindModelGroup", of("sagemaker", "ListModelPackageGroups")),
        *may_read_targets(),
        *may_use_bucket("Models", "ModelBucketName", "${Group}/*", group=group),
        allow("WriteReleases", WRITE_OBJECTS, releases, when=OWN_ACCOUNT),
    ]


def may_read_targets() -> list[Statement]:
    """Which accounts a stage has: the published list, or where there is none the instances of its roles' stack set."""
    lists = (published.STAGING_ACCOUNT_LIST.key, published.PRODUCTION_ACCOUNT_LIST.key)
    parameters = [of_environment(arn("ssm", f"parameter/{published.ENVIRONMENT}-{name}")) for name in lists]
    sets = of_environment(arn("cloudformation", f"stackset/{published.ENVIRONMENT}-roles-*"))
    return [
        allow("ReadAccountLists", of("ssm", "GetParameter"), parameters),
        allow("ReadInstances", of("cloudformation", "ListStackInstances"), sets),
    ]


def may_test_models() -> list[Statement]:
    """Call this project's endpoints here, and in the stages' accounts with the role that they keep for tests."""
    testers = [of_environment(role_arn(published.MODEL_TEST_ROLE, account="*"), stage) for stage in STAGES]
    return [
        allow(
            "TestModels", of("sagemaker", "DescribeEndpoint", "InvokeEndpoint"), arn("sagemaker", f"endpoint/{OWN}-*")
        ),
        # Their names are CloudFormation's; they say of which package a model is.
        allow("TraceEndpoints", actions.TRACE_ENDPOINTS, [arn("sagemaker", f"{kind}/*") for kind in TRACED]),
        may_assume("TestInStages", testers, when=SAME_ORGANIZATION),
        may_assume("TestInStagesWithoutOrganization", testers, when=NO_ORGANIZATION),
    ]


def may_compare_data(group: If, topic: If) -> list[Statement]:
    """Read training data and late labels, publish how far production data has drifted, and tell people."""
    return [
        *may_use_bucket("Data", "DataBucketName", "${Group}/*", group=group),
        *may_read_targets(),
        # PutMetricData has no resource type; the namespace limits it.
        allow(
            "PublishDrift",
            of("cloudwatch", "PutMetricData"),
            when={"StringEquals": {"cloudwatch:namespace": published.DRIFT_NAMESPACE}},
        ),
        may_tell("TellOfDrift", topic),
    ]


def may_use_bucket(sid: str, bucket: str, pattern: str, *, writes: bool = False, group: Any = None) -> list[Statement]:
    """List a bucket of the environment, and read, perhaps write, the objects whose keys match `pattern`."""
    place = {"Bucket": environment(bucket)}
    keys = {"Group": group} if group is not None else {}
    objects = filled(objects_arn("${Bucket}", pattern), **place, **keys)
    used = (*of("s3", "GetObject"), *(WRITE_OBJECTS if writes else ()))
    return [
        allow(f"{sid}List", LIST_BUCKET, filled(bucket_arn("${Bucket}"), **place), when=OWN_ACCOUNT),
        allow(f"{sid}Objects", used, objects, when=OWN_ACCOUNT),
    ]


def may_tell(sid: str, topic: Any) -> Statement:
    return allow(sid, of("sns", "Publish"), topic)


def may_run_builds() -> Statement:
    """Start, follow and stop the builds of this project."""
    runs = of("codebuild", "BatchGetBuilds", "StartBuild", "StopBuild")
    return allow("RunBuilds", runs, arn("codebuild", f"project/{PROJECT}-*"))


def may_deploy_to_stages() -> list[Statement]:
    """Keep the stack sets of this project, which run with the environment's administration role."""
    keep = of("cloudformation", "CreateStackInstances", "DescribeStackInstance", "DescribeStackSet")
    keep += of("cloudformation", "DescribeStackSetOperation", "ListStackInstances", "ListStackSetOperationResults")
    keep += of("cloudformation", "ListStackSetOperations", "TagResource", "UpdateStackInstances", "UpdateStackSet")
    return [
        allow(
            "DeployToStages",
            keep,
            [
                arn("cloudformation", f"stackset/{PROJECT}-deploy-*"),
                arn("cloudformation", f"stackset-target/{PROJECT}-deploy-*"),
                arn("cloudformation", "type/resource/*", account=""),
            ],
        ),
        may_pass("DeployAs", environment("StackSetAdministrationRole"), "cloudformation"),
        # A new stack set and a template that is only looked at have no resource to limit them to.
        allow("CreateStackSets", of("cloudformation", "CreateStackSet", "GetTemplateSummary", "ValidateTemplate")),
    ]


def may_read_repository(kind: str) -> Statement:
    """Fetch this project's repository in CodeCommit."""
    read = of("codecommit", "CancelUploadArchive", "GetBranch", "GetCommit", "GetRepository", "GetUploadArchiveStatus")
    return allow("ReadRepository", (*read, *of("codecommit", "UploadArchive")), arn("codecommit", f"{PROJECT}-{kind}"))


def may_use_connection(connection: Any) -> Statement:
    return allow("UseConnection", USE_CONNECTION, connection)


def may_read_archive(bucket: Any, key: str) -> list[Statement]:
    """Fetch the source archive from a versioned bucket of this account."""
    read = of("s3", "GetObject", "GetObjectTagging", "GetObjectVersion")
    find = of("s3", "GetBucketLocation", "GetBucketVersioning")
    return [
        allow("FindArchive", find, filled(bucket_arn("${Bucket}"), Bucket=bucket), when=OWN_ACCOUNT),
        allow("ReadArchive", read, filled(objects_arn("${Bucket}", key), Bucket=bucket), when=OWN_ACCOUNT),
    ]


def may_start(*others: Any) -> Statement:
    """Start the pipelines of this project, and others by ARN."""
    start = of("codepipeline", "StartPipelineExecution")
    return allow("StartPipelines", start, [arn("codepipeline", f"{PROJECT}-*"), *others])
