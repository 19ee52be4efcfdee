"""The typed model of mlz.yaml: what one platform is. Descriptions go to the JSON Schema that editors read."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta

NAME_LIMIT = 16
TYPE_LIMIT = 10
DEFAULT_PREFIX = "sagemaker-mlops"


def _text(description: str, pattern: str, want: str, hint: str = "") -> Meta:
    return Meta(description=description, pattern=pattern, extra={"want": want, **({"hint": hint} if hint else {})})


_LABEL = "a name of at most {} lower-case letters, digits and hyphens that begins with a letter"
_WHY_SHORT = "names of roles and buckets are built from it, and AWS allows them 64 and 63 characters"
EnvName = Annotated[
    str,
    _text(
        "First part of every name this environment makes.",
        r"^[a-z][a-z0-9-]{0,15}$",
        _LABEL.format(NAME_LIMIT),
        _WHY_SHORT,
    ),
]
EnvType = Annotated[
    str,
    _text("Second part of every name, such as dev.", r"^[a-z][a-z0-9-]{0,9}$", _LABEL.format(TYPE_LIMIT), _WHY_SHORT),
]
Region = Annotated[
    str, _text("AWS Region to deploy to.", r"^([a-z]{2,4}-[a-z]+(-[a-z]+)?-\d)?$", "a Region name", "such as eu-west-1")
]
Bucket = Annotated[
    str,
    _text(
        "S3 bucket that templates and code are published to; made when it does not exist.",
        r"^([a-z0-9][a-z0-9-]{1,61}[a-z0-9])?$",
        "an S3 bucket name",
        "3 to 63 lower-case letters, digits and hyphens; a dot would break TLS",
    ),
]
AccountId = Annotated[
    str,
    _text("AWS account id.", r"^\d{12}$", "an account id", "an account id has 12 digits; was a leading zero lost?"),
]
OrganizationalUnit = Annotated[
    str,
    _text(
        "Organizational unit or root of the organization.",
        r"^(ou-[0-9a-z]{4,32}-[a-z0-9]{8,32}|r-[0-9a-z]{4,32}|(?!ou-|r-)[^,\s][^,]*)$",
        "an organizational unit",
        "give its id, such as ou-ab12-34cdefgh, or its path of names, such as Workloads/Staging",
    ),
]
Cidr = Annotated[
    str,
    _text("IPv4 block.", r"^(\d{1,3}\.){3}\d{1,3}/\d{1,2}$", "an IPv4 block", "such as 10.64.0.0/12"),
]
Percent = Annotated[int, Meta(ge=0, le=100, extra={"want": "a whole percentage from 0 to 100"})]
Parameters = Annotated[
    dict[str, str | tuple[str, ...]],
    Meta(description="Any parameter of the template, by its name there. A list becomes a comma-separated value."),
]
StackName = Annotated[
    str,
    _text(
        "Name of the stack.",
        r"^([A-Za-z][A-Za-z0-9-]{0,127})?$",
        "a stack name",
        "letters, digits and hyphens, at most 128",
    ),
]


class _Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    pass


class Environment(_Part, frozen=True):
    """Identity of the environment: all names derive from these two."""

    name: EnvName = "sm-mlops"
    type: EnvType = "dev"


class Package(_Part, frozen=True):
    """Where generated templates and code are published."""

    bucket: Bucket = ""
    prefix: Annotated[
        str,
        _text(
            "Key prefix in the bucket.",
            r"^[A-Za-z0-9._/-]*[A-Za-z0-9]$",
            "a key prefix",
            "such as sagemaker-mlops, without a slash at its end",
        ),
    ] = DEFAULT_PREFIX


class Core(_Part, frozen=True):
    """The core stack: portfolio, shared roles, shared services. One an account and Region."""

    stack_name: StackName = "sm-mlops-core"
    parameters: Parameters = {}


class Env(_Part, frozen=True):
    """The environment stack: Studio domain, network, buckets, keys and roles of the development account."""

    stack_name: StackName = ""
    availability_zones: Annotated[
        tuple[str, ...], Meta(description="Zones of the development VPC; default: the first of the Region.")
    ] = ()
    parameters: Parameters = {}


class Stage(_Part, frozen=True):
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


class Targets(_Part, frozen=True):
    """The two stages of model deployment. Without it, everything stays in one account."""

    staging: Stage = Stage(name="staging")
    prod: Stage = Stage(name="prod")

    @property
    def stages(self) -> tuple[Stage, Stage]:
        return (self.staging, self.prod)


class Network(_Part, frozen=True):
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
    ] = {}
    parameters: Parameters = {}


class Access(_Part, frozen=True):
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
    management_profile: Annotated[
        str, Meta(description="AWS profile of the management account, when it is not the caller's.")
    ] = ""


class Rollout(_Part, frozen=True):
    """How fast and how carefully accounts are changed."""

    max_concurrent_percent: Annotated[Percent, Meta(description="Share of a set's accounts changed at once.")] = 100
    failure_tolerance_percent: Annotated[
        Percent, Meta(description="Share of a set's accounts that may fail before it stops.")
    ] = 10
    max_removal_percent: Annotated[
        Percent, Meta(description="A plan that removes a larger share of a set is refused.")
    ] = 20
    poll_seconds: Annotated[
        float,
        Meta(
            ge=0.05,
            le=60,
            description="First wait between looks at an operation; later ones grow.",
            extra={"want": "seconds, from 0.05 to 60"},
        ),
    ] = 1.0


class Settings(_Part, frozen=True):
    """Settings of one platform environment."""

    environment: Environment = Environment()
    region: Region = ""
    profile: Annotated[str, Meta(description="AWS profile; default: the usual credential chain.")] = ""
    package: Package = Package()
    core: Core = Core()
    env: Env = Env()
    targets: Targets = Targets()
    network: Network = Network()
    access: Access = Access()
    rollout: Rollout = Rollout()
    tags: Annotated[dict[str, str], Meta(description="Tags of every stack, and by it of every resource.")] = {}

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
