"""The parameters, conditions and rules of env-main.yaml, by subject."""

from __future__ import annotations

from troposphere import And, Equals, Not

from generator.cfn import rules
from generator.cfn.contract import Cond, Param, Rule, switch
from templates.access.job_rules import JobRuleParameters
from templates.env.iam import EnvIam
from templates.env.sagemaker_studio import EnvSagemakerStudio
from templates.env.vpc import EnvVpc
from templates.parameters import ENVIRONMENT_GROUP, OPTIONS_GROUP, env_name, env_type

OPTIONS = OPTIONS_GROUP
ROLES = "Environment IAM Roles ARNs (only needed if created outside of this stack)"
BUCKETS = "S3 Buckets (only needed if created outside of this stack)"
SEED = "S3 Bucket Name with MLOps Seed Code"

_ROLE_ARN = r"(arn:[a-z-]+:iam::\d{12}:role/[\w+=,.@/-]+)?"
_ROLE_NAME = r"[\w+=,.@-]*"


def _stage(name: str, what: str, default: str) -> Param:
    return Param(name, f"Name of the {what} stage", default=default, max_length=10, group=ENVIRONMENT_GROUP)


def _role(name: str, who: str) -> Param:
    return Param(
        name, f"Role of {who}, when CreateEnvironmentIAMRoles is NO", default="", pattern=_ROLE_ARN, group=ROLES
    )


def role_name(name: str, what: str, group: str) -> Param:
    return Param(
        name,
        f"Name of the role that {what}, in every target account; empty for this product's own name",
        default="",
        pattern=_ROLE_NAME,
        max_length=64,
        group=group,
    )


class Identity:
    """Which environment this is, and what it is to have."""

    ENV_NAME = env_name(default="sm-mlops", label="Environment name")
    ENV_TYPE = env_type(label="Environment type")
    STAGING = _stage("EnvTypeStagingName", "staging", "staging")
    PROD = _stage("EnvTypeProdName", "production", "prod")

    CREATE_ROLES = switch(
        "CreateEnvironmentIAMRoles", "NO takes the roles that another process created, by ARN and name", group=OPTIONS
    )
    CREATE_BUCKETS = switch(
        "CreateEnvironmentS3Buckets", "NO takes the buckets that another process created, by name", group=OPTIONS
    )
    USE_MIRROR = switch(
        "UseSharedServicesPyPiMirror",
        "YES connects the network to the package mirror of the core stack's shared services",
        default="NO",
        group=OPTIONS,
    )
    FOUR_EYES = EnvIam.FOUR_EYES
    CORE_EXPORT_PREFIX = Param(
        "CoreExportPrefix",
        "How the exports of the core stack begin; it is one of the core stack's parameters",
        default="ds",
        pattern="[A-Za-z0-9-]+",
        group=OPTIONS,
    )
    START_KERNEL_GATEWAY_APPS = EnvSagemakerStudio.START_KERNEL_GATEWAY_APPS
    AUTH_MODE = EnvSagemakerStudio.AUTH_MODE
    DOMAIN_NAME = EnvSagemakerStudio.DOMAIN_NAME
    USER_PROFILE_NAME = EnvSagemakerStudio.USER_PROFILE_NAME
    NETWORK_ACCESS = EnvSagemakerStudio.NETWORK_ACCESS
    IDLE_MINUTES = EnvSagemakerStudio.IDLE_MINUTES
    HOME_FILE_SYSTEM = EnvSagemakerStudio.HOME_FILE_SYSTEM
    SOURCE_IDENTITY = EnvSagemakerStudio.SOURCE_IDENTITY

    CREATES_ROLES = Cond("CreatesRoles", Equals(CREATE_ROLES, "YES"))
    CREATES_BUCKETS = Cond("CreatesBuckets", Equals(CREATE_BUCKETS, "YES"))
    USES_MIRROR = Cond("UsesMirror", Equals(USE_MIRROR, "YES"))


