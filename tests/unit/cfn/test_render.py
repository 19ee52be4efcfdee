"""YAML that people read and every parser reads alike."""

from __future__ import annotations

from typing import Any

import pytest

from generator.cfn.render import to_yaml


def value(part: Any) -> str:
    return to_yaml({"Outputs": {"A": {"Value": part}}}).split("Value:", 1)[1]


@pytest.mark.parametrize(
    ("part", "text"),
    [
        ({"Ref": "X"}, " !Ref X\n"),
        ({"Fn::GetAtt": ["X", "Outputs.Y"]}, " !GetAtt X.Outputs.Y\n"),
        ({"Fn::Sub": "${X}-y"}, " !Sub ${X}-y\n"),
        ({"Fn::Sub": "line\n${X}\n"}, " !Sub |\n      line\n      ${X}\n"),
        ({"Fn::If": ["C", {"Ref": "X"}, {"Ref": "AWS::NoValue"}]}, " !If [C, !Ref X, !Ref 'AWS::NoValue']\n"),
        ({"Fn::And": [{"Condition": "C"}, {"Condition": "D"}]}, " !And [!Condition C, !Condition D]\n"),
        ({"Fn::Base64": {"Fn::Sub": "x"}}, "\n      Fn::Base64: !Sub x\n"),
        ({"Fn::Split": [",", {"Ref": "X"}]}, " !Split [',', !Ref X]\n"),
        ("YES", " 'YES'\n"),
        ("012345678901", " '012345678901'\n"),
        ("2012-10-17", " '2012-10-17'\n"),
        ("1.10", " '1.10'\n"),
        (True, " true\n"),
        ("a\nb\n", " |\n      a\n      b\n"),
        ({"Condition": {"StringEquals": {"a": "b"}}}, "\n      Condition:\n        StringEquals:\n          a: b\n"),
    ],
)
def test_values(part: Any, text: str) -> None:
    assert value(part) == text


def test_a_statement_reads_from_sid_to_condition() -> None:
    statement = {"Resource": "r", "Action": "a", "Effect": "Allow", "Condition": {}, "Sid": "S", "Principal": "p"}
    assert [line.split(":")[0].strip() for line in value(statement).strip().splitlines()] == [
        "Sid",
        "Effect",
        "Principal",
        "Action",
        "Resource",
        "Condition",
    ]


def test_sections_stand_in_reading_order() -> None:
    document = {"Outputs": {}, "Resources": {}, "Parameters": {}, "Description": "d", "Conditions": {}}
    sections = [line.split(":")[0] for line in to_yaml(document).splitlines() if line]
    assert sections == ["Description", "Parameters", "Conditions", "Resources", "Outputs"]
