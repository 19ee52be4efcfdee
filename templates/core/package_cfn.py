"""Package the templates inside AWS: a CodeBuild project that runs this program, started by a custom resource."""

from __future__ import annotations

from pathlib import Path

from awacs import codebuild as codebuild_actions
from awacs import logs, s3
from awacs.aws import Action, PolicyDocument
from troposphere import AWSHelperFn, AWSObject, FindInMap, GetAtt, Join, Ref, Sub, awslambda, codebuild, iam
from troposphere import logs as log_groups

from generator.cfn import arns
from generator.cfn.contract import Out, Param
from generator.cfn.iam import allow, policy, trust, trust_plain
from generator.cfn.stack import Stack
from templates.access.boundary import ceiling
from templates.access.exceptions import BUILD, ROLE
from templates.facts import codebuild_image, facts, lambda_architecture, lambda_runtime
from templates.functions import CUSTOM_RESOURCE, LOG_KEY

SOURCE_ARCHIVE = "sagemaker-secure-mlops.zip"
LOG_DAYS = 90
_SOURCE = Path(__file__).parents[1] / "sources" / "functions" / "start-build" / "index.py"
_TEMPLATES = {
    "CoreMain": "core-main.yaml",
    "EnvMain": "env-main.yaml",
    "QuickStart": "data-science-environment-quickstart.yaml",
}


class StartBuild(AWSObject):
    """Custom::StartBuild."""

    resource_type = "Custom::StartBuild"
    props = {  # noqa: RUF012 - troposphere's own form
        "ServiceToken": (str, True),
        "ProjectName": (str, True),
    }


class PackageCfn(Stack):
    """Launched by hand, with the source archive in the bucket; it fills the bucket with the release."""

    FILE = "package-cfn.yaml"
    DESCRIPTION = "Packages the CloudFormation templates into a bucket, from the source archive that is in it"

    BUCKET = Param("S3BucketName", "Existing bucket that holds the source archive and receives the templates")

    CORE_URI = Out("CoreMainStackS3Uri", "Address of the core stack's template")
    ENV_URI = Out("EnvMainStackS3Uri", "Address of the environment stack's template")
    QUICKSTART_URI = Out("QuickStartStackS3Uri", "Address of the quickstart's template")
    CORE_LINK = Out("CoreMainStackDeployLink", "Opens the CloudFormation console with the core stack's template")
    QUICKSTART_LINK = Out(
        "QuickStartStackDeployLink", "Opens the CloudFormation console with the quickstart's template"
    )
    START = Out("StartBuildCLICommand", "Packages again, after a new source archive was uploaded")

    def build(self) -> None:
        prefix = self.release.prefix
        self.template.add_mapping("Partition", facts()["console"]["partition"])
        boundary = Ref(self.add(ceiling("Permissions boundary of the packaging", packaging_boundary())))
        build_role = self.add(packaging_role(prefix, boundary))
        project = self.add(packaging_project(prefix, build_role))
        logs_made = [self.add(log_group("PackageLogs", f"/aws/codebuild/${{{project.title}}}"))]
        function_role = self.add(starter_role(project, boundary))
        function = self.add(starter(function_role))
        logs_made.append(self.add(log_group("StartBuildLogs", f"/aws/lambda/${{{function.title}}}")))
        self.add(start_build(function, project, logs_made))
        for output, name in (
            (self.CORE_URI, "CoreMain"),
            (self.ENV_URI, "EnvMain"),
            (self.QUICKSTART_URI, "QuickStart"),
        ):
            self.put(output, template_url(prefix, name))
        for output, name in ((self.CORE_LINK, "CoreMain"), (self.QUICKSTART_LINK, "QuickStart")):
            self.put(output, console_link(prefix, name))
        self.put(self.START, Sub(f"aws codebuild start-build --project-name ${{{project.title}}}"))


def template_url(prefix: str, name: str) -> Sub:
    return arns.s3_url("${S3BucketName}", "${AWS::Region}", f"{prefix}/{_TEMPLATES[name]}")


def console_link(prefix: str, name: str) -> Join:
    """The console's form for a new stack; its domain depends on the partition."""
    console = FindInMap("Partition", Ref("AWS::Partition"), "console")
    start = Sub(
        "https://${Console}/cloudformation/home?region=${AWS::Region}#/stacks/new?templateURL=", Console=console
    )
    return Join("", [start, template_url(prefix, name)])


def packaging_boundary() -> PolicyDocument:
    """Ceiling of the build and of what starts it: one bucket, builds and logs."""
    bucket = "${S3BucketName}"
    return policy(
        allow("UseBucket", [Action("s3", "*")], [arns.bucket_arn(bucket), arns.objects_arn(bucket)]),
        allow("RunBuild", [Action("codebuild", "*")], arns.arn("codebuild", "*")),
        allow("WriteLog", [logs.CreateLogStream, logs.PutLogEvents], arns.arn("logs", "log-group:*")),
    )


