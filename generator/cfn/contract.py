"""What a template promises: its parameters, conditions, rules and outputs, as objects that other templates wire to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from troposphere import AWSHelperFn, If, NoValue, Output, Parameter
from troposphere import Export as TroposphereExport

from generator.errors import WiringError

YES_NO = ("YES", "NO")


class Param(AWSHelperFn):
    """A template parameter; used as a value it is a Ref to itself.

    `default=None` makes it required. `group` and `label` arrange the CloudFormation console's form.
    """

    def __init__(
        self,
        name: str,
        description: str,
        *,
        type: str = "String",  # noqa: A002 - CloudFormation's own word
        default: str | int | None = None,
        allowed: Sequence[str | int] = (),
        pattern: str = "",
        constraint: str = "",
        min_length: int | None = None,
        max_length: int | None = None,
        min_value: int | None = None,
        max_value: int | None = None,
        no_echo: bool = False,
        group: str = "",
        label: str = "",
    ) -> None:
        self.name = name
        self.group = group
        self.label = label
        self.data: dict[str, str] = {"Ref": name}
        self.properties = {
            "Type": type,
            "Description": description,
            "Default": default,
            "AllowedValues": list(allowed),
            "AllowedPattern": pattern,
            "ConstraintDescription": constraint,
            "MinLength": min_length,
            "MaxLength": max_length,
            "MinValue": min_value,
            "MaxValue": max_value,
            "NoEcho": no_echo or None,
        }

    @property
    def is_required(self) -> bool:
        return self.properties["Default"] is None

    def declaration(self) -> Parameter:
        """The troposphere object of the Parameters section."""
        given = {key: value for key, value in self.properties.items() if value not in (None, "", [])}
        if self.properties["Default"] == "":
            given["Default"] = ""
        return Parameter(self.name, **given)

    def __eq__(self, other: object) -> bool:
        return self is other

    def __hash__(self) -> int:
        return id(self)

    def __repr__(self) -> str:
        return f"Param({self.name})"


def switch(name: str, description: str, *, default: str = "YES", group: str = "", label: str = "") -> Param:
    """A YES/NO parameter."""
    return Param(name, description, default=default, allowed=YES_NO, group=group, label=label)


class Cond(AWSHelperFn):
    """A named condition; used inside And, Or or Not it refers to itself."""

    def __init__(self, name: str, expression: AWSHelperFn) -> None:
        self.name = name
        self.expression = expression
        self.data = {"Condition": name}

    def then(self, value: Any, otherwise: Any = None) -> If:
        """`value` where the condition holds, else `otherwise` (without it the property is left out)."""
        return If(self.name, value, NoValue if otherwise is None else otherwise)

    def __eq__(self, other: object) -> bool:
        return self is other

    def __hash__(self) -> int:
        return id(self)

    def __repr__(self) -> str:
        return f"Cond({self.name})"


class Out:
    """A template output; `build()` gives it its value. It exists where `when` holds; `export` is a name or a Sub."""

    def __init__(self, name: str, description: str, *, export: Any = None, when: Cond | None = None) -> None:
        self.name = name
        self.description = description
        self.export = export
        self.when = when

    def declaration(self, value: Any) -> Output:
        """The troposphere object of the Outputs section."""
        given: dict[str, Any] = {"Description": self.description, "Value": value}
        if self.export is not None:
            given["Export"] = TroposphereExport(self.export)
        if self.when is not None:
            given["Condition"] = self.when.name
        return Output(self.name, **given)

    def __repr__(self) -> str:
        return f"Out({self.name})"


@dataclass(frozen=True)
class Rule:
    """Assertions over parameters that CloudFormation checks before it creates anything; see generator.cfn.rules."""

    name: str
    assertions: tuple[tuple[dict[str, Any], str], ...]
    when: dict[str, Any] | None = None

    def to_dict(self) -> dict[str, Any]:
        """The entry of the Rules section."""
        condition = {"RuleCondition": self.when} if self.when else {}
        return condition | {
            "Assertions": [{"Assert": check, "AssertDescription": text} for check, text in self.assertions]
        }


@dataclass(frozen=True)
class Contract:
    """All that a stack class declares, each by name in reading order."""

    parameters: dict[str, Param]
    conditions: dict[str, Cond]
    rules: dict[str, Rule]
    outputs: dict[str, Out]


def contract_of(owner: type) -> Contract:
    """Collect the class attributes of a stack, bases first; two different objects of one name are a WiringError."""
    found = Contract({}, {}, {}, {})
    for cls in reversed(owner.__mro__):
        for value in vars(cls).values():
            match value:
                case Param():
                    _keep(found.parameters, value.name, value, owner)
                case Cond():
                    _keep(found.conditions, value.name, value, owner)
                case Rule():
                    _keep(found.rules, value.name, value, owner)
                case Out():
                    _keep(found.outputs, value.name, value, owner)
                case _:
                    pass
    return found


def _keep(names: dict[str, Any], name: str, value: object, owner: type) -> None:
    if names.setdefault(name, value) is not value:
        raise WiringError(f"{owner.__name__}: {name} is declared twice", "give each declaration a name of its own")
