"""Wiring between parent and child is checked while generating, and every error names both ends."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest
from troposphere import Equals, GetAtt, Ref, Sub, s3

from generator.cfn.contract import Cond, Out, Param, Rule, switch
from generator.cfn.rules import all_of, differs, given
from generator.cfn.stack import Nested, Stack, passing
from generator.errors import WiringError


class Release:
    bucket, prefix, region = "a-bucket", "prefix", "eu-west-1"

    def template_url(self, child: type[Stack]) -> Any:
        return f"https://a-bucket.example/{child.FILE}"

    def template_key(self, child: type[Stack]) -> str:
        return child.FILE

    def digest(self, child: type[Stack]) -> str:  # noqa: ARG002 - the protocol's signature
        return "0" * 16

    def function_code(self, name: str) -> tuple[str, str]:
        return self.bucket, name

    def function_digest(self, name: str) -> str:  # noqa: ARG002 - the protocol's signature
        return "0" * 16


class Child(Stack):
    FILE = "child.yaml"
    DESCRIPTION = "A bucket, and a second one where wanted"

    NAME = Param("Name", "Name of the bucket", group="Names", label="Bucket name")
    SECOND = switch("Second", "Make a second bucket", default="NO")
    HAS_SECOND = Cond("HasSecond", Equals(SECOND, "YES"))
    NAMED = Rule("Named", ((all_of(given(NAME), differs(NAME, "x")), "Name must be given and not be x"),))

    BUCKET = Out("Bucket", "The bucket")
    SECOND_BUCKET = Out("SecondBucket", "The second bucket", when=HAS_SECOND, export=Sub("${Name}-second"))

    def build(self) -> None:
        first = self.add(s3.Bucket("First", BucketName=self.NAME))
        second = self.add(s3.Bucket("Other"), self.HAS_SECOND)
        self.put(self.BUCKET, Ref(first))
        self.put(self.SECOND_BUCKET, GetAtt(second, "Arn"))


class Other(Child):
    FILE = "other.yaml"
    ELSE = Param("Else", "Another parameter", default="")
    ELSEWHERE = Out("Elsewhere", "Another output")


def parent(name: str, build: Any, **attributes: Any) -> Stack:
    made: dict[str, Any] = {"FILE": f"{name}.yaml", "DESCRIPTION": "", "build": build, **attributes}
    cls: type[Stack] = type(name, (Stack,), made)
    return cls(Release())


def test_a_template_is_rendered_whole() -> None:
    assert (
        Child(Release()).render()
        == """\
AWSTemplateFormatVersion: '2010-09-09'
Description: A bucket, and a second one where wanted

Metadata:
  AWS::CloudFormation::Interface:
    ParameterGroups:
    - Label:
        default: Names
      Parameters:
      - Name
    ParameterLabels:
      Name:
        default: Bucket name

Parameters:
  Name:
    Type: String
    Description: Name of the bucket
  Second:
    Type: String
    Description: Make a second bucket
    Default: 'NO'
    AllowedValues:
    - 'YES'
    - 'NO'

Rules:
  Named:
    Assertions:
    - Assert: !And
      - !Not [!Equals [!Ref Name, '']]
      - !Not [!Equals [!Ref Name, x]]
      AssertDescription: Name must be given and not be x

Conditions:
  HasSecond: !Equals [!Ref Second, 'YES']

Resources:
  First:
    Type: AWS::S3::Bucket
    Properties:
      BucketName: !Ref Name
  Other:
    Type: AWS::S3::Bucket
    Condition: HasSecond

Outputs:
  Bucket:
    Description: The bucket
    Value: !Ref First
  SecondBucket:
    Condition: HasSecond
    Description: The second bucket
    Value: !GetAtt Other.Arn
    Export:
      Name: !Sub ${Name}-second
