"""Makers of what env-main leaves for others to read: SSM parameters, and the group of everything in the environment."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from troposphere import Ref, Sub
from troposphere.resourcegroups import Group, Query, ResourceQuery, TagFilter
from troposphere.ssm import Parameter

from templates import published as names
from templates.env.main_parameters import Given, Identity
from templates.env.main_targets import Targets
from templates.env.main_wiring import NONE, Roles, Stage, Stores, stage_role_name
from templates.parameters import environment_tags
from templates.published import MODEL_EXECUTION_ROLE, STACK_SET_EXECUTION_ROLE, Published

# Account lists can pass the 4 KB of the standard tier.
ACCOUNT_LIST_TIER = "Intelligent-Tiering"


@dataclass(frozen=True)
class OwnRoles:
    """Names of the target roles in this account."""

    model_execution: Any
    stack_set_execution: Any


def environment_parameters(roles: Roles, own: OwnRoles, stores: Stores, look_up: Any) -> Iterator[Parameter]:
    """What holds for the whole environment. SSM takes no empty value: what there is none of is `none`."""
    told: tuple[tuple[str, Published, Any, str], ...] = (
        ("DataBucketNameSSM", names.DATA_BUCKET_NAME, stores.data_bucket, "Bucket for data"),
        ("ModelBucketNameSSM", names.MODEL_BUCKET_NAME, stores.model_bucket, "Bucket for models"),
        ("SeedCodeBucketNameSSM", names.SEED_CODE_BUCKET_NAME, Given.SEED_BUCKET, "Bucket of the seed code"),
        (
            "PipelineExecutionRoleSSM",
            names.PIPELINE_EXECUTION_ROLE_ARN,
            roles.pipeline_execution,
            "Role that SageMaker pipelines run with",
        ),
        (
            "ProjectBoundarySSM",
            names.PROJECT_BOUNDARY_ARN,
            roles.project_boundary,
            "Policy that bounds the roles that projects make",
        ),
        (
            "ModelExecutionRoleSSM",
            names.MODEL_EXECUTION_ROLE_NAME,
            own.model_execution,
            "Role that models of this account run with",
        ),
        (
            "StackSetExecutionRoleSSM",
            names.STACK_SET_EXECUTION_ROLE_NAME,
            own.stack_set_execution,
            "Role that deploys models in this account",
        ),
        ("StagingNameSSM", names.ENV_TYPE_STAGING_NAME, Identity.STAGING, "Name of the staging stage"),
        ("ProdNameSSM", names.ENV_TYPE_PROD_NAME, Identity.PROD, "Name of the production stage"),
        ("OUFunctionSSM", names.OU_ACCOUNTS_FUNCTION_ARN, look_up, "Function that looks up accounts"),
    )
    for title, name, value, description in told:
        yield name.parameter(title, value, description)


def setup_role_parameter(roles: Roles) -> Parameter:
    return names.SETUP_FUNCTION_ROLE_ARN.parameter(
        "SetupFunctionRoleSSM", roles.setup_function, "Role of the functions that set up the environment"
    )


def administration_parameter(roles: Roles) -> Parameter:
    """Its value is what the stack sets use, so that the role outlives them."""
    return names.STACK_SET_ADMINISTRATION_ROLE_ARN.parameter(
        "StackSetAdministrationRoleSSM", roles.stack_set_administration, "Role that administers the stack sets, or none"
    )


def units_parameter(stage: Stage, name: Published) -> Parameter:
    value = Targets.USES_UNITS.then(stage.units, NONE)
    return name.parameter(f"{stage.title}UnitsSSM", value, f"Organizational units of {stage.word} accounts, or none")


def accounts_parameter(stage: Stage, name: Published) -> Parameter:
    """The accounts of a stage; its stack sets take them from here, so that what is told is what is done."""
    made = name.parameter(f"{stage.title}AccountsSSM", stage.account_list(), f"The {stage.word} accounts, or none")
    made.Tier = ACCOUNT_LIST_TIER
    return made


def stage_role_parameters() -> Iterator[Parameter]:
    """The names of the target roles in the accounts of each stage."""
    for title, stage, model, stack_set in (
        (
            "Staging",
            Identity.STAGING,
            names.STAGING_MODEL_EXECUTION_ROLE_NAME,
            names.STAGING_STACK_SET_EXECUTION_ROLE_NAME,
        ),
        ("Production", Identity.PROD, names.PROD_MODEL_EXECUTION_ROLE_NAME, names.PROD_STACK_SET_EXECUTION_ROLE_NAME),
    ):
        runs = stage_role_name(Given.MODEL_EXECUTION_NAME, Given.NAMES_MODEL_EXECUTION, MODEL_EXECUTION_ROLE, stage)
        deploys = stage_role_name(
            Given.STACK_SET_EXECUTION_NAME, Given.NAMES_STACK_SET_EXECUTION, STACK_SET_EXECUTION_ROLE, stage
        )
        word = title.lower()
        yield model.parameter(f"{title}ModelExecutionRoleSSM", runs, f"Role that models of {word} run with")
        yield stack_set.parameter(f"{title}StackSetExecutionRoleSSM", deploys, f"Role that deploys models to {word}")


def stage_network_parameters(subnets: Any, groups: Any) -> Iterator[Parameter]:
    """In single-account mode both stages use this account's network, under the names that target accounts publish."""
    for title, stage in (("Staging", "EnvTypeStagingName"), ("Production", "EnvTypeProdName")):
        word = title.lower()
        yield names.PRIVATE_SUBNET_IDS.parameter(
            f"{title}SubnetIdsSSM", subnets, f"Private subnets for {word}", stage=stage
        )
        yield names.SAGEMAKER_SECURITY_GROUP_IDS.parameter(
            f"{title}SecurityGroupIdsSSM", groups, f"Security groups for {word}", stage=stage
        )


def resource_group() -> Group:
    """Everything that carries the environment's two tags."""
    return Group(
        "EnvironmentResourceGroup",
        Name=Sub("${EnvName}-${EnvType}-resource-group"),
        Description=Sub("Everything that belongs to the environment ${EnvName}-${EnvType}"),
        ResourceQuery=ResourceQuery(
            Type="TAG_FILTERS_1_0",
            Query=Query(
                ResourceTypeFilters=["AWS::AllSupported"],
                TagFilters=[
                    TagFilter(Key="EnvironmentName", Values=[Ref("EnvName")]),
                    TagFilter(Key="EnvironmentType", Values=[Ref("EnvType")]),
                ],
            ),
        ),
        Tags=environment_tags(),
    )
