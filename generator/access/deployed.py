"""One template as its stack would be: parameters given, conditions decided, physical names where they can be known.

What only AWS could say (ids) becomes a name that is the same at every run: `vpce-vpcendpoints3222222222222`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from generator.access.intrinsics import resolve
from generator.access.names import World
from generator.errors import ToolError

# Attributes of custom resources: (type, properties, attribute) -> value, or None for a name of its own
Answers = Callable[[str, Mapping[str, Any], str], Any]


@dataclass
class Stack:
    """A template with parameters in an account; implements intrinsics.Scope. Values are worked out when asked for."""

    file: str
    document: Mapping[str, Any]
    given: Mapping[str, Any]
    account: str
    world: World
    exports: Mapping[str, Any]
    answers: Answers
    children: dict[str, Stack] = field(default_factory=dict)
    open_child: Callable[[Stack, str], Stack] | None = None
    _properties: dict[str, Any] = field(default_factory=dict)
    _conditions: dict[str, bool] = field(default_factory=dict)

    def __post_init__(self) -> None:
        declared = self.document.get("Parameters", {})
        unknown = sorted(set(self.given) - set(declared))
        if unknown:
            raise ToolError(f"{self.file}: there is no parameter {', '.join(unknown)}", "see the template's Parameters")
        lacking = sorted(name for name, one in declared.items() if name not in self.given and "Default" not in one)
        if lacking:
            raise ToolError(f"{self.file}: no value for {', '.join(lacking)}", "give env.parameters in mlz.yaml")

    def ref(self, name: str) -> Any:
        pseudo = self._pseudo()
        if name in pseudo:
            return pseudo[name]
        parameter = self.document.get("Parameters", {}).get(name)
        if parameter is None:
            return _physical(self, name)
        value = self.given.get(name, parameter.get("Default"))
        if "List" in parameter["Type"]:
            return list(value) if isinstance(value, list) else str(value).split(",")
        return ",".join(value) if isinstance(value, list) else str(value)

    def _pseudo(self) -> dict[str, str]:
        world = self.world
        return {
            "AWS::AccountId": self.account,
            "AWS::Partition": world.partition,
            "AWS::Region": world.region,
            "AWS::URLSuffix": world.suffix,
            "AWS::StackName": self.file.removesuffix(".yaml"),
            "AWS::StackId": self._arn("cloudformation", f"stack/{self.file.removesuffix('.yaml')}/1"),
        }

    def condition(self, name: str) -> bool:
        if name not in self._conditions:
            self._conditions[name] = bool(resolve(self.document["Conditions"][name], self))
        return self._conditions[name]

    def mapping(self, name: str, first: str, second: str) -> Any:
        return self.document["Mappings"][name][first][second]

    def imported(self, name: str) -> Any:
        return self.exports.get(name, name)

    def exists(self, title: str) -> bool:
        body = self.document["Resources"][title]
        return "Condition" not in body or self.condition(body["Condition"])

    def properties(self, title: str) -> dict[str, Any]:
        """The resolved properties of a resource."""
        if title not in self._properties:
            self._properties[title] = resolve(self.document["Resources"][title].get("Properties", {}), self)
        return dict(self._properties[title])

    def resources(self, *types: str) -> dict[str, dict[str, Any]]:
        """Properties of the resources of some types that exist, by title."""
        found = {title: body for title, body in self.document["Resources"].items() if body["Type"] in types}
        return {title: self.properties(title) for title in found if self.exists(title)}

    def outputs(self) -> dict[str, Any]:
        return {name: self.output(name) for name in self.document.get("Outputs", {}) if self._is_put(name)}

    def output(self, name: str) -> Any:
        return resolve(self.document["Outputs"][name]["Value"], self)

    def exported(self) -> dict[str, Any]:
        """What this stack exports, by name."""
        found = {n: o for n, o in self.document.get("Outputs", {}).items() if "Export" in o and self._is_put(n)}
        return {str(resolve(one["Export"]["Name"], self)): self.output(name) for name, one in found.items()}

    def _is_put(self, name: str) -> bool:
        condition = self.document["Outputs"][name].get("Condition")
        return condition is None or self.condition(condition)

    def child(self, title: str) -> Stack:
        """The nested stack of a resource, opened once."""
        if title not in self.children:
            if self.open_child is None:
                raise ToolError(f"{self.file}: {title}: a nested stack in a template that stands alone")
            self.children[title] = self.open_child(self, title)
        return self.children[title]

    def attribute(self, title: str, attribute: str) -> Any:
        type_ = self.document["Resources"][title]["Type"]
        if type_ == "AWS::CloudFormation::Stack" and attribute.startswith("Outputs."):
            return self.child(title).output(attribute.removeprefix("Outputs."))
        if type_ == "AWS::SSM::Parameter" and attribute == "Value":
            return self.properties(title)["Value"]
        if type_.startswith("Custom::"):
            answer = self.answers(type_, self.properties(title), attribute)
            return attribute if answer is None else answer
        return _attribute(self, type_, title, attribute)

    def _arn(self, service: str, name: str, *, region: str | None = None, account: str | None = None) -> str:
        place = self.world.region if region is None else region
        owner = self.account if account is None else account
        return f"arn:{self.world.partition}:{service}:{place}:{owner}:{name}"

    def arn(self, service: str, name: str, **place: str) -> str:
        """An ARN in this stack's account and Region."""
        return self._arn(service, name, **place)


