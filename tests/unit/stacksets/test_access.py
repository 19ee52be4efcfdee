"""Which changes widen access."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest

from stacksets.access import widens

READ = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
DENY = {"Effect": "Deny", "Action": "s3:*", "Resource": "*"}
WRITE = {"Effect": "Allow", "Action": "s3:PutObject", "Resource": "*"}


def change(
    kind: str, action: str = "Modify", before: object = None, after: object = None, target: str = ""
) -> Mapping[str, object]:
    """A ResourceChange; `before` and `after` are the resource's properties."""
    contexts = {"BeforeContext": before, "AfterContext": after}
    return {
        "ResourceType": kind,
        "Action": action,
        "Details": [{"Target": {"Attribute": "Properties", "Name": target}}],
        **{name: json.dumps({"Properties": value}) for name, value in contexts.items() if value is not None},
    }


def document(*statements: object) -> dict[str, object]:
    return {"PolicyDocument": {"Version": "2012-10-17", "Statement": list(statements)}}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (change("AWS::IAM::Role", "Add"), True),
        (change("AWS::IAM::Role", "Remove"), False),
        (change("AWS::S3::Bucket", "Add"), False),
        (change("AWS::S3::BucketPolicy", "Add"), True),
        (change("AWS::IAM::ManagedPolicy", before=document(READ), after=document(READ, WRITE)), True),
        (change("AWS::IAM::ManagedPolicy", before=document(READ, WRITE), after=document(READ)), False),
        (change("AWS::IAM::Role", before={"Description": "a"}, after={"Description": "b"}), False),
        (change("AWS::IAM::Role"), True),
        (change("AWS::IAM::Role", target="MaxSessionDuration"), False),
        (change("AWS::IAM::Role", target="AssumeRolePolicyDocument"), True),
        (change("AWS::S3::BucketPolicy", before=document(READ, DENY), after=document(READ)), True),
        (change("AWS::S3::BucketPolicy", before=document(READ), after=document(READ, DENY)), False),
        (change("AWS::IAM::Role", before={"PermissionsBoundary": "a"}, after={}), True),
        (change("AWS::IAM::Role", before={"PermissionsBoundary": "a"}, after={"PermissionsBoundary": "b"}), True),
        (change("AWS::IAM::Role", before={}, after={"PermissionsBoundary": "a"}), False),
        (
            change(
                "AWS::IAM::Role", before={"Policies": []}, after={"Policies": [{"PolicyName": "p", **document(READ)}]}
            ),
            True,
        ),
        (change("AWS::IAM::Role", before={"ManagedPolicyArns": ["a"]}, after={"ManagedPolicyArns": ["a", "b"]}), True),
        (change("AWS::KMS::Key", target="KeyPolicy"), True),
        (change("AWS::KMS::Key", target="Tags"), False),
        (
            change(
                "AWS::KMS::Key",
                target="KeyPolicy",
                before={"KeyPolicy": json.dumps({"Statement": [READ]})},
                after={"KeyPolicy": {"Statement": [READ]}},
            ),
            False,
        ),
    ],
)
def test_widens(given: Mapping[str, object], expected: bool) -> None:
    assert widens(given) is expected
