"""Every name that crosses a border that types cannot: SSM parameters, exports, environment variables, role names.

A role's name is written in the account that has the role and in the policies of the accounts that trust it, so it
stands here once. Names carry environment, stage and Region: several environments live side by side in one account.
`${EnvName}` ≤ 16 and `${EnvType}` ≤ 10 characters keep every name below within its service's limit (tests check it).
"""

from __future__ import annotations

from dataclasses import dataclass

from troposphere import Ref, Sub
from troposphere.ssm import Parameter

ENVIRONMENT = "${EnvName}-${EnvType}"

# Buckets of the development account, unless others are given
DATA_BUCKET = "${EnvName}-${EnvType}-${AWS::Region}-${AWS::AccountId}-data"
MODEL_BUCKET = "${EnvName}-${EnvType}-${AWS::Region}-${AWS::AccountId}-models"

# Roles of the development account
STACK_SET_ADMINISTRATION_ROLE = "${EnvName}-${EnvType}-${AWS::Region}-stackset-admin"
TEAM_ADMINISTRATOR_ROLE = "${EnvName}-${EnvType}-${AWS::Region}-team-administrator"
DATA_SCIENTIST_ROLE = "${EnvName}-${EnvType}-${AWS::Region}-data-scientist"
MODEL_APPROVER_ROLE = "${EnvName}-${EnvType}-${AWS::Region}-model-approver"
ML_ENGINEER_ROLE = "${EnvName}-${EnvType}-${AWS::Region}-ml-engineer"
SAGEMAKER_EXECUTION_ROLE = "${EnvName}-${EnvType}-${AWS::Region}-sm-execution"
PIPELINE_EXECUTION_ROLE = "${EnvName}-${EnvType}-${AWS::Region}-sm-pipeline"
PROJECT_LAUNCH_ROLE = "${EnvName}-${EnvType}-${AWS::Region}-project-launch"
WORKSPACE_LAUNCH_ROLE = "${EnvName}-${EnvType}-${AWS::Region}-workspace-launch"
SETUP_FUNCTION_ROLE = "${EnvName}-${EnvType}-${AWS::Region}-setup-function"
FLOW_LOGS_ROLE = "${EnvName}-${EnvType}-${AWS::Region}-vpc-flow-logs"
PERMISSIONS_BOUNDARY = "${EnvName}-${EnvType}-${AWS::Region}-boundary"
PROJECT_BOUNDARY = "${EnvName}-${EnvType}-${AWS::Region}-project-boundary"

# Roles that project templates make: all below one path of their environment, so that trusts and passes know them
PROJECT_ROLE_PATH = "sagemaker-projects/${EnvName}-${EnvType}/"
PROJECT_ROLES = f"{PROJECT_ROLE_PATH}sagemaker-*"
PROJECT_TEST_ROLES = f"{PROJECT_ROLES}-test"

# Roles of every stage account (and of the development account in single-account mode)
MODEL_EXECUTION_ROLE = "${EnvName}-${EnvType}-${AWS::Region}-model-execution"
STACK_SET_EXECUTION_ROLE = "${EnvName}-${EnvType}-${AWS::Region}-stackset-execution"
MODEL_TEST_ROLE = "${EnvName}-${EnvType}-${AWS::Region}-model-test"
MODEL_BATCH_ROLE = "${EnvName}-${EnvType}-${AWS::Region}-model-batch"
SETUP_EXECUTION_ROLE = "${EnvName}-${EnvType}-${AWS::Region}-setup-stackset"
TARGET_PERMISSIONS_BOUNDARY = "${EnvName}-${EnvType}-${AWS::Region}-target-boundary"

# Where project templates stand below the package's prefix, and the tag by which Studio shows templates and products
PROJECT_TEMPLATES_FOLDER = "project-templates"
PROJECT_TEMPLATES_TAG = "sagemaker:projectS3TemplatesLocation"
STUDIO_VISIBLE = {"sagemaker:studio-visibility": "true"}

# Namespace of the metrics that projects publish about their models' data
DRIFT_NAMESPACE = "MLProjects/Drift"


