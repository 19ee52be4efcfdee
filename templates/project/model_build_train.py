"""Project template: build, train, validate and register a model with SageMaker Pipelines."""

from __future__ import annotations

from troposphere import Equals, Not, Ref, Sub, codepipeline

from generator.cfn.contract import Cond
from generator.cfn.stack import Stack
from templates.project import delivery
from templates.project.environment import (
    PROJECT_ID,
    PROJECT_NAME,
    environment,
    environment_configuration,
    environment_list,
)

SEED_KEY = "seed-code/mlops-model-build-train-v1.0.zip"
BUILD_MINUTES = 480
_SOURCE = "ModelBuildSource"


class ProjectModelBuildTrain(Stack):
    """One repository, one build that starts the SageMaker pipeline, one delivery pipeline."""

    FILE = "project-model-build-train.yaml"
    DESCRIPTION = "SageMaker project: delivery pipeline that builds, trains, validates and registers a model"

    SAGEMAKER_PROJECT_NAME = PROJECT_NAME
    SAGEMAKER_PROJECT_ID = PROJECT_ID
    REPOSITORY_PROVIDER = delivery.REPOSITORY_PROVIDER
    CONNECTION_ARN = delivery.CONNECTION_ARN
    REPOSITORY_ID = delivery.REPOSITORY_ID
    SOURCE_BUCKET = delivery.SOURCE_BUCKET

    IN_CODECOMMIT = Cond("RepositoryInCodeCommit", Equals(REPOSITORY_PROVIDER, "CodeCommit"))
    THROUGH_CONNECTION = Cond("RepositoryThroughConnection", Equals(REPOSITORY_PROVIDER, "CodeConnections"))
    OWN_SOURCE = Cond("OwnSourceBucket", Not(Equals(SOURCE_BUCKET, "")))

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
                )
            )
        )
        bucket = self.add(delivery.artifact_bucket("MlOpsArtifactsBucket"))
        source = self.add(
            delivery.repository("ModelBuildCodeCommitRepository", "model-build-train", seed), self.IN_CODECOMMIT
        )
        project = self.add(
            delivery.build_project(
                "ModelPipelineBuildProject",
                "modelbuild",
                "Creates the SageMaker pipeline from the repository and runs it",
                build_variables(),
                buildspec="buildspec.yml",
                minutes=BUILD_MINUTES,
            )
        )
        stages = [
            delivery.source_stage(_SOURCE, source, seed, self.IN_CODECOMMIT, self.THROUGH_CONNECTION, self.OWN_SOURCE),
            codepipeline.Stages(
                Name="Build",
                Actions=[
                    delivery.build_action(
                        "BuildAndExecuteSageMakerPipeline", project, [f"{_SOURCE}Artifact"], ["ModelBuildArtifact"]
                    )
                ],
            ),
        ]
        pipeline = self.add(delivery.pipeline("ModelBuildPipeline", "modelbuild", bucket, stages, mode="SUPERSEDED"))
        self.add(delivery.commit_rule("ModelBuildCodeCommitEventRule", source, pipeline, "build"), self.IN_CODECOMMIT)


def build_variables() -> dict[str, object]:
    """What the seed code's buildspec and pipeline read from the environment."""
    return {
        "SAGEMAKER_PROJECT_NAME": PROJECT_NAME,
        "SAGEMAKER_PROJECT_ID": PROJECT_ID,
        "ENV_NAME": environment("EnvironmentName"),
        "ENV_TYPE": environment("EnvironmentType"),
        "DATA_BUCKET": environment("DataBucketName"),
        "MODEL_BUCKET": environment("ModelBucketName"),
        "SAGEMAKER_PIPELINE_NAME": Sub("sagemaker-${SageMakerProjectName}"),
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
