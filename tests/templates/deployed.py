"""A template as its stack would see it: conditions decided, functions resolved, resources named by their titles."""

from __future__ import annotations

from typing import Any

from generator.cfn.stack import Stack
from sandbox.cfn.intrinsic import NO_VALUE, resolve
from tests.templates.release import FakeRelease

ACCOUNT = "222222222222"
PSEUDO = {
    "AWS::AccountId": ACCOUNT,
    "AWS::Partition": "aws",
    "AWS::URLSuffix": "amazonaws.com",
    "AWS::StackName": "stack",
    "AWS::StackId": f"arn:aws:cloudformation:eu-west-1:{ACCOUNT}:stack/stack/1",
}


class Deployed:
    """A stack with parameters; resources answer Ref with their title and GetAtt with `title.attribute`."""

    def __init__(self, stack: type[Stack], region: str = "eu-west-1", **parameters: str) -> None:
        self._document = stack(FakeRelease(region)).document()
        declared = self._document["Parameters"]
        unknown = set(parameters) - set(declared)
        assert not unknown, unknown
        self._values: dict[str, Any] = {"AWS::Region": region} | PSEUDO
        for name, declaration in declared.items():
            value = str(parameters.get(name, declaration.get("Default", "")))
            is_list = "List" in declaration["Type"]
            self._values[name] = value.split(",") if is_list else value

    def ref(self, name: str) -> Any:
        if name == "AWS::NoValue":
            return NO_VALUE
        return self._values.get(name, name)

    def attribute(self, logical_id: str, attribute: str) -> Any:
        resource = self._document["Resources"][logical_id]
        if resource["Type"] == "AWS::SSM::Parameter" and attribute == "Value":
            return resolve(resource["Properties"]["Value"], self)
        if attribute == "DnsEntries":
            return ["Z1:mirror.example"]
        return f"{logical_id}.{attribute}"

    def condition(self, name: str) -> bool:
        return bool(resolve(self._document["Conditions"][name], self))

    def mapping(self, name: str, first: str, second: str) -> Any:
        return self._document["Mappings"][name][first][second]

    def imported(self, name: str) -> str:
        return name

    def zones(self, region: str) -> list[str]:
        return [f"{region}{letter}" for letter in "abc"]

    def resources(self, type_: str = "") -> dict[str, dict[str, Any]]:
        """The resolved properties of the resources that exist, by title."""
        return {
            title: resolve(body.get("Properties", {}), self)
            for title, body in self._document["Resources"].items()
            if type_ in ("", body["Type"]) and ("Condition" not in body or self.condition(body["Condition"]))
        }

    def outputs(self) -> dict[str, Any]:
        return {name: resolve(body["Value"], self) for name, body in self._document["Outputs"].items()}

    def rules_broken(self) -> list[str]:
        """What the Rules section says against the parameters."""
        return [
            assertion["AssertDescription"]
            for rule in self._document.get("Rules", {}).values()
            if "RuleCondition" not in rule or resolve(rule["RuleCondition"], self)
            for assertion in rule["Assertions"]
            if not resolve(assertion["Assert"], self)
        ]


def statement(document: dict[str, Any], sid: str) -> dict[str, Any]:
    """The one statement of a policy with this Sid."""
    (found,) = (one for one in document["Statement"] if one.get("Sid") == sid)
    return dict(found)


def sids(document: dict[str, Any]) -> list[str]:
    return [one["Sid"] for one in document["Statement"]]
