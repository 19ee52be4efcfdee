"""Project template: build, train, validate and register a model with SageMaker Pipelines."""

from __future__ import annotations

from troposphere import Ref, Sub, codepipeline

from generator.cfn.stack import Stack
from templates.project import delivery, rights, roles, source
from templates.project.environment import (
    PROJECT,
    PROJECT_ID,
    PROJECT_NAME,
    environment,
    environment_configuration,
    environment_list,
)

SEED_KEY = "seed-code/mlops-model-build-train-v1.0.zip"
BUILD_MINUTES = 480
KIND = "model-build-train"
_SOURCE = "ModelBuildSource"


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
                "Creates the SageMaker pipeline from the repository and runs it",
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
                        "BuildAndExecuteSageMakerPipeline", project, [f"{_SOURCE}Artifact"], ["ModelBuildArtifact"]
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
