"""Project template: deploy an approved model to the staging accounts, test it, and after approval to production."""

from __future__ import annotations

from typing import Any

from troposphere import And, Equals, If, Not, Ref, Sub, codebuild, codepipeline, events, s3

from generator.cfn.contract import Cond, Param, switch
from generator.cfn.stack import Stack
from templates.project import delivery, monitoring
from templates.project.approval import approval, approval_topic, by_email, tls_only
from templates.project.environment import (
    PROJECT_ID,
    PROJECT_NAME,
    environment,
    environment_configuration,
)
from templates.project.model_deploy_stages import (
    PACKAGE,
    TEMPLATE,
    VARIABLES,
    build_stage,
    production_stage,
    staging_stage,
)

SEED_KEY = "seed-code/mlops-model-deploy-v1.0.zip"
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
)


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
    REPOSITORY_PROVIDER = delivery.REPOSITORY_PROVIDER
    CONNECTION_ARN = delivery.CONNECTION_ARN
    REPOSITORY_ID = delivery.REPOSITORY_ID
    SOURCE_BUCKET = delivery.SOURCE_BUCKET

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

    MONITORS = Cond("ComparesProductionData", Not(Equals(DRIFT_SCHEDULE, "")))
    RETRAINS = Cond("RetrainsWhenDrifted", And(Not(Equals(DRIFT_SCHEDULE, "")), Not(Equals(RETRAINING_PIPELINE, ""))))
    CREATES_TOPIC = Cond("CreatesApprovalTopic", Equals(APPROVAL_TOPIC, ""))
    NOTIFIES_BY_EMAIL = Cond("NotifiesByEmail", And(Equals(APPROVAL_TOPIC, ""), Not(Equals(APPROVAL_EMAIL, ""))))
    OWN_GROUP = Cond("GenerateModelPackageGroupName", Equals(MODEL_PACKAGE_GROUP_NAME, "Auto"))
    MULTI_ACCOUNT = Cond("DeployToOtherAccounts", Equals(MULTI_ACCOUNT_DEPLOYMENT, "YES"))
    IN_CODECOMMIT = Cond("RepositoryInCodeCommit", Equals(REPOSITORY_PROVIDER, "CodeCommit"))
    THROUGH_CONNECTION = Cond("RepositoryThroughConnection", Equals(REPOSITORY_PROVIDER, "CodeConnections"))
    OWN_SOURCE = Cond("OwnSourceBucket", Not(Equals(SOURCE_BUCKET, "")))

    def build(self) -> None:
        seed = f"{self.release.prefix}/{SEED_KEY}"
        group = self.OWN_GROUP.then(Sub("${SageMakerProjectName}-${SageMakerProjectId}"), self.MODEL_PACKAGE_GROUP_NAME)
        self.add(environment_configuration(_NEEDED))
        bucket = self.add(delivery.artifact_bucket("MlOpsArtifactsBucket"))
        source = self.add(
            delivery.repository("ModelDeployCodeCommitRepository", "model-deploy", seed), self.IN_CODECOMMIT
        )
        endpoint_build = self.add(
            endpoint_build_project(
                group, bucket, staging=self._role("Staging", "Model"), production=self._role("Prod", "Model")
            )
        )
        endpoint_test = self.add(endpoint_test_project())
        created = self.add(approval_topic("ApprovalTopic"), self.CREATES_TOPIC)
        self.add(tls_only("ApprovalTopicPolicy", created), self.CREATES_TOPIC)
        self.add(by_email("ApprovalByEmail", created, self.APPROVAL_EMAIL), self.NOTIFIES_BY_EMAIL)
        topic = self.CREATES_TOPIC.then(Ref(created), self.APPROVAL_TOPIC)
        origin = delivery.source_stage(
            SOURCE, source, seed, self.IN_CODECOMMIT, self.THROUGH_CONNECTION, self.OWN_SOURCE
        )
        stages = [
            origin,
            build_stage(SOURCE, endpoint_build),
            staging_stage(SOURCE, self._role("Staging", "StackSet"), endpoint_test, approval(group, topic)),
            production_stage(SOURCE, self._role("Prod", "StackSet"), endpoint_test),
        ]
        pipeline = self.add(
            delivery.pipeline("ModelDeployPipeline", "modeldeploy", bucket, stages, mode="QUEUED", variables=VARIABLES)
        )
        self.add(approved_rule("ModelDeployRegistryEventRule", group, pipeline))
        self.add(delivery.commit_rule("ModelDeployCodeCommitEventRule", source, pipeline, "code"), self.IN_CODECOMMIT)
        self._monitoring(origin, bucket, group, topic)

    def _monitoring(self, origin: codepipeline.Stages, bucket: s3.Bucket, group: If, topic: If) -> None:
        project = self.add(monitoring.monitor_project(group, topic), self.MONITORS)
        stages = [origin, monitoring.monitor_stage(SOURCE, project)]
        pipeline = self.add(
            delivery.pipeline("ModelMonitorPipeline", "modelmonitor", bucket, stages, mode="SUPERSEDED"), self.MONITORS
        )
        self.add(monitoring.scheduled("ModelMonitorSchedule", self.DRIFT_SCHEDULE, pipeline), self.MONITORS)
        drifted = monitoring.alarm(
            "DriftAlarm", "drift", "DriftedFeatures", "Production data differs from training data"
        )
        wrong = monitoring.alarm(
            "QualityAlarm", "quality", "RmseExceeded", "Labels that came later show greater errors"
        )
        for alarm in (drifted, wrong):
            self.add(alarm, self.MONITORS)
        self.add(monitoring.retraining("RetrainingRule", [drifted, wrong], self.RETRAINING_PIPELINE), self.RETRAINS)

    def _role(self, stage: str, kind: str) -> If:
        """An execution role's name: the stage's in its accounts, the environment's own where all stays in this one."""
        return self.MULTI_ACCOUNT.then(environment(f"{stage}{kind}ExecutionRole"), environment(f"{kind}ExecutionRole"))


