"""A build and parameters -> every concrete policy of every account, as the templates are deployed together.

The core and the environment stand in the development account; the stack sets that env-main declares bring roles and
network to the accounts of the stages; the set-up role stands in each of these. Nothing here calls AWS.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from generator.access.deployed import Stack
from generator.access.intrinsics import read_template
from generator.access.names import Account, World
from generator.errors import ToolError

MANIFEST = "manifest.json"
CORE, ENVIRONMENT, SETUP = "core-main.yaml", "env-main.yaml", "env-iam-setup-stackset-role.yaml"


@dataclass(frozen=True)
class Document:
    """One policy document: `kind` is identity, boundary, trust, bucket, key, endpoint, scp or rcp; `name` is for people."""

    kind: str
    name: str
    template: str
    body: Mapping[str, Any]


@dataclass(frozen=True)
class Role:
    """A role with everything that decides what it may do by itself, and who may become it."""

    arn: str
    account: str
    short: str
    template: str
    title: str
    identity: tuple[Document, ...]
    boundary: Document | None
    trust: Document
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Guarded:
    """A bucket or a key: what it is called, whose it is, its policy, its tags."""

    arn: str
    account: str
    kind: str
    title: str
    policy: Document | None
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Endpoint:
    """A VPC endpoint; without a policy everything passes."""

    id: str
    account: str
    vpc: str
    service: str
    title: str
    policy: Document | None


@dataclass(frozen=True)
class Site:
    """All of it. `scps` and `rcps` hold the documents that stand over the accounts of the organization's units."""

    world: World
    roles: tuple[Role, ...]
    guarded: tuple[Guarded, ...]
    endpoints: tuple[Endpoint, ...]
    scps: tuple[Document, ...] = ()
    rcps: tuple[Document, ...] = ()

    def role(self, name: str) -> Role:
        """A role by short name, name or ARN; ToolError lists the close ones."""
        for role in self.roles:
            if name in (role.short, role.arn, role.arn.split("/")[-1], f"{role.title}@{role.account}"):
                return role
        raise ToolError(f"{name}: no such role", f"there are: {', '.join(role.short for role in self.roles)}")

    def owner(self, arn: str) -> Guarded | None:
        """The bucket or key that an ARN belongs to: an object's bucket included."""
        return next((one for one in self.guarded if arn == one.arn or arn.startswith(f"{one.arn}/")), None)

    def endpoint(self, account: str, service: str) -> Endpoint | None:
        """The endpoint of a service (`s3`, `kms`, `sagemaker.api`) in the network of an account."""
        for one in self.endpoints:
            if one.account == account and one.service.endswith(f".{service}"):
                return one
        return None

    def documents(self) -> Iterator[Document]:
        """Every document, each object once."""
        for role in self.roles:
            yield from (*role.identity, *((role.boundary,) if role.boundary else ()), role.trust)
        for holder in (*self.guarded, *self.endpoints):
            if holder.policy:
                yield holder.policy
        yield from (*self.scps, *self.rcps)


def load(folder: Path, world: World) -> Site:
    """The site of the build in `folder` (build/<region>)."""
    from generator.package.manifest import load as load_manifest

    manifest = load_manifest(folder)
    keys = {entry.key: name for name, entry in manifest.templates.items()}
    texts = {name: read_template(folder / entry.path) for name, entry in manifest.templates.items()}
    return _site(Deployment(world, texts, keys), policies_beside(folder))


def policies_beside(folder: Path) -> dict[str, tuple[Document, ...]]:
    """The guardrail documents that `mlz generate` put beside the templates, by kind."""
    import json

    found: dict[str, tuple[Document, ...]] = {"scp": (), "rcp": ()}
    for path in sorted((folder / "policies").glob("*.json")):
        kind = path.name.split("-", 1)[0]
        document = Document(kind, path.stem, f"policies/{path.name}", json.loads(path.read_text()))
        found[kind] = (*found.get(kind, ()), document)
    return found


