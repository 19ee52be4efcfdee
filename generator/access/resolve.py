"""A build and parameters -> every concrete policy of every account, as the templates are deployed together.

The core and the environment stand in the development account; the stack sets that env-main declares bring roles and
network to the accounts of the stages; the set-up role stands in each of these. Nothing here calls AWS.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from generator.access import holders
from generator.access.deployed import Stack
from generator.access.intrinsics import read_template
from generator.access.names import Account, World
from generator.access.site import Document, Site
from generator.errors import ToolError
from generator.package.manifest import load as load_manifest

# Projects by the ids that their roles are known by here
PROJECTS = {"project-model-build-train.yaml": "p-train", "project-model-deploy.yaml": "p-deploy"}
CORE, ENVIRONMENT, SETUP = "core-main.yaml", "env-main.yaml", "env-iam-setup-stackset-role.yaml"
GUARDRAILS = "organization-guardrails.yaml"


def load(folder: Path, world: World) -> Site:
    """The site of the build in `folder` (build/<region>)."""
    manifest = load_manifest(folder)
    keys = {entry.key: name for name, entry in manifest.templates.items()}
    texts = {name: read_template(folder / entry.path) for name, entry in manifest.templates.items()}
    return site(world, texts, keys)


def site(world: World, templates: Mapping[str, Mapping[str, Any]], keys: Mapping[str, str]) -> Site:
    """The site of templates by file name; `keys` says which of them stands at which S3 key."""
    deployment = Deployment(world, templates, keys)
    stacks = deployment.stacks()
    over = deployment.guardrails()
    return Site(
        world,
        holders.roles(world, stacks),
        holders.guarded(stacks),
        holders.endpoints(stacks),
        tuple(one for one in over if one.kind == "scp"),
        tuple(one for one in over if one.kind == "rcp"),
    )


@dataclass
class Deployment:
    """Stacks in the order in which they are deployed; `exports` grows as they are read."""

    world: World
    templates: Mapping[str, Mapping[str, Any]]
    keys: Mapping[str, str]
    exports: dict[str, Any] = field(default_factory=dict)
    published: dict[str, Any] = field(default_factory=dict)

    def stacks(self) -> list[Stack]:
        """Every stack of every account, nested ones included."""
        world = self.world
        core = self._family(self._open(CORE, world.dev, {"StackSetName": f"{world.name}-core"}))
        self._export(core)
        environment = self._family(self._open(ENVIRONMENT, world.dev, _environment(world)))
        self._export(environment)
        targets = [stack for account, stack in self._instances(environment[0])]
        setups = [self._open(SETUP, account, _setup(world)) for account in _target_accounts(world)]
        return [*core, *environment, *self._projects(environment), *setups, *targets]

    def _projects(self, environment: list[Stack]) -> list[Stack]:
        """A project of each template, which finds what the environment publishes."""
        for stack in environment:
            parameters = stack.resources("AWS::SSM::Parameter").values()
            self.published.update({one["Name"]: one["Value"] for one in parameters})
        return [
            self._open(file, self.world.dev, _project(self.templates[file], id_))
            for file, id_ in PROJECTS.items()
            if file in self.templates
        ]

    def guardrails(self) -> list[Document]:
        """The policies of the organization, where it has units for them."""
        if not self.world.units or GUARDRAILS not in self.templates:
            return []
        stack = self._open(GUARDRAILS, self.world.management, _guardrails(self.world))
        kinds = {"SERVICE_CONTROL_POLICY": "scp", "RESOURCE_CONTROL_POLICY": "rcp"}
        return [
            Document(kinds[body["Type"]], title, GUARDRAILS, body["Content"])
            for title, body in stack.resources("AWS::Organizations::Policy").items()
        ]

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
        """What the custom resources of the environment say about the organization, and those of projects about it."""
        if type_ == "Custom::GetEnvironmentConfiguration":
            return self._configuration(properties).get(attribute)
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

    def _configuration(self, properties: Mapping[str, Any]) -> dict[str, Any]:
        """What a project is told of its environment; subnets and groups decide nothing."""
        name, stage = self.world.name, self.world.stage
        told = {
            one["VariableName"]: self.published[f"{name}-{stage}-{one['ParameterName']}"]
            for one in properties["SSMParams"]
        }
        return {"EnvironmentName": name, "EnvironmentType": stage, "SubnetIds": [], "SecurityGroups": [], **told}


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


def _project(template: Mapping[str, Any], id_: str) -> dict[str, str]:
    """Parameters of a project; where it can be asked to, it compares data, so that its role for that is seen too."""
    given = {"SageMakerProjectName": "ages", "SageMakerProjectId": id_}
    compares = {"DriftSchedule": "rate(1 day)", "MultiAccountDeployment": "YES"}
    return given | {name: value for name, value in compares.items() if name in template["Parameters"]}


def _setup(world: World) -> dict[str, Any]:
    return {
        "EnvName": world.name,
        "EnvType": world.stage,
        "AdministratorAccountId": world.dev.id,
        "OrganizationId": world.organization if world.units else "",
    }


def _guardrails(world: World) -> dict[str, Any]:
    deployers = [f"arn:{world.partition}:iam::*:role/{name}" for name in world.deployers]
    ids = [account.id for account in (world.dev, *_target_accounts(world))]
    given = {"EnvName": world.name, "OrganizationId": world.organization, "TargetIds": ids}
    return given | {"DeployerRoleArns": deployers}