def endpoint_build_project(group: If, bucket: s3.Bucket, *, staging: If, production: If) -> codebuild.Project:
    """`staging` and `production` are the names of the roles that models run with."""
    return delivery.build_project(
        "ModelDeployBuildProject",
        "modeldeploy",
        "Writes the endpoint's template and its parameters for each stage",
        build_variables(group, bucket, staging, production),
        buildspec="buildspec.yml",
        minutes=15,
    )


def endpoint_test_project() -> codebuild.Project:
    return delivery.build_project(
        "ModelDeployTestProject",
        "modeldeploy-test",
        "Calls the endpoint in every account of a stage",
        test_variables(),
        buildspec="test/buildspec.yml",
        minutes=30,
    )


def approved_rule(title: str, group: If, target: codepipeline.Pipeline) -> events.Rule:
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
            events.Target(
                Id="pipeline",
                Arn=delivery.pipeline_arn(target),
                RoleArn=delivery.service_role(),
                InputTransformer=events.InputTransformer(
                    InputPathsMap={"package": "$.detail.ModelPackageArn"},
                    InputTemplate=f'{{"variables":[{{"name":"{PACKAGE}","value":<package>}}]}}',
                ),
            )
        ],
    )


def build_variables(group: If, bucket: s3.Bucket, staging: If, production: If) -> dict[str, Any]:
    """What the seed code's build reads from the environment; the pipeline adds MODEL_PACKAGE_ARN at each run."""
    return {
        "SAGEMAKER_PROJECT_NAME": PROJECT_NAME,
        "SAGEMAKER_PROJECT_ID": PROJECT_ID,
        "ENV_NAME": environment("EnvironmentName"),
        "ENV_TYPE": environment("EnvironmentType"),
        "ARTIFACT_BUCKET": Ref(bucket),
        "DATA_BUCKET": environment("DataBucketName"),
        "MODEL_BUCKET": environment("ModelBucketName"),
        "SOURCE_MODEL_PACKAGE_GROUP_NAME": group,
        "AWS_REGION": Ref("AWS::Region"),
        "MULTI_ACCOUNT_DEPLOYMENT": Ref("MultiAccountDeployment"),
        "STAGING_CONFIG_NAME": "staging-config",
        "PROD_CONFIG_NAME": "prod-config",
        "CFN_TEMPLATE_NAME": TEMPLATE,
        "SAGEMAKER_EXECUTION_ROLE_STAGING_NAME": staging,
        "SAGEMAKER_EXECUTION_ROLE_PROD_NAME": production,
        "SAGEMAKER_EBS_KMS_KEY_ARN": environment("EbsKmsKeyArn"),
        "ENV_TYPE_STAGING_NAME": environment("EnvTypeStagingName"),
        "ENV_TYPE_PROD_NAME": environment("EnvTypeProdName"),
    }


def test_variables() -> dict[str, Any]:
    """What the seed code's test reads from the environment."""
    return {
        "AWS_REGION": Ref("AWS::Region"),
        "TEST_RESULTS": "test-results",
    }
