"""Makers of the deploy project's builds: what writes the endpoint's stack for each stage, and what calls endpoints."""

from __future__ import annotations

from typing import Any

from troposphere import If, Ref, Sub, codebuild, s3
from troposphere.iam import Role

from templates.project import delivery
from templates.project.environment import PROJECT_ID, PROJECT_NAME, environment, of_environment
from templates.project.model_deploy_stages import TEMPLATE


def endpoint_build_project(
    role: Role, group: If, bucket: s3.Bucket, *, staging: If, production: If
) -> codebuild.Project:
    """`staging` and `production` are the names of the roles that models run with."""
    return delivery.build_project(
        "ModelDeployBuildProject",
        "modeldeploy",
        "Writes the endpoint's template and its parameters for each stage",
        role,
        build_variables(group, bucket, staging, production),
        buildspec="buildspec.yml",
        minutes=15,
    )


def endpoint_test_project(role: Role) -> codebuild.Project:
    return delivery.build_project(
        "ModelDeployTestProject",
        "modeldeploy-test",
        "Calls the endpoint in every account of a stage",
        role,
        test_variables(),
        buildspec="test/buildspec.yml",
        minutes=30,
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
        # Where the orchestrator owns the stack sets no list of accounts is published; then their instances tell.
        "STAGING_ROLES_STACK_SET": roles_stack_set("EnvTypeStagingName"),
        "PROD_ROLES_STACK_SET": roles_stack_set("EnvTypeProdName"),
    }


def roles_stack_set(stage: str) -> Sub:
    """The stack set that brings a stage's roles, by the name that env-main and the orchestrator give it."""
    return of_environment(Sub("${EnvName}-${EnvType}-roles-${Stage}"), Stage=environment(stage))


def test_variables() -> dict[str, Any]:
    """What the seed code's test reads from the environment."""
    return {
        "AWS_REGION": Ref("AWS::Region"),
        "TEST_RESULTS": "test-results",
    }