class Given:
    """Roles and buckets that stand outside this stack."""

    TEAM_ADMINISTRATOR_ARN = _role("DSTeamAdministratorRoleArn", "the team administrator")
    DATA_SCIENTIST_ARN = _role("DataScientistRoleArn", "the data scientists")
    SAGEMAKER_EXECUTION_ARN = _role("SageMakerExecutionRoleArn", "Studio and its jobs")
    PIPELINE_EXECUTION_ARN = _role("SageMakerPipelineExecutionRoleArn", "SageMaker pipelines")
    PROJECT_LAUNCH_ARN = _role("SCProjectLaunchRoleArn", "the launch of project templates")
    SETUP_FUNCTION_ARN = _role("SetupLambdaExecutionRoleArn", "the functions that set up the environment")
    STACK_SET_ADMINISTRATION_ARN = _role("StackSetAdministrationRoleArn", "the administration of stack sets")
    MODEL_EXECUTION_NAME = role_name("SageMakerModelExecutionRoleName", "models run with", ROLES)
    STACK_SET_EXECUTION_NAME = role_name("StackSetExecutionRoleName", "deploys models", ROLES)

    DATA_BUCKET = Param(
        "DataBucketName", "Bucket for data, when CreateEnvironmentS3Buckets is NO", default="", group=BUCKETS
    )
    MODEL_BUCKET = Param(
        "ModelBucketName", "Bucket for models, when CreateEnvironmentS3Buckets is NO", default="", group=BUCKETS
    )
    SEED_BUCKET = Param("SeedCodeS3BucketName", "Bucket that holds the seed code of the project templates", group=SEED)

    NAMES_ADMINISTRATION = Cond("NamesStackSetAdministration", Not(Equals(STACK_SET_ADMINISTRATION_ARN, "")))
    NAMES_MODEL_EXECUTION = Cond("NamesModelExecution", Not(Equals(MODEL_EXECUTION_NAME, "")))
    NAMES_STACK_SET_EXECUTION = Cond("NamesStackSetExecution", Not(Equals(STACK_SET_EXECUTION_NAME, "")))

    ROLES_RULE = Rule(
        "IAMRoles",
        tuple(
            (rules.given(parameter), f"{parameter.name} is needed when CreateEnvironmentIAMRoles is NO")
            for parameter in (
                TEAM_ADMINISTRATOR_ARN,
                DATA_SCIENTIST_ARN,
                SAGEMAKER_EXECUTION_ARN,
                PIPELINE_EXECUTION_ARN,
                PROJECT_LAUNCH_ARN,
                SETUP_FUNCTION_ARN,
                MODEL_EXECUTION_NAME,
            )
        ),
        when=rules.equals(Identity.CREATE_ROLES, "NO"),
    )
    NEW_ROLES_RULE = Rule(
        "IAMRolesNew",
        tuple(
            (
                rules.missing(parameter),
                f"{parameter.name} is for existing roles: set CreateEnvironmentIAMRoles to NO",
            )
            for parameter in (MODEL_EXECUTION_NAME, STACK_SET_EXECUTION_NAME)
        ),
        when=rules.equals(Identity.CREATE_ROLES, "YES"),
    )
    NEW_BUCKETS_RULE = Rule(
        "S3BucketsNew",
        (
            (
                rules.all_of(rules.missing(DATA_BUCKET), rules.missing(MODEL_BUCKET)),
                "DataBucketName and ModelBucketName are for existing buckets: set CreateEnvironmentS3Buckets to NO",
            ),
        ),
        when=rules.equals(Identity.CREATE_BUCKETS, "YES"),
    )
    EXISTING_BUCKETS_RULE = Rule(
        "S3BucketsExisting",
        (
            (
                rules.all_of(rules.given(DATA_BUCKET), rules.given(MODEL_BUCKET)),
                "DataBucketName and ModelBucketName are both needed when CreateEnvironmentS3Buckets is NO",
            ),
        ),
        when=rules.equals(Identity.CREATE_BUCKETS, "NO"),
    )


class Network:
    """The environment's own network; the parameters are those of env-vpc.yaml."""

    AVAILABILITY_ZONES = EnvVpc.AVAILABILITY_ZONES
    NUMBER_OF_AZS = EnvVpc.NUMBER_OF_AZS
    CREATE_VPC = EnvVpc.CREATE_VPC
    EXISTING_VPC_ID = EnvVpc.EXISTING_VPC_ID
    CREATE_NAT_GATEWAYS = EnvVpc.CREATE_NAT_GATEWAYS
    CREATE_PRIVATE_SUBNETS = EnvVpc.CREATE_PRIVATE_SUBNETS
    VPC_CIDR = EnvVpc.VPC_CIDR
    PRIVATE_1_CIDR = EnvVpc.PRIVATE_1_CIDR
    PRIVATE_2_CIDR = EnvVpc.PRIVATE_2_CIDR
    PRIVATE_3_CIDR = EnvVpc.PRIVATE_3_CIDR
    PRIVATE_4_CIDR = EnvVpc.PRIVATE_4_CIDR
    PUBLIC_1_CIDR = EnvVpc.PUBLIC_1_CIDR
    PUBLIC_2_CIDR = EnvVpc.PUBLIC_2_CIDR
    PUBLIC_3_CIDR = EnvVpc.PUBLIC_3_CIDR
    PUBLIC_4_CIDR = EnvVpc.PUBLIC_4_CIDR
    S3_PREFIX_LIST = EnvVpc.S3_PREFIX_LIST

    FINDS_SUBNETS = Cond("FindsExistingSubnets", Equals(CREATE_PRIVATE_SUBNETS, "NO"))


