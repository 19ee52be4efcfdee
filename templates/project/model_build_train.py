"""Project template: build, train, validate and register a model with SageMaker Pipelines."""

from __future__ import annotations

from troposphere import And, Equals, If, Not, Ref, Sub, codepipeline

from generator.cfn.contract import Cond, Param
from generator.cfn.stack import Stack
from templates.project import delivery, rights, roles, source, training
from templates.project.approval import by_email, project_topic, tls_only
from templates.project.environment import (
    PROJECT,
    PROJECT_ID,
    PROJECT_NAME,
    environment,
    environment_configuration,
    environment_list,
)

SEED_KEY = "seed-code/mlops-model-build-train-v1.0.zip"
# The build installs the SDK and starts the pipeline; training goes on without it
BUILD_MINUTES = 30
KIND = "model-build-train"
_SOURCE = "ModelBuildSource"
# A retried build has the same run, and starts no second execution; a new run of the same commit trains anew
RUN = {"DELIVERY_RUN": "#{codepipeline.PipelineExecutionId}"}


class ProjectModelBuildTrain(Stack):
    """One repository, one build that starts the SageMaker pipeline, one delivery pipeline."""

    FILE = "project-model-build-train.yaml"
    DESCRIPTION = "SageMaker project: delivery pipeline that builds, trains, validates and registers a model"

    SAGEMAKER_PROJECT_NAME = PROJECT_NAME
    SAGEMAKER_PROJECT_ID = PROJECT_ID
    REPOSITORY_PROVIDER = source.REPOSITORY_PROVIDER
    CONNECTION_ARN = source.CONNECTION_ARN
    REPOSITORY_ID = source.REPOSITORY_ID
    SOURCE_BUCKET = source.SOURCE_BUCKET

    TRAINING_TOPIC = Param(
        "TrainingTopicArn",
        "Topic that hears how runs of the training pipeline ended; it admits EventBridge. Empty: one is made",
        default="",
    )
    TRAINING_EMAIL = Param(
        "TrainingEmail", "Address that subscribes to the topic that is made; empty for none", default=""
    )
    TRAINING_STATUSES = Param(
        "TrainingStatuses",
        "Which ends are told: Failed, Stopped, Succeeded",
        type="CommaDelimitedList",
        default="Failed,Stopped",
        allowed=("Failed", "Stopped", "Succeeded"),
    )

    CREATES_TOPIC = Cond("CreatesTrainingTopic", Equals(TRAINING_TOPIC, ""))
    NOTIFIES_BY_EMAIL = Cond("NotifiesByEmail", And(Equals(TRAINING_TOPIC, ""), Not(Equals(TRAINING_EMAIL, ""))))
    IN_CODECOMMIT = source.IN_CODECOMMIT
    THROUGH_CONNECTION = source.THROUGH_CONNECTION
    OWN_BUCKET = source.OWN_BUCKET

    def build(self) -> None:
        seed = f"{self.release.prefix}/{SEED_KEY}"
        self.add(
            environment_configuration(
                (
                    "DataBucketName",
                    "ModelBucketName",
                    "SeedCodeBucketName",
                    "S3KmsKeyId",
                    "EbsKmsKeyArn",
                    "PipelineExecutionRole",
                    "ProjectBoundary",
                )
            )
        )
        bucket, transport = delivery.project_artifacts()
        self.add(bucket)
        self.add(transport)
        repository = self.add(source.repository("ModelBuildCodeCommitRepository", KIND, seed), self.IN_CODECOMMIT)
        builds = self.add(roles.build_role(rights.may_train()))
        project = self.add(
            delivery.build_project(
                "ModelPipelineBuildProject",
                "modelbuild",
                "Creates the SageMaker pipeline from the repository and starts it",
                builds,
                build_variables(),
                buildspec="buildspec.yml",
                minutes=BUILD_MINUTES,
            )
        )
        stages = [
            source.source_stage(_SOURCE, repository, seed),
            codepipeline.Stages(
                Name="Build",
                Actions=[
                    delivery.build_action(
                        "BuildAndExecuteSageMakerPipeline",
                        project,
                        [f"{_SOURCE}Artifact"],
                        ["ModelBuildArtifact"],
                        variables=RUN,
                    )
                ],
            ),
        ]
        delivers = self.add(roles.pipeline_role(source.source_policy(KIND, seed)))
        pipeline = self.add(
            delivery.pipeline("ModelBuildPipeline", "modelbuild", delivers, bucket, stages, mode="SUPERSEDED")
        )
        starts = self.add(roles.events_role(), self.IN_CODECOMMIT)
        rule = delivery.commit_rule("ModelBuildCodeCommitEventRule", repository, pipeline, starts, "build")
        self.add(rule, self.IN_CODECOMMIT)
        self.add(training.ended_rule("TrainingEndedRule", self._topic(), self.TRAINING_STATUSES))

    def _topic(self) -> If:
        """The topic of training: made here, or given."""
        created = self.add(project_topic("TrainingTopic", "training", environment("S3KmsKeyId")), self.CREATES_TOPIC)
        self.add(tls_only("TrainingTopicPolicy", created, training.admits_events(created)), self.CREATES_TOPIC)
        self.add(by_email("TrainingByEmail", created, self.TRAINING_EMAIL), self.NOTIFIES_BY_EMAIL)
        return self.CREATES_TOPIC.then(Ref(created), self.TRAINING_TOPIC)


def build_variables() -> dict[str, object]:
    """What the seed code's buildspec and pipeline read from the environment."""
    return {
        "SAGEMAKER_PROJECT_NAME": PROJECT_NAME,
        "SAGEMAKER_PROJECT_ID": PROJECT_ID,
        "ENV_NAME": environment("EnvironmentName"),
        "ENV_TYPE": environment("EnvironmentType"),
        "DATA_BUCKET": environment("DataBucketName"),
        "MODEL_BUCKET": environment("ModelBucketName"),
        "SAGEMAKER_PIPELINE_NAME": Sub(PROJECT),
        "SAGEMAKER_PIPELINE_ROLE_ARN": environment("PipelineExecutionRole"),
        "SAGEMAKER_PROCESSING_ROLE_ARN": environment("ExecutionRole"),
        "SAGEMAKER_TRAINING_ROLE_ARN": environment("ExecutionRole"),
        "SAGEMAKER_SUBNET_IDS": environment_list("SubnetIds"),
        "SAGEMAKER_SECURITY_GROUPS": environment_list("SecurityGroups"),
        # Target accounts read models with the key of the buckets, and with no other.
        "SAGEMAKER_KMS_KEY_ID": environment("S3KmsKeyId"),
        "SAGEMAKER_VOLUME_KMS_KEY_ID": environment("EbsKmsKeyArn"),
        "AWS_REGION": Ref("AWS::Region"),
    }
