"""From a request to something deployable: template, parameters, Rules, conditions, capabilities, all checked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from . import graph, parameters
from .errors import CfnError
from .intrinsic import text
from .lookup import StackLookup
from .model import JSON, Scope, ShownParameter, StackRequest
from .parameters import Parameters
from .rules import Rules
from .template import Template

IAM_TYPES = frozenset(
    f"AWS::IAM::{kind}"
    for kind in (
        "AccessKey",
        "Group",
        "GroupPolicy",
        "InstanceProfile",
        "ManagedPolicy",
        "Policy",
        "Role",
        "RolePolicy",
        "User",
        "UserPolicy",
        "UserToGroupAddition",
    )
)
NAME_PROPERTIES = frozenset({"RoleName", "UserName", "GroupName", "ManagedPolicyName", "InstanceProfileName"})


@dataclass(frozen=True, eq=False)
class Prepared:
    """A checked request. `scope` is the stack's own; `lookup` resolves its template."""

    request: StackRequest
    body: str
    template: Template
    parameters: Parameters
    lookup: StackLookup
    graph: graph.Graph
    tags: Mapping[str, str]

    @property
    def scope(self) -> Scope:
        return self.lookup.scope


def prepare(
    request: StackRequest,
    template: Template,
    body: str,
    scope: Scope,
    *,
    previous: Mapping[str, str],
    stored: Callable[[str], str | None],
    find_export: Callable[[str], str | None],
    capability_code: str = "InsufficientCapabilitiesException",
) -> Prepared:
    """`previous`: the stack's parameters; `stored` reads an SSM parameter; `find_export` an export's value."""
    graph.check_names(template, request.region)
    parameters.check_declarations(template)
    check_capabilities(template, request.capabilities, capability_code)
    decided = parameters.decide(template, request, previous, stored)
    lookup = StackLookup(
        template, scope, decided.values, notification_arns=request.notification_arns, find_export=find_export
    )
    Rules(template, decided.values, lookup.ref).check()
    true_conditions = frozenset(name for name in template.conditions if lookup.condition(name))
    return Prepared(
        request, body, template, decided, lookup, graph.ordered(template, true_conditions), dict(request.tags or {})
    )


@lru_cache(maxsize=1024)
def needed_capabilities(template: Template) -> tuple[str, ...]:
    """CAPABILITY_NAMED_IAM for IAM resources with names, else CAPABILITY_IAM; CAPABILITY_AUTO_EXPAND for macros."""
    needed = []
    iam = [spec for spec in template.resources.values() if spec.type in IAM_TYPES]
    if any(NAME_PROPERTIES & spec.properties.keys() for spec in iam):
        needed.append("CAPABILITY_NAMED_IAM")
    elif iam:
        needed.append("CAPABILITY_IAM")
    if template.transforms:
        needed.append("CAPABILITY_AUTO_EXPAND")
    return tuple(needed)


def check_capabilities(template: Template, given: frozenset[str], code: str) -> None:
    accepted = given | ({"CAPABILITY_IAM"} if "CAPABILITY_NAMED_IAM" in given else set())
    missing = [name for name in needed_capabilities(template) if name not in accepted]
    if missing:
        raise CfnError(code, f"Requires capabilities : [{', '.join(missing)}]")


def shown(decided: Parameters) -> tuple[ShownParameter, ...]:
    return tuple(
        ShownParameter(key, "****" if key in decided.no_echo else value) for key, value in decided.given.items()
    )


def summary(template: Template) -> dict[str, JSON]:
    """The parts of GetTemplateSummary that a template alone decides."""
    iam = [spec.type for spec in template.resources.values() if spec.type in IAM_TYPES]
    answer: dict[str, JSON] = {
        "Parameters": [_declared(name, spec) for name, spec in template.parameters.items()],
        "ResourceTypes": sorted({spec.type for spec in template.resources.values()}),
        "Capabilities": list(needed_capabilities(template)),
        "DeclaredTransforms": list(template.transforms),
        "Version": str(template.document.get("AWSTemplateFormatVersion", "2010-09-09")),
    }
    if template.description:
        answer["Description"] = template.description
    if iam:
        answer["CapabilitiesReason"] = (
            f"The following resource(s) require capabilities: [{', '.join(sorted(set(iam)))}]"
        )
    return answer


def _declared(name: str, spec: Mapping[str, JSON]) -> dict[str, JSON]:
    declared: dict[str, JSON] = {
        "ParameterKey": name,
        "ParameterType": spec["Type"],
        "NoEcho": str(spec.get("NoEcho", False)).lower() == "true",
    }
    if "Default" in spec:
        declared["DefaultValue"] = text(spec["Default"])
    if "Description" in spec:
        declared["Description"] = spec["Description"]
    allowed = {"AllowedValues": [text(value) for value in spec["AllowedValues"]]} if "AllowedValues" in spec else {}
    return declared | ({"ParameterConstraints": allowed} if allowed else {"ParameterConstraints": {}})