class Endpoints:
    """Which endpoints the environment's network and the target accounts' networks have."""

    CREATE_S3 = EnvVpc.CREATE_S3
    EXISTING_S3_ENDPOINT_ID = EnvVpc.EXISTING_S3_ENDPOINT_ID
    CREATE_SSM = EnvVpc.CREATE_SSM
    CREATE_CW = EnvVpc.CREATE_CW
    CREATE_CWL = EnvVpc.CREATE_CWL
    CREATE_SAGEMAKER_API = EnvVpc.CREATE_SAGEMAKER_API
    CREATE_SAGEMAKER_RUNTIME = EnvVpc.CREATE_SAGEMAKER_RUNTIME
    CREATE_SAGEMAKER_NOTEBOOK = EnvVpc.CREATE_SAGEMAKER_NOTEBOOK
    CREATE_STS = EnvVpc.CREATE_STS
    CREATE_SERVICE_CATALOG = EnvVpc.CREATE_SERVICE_CATALOG
    CREATE_CODECOMMIT = EnvVpc.CREATE_CODECOMMIT
    CREATE_CODECOMMIT_API = EnvVpc.CREATE_CODECOMMIT_API
    CREATE_CODEPIPELINE = EnvVpc.CREATE_CODEPIPELINE
    CREATE_CODEBUILD = EnvVpc.CREATE_CODEBUILD
    CREATE_ECR_API = EnvVpc.CREATE_ECR_API
    CREATE_ECR = EnvVpc.CREATE_ECR
    CREATE_KMS = EnvVpc.CREATE_KMS
    CREATE_CODEARTIFACT = EnvVpc.CREATE_CODEARTIFACT


class Jobs(JobRuleParameters):
    """What the environment's boundary asks of jobs beside a VPC."""

    REQUIRE_KEYS = EnvIam.REQUIRE_KEYS


class FlowLogs:
    """Flow logs of the environment's networks: its own, and with the same choices those of the target accounts."""

    CREATE_FLOW_LOGS_ROLE = switch(
        "CreateVPCFlowLogsRole",
        "Create the role that delivers flow logs, with the other roles; NO takes VPCFlowLogsRoleArn",
        group=OPTIONS,
    )
    CREATE_FLOW_LOGS = switch(
        "CreateVPCFlowLogsToCloudWatch",
        "Write flow logs of the VPC to CloudWatch Logs",
        group=EnvVpc.CREATE_FLOW_LOGS.group,
    )
    FLOW_LOGS_ROLE_ARN = EnvVpc.FLOW_LOGS_ROLE_ARN
    FLOW_LOGS_FORMAT = EnvVpc.FLOW_LOGS_FORMAT
    FLOW_LOGS_RETENTION = EnvVpc.FLOW_LOGS_RETENTION
    FLOW_LOGS_INTERVAL = EnvVpc.FLOW_LOGS_INTERVAL
    FLOW_LOGS_TRAFFIC = EnvVpc.FLOW_LOGS_TRAFFIC
    FLOW_LOGS_KEY = EnvVpc.FLOW_LOGS_KEY

    CREATES_FLOW_LOGS_ROLE = Cond(
        "CreatesFlowLogsRole", And(Equals(Identity.CREATE_ROLES, "YES"), Equals(CREATE_FLOW_LOGS_ROLE, "YES"))
    )
    LOGS_TARGETS = Cond(
        "LogsTargets",
        And(
            Equals(Identity.CREATE_ROLES, "YES"),
            Equals(CREATE_FLOW_LOGS_ROLE, "YES"),
            Equals(CREATE_FLOW_LOGS, "YES"),
        ),
    )

    FLOW_LOGS_RULE = Rule(
        "VPCFlowLogsRole",
        (
            (
                rules.given(FLOW_LOGS_ROLE_ARN),
                "VPCFlowLogsRoleArn is needed for flow logs when their role is not created here",
            ),
        ),
        when=rules.all_of(
            rules.equals(CREATE_FLOW_LOGS, "YES"),
            rules.any_of(rules.equals(Identity.CREATE_ROLES, "NO"), rules.equals(CREATE_FLOW_LOGS_ROLE, "NO")),
        ),
    )
