"""What deploying would make: the generated templates with the parameters of the settings in them; no AWS call."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import takewhile
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from generator.access.deployed import Stack
    from mlz.config.settings import Settings

INTERFACE, GATEWAY = "AWS::EC2::VPCEndpoint (Interface)", "AWS::EC2::VPCEndpoint (Gateway)"
# Where Studio looks for project templates in S3 (SageMaker AI Developer Guide, "MLOps project templates").
TEMPLATES_TAG = "sagemaker:projectS3TemplatesLocation"
NAMES = {
    "AWS::IAM::Role": "RoleName",
    "AWS::IAM::ManagedPolicy": "ManagedPolicyName",
    "AWS::S3::Bucket": "BucketName",
    "AWS::Lambda::Function": "FunctionName",
    "AWS::Events::Rule": "Name",
    "AWS::CloudFormation::StackSet": "StackSetName",
    "AWS::SSM::Parameter": "Name",
}


@dataclass(frozen=True)
class Wanted:
    """Resources by type: of the core and the environment stack with all that is nested in them, and of every target.

    `offered` are the types of all templates. `endpoints` are services by the title of the resource. `serves_templates`:
    Studio reads project templates in the package bucket.
    """

    core: Counter[str] = field(default_factory=Counter)
    env: Counter[str] = field(default_factory=Counter)
    target: Counter[str] = field(default_factory=Counter)
    offered: frozenset[str] = frozenset()
    endpoints: Mapping[str, str] = field(default_factory=dict)
    names: tuple[tuple[str, str], ...] = ()
    runtimes: frozenset[str] = frozenset()
    images: frozenset[str] = frozenset()
    auth_modes: frozenset[str] = frozenset()
    serves_templates: bool = False

    @property
    def types(self) -> frozenset[str]:
        """All of them, without the two kinds of endpoint that are counted apart."""
        return frozenset(self.core | self.env | self.target) - {INTERFACE, GATEWAY}


def wanted(settings: Settings) -> Wanted:
    """From this Region's build, else from the templates as they are now; ToolError where parameters do not fit."""
    from generator.package.build import Site, build
    from generator.package.manifest import FILE
    from mlz import declared
    from mlz.release import product

    if settings.region and (product.folder(settings) / FILE).is_file():
        return of_build(settings, product.folder(settings))
    place = Site(
        settings.package.bucket or declared.BUCKET, settings.package.prefix, settings.region or declared.REGION
    )
    with TemporaryDirectory() as scratch:
        build(place, product.product(), Path(scratch))
        return of_build(settings, Path(scratch))


def of_build(settings: Settings, folder: Path) -> Wanted:
    from generator.access.intrinsics import read_template
    from generator.access.resolve import ENVIRONMENT, PROJECTS, Deployment
    from generator.package.manifest import load
    from mlz import declared

    manifest = load(folder)
    texts = {name: read_template(folder / entry.path) for name, entry in manifest.templates.items()}
    keys = {entry.key: name for name, entry in manifest.templates.items()}
    world = declared.world(settings)
    stacks = [stack for stack in Deployment(world, texts, keys).stacks() if stack.file not in PROJECTS]
    core = list(takewhile(lambda stack: stack.file != ENVIRONMENT, stacks))
    env = [stack for stack in stacks[len(core) :] if stack.account == world.dev.id]
    first = next((stage[0].id for stage in world.targets.values() if stage), "")
    target = [stack for stack in stacks if stack.account == first and _is_target(settings, stack)]
    made = [*core, *env, *target]
    resources = [resource for text in texts.values() for resource in text["Resources"].values()]
    return Wanted(
        core=_counted(core, roots=1),
        env=_counted(env, roots=1),
        target=_counted(target, roots=len(target)),
        offered=frozenset(resource["Type"] for resource in resources),
        endpoints=_endpoints(made),
        names=tuple(_names(made)),
        runtimes=frozenset(_written(resources, "AWS::Lambda::Function", "Runtime")),
        images=frozenset(_written(resources, "AWS::CodeBuild::Project", "Environment", "Image")),
        auth_modes=frozenset(str(domain.get("AuthMode")) for _, domain in _of(made, "AWS::SageMaker::Domain")),
        serves_templates=any(
            tag["Key"] == TEMPLATES_TAG
            for _, domain in _of(made, "AWS::SageMaker::Domain")
            for tag in domain.get("Tags", ())
        ),
    )


def _is_target(settings: Settings, stack: Stack) -> bool:
    from mlz.fleet import bootstrapping, targets

    files = {targets.TEMPLATES[layer] for layer in targets.layers(settings)}
    return stack.file in files | {bootstrapping.TEMPLATE}


def _counted(stacks: list[Stack], roots: int) -> Counter[str]:
    """`roots` of the stacks are not resources of another one."""
    found = Counter(
        body["Type"]
        for stack in stacks
        for title, body in stack.document["Resources"].items()
        if stack.exists(title) and not body["Type"].startswith("Custom::")
    )
    found["AWS::CloudFormation::Stack"] += roots
    for _, endpoint in _of(stacks, "AWS::EC2::VPCEndpoint"):
        found[INTERFACE if endpoint.get("VpcEndpointType") == "Interface" else GATEWAY] += 1
    return found


def _of(stacks: list[Stack], kind: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for stack in stacks:
        yield from stack.resources(kind).items()


def _endpoints(stacks: list[Stack]) -> dict[str, str]:
    """Services of AWS only: a service of one's own is made together with its endpoint."""
    found = {title: str(one["ServiceName"]) for title, one in _of(stacks, "AWS::EC2::VPCEndpoint")}
    return {title: name for title, name in found.items() if name.startswith(("com.amazonaws.", "aws.", "cn."))}


def _written(resources: list[dict[str, Any]], kind: str, *path: str) -> Iterator[str]:
    """A property as all templates write it, wherever it is written out."""
    for resource in resources:
        if resource["Type"] == kind:
            value: Any = resource["Properties"]
            for key in path:
                value = value.get(key, {})
            if isinstance(value, str):
                yield value


def _names(stacks: list[Stack]) -> Iterator[tuple[str, str]]:
    for kind, key in NAMES.items():
        for _, properties in _of(stacks, kind):
            if isinstance(name := properties.get(key), str):
                yield kind, name
