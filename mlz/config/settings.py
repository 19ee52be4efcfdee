"""The typed model of mlz.yaml: what one platform is. Descriptions go to the JSON Schema that editors read."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta, field

from mlz.config.kinds import (
    AccountId,
    Bucket,
    Cidr,
    EnvName,
    EnvType,
    OrganizationalUnit,
    Parameters,
    Part,
    Region,
    SetName,
    StackName,
    text,
)
from mlz.config.rollout import Rollout, StackSet

DEFAULT_PREFIX = "sagemaker-mlops"


class Environment(Part, frozen=True):
    """Identity of the environment: all names derive from these two."""

    name: EnvName = "sm-mlops"
    type: EnvType = "dev"


class Package(Part, frozen=True):
    """Where generated templates and code are published."""

    bucket: Bucket = ""
    prefix: Annotated[
        str,
        text(
            "Key prefix in the bucket.",
            r"^([A-Za-z0-9_-][A-Za-z0-9._-]*/)*([A-Za-z0-9_-][A-Za-z0-9._-]*)?[A-Za-z0-9]$",
            "a key prefix",
            "such as sagemaker-mlops, without a slash at its end",
        ),
    ] = DEFAULT_PREFIX


class Core(Part, frozen=True):
    """The core stack: portfolio, shared roles, shared services. One an account and Region."""

    stack_name: StackName = "sm-mlops-core"
    parameters: Parameters = field(default_factory=dict)


class Portfolios(Part, frozen=True):
    """Who beyond this account sees the portfolio of environments; `mlz deploy core` shares it."""

    share_with: Annotated[
        tuple[OrganizationalUnit, ...], Meta(description="Units, or the root, whose accounts see the portfolio.")
    ] = ()
    share_principals: Annotated[
        bool,
        Meta(
            description="Admit roles there too whose names match SharedPrincipalName: whoever can make a role of "
            "such a name in one of these accounts can then use the portfolio."
        ),
    ] = False
    share_tag_options: Annotated[bool, Meta(description="Share the portfolio's tag options too.")] = False


class Env(Part, frozen=True):
    """The environment stack: Studio domain, network, buckets, keys and roles of the development account."""

    stack_name: StackName = ""
    availability_zones: Annotated[
        tuple[str, ...], Meta(description="Zones of the development VPC; default: the first of the Region.")
    ] = ()
    parameters: Parameters = field(default_factory=dict)


class Stage(Part, frozen=True):
    """Accounts that models are deployed to, by organizational unit or one by one."""

    name: EnvType = ""
    organizational_units: Annotated[
        tuple[OrganizationalUnit, ...], Meta(description="Units whose accounts belong to this stage.")
    ] = ()
    accounts: Annotated[tuple[AccountId, ...], Meta(description="Accounts of this stage, instead of units.")] = ()
    exclude: Annotated[tuple[AccountId, ...], Meta(description="Accounts in these units that are left alone.")] = ()

    @property
    def is_declared(self) -> bool:
        return bool(self.organizational_units or self.accounts)


class Targets(Part, frozen=True):
    """The two stages of model deployment. Without it, everything stays in one account."""

    staging: Stage = Stage(name="staging")
    prod: Stage = Stage(name="prod")

    @property
    def stages(self) -> tuple[Stage, Stage]:
        return (self.staging, self.prod)


class Network(Part, frozen=True):
    """Addresses of the target accounts: each gets its own block, always the same one."""

    enabled: Annotated[bool, Meta(description="Deploy a VPC into every target account.")] = True
    pool: Cidr = "10.64.0.0/12"
    vpc_prefix: Annotated[
        int,
        Meta(ge=16, le=24, description="Size of an account's VPC.", extra={"want": "a prefix length from 16 to 24"}),
    ] = 20
    availability_zones: Annotated[
        int,
        Meta(
            ge=2,
            le=4,
            description="Zones a target VPC spans.",
            extra={"want": "2, 3 or 4", "hint": "SageMaker endpoints need two zones"},
        ),
    ] = 2
    reserved: Annotated[tuple[Cidr, ...], Meta(description="Blocks in use elsewhere that no account may get.")] = ()
    pins: Annotated[
        dict[AccountId, Cidr],
        Meta(description="Blocks decided by hand, for accounts that have none yet: account id to block."),
    ] = field(default_factory=dict)
    parameters: Parameters = field(default_factory=dict)


class Access(Part, frozen=True):
    """Roles that carry changes into target accounts."""

    bootstrap_role: Annotated[
        str, Meta(description="Role in each target that the organization's management account may assume.")
    ] = "OrganizationAccountAccessRole"
    setup_role: Annotated[
        str,
        Meta(
            description="Name of the execution role that `mlz bootstrap` makes in each target; "
            "default: <name>-<type>-<region>-setup-stackset."
        ),
    ] = ""
    serverless_endpoints: Annotated[
        bool,
        Meta(
            description="Let targets have serverless endpoints, whose models run outside of the VPC (`mlz bootstrap`)."
        ),
    ] = False
    management_profile: Annotated[
        str, Meta(description="AWS profile of the management account, when it is not the caller's.")
    ] = ""


class Settings(Part, frozen=True):
    """Settings of one platform environment."""

    environment: Environment = Environment()
    region: Region = ""
    profile: Annotated[str, Meta(description="AWS profile; default: the usual credential chain.")] = ""
    package: Package = Package()
    core: Core = Core()
    portfolios: Portfolios = Portfolios()
    env: Env = Env()
    targets: Targets = Targets()
    network: Network = Network()
    access: Access = Access()
    rollout: Rollout = Rollout()
    stack_sets: Annotated[
        dict[SetName, StackSet], Meta(description="Stack sets of your own, SELF_MANAGED: name to what it is.")
    ] = field(default_factory=dict)
    tags: Annotated[dict[str, str], Meta(description="Tags of every stack, and by it of every resource.")] = field(
        default_factory=dict
    )

    @property
    def identity(self) -> str:
        """`<name>-<type>`: how everything of the environment begins."""
        return f"{self.environment.name}-{self.environment.type}"

    @property
    def is_production(self) -> bool:
        """Its stacks are protected from deletion."""
        return self.environment.type.startswith(("prod", "live"))

    @property
    def env_stack_name(self) -> str:
        return self.env.stack_name or self.identity

    @property
    def setup_role(self) -> str:
        """The execution role in the targets; templates.published.SETUP_EXECUTION_ROLE says the same."""
        return self.access.setup_role or f"{self.identity}-{self.region}-setup-stackset"


def schema() -> dict[str, Any]:
    """The JSON Schema of mlz.yaml (draft 2020-12)."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "mlz.yaml",
        **msgspec.json.schema(Settings),
    }
