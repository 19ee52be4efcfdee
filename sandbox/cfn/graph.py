"""Who needs whom: names are checked, resources ordered, and work is run in that order."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from queue import SimpleQueue

from . import quotas, schema
from .errors import CfnError, ResourceError, invalid
from .lookup import NESTED, PSEUDO, is_custom, unsupported
from .model import JSON
from .references import references
from .template import Template

# Types whose ordinary properties Fn::GetAtt also returns. Source: "Return values" in the Template Reference.
READABLE_PROPERTIES = frozenset(
    {"AWS::EC2::SecurityGroup", "AWS::EC2::Subnet", "AWS::EC2::VPC", "AWS::EC2::Instance", "AWS::SSM::Parameter"}
    | {"AWS::SNS::Topic", "AWS::SQS::Queue", "AWS::CodeArtifact::Domain", "AWS::CodeArtifact::Repository"}
    | {"AWS::ElasticLoadBalancingV2::LoadBalancer", "AWS::S3::AccessPoint", "AWS::Events::EventBus"}
    | {
        "AWS::Backup::BackupVault",
        "AWS::RDS::DBInstance",
        "AWS::EFS::MountTarget",
        "AWS::AutoScaling::AutoScalingGroup",
    }
    | {"AWS::CloudFormation::WaitCondition", "AWS::ServiceCatalog::CloudFormationProvisionedProduct"}
)


@dataclass(frozen=True, eq=False)
class Graph:
    """`order` puts each present resource after all that it needs."""

    order: tuple[str, ...]
    needs: Mapping[str, frozenset[str]]


@lru_cache(maxsize=1024)
def check_names(template: Template, region: str) -> None:
    """Every type, reference, condition and attribute exists; ValidationError names those that do not."""
    quotas.check_template(template)
    unknown = sorted({spec.type for spec in template.resources.values() if schema.of(spec.type, region) is None})
    if unknown:
        raise invalid(f"Template format error: Unrecognized resource types: [{', '.join(unknown)}]")
    for body in template.conditions.values():
        _check_condition(template, body)
    for spec in template.resources.values():
        _check_block(template, region, spec.properties, "Resources")
        _check_used_condition(template, spec.condition, "Resources")
        missing = [name for name in spec.depends_on if name not in template.resources]
        if missing:
            raise _unresolved(missing, "Resources")
    for output in template.outputs.values():
        _check_block(template, region, {key: output[key] for key in ("Value", "Export") if key in output}, "Outputs")
        _check_used_condition(template, output.get("Condition"), "Outputs")


def _unresolved(names: Iterable[str], block: str) -> CfnError:
    return invalid(
        f"Template format error: Unresolved resource dependencies [{', '.join(names)}] "
        f"in the {block} block of the template"
    )


def _check_used_condition(template: Template, name: str | None, block: str) -> None:
    if name is not None and name not in template.conditions:
        raise invalid(
            f"Template format error: Unresolved condition dependency {name} in the {block} block of the template"
        )


def _check_condition(template: Template, body: JSON) -> None:
    for function, target, _ in references(body):
        if function == "Condition" and target not in template.conditions:
            raise invalid(
                f"Template format error: Unresolved condition dependency {target} "
                "in the Conditions block of the template"
            )
        if function != "Condition" and target not in template.parameters and target not in PSEUDO:
            raise invalid(
                f"Template format error: Unresolved dependencies [{target}]. "
                "Cannot reference resources in the Conditions block of the template"
            )


def _check_block(template: Template, region: str, body: JSON, block: str) -> None:
    found = references(body)
    missing = {
        name
        for function, name, _ in found
        if function == "Ref"
        and name not in PSEUDO
        and name not in template.parameters
        and name not in template.resources
    }
    if missing:
        raise _unresolved(sorted(missing), block)
    for function, name, attribute in found:
        if function == "Condition" and name not in template.conditions:
            raise invalid(f"Template error: unresolved condition dependency {name} in Fn::If")
        if function == "Fn::GetAtt":
            _check_attribute(template, region, name, attribute)


def _check_attribute(template: Template, region: str, name: str, attribute: str) -> None:
    if name not in template.resources:
        raise invalid(f"Template error: instance of Fn::GetAtt references undefined resource {name}")
    kind = template.resources[name].type
    if is_custom(kind) or "${" in attribute or "{'" in attribute:
        return
    if kind == NESTED:
        if not attribute.startswith("Outputs."):
            raise unsupported(name, attribute)
        return
    known = schema.of(kind, region)
    path = attribute.replace(".", "/")
    if known is None or path in known.read_only or any(path.startswith(f"{p}/") for p in known.read_only):
        return
    if kind in READABLE_PROPERTIES and path.split("/")[0] in known.properties:
        return
    if attribute not in LEGACY_ATTRIBUTES.get(kind, ()):
        raise unsupported(name, attribute)


# Attributes that the Template Reference documents and the schemas do not list as read-only.
LEGACY_ATTRIBUTES: Mapping[str, tuple[str, ...]] = {
    "AWS::EC2::VPC": ("CidrBlock", "VpcId", "DefaultSecurityGroup", "DefaultNetworkAcl"),
    "AWS::KMS::Key": ("Arn", "KeyId"),
    "AWS::CloudFormation::WaitCondition": ("Data",),
}


@lru_cache(maxsize=2048)
def ordered(template: Template, true_conditions: frozenset[str]) -> Graph:
    """The resources that exist under these conditions, in order; ValidationError for references in a circle."""
    present = {
        name: spec
        for name, spec in template.resources.items()
        if spec.condition is None or spec.condition in true_conditions
    }
    needs: dict[str, frozenset[str]] = {}
    for name, spec in present.items():
        found = references(spec.properties, lambda condition: condition in true_conditions)
        wanted = {target for function, target, _ in found if function != "Condition" and target in template.resources}
        absent = sorted(wanted - present.keys())
        if absent:
            raise _unresolved(absent, "Resources")
        needs[name] = frozenset(wanted | (set(spec.depends_on) & present.keys()))
    return Graph(_sorted(needs), needs)


def _sorted(needs: Mapping[str, frozenset[str]]) -> tuple[str, ...]:
    order: list[str] = []
    done: set[str] = set()
    waiting = dict(needs)
    while waiting:
        ready = [name for name, wanted in waiting.items() if wanted <= done]
        if not ready:
            circle = sorted(_in_circles(waiting))
            raise invalid(f"Circular dependency between resources: [{', '.join(circle)}]")
        for name in ready:
            del waiting[name]
        done.update(ready)
        order.extend(ready)
    return tuple(order)


def _in_circles(waiting: Mapping[str, frozenset[str]]) -> set[str]:
    """Of resources that cannot be ordered, those that others in the rest need as well."""
    left = dict(waiting)
    while True:
        needed = {target for wanted in left.values() for target in wanted}
        leaves = [name for name in left if name not in needed]
        if not leaves:
            return set(left)
        for name in leaves:
            del left[name]


def run(
    order: Iterable[str],
    needs: Mapping[str, frozenset[str]],
    work: Callable[[str], None],
    slow: Callable[[str], bool],
    *,
    stop: bool = True,
) -> dict[str, ResourceError]:
    """Do `work` for each name after the names it needs; slow ones in threads beside the rest.

    After the first ResourceError nothing new is started (`stop`), or nothing that needs what failed. Returns the
    errors by name, those of names that were under way included.
    """
    return _Run(list(order), needs, work, slow, stop).finish()


@dataclass
class _Run:
    waiting: list[str]
    needs: Mapping[str, frozenset[str]]
    work: Callable[[str], None]
    slow: Callable[[str], bool]
    stop: bool
    done: set[str] = field(default_factory=set)
    failed: dict[str, ResourceError] = field(default_factory=dict)
    finished: SimpleQueue[tuple[str, BaseException | None]] = field(default_factory=SimpleQueue)
    running: int = 0

    def finish(self) -> dict[str, ResourceError]:
        while True:
            name = self._next()
            if name is not None:
                self._start(name)
            elif self.running:
                self._settle(*self.finished.get())
                self.running -= 1
            else:
                return self.failed

    def _next(self) -> str | None:
        if self.failed and self.stop:
            return None
        return next((name for name in self.waiting if self.needs[name] <= self.done), None)

    def _start(self, name: str) -> None:
        self.waiting.remove(name)
        if not self.slow(name):
            self._settle(name, self._try(name))
            return
        self.running += 1
        threading.Thread(
            target=lambda: self.finished.put((name, self._try(name))), name=f"cfn-{name}", daemon=True
        ).start()

    def _try(self, name: str) -> BaseException | None:
        try:
            self.work(name)
        except BaseException as error:  # noqa: BLE001 - carried to the operation's own thread, where it is raised
            return error
        return None

    def _settle(self, name: str, error: BaseException | None) -> None:
        match error:
            case None:
                self.done.add(name)
            case ResourceError():
                self.failed[name] = error
            case _:
                raise error


def reversed_needs(needs: Mapping[str, frozenset[str]]) -> dict[str, frozenset[str]]:
    """For deletion: a name needs all those gone that need it."""
    users: dict[str, set[str]] = {name: set() for name in needs}
    for name, wanted in needs.items():
        for target in wanted & needs.keys():
            users[target].add(name)
    return {name: frozenset(found) for name, found in users.items()}
