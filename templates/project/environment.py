"""What a project template knows of the environment that it is created in."""

from __future__ import annotations

from typing import Any

from troposphere import AWSObject, GetAtt, ImportValue, Join, Ref, Sub, Tags

from generator.cfn.contract import Param
from generator.cfn.tags import tags
from templates import published
from templates.published import Published

CONFIGURATION = "GetEnvironmentConfiguration"

PROJECT_NAME = Param(
    "SageMakerProjectName",
    "Name of the SageMaker project",
    min_length=1,
    max_length=32,
    pattern="^[a-zA-Z](-*[a-zA-Z0-9])*",
    constraint="1 to 32 letters, digits and hyphens that begin with a letter",
)
PROJECT_ID = Param("SageMakerProjectId", "Id that SageMaker gave the project", min_length=1, max_length=15)

# How the names of everything begin that a project makes; its bucket's has no capital letters, as the name may have
PROJECT = "sagemaker-${SageMakerProjectName}-${SageMakerProjectId}"
ARTIFACT_BUCKET = "sm-mlops-cp-${SageMakerProjectId}-${AWS::AccountId}"

# What the environment publishes -> the attribute by which a template reads it
READ = {
    "DataBucketName": published.DATA_BUCKET_NAME,
    "ModelBucketName": published.MODEL_BUCKET_NAME,
    "SeedCodeBucketName": published.SEED_CODE_BUCKET_NAME,
    "S3KmsKeyId": published.S3_KEY_ARN,
    "EbsKmsKeyArn": published.EBS_KEY_ARN,
    "PipelineExecutionRole": published.PIPELINE_EXECUTION_ROLE_ARN,
    "ModelExecutionRole": published.MODEL_EXECUTION_ROLE_NAME,
    "StackSetAdministrationRole": published.STACK_SET_ADMINISTRATION_ROLE_ARN,
    "StackSetExecutionRole": published.STACK_SET_EXECUTION_ROLE_NAME,
    "StagingModelExecutionRole": published.STAGING_MODEL_EXECUTION_ROLE_NAME,
    "StagingStackSetExecutionRole": published.STAGING_STACK_SET_EXECUTION_ROLE_NAME,
    "ProdModelExecutionRole": published.PROD_MODEL_EXECUTION_ROLE_NAME,
    "ProdStackSetExecutionRole": published.PROD_STACK_SET_EXECUTION_ROLE_NAME,
    "EnvTypeStagingName": published.ENV_TYPE_STAGING_NAME,
    "EnvTypeProdName": published.ENV_TYPE_PROD_NAME,
    "ProjectBoundary": published.PROJECT_BOUNDARY_ARN,
}


class EnvironmentConfiguration(AWSObject):
    """Custom::GetEnvironmentConfiguration: the core stack's function looks the environment up (see functions/)."""

    resource_type = "Custom::GetEnvironmentConfiguration"
    props = {  # noqa: RUF012 - troposphere's own form
        "ServiceToken": (str, True),
        "SageMakerProjectName": (str, True),
        "SSMParams": (list, True),
    }


def environment_configuration(needed: tuple[str, ...]) -> EnvironmentConfiguration:
    """The look-up; `needed` are names of READ. Each becomes an attribute, beside those that the function always gives:
    EnvironmentName, EnvironmentType, ExecutionRole, SubnetIds, SecurityGroups, VpcId, KmsKeyId."""
    return EnvironmentConfiguration(
        CONFIGURATION,
        ServiceToken=ImportValue("ds-get-environment-configuration-lambda-arn"),
        SageMakerProjectName=Ref(PROJECT_NAME.name),
        SSMParams=[_wanted(name, READ[name]) for name in needed],
    )


def _wanted(name: str, value: Published) -> dict[str, str]:
    return {"VariableName": name, "ParameterName": value.key}


def environment(name: str) -> GetAtt:
    """An attribute of the environment."""
    return GetAtt(CONFIGURATION, name)


def filled(text: Sub, **values: Any) -> Sub:
    """A text with values for names in it that the template itself does not have."""
    return Sub(text.data["Fn::Sub"], **values)


def of_environment(text: Sub, stage: str = "EnvironmentType", **values: Any) -> Sub:
    """A text whose ${EnvName} and ${EnvType} are what the look-up says; `stage` is its answer for the latter."""
    return filled(text, EnvName=environment("EnvironmentName"), EnvType=environment(stage), **values)


def environment_list(name: str) -> Join:
    """A list attribute, comma-separated."""
    return Join(",", environment(name))


def project_tags() -> Tags:
    """The tags of everything that belongs to a project."""
    values: dict[str, Any] = {
        "SageMakerProjectName": PROJECT_NAME,
        "SageMakerProjectId": PROJECT_ID,
        "EnvironmentName": environment("EnvironmentName"),
        "EnvironmentType": environment("EnvironmentType"),
    }
    return tags(**values)
