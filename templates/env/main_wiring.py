"""Values that env-main takes from a child or from a parameter, whichever holds: roles, buckets, target accounts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from troposphere import AWS_ACCOUNT_ID, GetAtt, Join, Ref, Sub

from generator.cfn.contract import Out, Param
from generator.cfn.stack import Nested, passing
from templates.access.boundary import policy_arn
from templates.env.iam import EnvIam
from templates.env.main_functions import GetOUAccounts
from templates.env.main_parameters import FlowLogs, Given, Identity, Jobs
from templates.env.main_targets import Targets
from templates.published import DATA_BUCKET, MODEL_BUCKET, PROJECT_BOUNDARY, SETUP_EXECUTION_ROLE
from templates.target.iam_target_account_roles import EnvIamTargetAccountRoles

NONE = "none"


@dataclass(frozen=True)
class Roles:
    """ARNs of the environment's roles."""

    team_administrator: Any
    data_scientist: Any
    sagemaker_execution: Any
    pipeline_execution: Any
    project_launch: Any
    project_boundary: Any
    setup_function: Any
    stack_set_administration: Any
    flow_logs: Any


def roles(iam: Nested) -> Roles:
    """A role given by ARN stands in where this stack creates none, and the boundary of this product's name."""

    def arn(output: Out, given: Any) -> Any:
        return iam.get(output, otherwise=given)

    administration = Given.NAMES_ADMINISTRATION.then(Given.STACK_SET_ADMINISTRATION_ARN, NONE)
    flow_logs = GetAtt(iam.title, f"Outputs.{EnvIam.FLOW_LOGS_ARN.name}")
    return Roles(
        team_administrator=arn(EnvIam.TEAM_ADMINISTRATOR_ARN, Given.TEAM_ADMINISTRATOR_ARN),
        data_scientist=arn(EnvIam.DATA_SCIENTIST_ARN, Given.DATA_SCIENTIST_ARN),
        sagemaker_execution=arn(EnvIam.SAGEMAKER_EXECUTION_ARN, Given.SAGEMAKER_EXECUTION_ARN),
        pipeline_execution=arn(EnvIam.PIPELINE_EXECUTION_ARN, Given.PIPELINE_EXECUTION_ARN),
        project_launch=arn(EnvIam.PROJECT_LAUNCH_ARN, Given.PROJECT_LAUNCH_ARN),
        project_boundary=arn(EnvIam.PROJECT_BOUNDARY_ARN, policy_arn(PROJECT_BOUNDARY)),
        setup_function=arn(EnvIam.SETUP_FUNCTION_ARN, Given.SETUP_FUNCTION_ARN),
        stack_set_administration=arn(EnvIam.STACK_SET_ADMINISTRATION_ARN, administration),
        flow_logs=FlowLogs.CREATES_FLOW_LOGS_ROLE.then(flow_logs, FlowLogs.FLOW_LOGS_ROLE_ARN),
    )


def created(iam: Nested, output: Out) -> GetAtt:
    """An output of the roles' stack, for what exists only where that stack does."""
    return GetAtt(iam.title, f"Outputs.{output.name}")


@dataclass(frozen=True)
class Stores:
    """Names of the environment's buckets and the ARN of their key."""

    data_bucket: Any
    model_bucket: Any
    key_arn: Any


@dataclass(frozen=True)
class Stage:
    """One stage: its name, the look-up of its accounts, and the parameters that say which they are."""

    title: str
    name: Param
    look_up: GetOUAccounts
    units: Param
    listed: Param
    block: Param

    @property
    def word(self) -> str:
        return self.title.lower()

    def account_list(self) -> Any:
        """The accounts as text: listed, looked up, or in single-account mode this account. `none` when unknown here."""
        looked_up = Targets.USES_UNITS.then(GetAtt(self.look_up, "AccountList"), Ref(AWS_ACCOUNT_ID))
        return Targets.LISTS_ACCOUNTS.then(self.listed, looked_up)


def choices_of_roles() -> dict[Param, Any]:
    """What an environment may decide about its roles."""
    asked = passing(Jobs.REQUIRE_KEYS, Jobs.REQUIRE_ISOLATION, Jobs.REQUIRE_ENCRYPTION, Jobs.INSTANCE_TYPES)
    return {
        EnvIam.CREATE_FLOW_LOGS_ROLE: FlowLogs.CREATE_FLOW_LOGS_ROLE,
        EnvIam.FOUR_EYES: Identity.FOUR_EYES,
        **asked,
    }


def organization_paths(*stages: Stage) -> Any:
    """The path patterns of all stages' units, comma-separated; empty without organizational units."""
    paths = [Join(",", GetAtt(stage.look_up, "OrganizationalUnitPaths")) for stage in stages]
    return Targets.USES_UNITS.then(Join(",", paths), "")


def listed_accounts(*stages: Stage) -> Any:
    """The listed accounts of all stages, comma-separated; empty with organizational units and in a single account."""
    return Targets.ADMITS_ACCOUNTS.then(Join(",", [stage.listed for stage in stages]), "")


def organization_id(stage: Stage) -> Any:
    """The organization as looked up (which a given one decides), or as given, or empty."""
    return Targets.USES_UNITS.then(GetAtt(stage.look_up, "OrganizationId"), Targets.ORGANIZATION_ID)


def setup_role_name() -> Any:
    """The role in every target account that its stack sets run with."""
    return Targets.NAMES_SETUP_ROLE.then(Targets.SETUP_ROLE_NAME, Sub(SETUP_EXECUTION_ROLE))


def data_bucket_name() -> Any:
    """The bucket by name, for those that come before it."""
    return Identity.CREATES_BUCKETS.then(Sub(DATA_BUCKET), Given.DATA_BUCKET)


def model_bucket_name() -> Any:
    """The bucket by name, for those that come before it."""
    return Identity.CREATES_BUCKETS.then(Sub(MODEL_BUCKET), Given.MODEL_BUCKET)


def stage_role_name(given: Param, named: Any, pattern: str, stage: Param) -> Any:
    """A role of a stage's accounts: as given, else by this product's pattern; `named` is the condition of the first."""
    return named.then(given, Sub(pattern.replace("EnvType", stage.name)))


def target_role_parameters(stage: Param, iam: Nested, stores: Stores) -> dict[Param, Any]:
    """Parameters of the roles of a stage's account, wherever that account is; EnvName is the caller's.

    Target roles are created only where this environment's roles are.
    """
    child = EnvIamTargetAccountRoles
    return {
        child.ENV_TYPE: stage,
        child.MODEL_EXECUTION_NAME: Given.MODEL_EXECUTION_NAME,
        child.STACK_SET_EXECUTION_NAME: Given.STACK_SET_EXECUTION_NAME,
        child.PIPELINE_EXECUTION_ARN: created(iam, EnvIam.PIPELINE_EXECUTION_ARN),
        child.ADMINISTRATOR_ACCOUNT: Ref(AWS_ACCOUNT_ID),
        child.ADMINISTRATION_ROLE_ARN: created(iam, EnvIam.STACK_SET_ADMINISTRATION_ARN),
        child.ADMINISTRATOR_ENV_TYPE: Identity.ENV_TYPE,
        child.MODEL_BUCKET: stores.model_bucket,
        child.MODEL_KEY_ARN: stores.key_arn,
    }


def stack_set_execution_name() -> Any:
    """The role that deploys models, where other processes create roles; `none` where there is none to deploy with."""
    return Given.NAMES_STACK_SET_EXECUTION.then(Given.STACK_SET_EXECUTION_NAME, NONE)
