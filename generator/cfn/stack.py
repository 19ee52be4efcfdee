"""How a template is written.

A template is a class. Its class attributes, on top and in reading order, are its contract: `Param`, `Cond`, `Rule` and
`Out`. Below them `build()` is the table of contents: it adds what makers return and gives each output its value.

    class EnvS3(Stack):
        FILE = "env-s3.yaml"
        DESCRIPTION = "Data and model buckets of one environment"

        ENV_NAME = Param("EnvName", "Name of the environment")
        KEY = Param("S3BucketKMSKeyId", "Key that encrypts the buckets")

        MODEL_BUCKET_NAME = Out("ModelBucketName", "Bucket of the trained models")

        def build(self) -> None:
            models = self.add(model_bucket(self.KEY))
            self.put(self.MODEL_BUCKET_NAME, Ref(models))

Three rules keep such a class readable:

* Makers return, `build()` adds. A maker takes values and returns a resource; it never sees the template.
* A parent wires a child through the child's own objects: `Nested("S3", EnvS3, {EnvS3.KEY: key})` and
  `.get(EnvS3.MODEL_BUCKET_NAME)`. A missing or unknown parameter, a foreign output, or reading something that exists
  only under a condition without saying what to use otherwise, is a `WiringError` while generating: it names both ends
  and lists what exists.
* What a template needs of the release that it will be part of (the address of a child, of a function's code, of a
  repository's seed) comes from `self.release`, which knows digests; a template never spells a key.

`render()` checks that every Ref, GetAtt, Sub and Condition inside the template names something in it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, Protocol, TypeVar

from troposphere import AWSObject, GetAtt, Template
from troposphere.cloudformation import Stack as StackResource

from generator.cfn.contract import Cond, Contract, Out, Param, contract_of
from generator.cfn.names import check_names
from generator.cfn.render import to_yaml
from generator.errors import WiringError

Resource = TypeVar("Resource", bound=AWSObject)


class Release(Protocol):
    """What a template may ask of the release that it becomes part of."""

    bucket: str
    prefix: str
    region: str

    def template_url(self, child: type[Stack]) -> Any:
        """The https address of another template, by the digest of its content."""

    def template_key(self, child: type[Stack]) -> str:
        """The S3 key of another template, by the digest of its content."""

    def digest(self, child: type[Stack]) -> str:
        """Sixteen hex digits over the content of another template: equal means unchanged."""

    def function_code(self, name: str) -> tuple[str, str]:
        """Bucket and key of the zip of templates/sources/functions/<name>."""

    def function_digest(self, name: str) -> str:
        """Sixteen hex digits over that zip."""


class Nested:
    """A child stack: which template, its parameters by the child's own objects, and the condition that creates it."""

    def __init__(
        self,
        title: str,
        child: type[Stack],
        parameters: Mapping[Param, Any],
        *,
        when: Cond | None = None,
        depends_on: tuple[str, ...] = (),
        tags: Any = None,
    ) -> None:
        self.title = title
        self.child = child
        self.when = when
        self.depends_on = depends_on
        self.tags = tags
        self.parameters = _checked(title, child, parameters)

    def get(self, output: Out, otherwise: Any = None, when: Cond | None = None) -> Any:
        """The child's output; `otherwise` is required where the child or the output exists only under a condition.

        `when` is the parent's condition under which a conditional output exists; for a conditional child it is known.
        """
        contract = self.child.contract()
        if contract.outputs.get(output.name) is not output:
            raise WiringError(
                f"{self.title}: {self.child.FILE} has no output {output.name}",
                f"it has: {', '.join(contract.outputs) or 'none'}",
            )
        condition = when or (None if output.when else self.when)
        if (self.when or output.when) and (otherwise is None or condition is None):
            raise WiringError(
                f"{self.title}: {self.child.FILE} gives {output.name} only under a condition",
                f"say what to use otherwise: .get({output.name}, otherwise=…, when=…)",
            )
        value = GetAtt(self.title, f"Outputs.{output.name}")
        return condition.then(value, otherwise) if condition else value

    def resource(self, url: Any) -> StackResource:
        """The AWS::CloudFormation::Stack of this child whose template stands at `url`."""
        given: dict[str, Any] = {"TemplateURL": url}
        if self.parameters:
            given["Parameters"] = {parameter.name: value for parameter, value in self.parameters.items()}
        if self.tags is not None:
            given["Tags"] = self.tags
        # A child goes with its parent; what has to stay says so on its own resource.
        stack = StackResource(self.title, DeletionPolicy="Delete", UpdateReplacePolicy="Delete", **given)
        if self.when:
            stack.resource["Condition"] = self.when.name
        if self.depends_on:
            stack.resource["DependsOn"] = list(self.depends_on)
        return stack


