"""Which stack sets an environment has and what each holds: settings, build and facts to specifications. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlz.fleet.statusview import Column
from mlz.stacks.parameters import joined
from stacksets.addresses import Allocation, allocate
from stacksets.organization import Scope
from stacksets.spec import Definition, Preferences, StackSetSpec, targets_of
from stacksets.waves import AT_ONCE, Rollout

if TYPE_CHECKING:
    from generator.package.manifest import Manifest, TemplateEntry
    from mlz.config import rollout as settings_of
    from mlz.config.settings import Settings, Stage

ROLES, NETWORK = "roles", "network"
ENV = "env-main.yaml"
S3_ENDPOINT = "CreateS3VPCEndpoint"
LOGS, LOGS_ROLE = "CreateVPCFlowLogsToCloudWatch", "CreateVPCFlowLogsRole"
# Choices of flow logs that hold for target accounts too: not the development account's role, nor its key.
LOG_CHOICES = (
    "VPCFlowLogsLogFormat",
    "VPCFlowLogsLogGroupRetention",
    "VPCFlowLogsMaxAggregationInterval",
    "VPCFlowLogsTrafficType",
)
TEMPLATES = {ROLES: "env-iam-target-account-roles.yaml", NETWORK: "env-vpc.yaml"}
# DNS suffix of S3 by partition (AWS General Reference, "Amazon S3 endpoints"; read 2026-11-21).
SUFFIX = {"aws": "amazonaws.com", "aws-us-gov": "amazonaws.com", "aws-cn": "amazonaws.com.cn"}


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What the environment stack made that its target accounts need to know."""

    account: str
    partition: str = "aws"
    administration_role_arn: str
    pipeline_role_arn: str
    data_bucket: str
    model_bucket: str
    key_arn: str
    zones: tuple[str, ...]
    s3_prefix_list: str = ""
    organization: str = ""


def columns(settings: Settings) -> list[Column]:
    """The stack sets in the order of deployment: `<name>-<type>-<layer>-<stage>`."""
    return [
        Column(f"{settings.identity}-{layer}-{stage.name}", layer, stage.name)
        for stage in settings.targets.stages
        for layer in layers(settings)
    ]


def layers(settings: Settings) -> tuple[str, ...]:
    """Roles unless another process creates them, then networks unless the accounts have theirs."""
    makes_roles = settings.env.parameters.get("CreateEnvironmentIAMRoles", "YES") == "YES"
    return ((ROLES,) if makes_roles else ()) + ((NETWORK,) if settings.network.enabled else ())


def scopes(settings: Settings) -> dict[str, Scope]:
    """What each stage is made of, as the organization is asked for it."""
    return {
        stage.name: Scope(stage.organizational_units, stage.accounts, frozenset(stage.exclude))
        for stage in settings.targets.stages
    }


def allocations(
    settings: Settings, accounts: Sequence[str], held: Mapping[str, str], development: str
) -> dict[str, Allocation]:
    """A network for each account: the one it holds, else its pin, else the first free block of the pool.

    `development` is the block of the development account's VPC, which no target gets.
    """
    network = settings.network
    reserved = {f"network.reserved[{index}]": block for index, block in enumerate(network.reserved)}
    if development not in network.reserved:
        reserved["the development VPC"] = development
    return allocate(network.pool, network.vpc_prefix, accounts, {**network.pins, **held}, reserved)


def development_block(settings: Settings, manifest: Manifest) -> str:
    """The addresses of the development VPC: as given, else the default of env-main."""
    given = settings.env.parameters.get("VPCCIDR")
    return given if isinstance(given, str) else manifest.template(ENV).parameters["VPCCIDR"].default or ""


def specs(
    settings: Settings,
    manifest: Manifest,
    facts: Facts,
    members: Mapping[str, Sequence[str]],
    overrides: Mapping[str, Mapping[str, str]],
    rollout: Rollout = AT_ONCE,
) -> tuple[StackSetSpec, ...]:
    """One specification for each layer and stage; `members`: stage → accounts, `overrides` of the network sets."""
    return tuple(
        _spec(settings, manifest, facts, position, stage, layer, members, overrides, rollout)
        for position, stage in enumerate(settings.targets.stages)
        for layer in layers(settings)
    )


def _spec(
    settings: Settings,
    manifest: Manifest,
    facts: Facts,
    position: int,
    stage: Stage,
    layer: str,
    members: Mapping[str, Sequence[str]],
    overrides: Mapping[str, Mapping[str, str]],
    rollout: Rollout,
) -> StackSetSpec:
    accounts = tuple(members.get(stage.name, ()))
    entry = manifest.template(TEMPLATES[layer])
    own = {account: overrides[account] for account in accounts if account in overrides} if layer == NETWORK else {}
    return StackSetSpec(
        definition=definition(settings, manifest, facts, stage, layer),
        template=entry,
        layer=layer,
        stage=stage.name,
        stage_position=position,
        layer_position=layers(settings).index(layer),
        targets=targets_of(accounts, (settings.region,)),
        overrides=own,
        preferences=preferences(settings.rollout),
        left=settings.rollout.left_accounts,
        rollout=rollout,
    )


