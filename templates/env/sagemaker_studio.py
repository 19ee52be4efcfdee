"""env-sagemaker-studio.yaml: the SageMaker domain of an environment, with Studio and its first user."""

from __future__ import annotations

from troposphere import Equals, GetAtt, Not, Ref, Sub
from troposphere.sagemaker import Space, UserProfile

from generator.cfn.contract import Cond, Out, Param, switch
from generator.cfn.stack import Stack
from templates.env import studio_domain
from templates.functions import function, log_group, token
from templates.parameters import ENV_NAME, ENV_TYPE, environment_tags
from templates.published import PROJECT_TEMPLATES_FOLDER, PROJECT_TEMPLATES_TAG, SAGEMAKER_DOMAIN_ID

_STUDIO = "Amazon SageMaker Studio"
_NETWORK = "Network and Storage Configuration"
_PERMISSION = "Permission"


class EnvSagemakerStudio(Stack):
    """JupyterLab and Code Editor run in spaces that people start, and stop when idle; no Studio Classic."""

    FILE = "env-sagemaker-studio.yaml"
    DESCRIPTION = "SageMaker domain of one environment with Studio, and its first user profile"

    ENV_NAME = ENV_NAME
    ENV_TYPE = ENV_TYPE
    DOMAIN_NAME = Param(
        "DomainName",
        "Name of the domain; empty for one of the environment's name",
        default="",
        group=_STUDIO,
        label="Domain name",
    )
    USER_PROFILE_NAME = Param(
        "UserProfileName",
        "Name of the first user profile; empty for one of the environment's name",
        default="",
        group=_STUDIO,
        label="User profile name",
    )
    AUTH_MODE = Param(
        "AuthMode",
        "How people sign in: IAM, or SSO with IAM Identity Center (its users bring their own profiles)",
        default="IAM",
        allowed=("IAM", "SSO"),
        group=_STUDIO,
        label="Authentication mode",
    )
    START_KERNEL_GATEWAY_APPS = switch(
        "StartKernelGatewayApps",
        "YES prepares a private JupyterLab space for the first user. No app is started: the kernel apps that this "
        "once started belong to Studio Classic, which takes no new ones",
        default="NO",
        group=_STUDIO,
        label="Prepare a JupyterLab space",
    )
    IDLE_MINUTES = Param(
        "IdleTimeoutMinutes",
        "Minutes without activity after which a JupyterLab or Code Editor app stops",
        type="Number",
        default=120,
        min_value=60,
        max_value=studio_domain.LONGEST_IDLE_MINUTES,
        group=_STUDIO,
        label="Idle timeout",
    )
    SOURCE_IDENTITY = Param(
        "ExecutionRoleIdentity",
        "USER_PROFILE_NAME writes the user's profile into CloudTrail; an execution role created elsewhere must then "
        "let SageMaker do sts:SetSourceIdentity",
        default="USER_PROFILE_NAME",
        allowed=("USER_PROFILE_NAME", "DISABLED"),
        group=_STUDIO,
        label="Source identity",
    )
    VPC_ID = Param("VPCId", "VPC of Studio and its jobs", type="AWS::EC2::VPC::Id", group=_NETWORK, label="VPC")
    SUBNET_IDS = Param(
        "SageMakerStudioSubnetIds",
        "Private subnets of Studio",
        type="List<AWS::EC2::Subnet::Id>",
        group=_NETWORK,
        label="Subnets",
    )
    SECURITY_GROUP_IDS = Param(
        "SageMakerSecurityGroupIds",
        "Security groups of Studio and its jobs",
        type="List<AWS::EC2::SecurityGroup::Id>",
        group=_NETWORK,
        label="Security groups",
    )
    STORAGE_KEY_ID = Param(
        "SageMakerStudioStorageKMSKeyId",
        "Key that encrypts the volumes of spaces; empty for the key that AWS manages",
        default="",
        group=_NETWORK,
        label="Storage encryption key",
    )
    NETWORK_ACCESS = Param(
        "NetworkAccessType",
        "VpcOnly sends all traffic through the VPC",
        default="VpcOnly",
        allowed=("PublicInternetOnly", "VpcOnly"),
        group=_NETWORK,
        label="Network access",
    )
    HOME_FILE_SYSTEM = Param(
        "HomeFileSystem",
        "Enabled adds a shared EFS file system; SageMaker leaves it behind when the domain is deleted",
        default="Disabled",
        allowed=("Enabled", "Disabled"),
        group=_NETWORK,
        label="Home file system",
    )
    EXECUTION_ROLE_ARN = Param(
        "SageMakerExecutionRoleArn", "Role that Studio and its jobs run with", group=_PERMISSION, label="Execution role"
    )
    SETUP_ROLE_ARN = Param(
        "SetupLambdaExecutionRoleArn",
        "Role of the functions that set Studio up and clear it",
        group=_PERMISSION,
        label="Set-up role",
    )

    NAMES_DOMAIN = Cond("NamesDomain", Not(Equals(DOMAIN_NAME, "")))
    NAMES_PROFILE = Cond("NamesProfile", Not(Equals(USER_PROFILE_NAME, "")))
    HAS_STORAGE_KEY = Cond("HasStorageKey", Not(Equals(STORAGE_KEY_ID, "")))
    SIGNS_IN_WITH_IAM = Cond("SignsInWithIAM", Equals(AUTH_MODE, "IAM"))
    PREPARES_SPACE = Cond("PreparesSpace", studio_domain.both(AUTH_MODE, "IAM", START_KERNEL_GATEWAY_APPS, "YES"))

    DOMAIN_ID = Out(
        "SageMakerDomainId", "Id of the SageMaker domain", export=Sub("${EnvName}-${EnvType}-sagemaker-domain-id")
    )

    def build(self) -> None:
        folder = f"s3://{self.release.bucket}/{self.release.prefix}/{PROJECT_TEMPLATES_FOLDER}/"
        scripts = [self.add(studio_domain.sdk_defaults(kind, environment_tags())) for kind in studio_domain.APP_KINDS]
        domain = self.add(
            studio_domain.domain(
                name=self.NAMES_DOMAIN.then(self.DOMAIN_NAME, Sub(studio_domain.DOMAIN_NAME)),
                auth_mode=self.AUTH_MODE,
                network_access=self.NETWORK_ACCESS,
                vpc=self.VPC_ID,
                subnets=self.SUBNET_IDS,
                key=self.HAS_STORAGE_KEY.then(self.STORAGE_KEY_ID),
                home=self.HOME_FILE_SYSTEM,
                source_identity=self.SOURCE_IDENTITY,
                users=studio_domain.user_settings(
                    self.EXECUTION_ROLE_ARN, self.SECURITY_GROUP_IDS, self.IDLE_MINUTES, self.HOME_FILE_SYSTEM, scripts
                ),
                spaces=studio_domain.space_settings(
                    self.EXECUTION_ROLE_ARN, self.SECURITY_GROUP_IDS, self.IDLE_MINUTES
                ),
                tags=environment_tags(**{PROJECT_TEMPLATES_TAG: folder}),
            )
        )
        domain_id = GetAtt(domain, "DomainId")
        profile_name = self.NAMES_PROFILE.then(self.USER_PROFILE_NAME, Sub(studio_domain.PROFILE_NAME))
        profile = self.add(
            studio_domain.user_profile(domain_id, profile_name, environment_tags()), self.SIGNS_IN_WITH_IAM
        )
        space = self.add(studio_domain.prepared_space(domain_id, profile_name, environment_tags()), self.PREPARES_SPACE)
        self._clearing(domain_id, profile, space)
        self._project_templates()
        self.add(
            SAGEMAKER_DOMAIN_ID.parameter("SageMakerDomainIdSSM", domain_id, "SageMaker domain of the environment")
        )
        self.put(self.DOMAIN_ID, domain_id)

    def _clearing(self, domain_id: GetAtt, profile: UserProfile, space: Space) -> None:
        clear_log = self.add(log_group("DeleteAppsLogs", "${EnvName}-${EnvType}-delete-apps", tags=environment_tags()))
        clear = self.add(
            function(
                self.release,
                "DeleteAppsFunction",
                "delete-apps",
                "Deletes the apps and spaces of a domain before the domain is deleted",
                role=self.SETUP_ROLE_ARN,
                log=clear_log,
                seconds=studio_domain.CLEARING_SECONDS,
                tags=environment_tags(),
            )
        )
        self.add(
            studio_domain.DeleteApps(
                "DeleteApps",
                ServiceToken=token(clear),
                DomainId=domain_id,
                After=[self.SIGNS_IN_WITH_IAM.then(Ref(profile), ""), self.PREPARES_SPACE.then(Ref(space), "")],
            )
        )

    def _project_templates(self) -> None:
        enable_log = self.add(
            log_group("EnableProjectsLogs", "${EnvName}-${EnvType}-enable-projects", tags=environment_tags())
        )
        enable = self.add(
            function(
                self.release,
                "EnableProjectsFunction",
                "enable-sagemaker-projects",
                "Lets the execution role use SageMaker's project templates",
                role=self.SETUP_ROLE_ARN,
                log=enable_log,
                tags=environment_tags(),
            )
        )
        self.add(
            studio_domain.EnableProjects(
                "EnableProjects", ServiceToken=token(enable), ExecutionRole=Ref(self.EXECUTION_ROLE_ARN.name)
            )
        )
