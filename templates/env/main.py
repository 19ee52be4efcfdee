"""env-main.yaml: one environment: its development account, and the staging and production accounts it deploys to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from troposphere import GetAtt, ImportValue, Join, Split, Sub
from troposphere.awslambda import Function

from generator.cfn.contract import Cond, Param
from generator.cfn.stack import Nested, Stack, passing
from templates.env import main_functions as look_ups
from templates.env import main_published as published
from templates.env import main_stack_sets as stack_sets
from templates.env import main_wiring as wiring
from templates.env.iam import EnvIam
from templates.env.kms import EnvKms
from templates.env.main_outputs import Outputs
from templates.env.main_parameters import Endpoints, FlowLogs, Given, Identity, Jobs, Network
from templates.env.main_targets import Targets
from templates.env.main_wiring import Roles, Stage, Stores
from templates.env.s3 import EnvS3
from templates.env.sagemaker_studio import EnvSagemakerStudio
from templates.env.sc_portfolio import EnvScPortfolio
from templates.env.sc_workspaces import EnvScWorkspaces
from templates.env.vpc import EnvVpc
from templates.functions import function, log_group, token
from templates.parameters import environment_tags
from templates.published import (
    DATA_BUCKET,
    MODEL_BUCKET,
    OU_PROD_ID,
    OU_STAGING_ID,
    PRODUCTION_ACCOUNT_LIST,
    STAGING_ACCOUNT_LIST,
    Published,
)
from templates.target.iam_target_account_roles import EnvIamTargetAccountRoles

_ENDPOINTS = tuple(value for value in vars(Endpoints).values() if isinstance(value, Param))
_LAUNCH_ROLE_EXPORT = "${CoreExportPrefix}-service-catalog-launch-role-arn"
# One for all core stacks of a Region; core-shared-services-ecs exports it.
_MIRROR_EXPORT = "ds-pypimirror-shared-service-endpoint-name"


class EnvMain(Outputs, Jobs, FlowLogs, Endpoints, Network, Targets, Given, Identity, Stack):
    """Order, and in reverse the order of deletion: roles, look-ups, network, keys, buckets, then Studio, products and
    the targets' stack sets. The stack sets name the administration role, so it outlives them."""

    FILE = "env-main.yaml"
    DESCRIPTION = "Data science environment: roles, network, keys, buckets, Studio, project templates, target accounts"

    def build(self) -> None:
        iam = self._roles()
        roles = wiring.roles(iam)
        setup_role = GetAtt(self.add(published.setup_role_parameter(roles)), "Value")
        staging, prod = self._stages(setup_role)
        vpc = self._network(roles, setup_role, staging)
        kms = self._keys(roles, vpc, staging, prod)
        stores = self._buckets(roles, vpc, kms, staging, prod)
        studio = self._studio(roles, setup_role, vpc, kms)
        self._products(iam, roles, setup_role)
        own = self._own_roles(iam, stores)
        administration = self._publish(roles, own, stores, vpc, staging)
        self._targets(stack_sets.Setting(self.release, iam, stores, administration), staging, prod)
        self.add(published.resource_group())
        self._outputs(iam, vpc, stores, studio)
        self.put(self.ADMINISTRATION_ROLE_ARN, administration)
        self.put(self.ORGANIZATION, wiring.organization_id(staging))
        self.put(self.PIPELINE_ROLE_ARN, roles.pipeline_execution)
        self.put(self.SETUP_ROLE_NAME_IN_USE, wiring.setup_role_name())

    def _child(
        self, title: str, child: type[Stack], parameters: Mapping[Param, Any], *, when: Cond | None = None
    ) -> Nested:
        """A child of this environment: it has the same EnvName and, unless given, the same EnvType."""
        own = child.contract().parameters
        identity = {own["EnvName"]: self.ENV_NAME, own["EnvType"]: self.ENV_TYPE}
        return self.nest(Nested(title, child, {**identity, **parameters}, when=when, tags=environment_tags()))

    def _roles(self) -> Nested:
        return self._child(
            "EnvironmentIAMRoles",
            EnvIam,
            {
                **wiring.choices_of_roles(),
                EnvIam.SETUP_ROLE_NAME: wiring.setup_role_name(),
                EnvIam.EXECUTION_ROLE_NAME: self.STACK_SET_EXECUTION_NAME,
                EnvIam.STAGING: self.STAGING,
                EnvIam.PROD: self.PROD,
                EnvIam.DATA_BUCKET: wiring.data_bucket_name(),
                EnvIam.MODEL_BUCKET: wiring.model_bucket_name(),
            },
            when=self.CREATES_ROLES,
        )

    def _function(self, title: str, source: str, description: str, role: Any, when: Cond | None = None) -> Function:
        log = self.add(log_group(f"{title}Logs", f"${{EnvName}}-${{EnvType}}-{source}", tags=environment_tags()), when)
        made = function(self.release, title, source, description, role=role, log=log, tags=environment_tags())
        return self.add(made, when)

    def _stages(self, role: Any) -> tuple[Stage, Stage]:
        """Staging and production, with the look-up of their accounts; the orchestrator looks them up itself."""
        look_up = self._function(
            "GetOUAccountsFunction",
            "get-ou-accounts",
            "Looks up the accounts of organizational units",
            role,
        )
        self.put(self.OU_FUNCTION_ARN, token(look_up))
        include = self.OWNED_BY_TEMPLATE.then("YES", "NO")

        def stage(title: str, name: Param, units: Param, listed: Param, block: Param) -> Stage:
            found = look_ups.unit_accounts(
                f"{title}Accounts",
                look_up,
                units,
                include=include,
                organization=self.ORGANIZATION_ID,
                again=self.LOOK_UP_AGAIN,
            )
            return Stage(title, name, self.add(found, self.USES_UNITS), units, listed, block)

        return (
            stage("Staging", self.STAGING, self.STAGING_UNIT, self.STAGING_ACCOUNTS, self.STAGING_BLOCK),
            stage("Production", self.PROD, self.PROD_UNIT, self.PROD_ACCOUNTS, self.PROD_BLOCK),
        )

    def _network(self, roles: Roles, setup_role: Any, stage: Stage) -> Nested:
        finder = self._function(
            "GetNetworkConfigurationFunction",
            "get-network-configuration",
            "Finds the private subnets of an existing VPC",
            setup_role,
            self.FINDS_SUBNETS,
        )
        blocks = [self.PRIVATE_1_CIDR, self.PRIVATE_2_CIDR, self.PRIVATE_3_CIDR, self.PRIVATE_4_CIDR]
        found = self.add(
            look_ups.existing_subnets(
                finder, self.EXISTING_VPC_ID, self.AVAILABILITY_ZONES, blocks, self.NUMBER_OF_AZS
            ),
            self.FINDS_SUBNETS,
        )
        own = [value for value in vars(Network).values() if isinstance(value, Param)]
        flow_logs = [self.FLOW_LOGS_FORMAT, self.FLOW_LOGS_RETENTION, self.FLOW_LOGS_INTERVAL]
        flow_logs += [self.FLOW_LOGS_TRAFFIC, self.FLOW_LOGS_KEY]
        mirror = self.USES_MIRROR.then(ImportValue(_MIRROR_EXPORT), "")
        return self._child(
            "EnvironmentVPC",
            EnvVpc,
            {
                **passing(*own, *_ENDPOINTS, *flow_logs),
                EnvVpc.AVAILABILITY_ZONES: Join(",", self.AVAILABILITY_ZONES),
                EnvVpc.EXISTING_SUBNET_IDS: self.FINDS_SUBNETS.then(look_ups.joined(found, "SubnetIds"), ""),
                EnvVpc.EXISTING_ROUTE_TABLE_IDS: self.FINDS_SUBNETS.then(look_ups.joined(found, "RouteTableIds"), ""),
                EnvVpc.PYPI_MIRROR_SERVICE: mirror,
                EnvVpc.CREATE_FLOW_LOGS: self.CREATE_FLOW_LOGS,
                EnvVpc.FLOW_LOGS_ROLE_ARN: roles.flow_logs,
                EnvVpc.DATA_BUCKET: wiring.data_bucket_name(),
                EnvVpc.MODEL_BUCKET: wiring.model_bucket_name(),
                EnvVpc.ORGANIZATION_ID: wiring.organization_id(stage),
            },
        )

    def _keys(self, roles: Roles, vpc: Nested, *stages: Stage) -> Nested:
        return self._child(
            "EnvironmentKMSKeys",
            EnvKms,
            {
                EnvKms.TEAM_ADMINISTRATOR: roles.team_administrator,
                EnvKms.DATA_SCIENTIST: roles.data_scientist,
                EnvKms.EXECUTION_ROLE: roles.sagemaker_execution,
                EnvKms.PIPELINE_ROLE: roles.pipeline_execution,
                EnvKms.LAUNCH_ROLE: ImportValue(Sub(_LAUNCH_ROLE_EXPORT)),
                EnvKms.KMS_ENDPOINT: vpc.get(EnvVpc.KMS_ENDPOINT_ID),
                **self._perimeter(EnvKms, *stages),
            },
        )

    def _buckets(self, roles: Roles, vpc: Nested, kms: Nested, *stages: Stage) -> Stores:
        buckets = self._child(
            "EnvironmentS3",
            EnvS3,
            {
                EnvS3.DATA_BUCKET: Sub(DATA_BUCKET),
                EnvS3.MODEL_BUCKET: Sub(MODEL_BUCKET),
                EnvS3.S3_ENDPOINT: vpc.get(EnvVpc.S3_ENDPOINT_ID),
                EnvS3.KEY: kms.get(EnvKms.S3_KEY_ARN),
                EnvS3.PIPELINE_ROLE: roles.pipeline_execution,
                EnvS3.EXECUTION_ROLE: roles.sagemaker_execution,
                **self._perimeter(EnvS3, *stages),
            },
            when=self.CREATES_BUCKETS,
        )
        return Stores(
            data_bucket=buckets.get(EnvS3.DATA_BUCKET_NAME, otherwise=self.DATA_BUCKET),
            model_bucket=buckets.get(EnvS3.MODEL_BUCKET_NAME, otherwise=self.MODEL_BUCKET),
            key_arn=kms.get(EnvKms.S3_KEY_ARN),
        )

    def _perimeter(self, child: type[EnvKms] | type[EnvS3], *stages: Stage) -> dict[Param, Any]:
        """Which target accounts keys and buckets admit: both say it with the same parameters."""
        return {
            child.TARGET_ORG_PATHS: wiring.organization_paths(*stages),
            child.TARGET_ACCOUNTS: wiring.listed_accounts(*stages),
            child.STAGING_NAME: self.STAGING,
            child.PROD_NAME: self.PROD,
            child.MODEL_ROLE_NAME: self.MODEL_EXECUTION_NAME,
        }

    def _studio(self, roles: Roles, setup_role: Any, vpc: Nested, kms: Nested) -> Nested:
        studio = EnvSagemakerStudio
        return self._child(
            "EnvironmentSageMakerStudio",
            studio,
            {
                **passing(
                    self.START_KERNEL_GATEWAY_APPS,
                    self.AUTH_MODE,
                    self.DOMAIN_NAME,
                    self.USER_PROFILE_NAME,
                    self.NETWORK_ACCESS,
                    self.IDLE_MINUTES,
                    self.HOME_FILE_SYSTEM,
                    self.SOURCE_IDENTITY,
                ),
                studio.VPC_ID: vpc.get(EnvVpc.VPC_ID),
                studio.SUBNET_IDS: vpc.get(EnvVpc.PRIVATE_SUBNET_IDS),
                studio.SECURITY_GROUP_IDS: vpc.get(EnvVpc.SAGEMAKER_GROUP_IDS),
                studio.STORAGE_KEY_ID: kms.get(EnvKms.STUDIO_KEY_ARN),
                studio.EXECUTION_ROLE_ARN: roles.sagemaker_execution,
                studio.SETUP_ROLE_ARN: setup_role,
            },
        )

    def _products(self, iam: Nested, roles: Roles, setup_role: Any) -> None:
        """Workspaces are launched with a role that only this product's own roles have."""
        child = EnvScPortfolio
        wired = {child.PRINCIPAL_ARN: roles.sagemaker_execution, child.LAUNCH_ROLE_ARN: roles.project_launch}
        self._child("EnvironmentSCPortfolio", child, {**wired, child.VERSION_ROLE_ARN: setup_role})
        launched = {EnvScWorkspaces.LAUNCH_ROLE_ARN: wiring.created(iam, EnvIam.WORKSPACE_LAUNCH_ARN)}
        given = {**launched, EnvScWorkspaces.VERSION_ROLE_ARN: setup_role}
        self._child("EnvironmentSCWorkspaces", EnvScWorkspaces, given, when=self.CREATES_ROLES)

    def _own_roles(self, iam: Nested, stores: Stores) -> Nested:
        """The roles of a target account here too: of this environment, and of both stages in single-account mode."""
        self._target_roles("StagingRolesInThisAccount", self.STAGING, iam, stores, self.SINGLE_ACCOUNT_ROLES)
        self._target_roles("ProductionRolesInThisAccount", self.PROD, iam, stores, self.SINGLE_ACCOUNT_ROLES)
        return self._target_roles("EnvironmentTargetRoles", self.ENV_TYPE, iam, stores, self.CREATES_ROLES)

    def _target_roles(self, title: str, stage: Param, iam: Nested, stores: Stores, when: Cond) -> Nested:
        parameters = wiring.target_role_parameters(stage, iam, stores)
        boundary = {EnvIamTargetAccountRoles.BOUNDARY_ARN: wiring.created(iam, EnvIam.BOUNDARY_ARN)}
        return self._child(title, EnvIamTargetAccountRoles, {**parameters, **boundary}, when=when)

    def _publish(self, roles: Roles, own: Nested, stores: Stores, vpc: Nested, stage: Stage) -> Any:
        """Tell others what they need; returns the stack set administration role as told."""
        child = EnvIamTargetAccountRoles
        names = published.OwnRoles(
            own.get(child.MODEL_EXECUTION_ROLE_NAME, otherwise=self.MODEL_EXECUTION_NAME),
            own.get(child.STACK_SET_EXECUTION_ROLE_NAME, otherwise=wiring.stack_set_execution_name()),
        )
        for parameter in published.environment_parameters(roles, names, stores, stage.look_up.ServiceToken):
            self.add(parameter)
        for parameter in published.stage_role_parameters():
            self.add(parameter)
        for parameter in published.stage_network_parameters(
            vpc.get(EnvVpc.PRIVATE_SUBNET_IDS), vpc.get(EnvVpc.SAGEMAKER_GROUP_IDS)
        ):
            self.add(parameter, self.SINGLE_ACCOUNT)
        administration = self.add(published.administration_parameter(roles))
        return GetAtt(administration, "Value")

    def _targets(self, setting: stack_sets.Setting, staging: Stage, prod: Stage) -> None:
        """Roles before network, staging before production."""
        first, second = self._accounts(staging, OU_STAGING_ID), self._accounts(prod, OU_PROD_ID)
        roles, network = self.OWNS_ROLE_SETS, self.OWNS_NETWORK_SETS
        first_roles = self.add(stack_sets.role_set(setting, staging, first), roles)
        last_roles = self.add(stack_sets.role_set(setting, prod, second, first_roles), roles)
        first_network = self.add(stack_sets.network_set(setting, staging, first, first_roles), network)
        self.add(stack_sets.network_set(setting, prod, second, last_roles, first_network), network)

    def _accounts(self, stage: Stage, units: Published) -> Split:
        """The list of a stage's accounts, as told."""
        self.add(published.units_parameter(stage, units))
        listed = STAGING_ACCOUNT_LIST if stage.title == "Staging" else PRODUCTION_ACCOUNT_LIST
        return Split(",", GetAtt(self.add(published.accounts_parameter(stage, listed)), "Value"))

    def _outputs(self, iam: Nested, vpc: Nested, stores: Stores, studio: Nested) -> None:
        self.put(self.ASSUME_TEAM_ADMINISTRATOR, iam.get(EnvIam.ASSUME_TEAM_ADMINISTRATOR, otherwise=""))
        self.put(self.ASSUME_DATA_SCIENTIST, iam.get(EnvIam.ASSUME_DATA_SCIENTIST, otherwise=""))
        self.put(self.DOMAIN_ID, studio.get(EnvSagemakerStudio.DOMAIN_ID))
        self.put(self.VPC_ID, vpc.get(EnvVpc.VPC_ID))
        self.put(self.PRIVATE_SUBNET_IDS, vpc.get(EnvVpc.PRIVATE_SUBNET_IDS))
        self.put(self.SECURITY_GROUP_IDS, vpc.get(EnvVpc.SAGEMAKER_GROUP_IDS))
        self.put(self.DATA_BUCKET_NAME, stores.data_bucket)
        self.put(self.MODEL_BUCKET_NAME, stores.model_bucket)
        self.put(self.MODEL_KEY_ARN, stores.key_arn)