def shells(settings: Settings, manifest: Manifest) -> tuple[StackSetSpec, ...]:
    """The specifications without facts or members: enough to take the sets down when the environment is gone."""
    nothing = Facts(
        account="",
        administration_role_arn="",
        pipeline_role_arn="",
        data_bucket="",
        model_bucket="",
        key_arn="",
        zones=(),
    )
    return specs(settings, manifest, nothing, {}, {})


def definition(settings: Settings, manifest: Manifest, facts: Facts, stage: Stage, layer: str) -> Definition:
    """Name, template, parameters and roles of one set."""
    entry = manifest.template(TEMPLATES[layer])
    environment = settings.environment
    return Definition(
        name=f"{settings.identity}-{layer}-{stage.name}",
        template_url=template_url(manifest, entry, facts.partition),
        template_sha256=entry.sha256,
        parameters=_parameters(settings, facts, stage, layer, entry),
        tags={**settings.tags, "EnvironmentName": environment.name, "EnvironmentType": stage.name},
        capabilities=entry.capabilities,
        administration_role_arn=facts.administration_role_arn,
        execution_role_name=settings.setup_role,
        description=f"{layer} of the {stage.name} accounts of {settings.identity}",
    )


def _parameters(settings: Settings, facts: Facts, stage: Stage, layer: str, entry: TemplateEntry) -> dict[str, str]:
    """The same values with which env-main fills its own stack sets (templates.env.main_stack_sets)."""
    shared = {
        "EnvName": settings.environment.name,
        "EnvType": stage.name,
        "ModelBucketName": facts.model_bucket,
    }
    if layer == ROLES:
        return _known({**shared, **_role_values(settings, facts)}, entry)
    own = _network_values(settings, facts)
    return {**_known({**shared, **own}, entry), **joined(settings.network.parameters)}


def _role_values(settings: Settings, facts: Facts) -> dict[str, str]:
    given = joined(settings.env.parameters)
    return {
        "AdministratorAccountId": facts.account,
        "AdministratorEnvType": settings.environment.type,
        "StackSetAdministrationRoleArn": facts.administration_role_arn,
        "ModelS3KMSKeyArn": facts.key_arn,
        "PipelineExecutionRoleArn": facts.pipeline_role_arn,
        "SageMakerModelExecutionRoleName": given.get("SageMakerModelExecutionRoleName", ""),
        "StackSetExecutionRoleName": given.get("StackSetExecutionRoleName", ""),
        LOGS_ROLE: _logs(settings),
    }


def _network_values(settings: Settings, facts: Facts) -> dict[str, str]:
    """A target always has an S3 endpoint; its other endpoints are those of the development VPC."""
    given = joined(settings.env.parameters)
    endpoints = {name: value for name, value in given.items() if name.endswith("VPCEndpoint") and name != S3_ENDPOINT}
    zones = facts.zones[: settings.network.availability_zones]
    return {
        **endpoints,
        "DataBucketName": facts.data_bucket,
        "AvailabilityZones": ",".join(zones),
        "NumberOfAZs": str(len(zones)),
        "CreateNATGateways": "NO",
        "S3PrefixListId": facts.s3_prefix_list,
        "OrganizationId": facts.organization,
        **{name: given[name] for name in LOG_CHOICES if name in given},
        LOGS: _logs(settings),
    }


def _logs(settings: Settings) -> str:
    """Whether networks of target accounts have flow logs: where the environment's has, and roles are made here."""
    given = joined(settings.env.parameters)
    wanted = ROLES in layers(settings) and all(given.get(name, "YES") == "YES" for name in (LOGS, LOGS_ROLE))
    return "YES" if wanted else "NO"


def _known(values: Mapping[str, str], entry: TemplateEntry) -> dict[str, str]:
    return {name: value for name, value in values.items() if name in entry.parameters and value}


def preferences(rollout: settings_of.Rollout) -> Preferences:
    """How an operation spreads over accounts."""
    return Preferences(
        max_concurrent_percent=max(1, rollout.max_concurrent_percent),
        failure_tolerance_percent=rollout.failure_tolerance_percent,
    )


def template_url(manifest: Manifest, entry: TemplateEntry, partition: str) -> str:
    """The https address of a template by the digest of its content."""
    return f"https://{manifest.bucket}.s3.{manifest.region}.{SUFFIX[partition]}/{entry.key}"
