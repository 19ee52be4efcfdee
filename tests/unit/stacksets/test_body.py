"""Templates as data: short forms, what two of them differ in, and what fits into a request."""

from __future__ import annotations

import json

import pytest

from generator.errors import ToolError
from stacksets.body import REQUEST_LIMIT, carried, difference, parsed
from stacksets.changeset import ResourceChange

BEFORE = """
Parameters:
  Size: {Type: String}
  Zone: {Type: String}
Conditions:
  IsLarge: !Equals [!Ref Size, large]
  IsHuge: !And [!Condition IsLarge, !Equals [a, a]]
Resources:
  Gone: {Type: AWS::S3::Bucket}
  Same: {Type: AWS::S3::Bucket, Properties: {BucketName: !Sub "x-${Zone}"}}
  Sized: {Type: AWS::S3::Bucket, Properties: {BucketName: !Sub "y-${Size}", Tags: [a]}}
  Perhaps: {Type: AWS::S3::Bucket, Condition: IsHuge}
  Role:
    Type: AWS::IAM::Role
    Properties: {AssumeRolePolicyDocument: {Statement: [{Effect: Allow, Action: a}]}, Description: one}
"""
AFTER = (
    BEFORE.replace("Gone:", "New:")
    .replace("Action: a", "Action: [a, b]")
    .replace("Description: one", "Description: two")
)


def change(name: str, action: str, *properties: str, kind: str = "AWS::S3::Bucket", wide: bool = False) -> object:
    return ResourceChange((name,), kind, action, "", properties, widens_access=wide)


def test_short_forms_become_long_ones() -> None:
    text = "A: !GetAtt B.C.D\nE: !If [F, !Ref G, !GetAtt [H, I]]\nJ: !Sub [k, {l: m}]\nN: !Condition O\n"
    assert parsed(text, "x") == {
        "A": {"Fn::GetAtt": ["B", "C.D"]},
        "E": {"Fn::If": ["F", {"Ref": "G"}, {"Fn::GetAtt": ["H", "I"]}]},
        "J": {"Fn::Sub": ["k", {"l": "m"}]},
        "N": {"Condition": "O"},
    }


@pytest.mark.parametrize("text", ["a: [", "just text"])
def test_what_is_no_template(text: str) -> None:
    with pytest.raises(ToolError, match=r"^x: "):
        parsed(text, "x")


def test_what_two_templates_differ_in() -> None:
    found = difference(parsed(BEFORE, "x"), parsed(AFTER, "x"), frozenset())
    assert found == (
        change("Gone", "Remove"),
        change("New", "Add"),
        change("Role", "Modify", "AssumeRolePolicyDocument", "Description", kind="AWS::IAM::Role", wide=True),
    )


def test_what_a_parameter_reaches_by_itself_and_by_conditions() -> None:
    same = parsed(BEFORE, "x")
    assert difference(same, same, frozenset({"Size"})) == (
        change("Perhaps", "Modify", "Condition"),
        change("Sized", "Modify", "BucketName"),
    )
    assert difference(same, same, frozenset()) == ()


def test_what_fits_into_a_request() -> None:
    assert carried(BEFORE, "x") == BEFORE
    filling = "x" * REQUEST_LIMIT
    described = json.dumps({"Description": filling, "Parameters": {"P": {"Type": "String", "Description": filling}}})
    assert carried(described, "x") == "Parameters: {P: {Type: String}}\n"
    assert carried(json.dumps({"Resources": {"R": filling}}), "x") == ""


def test_a_reduced_template_says_the_same_of_its_resources() -> None:
    resources = {"R": {"Type": "T", "Properties": {"Yes": "yes", "Day": "2012-10-17", "Text": "a: b\n#c", "N": 1}}}
    full = {"Description": "x" * REQUEST_LIMIT, "Resources": resources, "Parameters": {}}
    assert parsed(carried(json.dumps(full), "x"), "x") == {"Resources": resources, "Parameters": {}}
