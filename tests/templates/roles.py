"""Reading rendered role templates: documents of roles and policies with their names filled in."""

from __future__ import annotations

import re
from typing import Any

from generator.cfn.stack import Stack
from tests.templates.release import FakeRelease

# The longest values there can be: name lengths and policy sizes are checked with them.
LONGEST = {
    "AWS::Partition": "aws-us-gov",
    "AWS::Region": "ap-northeast-1",
    "AWS::AccountId": "111111111111",
    "AWS::URLSuffix": "amazonaws.com",
    "EnvName": "n" * 16,
    "EnvType": "t" * 10,
    "EnvTypeStagingName": "s" * 10,
    "EnvTypeProdName": "p" * 10,
    "AdministratorEnvType": "t" * 10,
}
USUAL = LONGEST | {
    "AWS::Partition": "aws",
    "AWS::Region": "eu-west-1",
    "EnvName": "sm-mlops",
    "EnvType": "dev",
    "EnvTypeStagingName": "staging",
    "EnvTypeProdName": "prod",
    "AdministratorEnvType": "dev",
    "AdministratorAccountId": "222222222222",
}


class Rendered:
    """One template with its parameters filled in; `conditions` that hold choose the first branch of If."""

    def __init__(self, stack: type[Stack], values: dict[str, str] = USUAL, conditions: frozenset[str] = frozenset()):
        self.values = values
        self.conditions = conditions
        self.raw: dict[str, Any] = stack(FakeRelease()).document()
        self.resources: dict[str, Any] = self.filled(self.raw["Resources"])

    def filled(self, part: Any) -> Any:
        match part:
            case {"Ref": "AWS::NoValue"}:
                return None
            case {"Ref": str(name)}:
                return self.values.get(name, f"<{name}>")
            case {"Fn::GetAtt": [str(name), str(attribute)]}:
                return f"<{name}.{attribute}>"
            case {"Fn::If": [str(name), then, otherwise]}:
                return self.filled(then if name in self.conditions else otherwise)
            case {"Fn::FindInMap": [_, _, str(key)]}:
                return f"<{key}>"
            case {"Fn::Sub": [str(text), dict(given)]}:
                return self._text(text, {name: self.filled(value) for name, value in given.items()})
            case {"Fn::Sub": str(text)}:
                return self._text(text, {})
            case dict():
                filled = {key: self.filled(value) for key, value in part.items()}
                return {key: value for key, value in filled.items() if value is not None}
            case list():
                return [value for value in map(self.filled, part) if value is not None]
            case _:
                return part

    def _text(self, text: str, given: dict[str, Any]) -> str:
        known = {**self.values, **{name: value for name, value in given.items() if isinstance(value, str)}}
        return re.sub(r"\$\{!?([^}]+)\}", lambda m: known.get(m[1], f"<{m[1]}>") if m[0][2] != "!" else m[0], text)

    def roles(self) -> dict[str, Any]:
        return {name: r["Properties"] for name, r in self.resources.items() if r["Type"] == "AWS::IAM::Role"}

    def policies(self) -> dict[str, Any]:
        return {name: r["Properties"] for name, r in self.resources.items() if r["Type"] == "AWS::IAM::ManagedPolicy"}

    def trust(self, role: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.roles()[role]["AssumeRolePolicyDocument"]["Statement"]
        return found

    def statements(self, role: str) -> list[dict[str, Any]]:
        """Inline and attached statements of a role, or those of a managed policy, in order."""
        if role in self.policies():
            return list(self.policies()[role]["PolicyDocument"]["Statement"])
        properties = self.roles()[role]
        inline = [s for policy in properties.get("Policies", []) for s in policy["PolicyDocument"]["Statement"]]
        attached = [arn.strip("<>") for arn in properties.get("ManagedPolicyArns", [])]
        return inline + [s for name in attached if name in self.policies() for s in self.statements(name)]

    def statement(self, role: str, sid: str) -> dict[str, Any]:
        return next(s for s in self.statements(role) if s["Sid"] == sid)


def actions(statements: list[dict[str, Any]], effect: str = "Allow") -> set[str]:
    return {action for s in statements if s["Effect"] == effect for action in s["Action"]}
