"""Makers of the stack sets with which env-main itself sets target accounts up.

One set for each layer and stage, so that staging and production never share an operation. The orchestrator's sets have
the same names: a second owner fails to create them, instead of changing what another one made.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from troposphere import AWS_REGION, Cidr, Join, Ref, Select, Sub
from troposphere.cloudformation import (
    DeploymentTargets,
    ManagedExecution,
    OperationPreferences,
    StackInstances,
    StackSet,
)
from troposphere.cloudformation import Parameter as StackSetParameter

from generator.cfn.contract import Param
from generator.cfn.stack import Nested, Release, passing
from generator.cfn.tags import tags
from templates.env.main_parameters import Endpoints, FlowLogs, Identity, Network
from templates.env.main_targets import Targets
from templates.env.main_wiring import Stage, Stores, organization_id, setup_role_name, target_role_parameters
from templates.env.vpc import EnvVpc
from templates.target.iam_target_account_roles import EnvIamTargetAccountRoles

# A target account always has an S3 endpoint of its own; the other switches are those of the environment's network.
TARGET_ENDPOINTS = tuple(
    value
    for value in vars(Endpoints).values()
    if isinstance(value, Param) and value not in (Endpoints.CREATE_S3, Endpoints.EXISTING_S3_ENDPOINT_ID)
)
# Accounts of a stage that may fail before its operation stops; the orchestrator's default is the same.
FAILURE_TOLERANCE_PERCENT = 10
# Not the key: the logs of a target account are encrypted by the service, since a key would have to admit each account.
TARGET_FLOW_LOGS = (
    FlowLogs.FLOW_LOGS_FORMAT,
    FlowLogs.FLOW_LOGS_RETENTION,
    FlowLogs.FLOW_LOGS_INTERVAL,
    FlowLogs.FLOW_LOGS_TRAFFIC,
)
PRIVATE_SUBNETS, PRIVATE_HOST_BITS = 4, 13
PUBLIC_SUBNETS, PUBLIC_HOST_BITS = 4, 12


@dataclass(frozen=True)
class Setting:
    """What all sets of an environment share: who runs them and what they bring along."""

    release: Release
    iam: Nested
    stores: Stores
    administration_role: Any


def role_set(setting: Setting, stage: Stage, accounts: Any, *after: StackSet) -> StackSet:
    """The roles of a stage's accounts."""
    child = EnvIamTargetAccountRoles
    parameters = {
        child.ENV_NAME: Identity.ENV_NAME,
        **target_role_parameters(stage.name, setting.iam, setting.stores),
        child.CREATE_FLOW_LOGS_ROLE: FlowLogs.LOGS_TARGETS.then("YES", "NO"),
    }
    payload = Nested(f"{stage.title}Roles", child, parameters)
    return _stack_set("roles", setting, stage, accounts, payload, f"Roles of the {stage.word} accounts", after)


def network_set(setting: Setting, stage: Stage, accounts: Any, its_roles: StackSet, *after: StackSet) -> StackSet:
    """The network of a stage's accounts; every account has the stage's addresses (the orchestrator gives each its own).

    The roles come first where this template makes them. DependsOn cannot say that of a set under another condition, so
    the description names it.
    """
    parameters = {
        EnvVpc.ENV_NAME: Identity.ENV_NAME,
        EnvVpc.ENV_TYPE: stage.name,
        EnvVpc.AVAILABILITY_ZONES: Join(",", Network.AVAILABILITY_ZONES),
        EnvVpc.NUMBER_OF_AZS: Network.NUMBER_OF_AZS,
        EnvVpc.CREATE_NAT_GATEWAYS: "NO",
        EnvVpc.DATA_BUCKET: setting.stores.data_bucket,
        EnvVpc.MODEL_BUCKET: setting.stores.model_bucket,
        EnvVpc.ORGANIZATION_ID: organization_id(stage),
        EnvVpc.CREATE_FLOW_LOGS: FlowLogs.LOGS_TARGETS.then("YES", "NO"),
        **passing(*TARGET_ENDPOINTS, *TARGET_FLOW_LOGS),
        **addresses(stage.block),
    }
    roles = Targets.OWNS_ROLE_SETS.then(Ref(its_roles), "created elsewhere")
    description = Sub(f"Network of the {stage.word} accounts; their roles: ${{Roles}}", Roles=roles)
    payload = Nested(f"{stage.title}Network", EnvVpc, parameters)
    return _stack_set("network", setting, stage, accounts, payload, description, after)


def _stack_set(
    layer: str,
    setting: Setting,
    stage: Stage,
    accounts: Any,
    payload: Nested,
    description: Any,
    after: Sequence[StackSet],
) -> StackSet:
    made = StackSet(
        payload.title,
        StackSetName=Sub(f"${{EnvName}}-${{EnvType}}-{layer}-${{{stage.name.name}}}"),
        Description=description,
        PermissionModel="SELF_MANAGED",
        AdministrationRoleARN=setting.administration_role,
        ExecutionRoleName=setup_role_name(),
        Capabilities=["CAPABILITY_NAMED_IAM"],
        ManagedExecution=ManagedExecution(Active=True),
        OperationPreferences=preferences(),
        TemplateURL=setting.release.template_url(payload.child),
        Parameters=[
            StackSetParameter(ParameterKey=parameter.name, ParameterValue=value)
            for parameter, value in payload.parameters.items()
        ],
        StackInstancesGroup=[
            StackInstances(DeploymentTargets=DeploymentTargets(Accounts=accounts), Regions=[Ref(AWS_REGION)])
        ],
        Tags=tags(EnvironmentName=Ref("EnvName"), EnvironmentType=stage.name),
    )
    if after:
        made.resource["DependsOn"] = [one.title for one in after]
    return made


def preferences() -> OperationPreferences:
    """All accounts at once. In the default, strict mode a small tolerance would mean one account after another."""
    return OperationPreferences(
        ConcurrencyMode="SOFT_FAILURE_TOLERANCE",
        MaxConcurrentPercentage=100,
        FailureTolerancePercentage=FAILURE_TOLERANCE_PERCENT,
        RegionConcurrencyType="PARALLEL",
    )


def private_blocks(block: Any) -> list[Any]:
    """Four /19 blocks at the beginning of a /16."""
    return [Select(n, Cidr(block, PRIVATE_SUBNETS, PRIVATE_HOST_BITS)) for n in range(PRIVATE_SUBNETS)]


def public_blocks(block: Any) -> list[Any]:
    """Four /20 blocks of a /16, behind the private ones."""
    first = PRIVATE_SUBNETS * 2 ** (PRIVATE_HOST_BITS - PUBLIC_HOST_BITS)
    count = first + PUBLIC_SUBNETS
    return [Select(first + n, Cidr(block, count, PUBLIC_HOST_BITS)) for n in range(PUBLIC_SUBNETS)]


def addresses(block: Any) -> dict[Param, Any]:
    """A network's address parameters, cut from a /16."""
    private = (EnvVpc.PRIVATE_1_CIDR, EnvVpc.PRIVATE_2_CIDR, EnvVpc.PRIVATE_3_CIDR, EnvVpc.PRIVATE_4_CIDR)
    public = (EnvVpc.PUBLIC_1_CIDR, EnvVpc.PUBLIC_2_CIDR, EnvVpc.PUBLIC_3_CIDR, EnvVpc.PUBLIC_4_CIDR)
    return {
        EnvVpc.VPC_CIDR: block,
        **dict(zip(private, private_blocks(block), strict=True)),
        **dict(zip(public, public_blocks(block), strict=True)),
    }
