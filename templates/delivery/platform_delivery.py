"""platform-delivery.yaml: a pipeline that brings a commit through check, plan and approvals into every account."""

from __future__ import annotations

from typing import Any

from awacs.aws import Statement
from troposphere import Equals, GetAtt, Join, Not, Ref, Sub, codepipeline
from troposphere.iam import ManagedPolicy, Policy, Role
from troposphere.sns import Topic

from generator.cfn import rules
from generator.cfn.arns import arn, bucket_arn, objects_arn
from generator.cfn.contract import Cond, Out, Param, Rule, switch
from generator.cfn.iam import allow, policy
from generator.cfn.stack import Stack
from templates.access.actions import USE_CONNECTION, of
from templates.access.boundary import CEILING
from templates.access.trust import add_sign_in_mapping, switch_role_link, trust_people
from templates.artifacts import artifact_bucket, artifact_policy
from templates.delivery import builds, rights, stages
from templates.parameters import ENV_NAME, ENV_TYPE, ENVIRONMENT_GROUP, environment_tags
from templates.project.approval import by_email, tls_only

_SOURCE = "Source"
_PEOPLE = "People"


class PlatformDelivery(Stack):
    """Deployed once by hand into the development account, after the core and the environment were.

    Source, Check, Plan, approval, Environment, approval, Staging, approval, Prod. A step runs as a role of its own;
    each plan that is applied is the one that was approved, and a stale one is refused.
    """

    FILE = "platform-delivery.yaml"
    DESCRIPTION = "Continuous delivery of the platform: check, plan, approval, environment, staging, prod"

    ENV_NAME = ENV_NAME
    ENV_TYPE = ENV_TYPE
    STAGING = Param("EnvTypeStagingName", "Name of the staging stage", default="staging", group=ENVIRONMENT_GROUP)
    PROD = Param("EnvTypeProdName", "Name of the production stage", default="prod", group=ENVIRONMENT_GROUP)
    CORE_NAME = rights.CORE_NAME
    SETTINGS = Param("SettingsFile", "Settings in the repository", default="mlz.yaml", group=_SOURCE)
    PROVIDER = Param(
        "RepositoryProvider",
        "Where the repository is",
        default="CodeConnections",
        allowed=("CodeConnections", "CodeCommit", "S3"),
        group=_SOURCE,
    )
    REPOSITORY = Param(
        "Repository", "owner/name for CodeConnections, name for CodeCommit, key of the archive for S3", group=_SOURCE
    )
    BRANCH = Param("BranchName", "Branch that is delivered; without meaning for S3", default="main", group=_SOURCE)
    CONNECTION = Param(
        "ConnectionArn",
        "For CodeConnections: a connection that a person has confirmed",
        default="",
        pattern=r"(arn:[a-z-]+:(codeconnections|codestar-connections):[a-z0-9-]+:\d{12}:connection/[a-z0-9-]+)?",
        group=_SOURCE,
    )
    SOURCE_BUCKET = Param(
        "SourceS3BucketName", "For S3: versioned bucket of the archive", default="none", group=_SOURCE
    )
    EMAIL = Param("ApproverEmail", "Who is told that something waits; empty: nobody", default="", group=_PEOPLE)
    SOURCE_IDENTITY = switch(
        "RequireSourceIdentity", "Approvers name themselves as source identity", default="NO", group=_PEOPLE
    )

    THROUGH_CONNECTION = Cond("ThroughConnection", Equals(PROVIDER, "CodeConnections"))
    IN_CODECOMMIT = Cond("InCodeCommit", Equals(PROVIDER, "CodeCommit"))
    TELLS = Cond("TellsByEmail", Not(Equals(EMAIL, "")))
    REQUIRES_SOURCE_IDENTITY = Cond("RequiresSourceIdentity", Equals(SOURCE_IDENTITY, "YES"))

    CONNECTION_RULE = Rule(
        "Connection",
        ((rules.given(CONNECTION), "ConnectionArn is needed for CodeConnections"),),
        when=rules.equals(PROVIDER, "CodeConnections"),
    )
    BUCKET_RULE = Rule(
        "Archive",
        ((rules.differs(SOURCE_BUCKET, "none"), "SourceS3BucketName is needed for S3"),),
        when=rules.equals(PROVIDER, "S3"),
    )

    PIPELINE_NAME = Out("PipelineName", "Pipeline that delivers the platform")
    DEPLOYERS = Out("DeployerRoleArns", "Roles that deploy, for DeployerRoleArns of organization-guardrails")
    ASSUME_APPROVER = Out("AssumeApproverRole", "Console link that switches to the role of those who approve")

    def build(self) -> None:
        add_sign_in_mapping(self)
        boundary = Ref(self.add(ceiling("DeliveryBoundary", "roles that deliver", rights.delivery_ceiling())))
        key = self.add(stages.artifact_key())
        unlogged = "CloudTrail data events can cover it; its objects go after 90 days"
        bucket = self.add(artifact_bucket("Artifacts", GetAtt(key, "Arn"), environment_tags(), unlogged))
        self.add(artifact_policy("ArtifactsPolicy", bucket))
        topic = self.add(approval_topic())
        self.add(tls_only("ApprovalTopicPolicy", topic))
        self.add(by_email("ApprovalEmail", topic, self.EMAIL), self.TELLS)
        place, key_arn = f"${{{bucket.title}}}", GetAtt(key, "Arn")
        roles = self._roles(place, key_arn, boundary)
        projects = {step: self._project(step, role, key_arn) for step, role in roles.items()}
        fetches = [self._fetches()]
        ours = [GetAtt(project, "Arn") for project in projects.values()]
        role = self.add(stages.pipeline_role(place, key_arn, boundary, ours, fetches))
        made = self.add(pipeline(role, bucket, key_arn, self._stages(projects, topic)))
        self._triggers(boundary, made)
        self._approvers(made)
        self.put(self.PIPELINE_NAME, Ref(made))
        deployers = [GetAtt(roles[step], "Arn") for step in ("environment", "staging", "prod")]
        self.put(self.DEPLOYERS, Join(",", deployers))

    def _roles(self, bucket: str, key: Any, boundary: Any) -> dict[str, Role]:
        """The role of each step."""
        release = self.release.bucket, self.release.prefix
        looks = [*rights.may_look(), rights.may_read_release(*release)]
        given: dict[str, list[Any]] = {
            "check": [],
            "plan": [*rights.may_look(), *rights.may_publish(*release), rights.may_compare()],
            "environment": looks[:-1],
            "staging": [*looks, *rights.may_converge(self.STAGING)],
            "prod": [*looks, *rights.may_converge(self.PROD)],
        }
        roles = {
            step: self.add(builds.build_role(f"{step.title()}Role", bucket, key, boundary, statements))
            for step, statements in given.items()
        }
        for name, statements in rights.deployment_policies(*release).items():
            self.add(builds.deployment_policy(name, roles["environment"], statements))
        return roles

    def _project(self, step: str, role: Role, key: Any) -> Any:
        self.add(builds.build_log(step))
        variables = {"MLZ_CONFIG": self.SETTINGS, "STAGING": self.STAGING}
        return self.add(builds.build_project(step, role, key, variables))

    def _fetches(self) -> Any:
        """What the pipeline may read, for the provider that is chosen."""
        return self.THROUGH_CONNECTION.then(
            reading(use_connection(self.CONNECTION)),
            self.IN_CODECOMMIT.then(reading(clone(self.REPOSITORY)), reading(*fetch(self.SOURCE_BUCKET))),
        )

    def _stages(self, projects: dict[str, Any], topic: Topic) -> list[codepipeline.Stages]:
        archive = {"S3Bucket": self.SOURCE_BUCKET, "S3ObjectKey": self.REPOSITORY, "PollForSourceChanges": "true"}
        connection = {
            "ConnectionArn": self.CONNECTION,
            "FullRepositoryId": self.REPOSITORY,
            "BranchName": self.BRANCH,
        }
        repository = {"RepositoryName": self.REPOSITORY, "BranchName": self.BRANCH, "PollForSourceChanges": "false"}
        source = stages.source(
            {
                "CodeStarSourceConnection": (self.THROUGH_CONNECTION, connection),
                "CodeCommit": (self.IN_CODECOMMIT, repository),
                "S3": (None, archive),
            }
        )
        asks = Ref(topic)
        environment = stages.build("Environment", projects["environment"], reviewed="Planned", gives="StagingPlan")
        staging = stages.build("Staging", projects["staging"], reviewed="StagingPlan", gives="ProdPlan")
        return [
            codepipeline.Stages(Name="Source", Actions=[source]),
            codepipeline.Stages(Name="Check", Actions=[stages.build("Check", projects["check"])]),
            codepipeline.Stages(
                Name="Plan",
                Actions=[
                    stages.build("Plan", projects["plan"], gives="Planned"),
                    stages.approval("ApproveEnvironment", "Plan", asks, "this goes into the development account."),
                ],
            ),
            codepipeline.Stages(
                Name="Environment",
                Actions=[
                    environment,
                    stages.approval("ApproveStaging", "Environment", asks, "the staging accounts come first."),
                ],
            ),
            codepipeline.Stages(
                Name="Staging",
                Actions=[
                    staging,
                    stages.approval("ApproveProd", "Staging", asks, "this goes into the prod accounts."),
                ],
            ),
            codepipeline.Stages(Name="Prod", Actions=[stages.build("Prod", projects["prod"], reviewed="ProdPlan")]),
        ]

    def _triggers(self, boundary: Any, made: codepipeline.Pipeline) -> None:
        """CodeConnections and S3 start a pipeline by themselves, CodeCommit by an event."""
        starts = pipeline_arn(made)
        role = self.add(stages.commit_role(boundary, starts), self.IN_CODECOMMIT)
        rule = stages.commit_rule(self.REPOSITORY, self.BRANCH, GetAtt(role, "Arn"), starts)
        self.add(rule, self.IN_CODECOMMIT)

    def _approvers(self, made: codepipeline.Pipeline) -> None:
        statements = stages.may_approve(pipeline_arn(made))
        limit = Ref(self.add(ceiling("ApproverBoundary", "those who approve", statements)))
        trust = trust_people(self.REQUIRES_SOURCE_IDENTITY)
        role = self.add(stages.approver_role(trust, limit, pipeline_arn(made)))
        self.put(self.ASSUME_APPROVER, switch_role_link(str(role.title)))


