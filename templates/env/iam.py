"""Roles of one environment in its development account: personas, execution roles, and the roles that set it up."""

from __future__ import annotations

from troposphere import And, Equals, Not

from generator.cfn.contract import Cond, Out, Param, switch
from generator.cfn.stack import Stack
from templates.parameters import ENV_NAME, ENV_TYPE


class EnvIam(Stack):
    FILE = "env-iam.yaml"
    DESCRIPTION = (
        "Roles of one data science environment: personas, execution roles and set-up roles, with their boundary"
    )

    ENV_NAME = ENV_NAME
    ENV_TYPE = ENV_TYPE
    CREATE_USER_ROLES = switch("CreateIAMUserRoles", "NO leaves the roles of people to another process")
    CREATE_ML_ENGINEER = switch(
        "CreateMLEngineerRole", "NO leaves out the role for data sourcing, quality and features"
    )
    CREATE_FLOW_LOGS_ROLE = switch("CreateVPCFlowLogsRole", "NO where flow logs are off or have a role already")
    SETUP_ROLE_NAME = Param(
        "SetupStackSetExecutionRoleName",
        "Name of the role in the target accounts that sets up their roles and network",
        default="AWSCloudFormationStackSetExecutionRole",
        pattern=r"[\w+=,.@-]+",
        max_length=64,
    )
    EXECUTION_ROLE_NAME = Param(
        "StackSetExecutionRoleName",
        "Name of the role in the target accounts that deploys models, where it is not this product's own name",
        default="",
        pattern=r"[\w+=,.@-]*",
        max_length=64,
    )
    STAGING = Param("EnvTypeStagingName", "Name of the staging stage", default="staging", max_length=10)
    PROD = Param("EnvTypeProdName", "Name of the production stage", default="prod", max_length=10)
    REQUIRE_SOURCE_IDENTITY = switch(
        "RequireSourceIdentity",
        "YES admits people only with a source identity, which the console's switch-role page cannot set",
        default="NO",
    )

    CREATES_USER_ROLES = Cond("CreatesUserRoles", Equals(CREATE_USER_ROLES, "YES"))
    CREATES_ML_ENGINEER = Cond(
        "CreatesMLEngineer", And(Equals(CREATE_USER_ROLES, "YES"), Equals(CREATE_ML_ENGINEER, "YES"))
    )
    CREATES_FLOW_LOGS_ROLE = Cond("CreatesFlowLogsRole", Equals(CREATE_FLOW_LOGS_ROLE, "YES"))
    NAMES_EXECUTION_ROLE = Cond("NamesExecutionRole", Not(Equals(EXECUTION_ROLE_NAME, "")))
    REQUIRES_SOURCE_IDENTITY = Cond("RequiresSourceIdentity", Equals(REQUIRE_SOURCE_IDENTITY, "YES"))

    ASSUME_TEAM_ADMINISTRATOR = Out("AssumeTeamAdminRole", "Console link that switches to the team administrator")
    ASSUME_DATA_SCIENTIST = Out("AssumeDataScientistRole", "Console link that switches to the data scientist")
    ASSUME_ML_ENGINEER = Out("AssumeMLEngineerRole", "Console link that switches to the ML engineer")
    TEAM_ADMINISTRATOR_ARN = Out("DSTeamAdministratorRoleArn", "Role of the team administrator; empty if not created")
    DATA_SCIENTIST_ARN = Out("DataScientistRoleArn", "Role of the data scientist; empty if not created")
    ML_ENGINEER_ARN = Out("MLEngineerRoleArn", "Role of the ML engineer; empty if not created")
    SAGEMAKER_EXECUTION_ARN = Out("SageMakerExecutionRoleArn", "Role that Studio and its jobs run with")
    PIPELINE_EXECUTION_ARN = Out("SageMakerPipelineExecutionRoleArn", "Role that SageMaker pipelines run with")
    PROJECT_LAUNCH_ARN = Out("SCProjectLaunchRoleArn", "Role that launches the MLOps project products")
    SETUP_FUNCTION_ARN = Out("SetupLambdaExecutionRoleArn", "Role of the functions that set up the environment")
    STACK_SET_ADMINISTRATION_ARN = Out("StackSetAdministrationRoleArn", "Role that administers the stack sets")
    FLOW_LOGS_ARN = Out("VPCFlowLogsRoleArn", "Role that delivers VPC flow logs; empty if not created")
    BOUNDARY_ARN = Out("PermissionsBoundaryArn", "Policy that bounds every role of the environment")

    def build(self) -> None:
        raise NotImplementedError
