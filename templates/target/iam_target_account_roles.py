"""Roles of one stage in its account: the one that models run with and the one that deploys them."""

from __future__ import annotations

from troposphere import Equals, Not

from generator.cfn.contract import Cond, Out, Param
from generator.cfn.stack import Stack
from templates.parameters import ENV_NAME, ENV_TYPE

ROLE_NAME = r"[\w+=,.@-]*"


class EnvIamTargetAccountRoles(Stack):
    FILE = "env-iam-target-account-roles.yaml"
    DESCRIPTION = "Roles of one stage in its account: model execution and stack set execution"

    ENV_NAME = ENV_NAME
    ENV_TYPE = ENV_TYPE
    MODEL_EXECUTION_NAME = Param(
        "SageMakerModelExecutionRoleName",
        "Name of the role that models run with; empty for this product's own name",
        default="",
        pattern=ROLE_NAME,
        max_length=64,
    )
    STACK_SET_EXECUTION_NAME = Param(
        "StackSetExecutionRoleName",
        "Name of the role that deploys models; empty for this product's own name",
        default="",
        pattern=ROLE_NAME,
        max_length=64,
    )
    PIPELINE_EXECUTION_ARN = Param(
        "PipelineExecutionRoleArn",
        "Role of the development account that tests deployed models by calling their endpoints; empty for none",
        default="",
    )
    ADMINISTRATOR_ACCOUNT = Param(
        "AdministratorAccountId",
        "Account that administers the stack sets",
        pattern=r"\d{12}",
        min_length=12,
        max_length=12,
    )
    ADMINISTRATION_ROLE_ARN = Param(
        "StackSetAdministrationRoleArn",
        "The only role that may use the deploying role; empty for this product's own name in the administrator account",
        default="",
    )
    ADMINISTRATOR_ENV_TYPE = Param(
        "AdministratorEnvType",
        "EnvType of the environment that administers the stack sets",
        default="dev",
        max_length=10,
    )
    BOUNDARY_ARN = Param(
        "PermissionsBoundaryArn",
        "Policy that bounds the roles; empty for the one that the set-up role's template made in this account",
        default="",
    )
    MODEL_BUCKET = Param("ModelBucketName", "Bucket of the trained models")
    MODEL_KEY_ARN = Param("ModelS3KMSKeyArn", "Key that encrypts the bucket of the trained models")

    NAMES_MODEL_EXECUTION = Cond("NamesModelExecution", Not(Equals(MODEL_EXECUTION_NAME, "")))
    NAMES_STACK_SET_EXECUTION = Cond("NamesStackSetExecution", Not(Equals(STACK_SET_EXECUTION_NAME, "")))
    NAMES_ADMINISTRATION = Cond("NamesAdministration", Not(Equals(ADMINISTRATION_ROLE_ARN, "")))
    NAMES_BOUNDARY = Cond("NamesBoundary", Not(Equals(BOUNDARY_ARN, "")))
    NAMES_TESTER = Cond("NamesTester", Not(Equals(PIPELINE_EXECUTION_ARN, "")))

    MODEL_EXECUTION_ROLE_ARN = Out("SageMakerModelExecutionRoleArn", "Role that models run with")
    MODEL_EXECUTION_ROLE_NAME = Out("SageMakerModelExecutionRoleName", "Name of the role that models run with")
    STACK_SET_EXECUTION_ROLE_ARN = Out("StackSetExecutionRoleArn", "Role that deploys models")
    STACK_SET_EXECUTION_ROLE_NAME = Out("StackSetExecutionRoleName", "Name of the role that deploys models")
    MODEL_TEST_ROLE_ARN = Out("ModelTestRoleArn", "Role that calls the stage's endpoints to test them; empty for none")

    def build(self) -> None:
        raise NotImplementedError