def packaging_role(prefix: str, boundary: AWSHelperFn) -> iam.Role:
    """What `mlz package` needs: the bucket's settings, and objects under the prefix; nothing is ever deleted."""
    bucket = arns.bucket_arn("${S3BucketName}")
    objects = arns.objects_arn("${S3BucketName}", f"{prefix}/*")
    log_stream = arns.arn("logs", "log-group:/aws/codebuild/*")
    return iam.Role(
        "CodeBuildServiceRole",
        Path="/service-role/",
        AssumeRolePolicyDocument=trust("codebuild"),
        PermissionsBoundary=boundary,
        Policies=[
            iam.Policy(
                PolicyName="Package",
                PolicyDocument=policy(
                    allow("ReadBucket", [s3.ListBucket, s3.GetBucketLocation, s3.GetBucketVersioning], bucket),
                    allow(
                        "ReadAndWriteRelease",
                        [s3.GetObject, s3.GetObjectVersion, s3.PutObject, s3.PutObjectTagging],
                        objects,
                    ),
                    allow("WriteLog", [logs.CreateLogStream, logs.PutLogEvents], log_stream),
                ),
            )
        ],
        Metadata=ROLE,
    )


def packaging_project(prefix: str, role: iam.Role) -> codebuild.Project:
    """Runs `make package` in the uploaded source."""
    return codebuild.Project(
        "CfnTemplatePackageProject",
        Description=Sub("Packages the templates into ${S3BucketName}"),
        ServiceRole=GetAtt(role, "Arn"),
        Artifacts=codebuild.Artifacts(Type="NO_ARTIFACTS"),
        Metadata=BUILD,
        Environment=codebuild.Environment(
            Type="LINUX_CONTAINER",
            ComputeType="BUILD_GENERAL1_MEDIUM",
            Image=codebuild_image(),
            EnvironmentVariables=[
                codebuild.EnvironmentVariable(Name="CFN_BUCKET_NAME", Value=Ref("S3BucketName")),
                codebuild.EnvironmentVariable(Name="DEPLOYMENT_REGION", Value=Ref("AWS::Region")),
            ],
        ),
        Source=codebuild.Source(
            Type="S3", Location=Sub(f"${{S3BucketName}}/{prefix}/{SOURCE_ARCHIVE}"), BuildSpec=buildspec(prefix)
        ),
        TimeoutInMinutes=15,
    )


def buildspec(prefix: str) -> str:
    """The build's steps; CodeBuild's own runtime of Python makes the virtual environment."""
    return "\n".join(
        (
            "version: 0.2",
            "phases:",
            "  install:",
            "    runtime-versions:",
            f"      python: {facts()['codebuild']['python']}",
            "  build:",
            "    commands:",
            "      - >-",
            '        make package CFN_BUCKET_NAME="$CFN_BUCKET_NAME" DEPLOYMENT_REGION="$DEPLOYMENT_REGION"',
            f'        ARGS="--prefix {prefix}"',
            "",
        )
    )


def starter_role(project: codebuild.Project, boundary: AWSHelperFn) -> iam.Role:
    """Start the build and look at it."""
    actions: list[Action] = [codebuild_actions.StartBuild, codebuild_actions.BatchGetBuilds]
    return iam.Role(
        "StartBuildLambdaExecutionRole",
        # Lambda is not documented to send a source account when it assumes a function's role.
        AssumeRolePolicyDocument=trust_plain("lambda"),
        PermissionsBoundary=boundary,
        Policies=[
            iam.Policy(
                PolicyName="StartBuild",
                PolicyDocument=policy(
                    allow("RunBuild", actions, GetAtt(project, "Arn")),
                    allow(
                        "WriteLog",
                        [logs.CreateLogStream, logs.PutLogEvents],
                        arns.arn("logs", "log-group:/aws/lambda/*"),
                    ),
                ),
            )
        ],
        Metadata=ROLE,
    )


def starter(role: iam.Role) -> awslambda.Function:
    """Inline, because nothing but the source archive is in the bucket yet; it waits for the build's end."""
    return awslambda.Function(
        "StartBuildLambda",
        Description="Runs the packaging build and answers when it has ended",
        Code=awslambda.Code(ZipFile=_SOURCE.read_text()),
        Handler="index.handler",
        Runtime=lambda_runtime(),
        Architectures=[lambda_architecture()],
        MemorySize=128,
        Timeout=900,
        Role=GetAtt(role, "Arn"),
        Metadata=CUSTOM_RESOURCE,
    )


def start_build(
    function: awslambda.Function, project: codebuild.Project, logs_made: list[log_groups.LogGroup]
) -> StartBuild:
    """Runs once both logs are there, which neither the build nor the function may make."""
    return StartBuild(
        "StartBuild",
        ServiceToken=GetAtt(function, "Arn"),
        ProjectName=Ref(project),
        DependsOn=[group.title for group in logs_made],
    )


def log_group(title: str, name: str) -> log_groups.LogGroup:
    return log_groups.LogGroup(
        title,
        DeletionPolicy="Delete",
        UpdateReplacePolicy="Delete",
        LogGroupName=Sub(name),
        RetentionInDays=LOG_DAYS,
        Metadata=LOG_KEY,
    )
