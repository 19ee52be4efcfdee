"""Project template: deploy an approved model to the staging accounts, test it, and after approval to production."""

from __future__ import annotations

from dataclasses import dataclass

from troposphere import And, Equals, If, Not, Ref, Sub, codebuild, codepipeline, events, s3
from troposphere.iam import Role

from generator.cfn.contract import Cond, Param, switch
from generator.cfn.stack import Stack
from templates.project import delivery, monitoring, rights, roles, source
from templates.project.approval import approval, by_email, project_topic, tls_only
from templates.project.environment import (
    PROJECT_ID,
    PROJECT_NAME,
    environment,
    environment_configuration,
)
from templates.project.model_deploy_builds import endpoint_build_project, endpoint_test_project
from templates.project.model_deploy_stages import (
    PACKAGE,
    VARIABLES,
    Pace,
    build_stage,
    production_stage,
    staging_stage,
)

SEED_KEY = "seed-code/mlops-model-deploy-v1.0.zip"
KIND = "model-deploy"
SOURCE = "ModelDeploySource"
_NEEDED = (
    "DataBucketName",
    "ModelBucketName",
    "SeedCodeBucketName",
    "S3KmsKeyId",
    "EbsKmsKeyArn",
    "ModelExecutionRole",
    "StackSetAdministrationRole",
    "StackSetExecutionRole",
    "StagingModelExecutionRole",
    "StagingStackSetExecutionRole",
    "ProdModelExecutionRole",
    "ProdStackSetExecutionRole",
    "EnvTypeStagingName",
    "EnvTypeProdName",
    "ProjectBoundary",
)


@dataclass(frozen=True)
class Acting:
    """The roles that services act with for the project."""

    build: Role
    test: Role
    pipeline: Role
    events: Role