def ceiling(title: str, whom: str, statements: list[Any]) -> ManagedPolicy:
    """A boundary of this template's own roles."""
    return ManagedPolicy(
        title,
        Description=f"Permissions boundary of {whom}",
        PolicyDocument=policy(*statements),
        Metadata=CEILING,
    )


def approval_topic() -> Topic:
    return Topic(
        "ApprovalTopic",
        TopicName=Sub(f"{builds.NAME}-approval"),
        KmsMasterKeyId="alias/aws/sns",
        Tags=environment_tags(),
    )


def pipeline(role: Role, bucket: Any, key: Any, made: list[codepipeline.Stages]) -> codepipeline.Pipeline:
    """One delivery after the other: a later commit waits until the one before it has ended or was rejected."""
    return codepipeline.Pipeline(
        "Pipeline",
        Name=Sub(builds.NAME),
        PipelineType="V2",
        ExecutionMode="QUEUED",
        RoleArn=GetAtt(role, "Arn"),
        ArtifactStore=codepipeline.ArtifactStore(
            Type="S3", Location=Ref(bucket), EncryptionKey=codepipeline.EncryptionKey(Type="KMS", Id=key)
        ),
        Stages=made,
        Tags=environment_tags(),
    )


def pipeline_arn(made: codepipeline.Pipeline) -> Sub:
    return arn("codepipeline", f"${{{made.title}}}")


def reading(*statements: Statement) -> Policy:
    return Policy(PolicyName="Source", PolicyDocument=policy(*statements))


def use_connection(connection: Param) -> Statement:
    return allow("UseConnection", USE_CONNECTION, Sub(f"${{{connection.name}}}"))


def clone(repository: Param) -> Statement:
    read = of("codecommit", "CancelUploadArchive", "GetBranch", "GetCommit", "GetUploadArchiveStatus", "UploadArchive")
    return allow("ReadRepository", read, arn("codecommit", f"${{{repository.name}}}"))


def fetch(bucket: Param) -> list[Statement]:
    place = f"${{{bucket.name}}}"
    return [
        allow("FindArchive", of("s3", "GetBucketLocation", "GetBucketVersioning"), bucket_arn(place)),
        allow("ReadArchive", of("s3", "GetObject", "GetObjectVersion"), objects_arn(place)),
    ]
