"""What must hold between settings: rules that a type of one value cannot say."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Network, ip_network
from itertools import combinations, pairwise

from generator.errors import ToolError
from mlz.config.document import Path
from mlz.config.rollout_rules import rollouts, stack_sets
from mlz.config.settings import Settings, Stage
from mlz.config.violation import Violation

MINIMUM_ZONES = 2
# Parameters of env-main that are made from other settings, and the setting to use instead.
OWNED = {
    "EnvName": "environment.name",
    "EnvType": "environment.type",
    "EnvTypeStagingName": "targets.staging.name",
    "EnvTypeProdName": "targets.prod.name",
    "OrganizationalUnitStagingId": "targets.staging.organizational_units",
    "OrganizationalUnitProdId": "targets.prod.organizational_units",
    "StagingAccountList": "targets.staging.accounts",
    "ProductionAccountList": "targets.prod.accounts",
    "SeedCodeS3BucketName": "package.bucket",
    "AvailabilityZones": "env.availability_zones",
    "NumberOfAZs": "env.availability_zones",
    "SetupStackSetExecutionRoleName": "access.setup_role",
    "StackSetsOwner": "the command: mlz deploy env",
}


def violations(settings: Settings) -> Iterator[Violation]:
    """Every broken rule, in the order of the file."""
    yield from _zones(settings)
    yield from _owned(settings)
    yield from _targets(settings)
    yield from _addresses(settings)
    yield from rollouts(settings)
    yield from stack_sets(settings)
    yield from _tags(settings)


def _zones(settings: Settings) -> Iterator[Violation]:
    zones = settings.env.availability_zones
    path: Path = ("env", "availability_zones")
    if 0 < len(zones) < MINIMUM_ZONES:
        yield Violation(
            path, f"{len(zones)} zone given, at least {MINIMUM_ZONES} are needed", "add a zone, or remove the setting"
        )
    if len(set(zones)) < len(zones):
        yield Violation(path, "a zone is given twice", "name each zone once")
    for index, zone in enumerate(zones):
        if settings.region and not zone.startswith(settings.region):
            yield Violation((*path, index), f"{zone} is not in {settings.region}", f"such as {settings.region}a")


def _owned(settings: Settings) -> Iterator[Violation]:
    for name in settings.env.parameters:
        if name in OWNED:
            yield Violation(("env", "parameters", name), f"comes from {OWNED[name]}", "remove it here")


def _targets(settings: Settings) -> Iterator[Violation]:
    staging, prod = settings.targets.stages
    named = {"staging": staging, "prod": prod}
    for key, stage in named.items():
        if stage.organizational_units and stage.accounts:
            yield Violation(("targets", key), "has both organizational_units and accounts", "use one of the two ways")
        if stage.exclude and not stage.organizational_units:
            yield Violation(("targets", key, "exclude"), "has no meaning without organizational_units", "remove it")
    if staging.is_declared != prod.is_declared:
        missing = "prod" if staging.is_declared else "staging"
        yield Violation(
            ("targets", missing), "this stage has no accounts, the other has", "declare both stages, or none"
        )
    elif staging.is_declared and bool(staging.accounts) != bool(prod.accounts):
        yield Violation(
            ("targets",), "one stage uses organizational_units, the other accounts", "use the same way for both"
        )
    if staging.name == prod.name:
        yield Violation(("targets", "prod", "name"), f"both stages are named {prod.name}", "give each its own name")
    yield from _shared_members(staging, prod)


def _shared_members(staging: Stage, prod: Stage) -> Iterator[Violation]:
    for field in ("organizational_units", "accounts"):
        first = staging.organizational_units if field == "organizational_units" else staging.accounts
        second = prod.organizational_units if field == "organizational_units" else prod.accounts
        for index, member in enumerate(second):
            if member in first:
                yield Violation(
                    ("targets", "prod", field, index), f"{member} is in staging too", "an account has one stage"
                )


def _addresses(settings: Settings) -> Iterator[Violation]:
    network = settings.network
    texts: list[tuple[Path, str]] = [(("network", "pool"), network.pool)]
    texts += [(("network", "reserved", index), text) for index, text in enumerate(network.reserved)]
    texts += [(("network", "pins", account), text) for account, text in network.pins.items()]
    texts += [(("env", "parameters", name), text) for name, text in _environment_blocks(settings)]
    blocks: dict[Path, IPv4Network] = {}
    for path, text in texts:
        try:
            blocks[path] = IPv4Network(text)
        except ValueError as problem:
            yield Violation(path, f"{text} is not an IPv4 block: {problem}", _repaired(text))
    if len(blocks) == len(texts):
        yield from _pool(settings, blocks)
        yield from _environment(blocks)


def _environment_blocks(settings: Settings) -> list[tuple[str, str]]:
    given = settings.env.parameters
    return [(name, str(given[name])) for name in given if name == "VPCCIDR" or name.endswith("CIDR")]


def _repaired(text: str) -> str:
    try:
        return f"did you mean {ip_network(text, strict=False)}?"
    except ValueError:
        return "such as 10.64.0.0/12"


def _pool(settings: Settings, blocks: dict[Path, IPv4Network]) -> Iterator[Violation]:
    size = settings.network.vpc_prefix
    pool = blocks[("network", "pool")]
    if pool.prefixlen > size:
        yield Violation(("network", "pool"), f"{pool} is smaller than one /{size}", "use a larger pool or vpc_prefix")
    pins = {path: block for path, block in blocks.items() if path[:2] == ("network", "pins")}
    fixed = {path: block for path, block in blocks.items() if path[:2] == ("network", "reserved")}
    for path, block in pins.items():
        if block.prefixlen != size:
            yield Violation(path, f"{block} is not a /{size}", "network.vpc_prefix gives every account the same size")
        for other, reserved in fixed.items():
            if block.overlaps(reserved):
                yield Violation(
                    path, f"{block} overlaps {reserved} (network.reserved[{other[-1]}])", "choose a free block"
                )
    for (_, first), (path, second) in combinations(pins.items(), 2):
        if first.overlaps(second):
            yield Violation(path, f"{second} overlaps {first}, of another account", "choose a free block")


def _environment(blocks: dict[Path, IPv4Network]) -> Iterator[Violation]:
    own = {path: block for path, block in blocks.items() if path[0] == "env"}
    vpc = own.pop(("env", "parameters", "VPCCIDR"), None)
    for path, block in own.items():
        if vpc and not block.subnet_of(vpc):
            yield Violation(path, f"{block} is not inside VPCCIDR {vpc}", "choose a block inside it")
    ordered = sorted(own.items(), key=lambda item: item[1])
    for (other, first), (path, second) in pairwise(ordered):
        if first.overlaps(second):
            yield Violation(path, f"{second} overlaps {first} ({other[-1]})", "subnets may not overlap")


def _tags(settings: Settings) -> Iterator[Violation]:
    for key in settings.tags:
        if key.lower().startswith("aws:"):
            yield Violation(("tags", key), "tag keys that begin with aws: belong to AWS", "choose another key")


def bucket(settings: Settings) -> str:
    """The package bucket, or the error that says how to give it."""
    if not settings.package.bucket:
        raise ToolError(
            "package.bucket: not given", "set it in mlz.yaml, or pass --bucket NAME, or set CFN_BUCKET_NAME"
        )
    return settings.package.bucket


def region(settings: Settings) -> str:
    """The Region, or the error that says how to give it."""
    if not settings.region:
        raise ToolError(
            "region: not given", "set it in mlz.yaml, or pass --region, or set DEPLOYMENT_REGION or AWS_DEFAULT_REGION"
        )
    return settings.region