class ProjectModelDeploy(Stack):
    """Source, build of the endpoint's stack, staging with test and approval, production with a smoke test."""

    FILE = "project-model-deploy.yaml"
    DESCRIPTION = "SageMaker project: delivery pipeline that deploys approved models to staging and production accounts"

    SAGEMAKER_PROJECT_NAME = PROJECT_NAME
    SAGEMAKER_PROJECT_ID = PROJECT_ID
    MODEL_PACKAGE_GROUP_NAME = Param(
        "ModelPackageGroupName",
        "Model package group whose approved packages are deployed; Auto for one named <project name>-<project id>",
        default="Auto",
    )
    MULTI_ACCOUNT_DEPLOYMENT = switch(
        "MultiAccountDeployment",
        "Deploy to the environment's staging and production accounts; NO keeps all endpoints in this account",
        default="NO",
    )
    REPOSITORY_PROVIDER = source.REPOSITORY_PROVIDER
    CONNECTION_ARN = source.CONNECTION_ARN
    REPOSITORY_ID = source.REPOSITORY_ID
    SOURCE_BUCKET = source.SOURCE_BUCKET

    APPROVAL_TOPIC = Param(
        "ApprovalTopicArn",
        "Topic that hears of models that wait for approval; its name begins with sagemaker-. Empty: one is made",
        default="",
    )
    APPROVAL_EMAIL = Param(
        "ApprovalEmail", "Address that subscribes to the topic that is made; empty for none", default=""
    )
    DRIFT_SCHEDULE = Param(
        "DriftSchedule",
        "When production data is compared with training data, such as rate(1 day); empty for never",
        default="",
    )
    RETRAINING_PIPELINE = Param(
        "RetrainingPipelineArn",
        "Pipeline of a build-train project in this account that drift starts; empty for none",
        default="",
    )

    CONCURRENT = Param(
        "ProductionMaxConcurrentPercentage",
        "Share of the production accounts that change at once after the first wave; at most one more than may fail",
        type="Number",
        default=100,
        min_value=1,
        max_value=100,
    )
    TOLERATED = Param(
        "ProductionFailureTolerancePercentage",
        "Share of the production accounts that may fail before the others are left alone; 0: one after the other",
        type="Number",
        default=0,
        min_value=0,
        max_value=100,
    )

    MONITORS = Cond("ComparesProductionData", Not(Equals(DRIFT_SCHEDULE, "")))
    RETRAINS = Cond("RetrainsWhenDrifted", And(Not(Equals(DRIFT_SCHEDULE, "")), Not(Equals(RETRAINING_PIPELINE, ""))))
    CREATES_TOPIC = Cond("CreatesApprovalTopic", Equals(APPROVAL_TOPIC, ""))
    NOTIFIES_BY_EMAIL = Cond("NotifiesByEmail", And(Equals(APPROVAL_TOPIC, ""), Not(Equals(APPROVAL_EMAIL, ""))))
    OWN_GROUP = Cond("GenerateModelPackageGroupName", Equals(MODEL_PACKAGE_GROUP_NAME, "Auto"))
    MULTI_ACCOUNT = Cond("DeployToOtherAccounts", Equals(MULTI_ACCOUNT_DEPLOYMENT, "YES"))
    IN_CODECOMMIT = source.IN_CODECOMMIT
    THROUGH_CONNECTION = source.THROUGH_CONNECTION
    OWN_BUCKET = source.OWN_BUCKET

    def build(self) -> None:
        seed = f"{self.release.prefix}/{SEED_KEY}"
        group = self.OWN_GROUP.then(Sub("${SageMakerProjectName}-${SageMakerProjectId}"), self.MODEL_PACKAGE_GROUP_NAME)
        self.add(environment_configuration(_NEEDED))
        bucket, transport = delivery.project_artifacts()
        self.add(bucket)
        self.add(transport)
        repository = self.add(source.repository("ModelDeployCodeCommitRepository", KIND, seed), self.IN_CODECOMMIT)
        topic = self._topic()
        acting = self._roles(seed, group, topic)
        build = endpoint_build_project(
            acting.build, group, bucket, staging=self._role("Staging", "Model"), production=self._role("Prod", "Model")
        )
        test = self.add(endpoint_test_project(acting.test))
        origin = source.source_stage(SOURCE, repository, seed)
        stages = [
            origin,
            build_stage(SOURCE, self.add(build)),
            staging_stage(SOURCE, self._role("Staging", "StackSet"), test, approval(group, topic)),
            production_stage(SOURCE, self._role("Prod", "StackSet"), test, Pace(self.CONCURRENT, self.TOLERATED)),
        ]
        pipeline = self.add(
            delivery.pipeline(
                "ModelDeployPipeline",
                "modeldeploy",
                acting.pipeline,
                bucket,
                stages,
                mode="QUEUED",
                variables=VARIABLES,
            )
        )
        self.add(approved_rule("ModelDeployRegistryEventRule", group, pipeline, acting.events))
        rule = delivery.commit_rule("ModelDeployCodeCommitEventRule", repository, pipeline, acting.events, "code")
        self.add(rule, self.IN_CODECOMMIT)
        self._monitoring(origin, bucket, acting, monitoring.monitor_project(acting.test, group, topic))

    def _topic(self) -> If:
        """The topic of approvals: made here, or given."""
        created = self.add(project_topic("ApprovalTopic", "approval"), self.CREATES_TOPIC)
        self.add(tls_only("ApprovalTopicPolicy", created), self.CREATES_TOPIC)
        self.add(by_email("ApprovalByEmail", created, self.APPROVAL_EMAIL), self.NOTIFIES_BY_EMAIL)
        return self.CREATES_TOPIC.then(Ref(created), self.APPROVAL_TOPIC)

    def _roles(self, seed: str, group: If, topic: If) -> Acting:
        deploys = rights.may_deploy_to_stages(), rights.may_tell("TellApprovers", topic)
        return Acting(
            build=self.add(roles.build_role(rights.may_prepare_deployment(group))),
            test=self.add(roles.test_role(group, topic, self.MONITORS)),
            pipeline=self.add(roles.pipeline_role(source.source_policy(KIND, seed), *deploys)),
            events=self.add(roles.events_role(self.RETRAINS.then(self.RETRAINING_PIPELINE))),
        )

    def _monitoring(
        self, origin: codepipeline.Stages, bucket: s3.Bucket, acting: Acting, project: codebuild.Project
    ) -> None:
        stages = [origin, monitoring.monitor_stage(SOURCE, self.add(project, self.MONITORS))]
        pipeline = self.add(
            delivery.pipeline(
                "ModelMonitorPipeline", "modelmonitor", acting.pipeline, bucket, stages, mode="SUPERSEDED"
            ),
            self.MONITORS,
        )
        schedule = monitoring.scheduled("ModelMonitorSchedule", self.DRIFT_SCHEDULE, pipeline, acting.events)
        self.add(schedule, self.MONITORS)
        drifted = monitoring.alarm(
            "DriftAlarm", "drift", "DriftedFeatures", "Production data differs from training data"
        )
        wrong = monitoring.alarm(
            "QualityAlarm", "quality", "RmseExceeded", "Labels that came later show greater errors"
        )
        for alarm in (drifted, wrong):
            self.add(alarm, self.MONITORS)
        train = monitoring.retraining("RetrainingRule", [drifted, wrong], self.RETRAINING_PIPELINE, acting.events)
        self.add(train, self.RETRAINS)

    def _role(self, stage: str, kind: str) -> If:
        """An execution role's name: the stage's in its accounts, the environment's own where all stays in this one."""
        return self.MULTI_ACCOUNT.then(environment(f"{stage}{kind}ExecutionRole"), environment(f"{kind}ExecutionRole"))


def approved_rule(title: str, group: If, target: codepipeline.Pipeline, role: Role) -> events.Rule:
    """Start the pipeline with the very package that was approved; other state changes start nothing."""
    return events.Rule(
        title,
        Name=Sub("sagemaker-${SageMakerProjectName}-${SageMakerProjectId}-model"),
        Description="Starts the pipeline with a model package when it is approved",
        EventPattern={
            "source": ["aws.sagemaker"],
            "detail-type": ["SageMaker Model Package State Change"],
            "detail": {"ModelPackageGroupName": [group], "ModelApprovalStatus": ["Approved"]},
        },
        State="ENABLED",
        Targets=[
            delivery.starts(
                delivery.pipeline_arn(target),
                role,
                InputTransformer=events.InputTransformer(
                    InputPathsMap={"package": "$.detail.ModelPackageArn"},
                    InputTemplate=f'{{"variables":[{{"name":"{PACKAGE}","value":<package>}}]}}',
                ),
            )
        ],
    )
