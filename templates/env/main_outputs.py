"""The outputs of env-main.yaml; the orchestrator and people read them."""

from __future__ import annotations

from troposphere import Sub

from generator.cfn.contract import Out


class Outputs:
    """What was made or given, under the names that target accounts' templates use for it."""

    ASSUME_TEAM_ADMINISTRATOR = Out(
        "AssumeTeamAdminRole", "Console link that switches to the team administrator; empty if created elsewhere"
    )
    ASSUME_DATA_SCIENTIST = Out(
        "AssumeDataScientistRole", "Console link that switches to the data scientist; empty if created elsewhere"
    )
    OU_FUNCTION_ARN = Out(
        "GetOUAccountsLambdaArn",
        "Function that looks up the accounts of organizational units",
        export=Sub("${EnvName}-${EnvType}-ou-accounts-lambda-arn"),
    )
    DOMAIN_ID = Out("SageMakerDomainId", "Id of the SageMaker domain")
    VPC_ID = Out("VPCId", "VPC of the environment")
    PRIVATE_SUBNET_IDS = Out("PrivateSubnetIds", "Private subnets, separated by commas")
    SECURITY_GROUP_IDS = Out("SageMakerSecurityGroupIds", "Security groups of Studio and its jobs")
    DATA_BUCKET_NAME = Out("DataBucketName", "Bucket for data, created or given")
    MODEL_BUCKET_NAME = Out("ModelBucketName", "Bucket for models, created or given")
    MODEL_KEY_ARN = Out("ModelS3KMSKeyArn", "Key that encrypts the buckets")
    ADMINISTRATION_ROLE_ARN = Out("StackSetAdministrationRoleArn", "Role that administers the stack sets")
    ORGANIZATION = Out("OrganizationId", "Organization of the target accounts, as given or looked up; else empty")
    PIPELINE_ROLE_ARN = Out("PipelineExecutionRoleArn", "Role that SageMaker pipelines run with")
    SETUP_ROLE_NAME_IN_USE = Out(
        "SetupStackSetExecutionRoleName", "Role that the stack sets run with in target accounts"
    )