def _physical(stack: Stack, title: str) -> str:
    """What Ref says of a resource."""
    if title not in stack.document["Resources"]:
        raise ToolError(f"{stack.file}: {title}: neither a parameter nor a resource")
    match stack.document["Resources"][title]["Type"]:
        case "AWS::IAM::Role":
            return str(stack.properties(title).get("RoleName", f"{stack.file.removesuffix('.yaml')}-{title}"))
        case "AWS::IAM::ManagedPolicy":
            name = stack.properties(title).get("ManagedPolicyName", f"{stack.file.removesuffix('.yaml')}-{title}")
            return stack.arn("iam", f"policy/{name}", region="")
        case "AWS::S3::Bucket":
            return str(stack.properties(title).get("BucketName", f"{title.lower()}-{stack.account}"))
        case "AWS::EC2::VPCEndpoint":
            return f"vpce-{title.lower()}{stack.account}"
        case "AWS::EC2::VPC":
            return f"vpc-{stack.account}"
        case "AWS::Lambda::Function":
            return str(stack.properties(title).get("FunctionName", title))
        case "AWS::SSM::Parameter":
            return str(stack.properties(title)["Name"])
        case "AWS::CloudFormation::Stack":
            return stack.arn("cloudformation", f"stack/{title}/1")
    return f"{title}-{stack.account}"


def _attribute(stack: Stack, type_: str, title: str, attribute: str) -> str:
    name = _physical(stack, title)
    match type_, attribute:
        case "AWS::IAM::Role", "Arn":
            path = stack.properties(title).get("Path", "/")
            return stack.arn("iam", f"role{path}{name}", region="")
        case "AWS::S3::Bucket", "Arn":
            return stack.arn("s3", name, region="", account="")
        case "AWS::KMS::Key", "Arn":
            return stack.arn("kms", f"key/{name}")
        case "AWS::Lambda::Function", "Arn":
            return stack.arn("lambda", f"function:{name}")
        case "AWS::Logs::LogGroup", "Arn":
            return stack.arn("logs", f"log-group:{stack.properties(title).get('LogGroupName', title)}:*")
    if attribute == "VpcId":
        return f"vpc-{stack.account}"
    if attribute.endswith("Arn"):
        return stack.arn(type_.split("::")[1].lower(), title)
    return f"{name}.{attribute}"