@dataclass(frozen=True)
class Published:
    """One value in SSM: the end of its name after `<EnvName>-<EnvType>-`, and how functions and builds call it."""

    key: str
    variable: str

    def name(self, stage: str = "EnvType") -> Sub:
        """The SSM parameter's name; `stage` is the template parameter that holds the stage's name."""
        return Sub(f"${{EnvName}}-${{{stage}}}-{self.key}")

    def parameter(self, title: str, value: object, description: str, *, stage: str = "EnvType") -> Parameter:
        """The SSM parameter that publishes `value`."""
        tags = {"EnvironmentName": Ref("EnvName"), "EnvironmentType": Ref("EnvType")}
        return Parameter(title, Name=self.name(stage), Type="String", Value=value, Description=description, Tags=tags)


VPC_ID = Published("vpc-id", "VPC_ID")
PRIVATE_SUBNETS = tuple(Published(f"private-sn-{n}a-id", f"PRIVATE_SUBNET_{n}_ID") for n in (1, 2, 3, 4))
PRIVATE_SUBNET_IDS = Published("private-subnet-ids", "SUBNET_IDS")
SAGEMAKER_SECURITY_GROUP_IDS = Published("sagemaker-sg-ids", "SECURITY_GROUP_IDS")
S3_ENDPOINT_ID = Published("s3-vpce-id", "S3_VPCE_ID")
KMS_ENDPOINT_ID = Published("kms-vpce-id", "KMS_VPCE_ID")
EBS_KEY_ARN = Published("kms-ebs-key-arn", "EBS_KMS_KEY_ARN")
STUDIO_STORAGE_KEY_ARN = Published("kms-efs-key-arn", "EFS_KMS_KEY_ARN")
S3_KEY_ARN = Published("kms-s3-key-arn", "S3_KMS_KEY_ARN")
DATA_BUCKET_NAME = Published("data-bucket-name", "DATA_BUCKET")
MODEL_BUCKET_NAME = Published("model-bucket-name", "MODEL_BUCKET")
SEED_CODE_BUCKET_NAME = Published("seed-code-s3bucket-name", "SEED_CODE_BUCKET")
STAGING_ACCOUNT_LIST = Published("staging-account-list", "STAGING_ACCOUNTS")
PRODUCTION_ACCOUNT_LIST = Published("production-account-list", "PRODUCTION_ACCOUNTS")
OU_STAGING_ID = Published("ou-staging-id", "OU_STAGING_ID")
OU_PROD_ID = Published("ou-prod-id", "OU_PROD_ID")
PIPELINE_EXECUTION_ROLE_ARN = Published("sm-pipeline-execution-role-arn", "PIPELINE_EXECUTION_ROLE_ARN")
MODEL_EXECUTION_ROLE_NAME = Published("sm-model-execution-role-name", "MODEL_EXECUTION_ROLE_NAME")
STACK_SET_ADMINISTRATION_ROLE_ARN = Published("stackset-administration-role-arn", "STACKSET_ADMINISTRATION_ROLE_ARN")
STACK_SET_EXECUTION_ROLE_NAME = Published("stackset-execution-role-name", "STACKSET_EXECUTION_ROLE_NAME")
ENV_TYPE_STAGING_NAME = Published("env-type-staging-name", "ENV_TYPE_STAGING_NAME")
ENV_TYPE_PROD_NAME = Published("env-type-prod-name", "ENV_TYPE_PROD_NAME")
SAGEMAKER_DOMAIN_ID = Published("sagemaker-domain-id", "SAGEMAKER_DOMAIN_ID")
OU_ACCOUNTS_FUNCTION_ARN = Published("ou-accounts-lambda-arn", "OU_ACCOUNTS_FUNCTION_ARN")
# Role names carry the stage, so each stage's are published beside those of the environment itself
STAGING_MODEL_EXECUTION_ROLE_NAME = Published("sm-model-execution-role-name-staging", "STAGING_MODEL_EXECUTION_ROLE")
PROD_MODEL_EXECUTION_ROLE_NAME = Published("sm-model-execution-role-name-prod", "PROD_MODEL_EXECUTION_ROLE")
STAGING_STACK_SET_EXECUTION_ROLE_NAME = Published("stackset-execution-role-name-staging", "STAGING_STACKSET_ROLE")
PROD_STACK_SET_EXECUTION_ROLE_NAME = Published("stackset-execution-role-name-prod", "PROD_STACKSET_ROLE")
SETUP_FUNCTION_ROLE_ARN = Published("setup-function-role-arn", "SETUP_FUNCTION_ROLE_ARN")
PROJECT_BOUNDARY_ARN = Published("project-boundary-arn", "PROJECT_BOUNDARY_ARN")