def _checked(title: str, child: type[Stack], parameters: Mapping[Param, Any]) -> dict[Param, Any]:
    known = child.contract().parameters
    for parameter in parameters:
        if known.get(parameter.name) is not parameter:
            raise WiringError(f"{title}: {child.FILE} has no parameter {parameter.name}", f"it has: {', '.join(known)}")
    given = {parameter.name for parameter in parameters}
    missing = [name for name, parameter in known.items() if parameter.is_required and name not in given]
    if missing:
        raise WiringError(f"{title}: {child.FILE} needs {', '.join(missing)}", "pass a value for each in its Nested(…)")
    return dict(parameters)


def passing(*parameters: Param) -> dict[Param, Any]:
    """Wire parameters that parent and child share straight through."""
    return {parameter: parameter for parameter in parameters}


class Stack(ABC):
    """One CloudFormation template; see the module's text for how one is written."""

    FILE: ClassVar[str]
    DESCRIPTION: ClassVar[str]

    def __init__(self, release: Release) -> None:
        self.release = release
        self.template = Template(Description=self.DESCRIPTION)
        self.template.set_version()
        self._values: dict[str, Any] = {}

    @classmethod
    def contract(cls) -> Contract:
        """Parameters, conditions, rules and outputs that the class declares."""
        return contract_of(cls)

    @abstractmethod
    def build(self) -> None:
        """Add the resources and put the outputs."""

    def add(self, resource: Resource, when: Cond | None = None) -> Resource:
        """Add a resource, under a condition if given, and return it."""
        if when is not None:
            resource.resource["Condition"] = when.name
        return self.template.add_resource(resource)

    def nest(self, nested: Nested) -> Nested:
        """Add a child stack and return it, to read its outputs."""
        self.template.add_resource(nested.resource(self.release.template_url(nested.child)))
        return nested

    def put(self, output: Out, value: Any) -> None:
        """Give a declared output its value."""
        if self.contract().outputs.get(output.name) is not output:
            raise WiringError(
                f"{self.FILE}: {output.name} is not one of its outputs",
                f"it has: {', '.join(self.contract().outputs) or 'none'}",
            )
        self._values[output.name] = value

    def document(self) -> dict[str, Any]:
        """The finished template as plain data."""
        self.build()
        contract = self.contract()
        for parameter in contract.parameters.values():
            self.template.add_parameter(parameter.declaration())
        for condition in contract.conditions.values():
            self.template.add_condition(condition.name, condition.expression)
        for name, output in contract.outputs.items():
            if name not in self._values:
                raise WiringError(f"{self.FILE}: output {name} has no value", "put(…) it in build(), or remove it")
            self.template.add_output(output.declaration(self._values[name]))
        for name, rule in contract.rules.items():
            self.template.add_rule(name, rule.to_dict())
        self.template.set_metadata(_interface(contract) | self.template.metadata)
        document: dict[str, Any] = self.template.to_dict()
        check_names(document, self.FILE)
        return document

    def render(self) -> str:
        """The template's text: equal input gives equal bytes."""
        return to_yaml(self.document())


def _interface(contract: Contract) -> dict[str, Any]:
    """AWS::CloudFormation::Interface from the parameters' groups and labels."""
    groups: dict[str, list[str]] = {}
    for name, parameter in contract.parameters.items():
        if parameter.group:
            groups.setdefault(parameter.group, []).append(name)
    labels = {name: {"default": p.label} for name, p in contract.parameters.items() if p.label}
    interface: dict[str, Any] = {}
    if groups:
        interface["ParameterGroups"] = [{"Label": {"default": label}, "Parameters": of} for label, of in groups.items()]
    if labels:
        interface["ParameterLabels"] = labels
    return {"AWS::CloudFormation::Interface": interface} if interface else {}
