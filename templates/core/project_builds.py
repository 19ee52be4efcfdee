"""Statements for the builds and pipelines of projects: sources, artifacts, deployment to stages, tests."""

from __future__ import annotations

from awacs.aws import Statement
from troposphere import Sub

from generator.cfn.arns import ACCOUNT, arn, role_arn, service
from generator.cfn.iam import USE_KEY, Conditions, allow, may_assume, may_pass
from templates import published
from templates.access.actions import of
from templates.env.iam_project_launch import PROJECTS, PROVISIONING

ARTIFACTS = ("sagemaker-*", "sm-mlops-cp-*")
# Buckets of environments, by the ends of their names
ENVIRONMENT_BUCKETS = ("*-${AWS::AccountId}-data", "*-${AWS::AccountId}-models")
SAME_ORGANIZATION: Conditions = {"StringEquals": {"aws:ResourceOrgID": "${aws:PrincipalOrgID}"}}
NO_ORGANIZATION: Conditions = {"Null": {"aws:PrincipalOrgID": "true", "aws:ResourceOrgID": "true"}}
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


def may_build_in_vpc() -> list[Statement]:
    """Give builds a network interface in the environment's subnets (CodeBuild User Guide, "Allow access to VPC").

    CodeBuild asks when a project with a VPC is created, and refuses the project where its role may not.
    """
    interface = of("ec2", "CreateNetworkInterface", "DeleteNetworkInterface")
    give = of("ec2", "CreateNetworkInterfacePermission")
    lend: Conditions = {
        "StringEquals": {"ec2:AuthorizedService": service("codebuild")},
        "ArnLike": {"ec2:Subnet": arn("ec2", "subnet/*")},
    }
    seen = ("DhcpOptions", "NetworkInterfaces", "SecurityGroups", "Subnets", "Vpcs")
    return [
        allow(
            "JoinVpc",
            interface,
            [arn("ec2", f"{kind}/*") for kind in ("network-interface", "security-group", "subnet")],
        ),
        allow("LendInterface", give, arn("ec2", "network-interface/*"), when=lend),
        # Describe actions of EC2 have no resource types.
        allow("SeeVpc", of("ec2", *(f"Describe{name}" for name in seen))),
    ]


def may_use_sources() -> list[Statement]:
    """Read the projects' repositories, wherever they are; in S3, archives that carry the tag of seed code."""
    read = of("codecommit", "CancelUploadArchive", "GetBranch", "GetCommit", "GetRepository", "GetUploadArchiveStatus")
    return [
        allow("ReadRepositories", (*read, *of("codecommit", "GitPull", "UploadArchive")), arn("codecommit", PROJECTS)),
        allow("UseConnections", of("codeconnections", "UseConnection"), arn("codeconnections", "connection/*")),
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
    """Artifacts of pipelines, data and models of environments; keys only through S3, by their environments' tag."""
    buckets = [arn("s3", name, region="", account="") for name in (*ARTIFACTS, *ENVIRONMENT_BUCKETS)]
    objects = [arn("s3", f"{name}/*", region="", account="") for name in (*ARTIFACTS, *ENVIRONMENT_BUCKETS)]
    use = of("s3", "AbortMultipartUpload", "GetObject", "GetObjectVersion", "PutObject")
    through: Conditions = {
        "StringEquals": {"kms:ViaService": Sub("s3.${AWS::Region}.${AWS::URLSuffix}")},
        "Null": {"aws:ResourceTag/EnvironmentName": "false"},
    }
    return [
        allow(
            "FindArtifacts",
            of("s3", "GetBucketLocation", "GetBucketVersioning", "ListBucket"),
            buckets,
            when=OWN_ACCOUNT,
        ),
        allow("UseArtifacts", use, objects, when=OWN_ACCOUNT),
        allow("UseKeys", USE_KEY, arn("kms", "key/*"), when=through),
        allow("ReadParameters", of("ssm", "GetParameter", "GetParameters"), arn("ssm", "parameter/*-*-*")),
    ]


def may_deploy_to_stages() -> list[Statement]:
    """Keep the projects' stack sets, which run with an environment's administration role."""
    keep = of("cloudformation", "CreateStackInstances", "DescribeStackInstance", "DescribeStackSet")
    keep += of("cloudformation", "DescribeStackSetOperation", "ListStackInstances", "ListStackSetOperationResults")
    keep += of("cloudformation", "ListStackSetOperations", "TagResource", "UpdateStackInstances", "UpdateStackSet")
    administration = published.STACK_SET_ADMINISTRATION_ROLE.replace(published.ENVIRONMENT, "*")
    return [
        allow(
            "DeployToStages",
            keep,
            [
                arn("cloudformation", f"stackset/{PROJECTS}"),
                arn("cloudformation", f"stackset-target/{PROJECTS}"),
                arn("cloudformation", "type/resource/*", account=""),
            ],
        ),
        may_pass("DeployAs", role_arn(administration), "cloudformation"),
        # A new stack set and a template that is only looked at have no resource to limit them to.
        allow("CreateStackSets", of("cloudformation", "CreateStackSet", "GetTemplateSummary", "ValidateTemplate")),
    ]


def may_test_models() -> list[Statement]:
    """Call endpoints here, and in the stages' accounts with the role that they keep for tests."""
    tester = published.MODEL_TEST_ROLE.replace(published.ENVIRONMENT, "*")
    return [
        allow("TestModels", of("sagemaker", "InvokeEndpoint"), arn("sagemaker", "endpoint/*")),
        may_assume("TestInStages", role_arn(tester, account="*"), when=SAME_ORGANIZATION),
        may_assume("TestInStagesWithoutOrganization", role_arn(tester, account="*"), when=NO_ORGANIZATION),
    ]


def may_tell_of_models() -> list[Statement]:
    """Tell people of models that wait for approval; publish how far production data has drifted."""
    return [
        allow("TellApprovers", of("sns", "Publish"), arn("sns", PROJECTS)),
        # PutMetricData has no resource type; the namespace limits it.
        allow(
            "PublishDrift",
            of("cloudwatch", "PutMetricData"),
            "*",
            when={"StringEquals": {"cloudwatch:namespace": published.DRIFT_NAMESPACE}},
        ),
    ]


def may_publish_images() -> Statement:
    """Push images of projects; nothing is deleted."""
    push = of("ecr", "CompleteLayerUpload", "InitiateLayerUpload", "PutImage", "UploadLayerPart")
    return allow("PublishImages", push, arn("ecr", f"repository/{PROJECTS}"))