@dataclass
class Deployment:
    """Stacks in the order in which they are deployed; `exports` grows as they are read."""

    world: World
    templates: Mapping[str, Mapping[str, Any]]
    keys: Mapping[str, str]
    exports: dict[str, Any] = field(default_factory=dict)

    def stacks(self) -> list[Stack]:
        """Every stack of every account, nested ones included."""
        world = self.world
        core = self._family(self._open(CORE, world.dev, {"StackSetName": f"{world.name}-core"}))
        self._export(core)
        environment = self._family(self._open(ENVIRONMENT, world.dev, _environment(world)))
        self._export(environment)
        targets = [stack for account, stack in self._instances(environment[0])]
        setups = [self._open(SETUP, account, _setup(world)) for account in _target_accounts(world)]
        return [*core, *environment, *setups, *targets]

    def _open(self, file: str, account: Account, given: Mapping[str, Any]) -> Stack:
        if file not in self.templates:
            raise ToolError(f"{file}: not in this build", "generate again: mlz generate")
        own = {**given, **self.world.parameters.get(file, {})}
        text = self.templates[file]
        return Stack(file, text, own, account.id, self.world, self.exports, self._answers, open_child=self._child)

    def _child(self, parent: Stack, title: str) -> Stack:
        properties = parent.properties(title)
        file = self._file(properties["TemplateURL"])
        return self._open(file, self.world.account(parent.account), properties.get("Parameters", {}))

    def _file(self, url: str) -> str:
        key = url.split("/", 3)[3]
        if key not in self.keys:
            raise ToolError(f"{url}: no template of this build", "generate again: mlz generate")
        return self.keys[key]

    def _family(self, stack: Stack) -> list[Stack]:
        nested = [stack.child(title) for title in stack.resources("AWS::CloudFormation::Stack")]
        return [stack, *(below for child in nested for below in self._family(child))]

    def _export(self, stacks: list[Stack]) -> None:
        for stack in stacks:
            self.exports.update(stack.exported())

    def _instances(self, environment: Stack) -> Iterator[tuple[Account, Stack]]:
        """What the stack sets that env-main declares put into their accounts."""
        for properties in environment.resources("AWS::CloudFormation::StackSet").values():
            given = {one["ParameterKey"]: one["ParameterValue"] for one in properties["Parameters"]}
            file = self._file(properties["TemplateURL"])
            for group in properties["StackInstancesGroup"]:
                for id_ in group["DeploymentTargets"]["Accounts"]:
                    account = self.world.account(id_)
                    yield account, self._open(file, account, given)

    def _answers(self, type_: str, properties: Mapping[str, Any], attribute: str) -> Any:
        """What the custom resources of the environment say about the organization."""
        if type_ != "Custom::GetOUAccounts":
            return None
        world = self.world
        units = list(properties["OUIds"])
        match attribute:
            case "OrganizationId":
                return world.organization
            case "OrganizationalUnitPaths":
                return [_unit_path(world, unit) for unit in units]
            case "AccountList":
                return ",".join(account.id for unit in units for account in world.accounts_below(unit))
        return None


def _unit_path(world: World, unit: str) -> str:
    """`o-x/*/ou-y/*`: everything below a unit, as the look-up says it."""
    return f"{world.organization}/*/{unit}/*"


def _target_accounts(world: World) -> list[Account]:
    """The accounts of all stages, without the development account's own."""
    accounts = [account for stage in world.targets.values() for account in stage]
    return [account for account in accounts if account.id != world.dev.id]


def _environment(world: World) -> dict[str, Any]:
    """Parameters of env-main: stack sets by template, so that the template itself says what each account gets."""
    given: dict[str, Any] = {
        "EnvName": world.name,
        "EnvType": world.stage,
        "EnvTypeStagingName": world.staging,
        "EnvTypeProdName": world.prod,
        "AvailabilityZones": [f"{world.region}a", f"{world.region}b"],
        "SeedCodeS3BucketName": "seed-code",
        "StackSetsOwner": "TEMPLATE",
    }
    if not _target_accounts(world):
        return given
    if world.units:
        units = {f"OrganizationalUnit{stage.title()}Id": world.unit_of(stage) for stage in world.targets}
        return given | units | {"OrganizationId": world.organization}
    staging, prod = (",".join(a.id for a in world.targets[stage]) for stage in ("staging", "prod"))
    return given | {"StagingAccountList": staging, "ProductionAccountList": prod}


def _setup(world: World) -> dict[str, Any]:
    return {
        "EnvName": world.name,
        "EnvType": world.stage,
        "AdministratorAccountId": world.dev.id,
        "OrganizationId": world.organization if world.units else "",
    }


def _site(deployment: Deployment, organization: Mapping[str, tuple[Document, ...]]) -> Site:
    from generator.access import holders

    stacks = deployment.stacks()
    return Site(
        deployment.world,
        holders.roles(deployment.world, stacks),
        holders.guarded(stacks),
        holders.endpoints(stacks),
        organization.get("scp", ()),
        organization.get("rcp", ()),
    )