"""
    )


def test_a_child_is_wired_by_its_own_objects() -> None:
    out = Out("Out", "")

    def build(self: Stack) -> None:
        child = self.nest(Nested("Inner", Child, {Child.NAME: "n"}))
        self.put(out, child.get(Child.BUCKET))

    document = parent("Outer", build, OUT=out).document()
    assert document["Resources"]["Inner"] == {
        "Type": "AWS::CloudFormation::Stack",
        "DeletionPolicy": "Delete",
        "UpdateReplacePolicy": "Delete",
        "Properties": {"TemplateURL": "https://a-bucket.example/child.yaml", "Parameters": {"Name": "n"}},
    }
    assert document["Outputs"]["Out"]["Value"] == {"Fn::GetAtt": ["Inner", "Outputs.Bucket"]}


class Wrong:
    """Ways to wire a child wrongly, with the message and the hint that each gives."""

    cases: ClassVar = {
        "missing parameter": (
            lambda: Nested("Inner", Child, {}),
            "Inner: child.yaml needs Name",
            "pass a value for each in its Nested(…)",
        ),
        "unknown parameter": (
            lambda: Nested("Inner", Child, {Child.NAME: "n", Other.ELSE: ""}),
            "Inner: child.yaml has no parameter Else",
            "it has: Name, Second",
        ),
        "another parameter of the same name": (
            lambda: Nested("Inner", Child, passing(Param("Name", ""))),
            "Inner: child.yaml has no parameter Name",
            "it has: Name, Second",
        ),
        "foreign output": (
            lambda: Nested("Inner", Child, {Child.NAME: "n"}).get(Other.ELSEWHERE),
            "Inner: child.yaml has no output Elsewhere",
            "it has: Bucket, SecondBucket",
        ),
        "conditional output": (
            lambda: Nested("Inner", Child, {Child.NAME: "n"}).get(Child.SECOND_BUCKET),
            "Inner: child.yaml gives SecondBucket only under a condition",
            "say what to use otherwise: .get(SecondBucket, otherwise=…, when=…)",
        ),
        "conditional child": (
            lambda: Nested("Inner", Child, {Child.NAME: "n"}, when=Child.HAS_SECOND).get(Child.BUCKET),
            "Inner: child.yaml gives Bucket only under a condition",
            "say what to use otherwise: .get(Bucket, otherwise=…, when=…)",
        ),
    }


@pytest.mark.parametrize(("wire", "message", "hint"), Wrong.cases.values(), ids=list(Wrong.cases))
def test_wrong_wiring_fails_at_generation(wire: Any, message: str, hint: str) -> None:
    with pytest.raises(WiringError) as problem:
        wire()
    assert (problem.value.message, problem.value.hint) == (message, hint)


def test_a_conditional_child_gives_its_output_or_the_other_value() -> None:
    child = Nested("Inner", Child, {Child.NAME: "n"}, when=Child.HAS_SECOND)
    assert child.get(Child.BUCKET, otherwise="none").to_dict() == {
        "Fn::If": ["HasSecond", {"Fn::GetAtt": ["Inner", "Outputs.Bucket"]}, "none"]
    }


@pytest.mark.parametrize(
    ("properties", "message"),
    [
        ({"BucketName": Ref("Nmae")}, "Typo.yaml: First uses Nmae, which is no parameter or resource of it"),
        ({"BucketName": Sub("${Nmae}-x")}, "Typo.yaml: First uses Nmae, which is no parameter or resource of it"),
        ({"BucketName": Sub("${A}", A=Ref("B"))}, "Typo.yaml: First uses B, which is no parameter or resource of it"),
        (
            {"BucketName": GetAtt("Frist", "Arn")},
            "Typo.yaml: First uses Frist, which is no parameter or resource of it",
        ),
        ({"DependsOn": "Frist"}, "Typo.yaml: First uses Frist, which is no resource of it"),
        ({"Condition": "Wet"}, "Typo.yaml: First uses Wet, which is no condition of it"),
    ],
)
def test_a_name_that_the_template_lacks_fails(properties: dict[str, Any], message: str) -> None:
    def build(self: Stack) -> None:
        self.add(s3.Bucket("First", **properties))

    with pytest.raises(WiringError) as problem:
        parent("Typo", build).document()
    assert problem.value.message == message


def test_an_output_without_a_value_fails() -> None:
    def build(self: Stack) -> None:
        self.add(s3.Bucket("First"))

    with pytest.raises(WiringError) as problem:
        parent("Half", build, OUT=Out("Out", "")).document()
    assert problem.value.message == "Half.yaml: output Out has no value"


def test_two_declarations_of_one_name_fail() -> None:
    with pytest.raises(WiringError) as problem:
        parent("Twice", Stack.contract, A=Param("Name", ""), B=Param("Name", "")).document()
    assert problem.value.message == "Twice: Name is declared twice"
