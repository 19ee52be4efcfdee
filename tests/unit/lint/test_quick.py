"""The quick check, Guard rules, suppressions and SARIF."""

import json
from pathlib import Path

import pytest

from generator.errors import ToolError
from generator.lint import gate, quick
from generator.lint.finding import Finding, as_text
from generator.lint.sarif import as_sarif
from generator.lint.suppressions import Suppression, suppressions

BUCKET = """Resources:
  B:
    Type: AWS::S3::Bucket
    Properties:
      Bucketname: x
"""
RULE = """let buckets = Resources.*[ Type == 'AWS::S3::Bucket' ]
rule BUCKETS_HAVE_NAMES when %buckets !empty {
  %buckets.Properties.BucketName exists <<name the bucket>>
}
"""


@pytest.fixture
def bucket(tmp_path: Path) -> Path:
    path = tmp_path / "bucket.yaml"
    path.write_text(BUCKET)
    return path


def test_it_finds_what_the_schema_forbids(bucket: Path) -> None:
    found = quick.run([bucket, bucket])
    line = (
        f"{bucket}:5:7: error F3002 Additional properties are not allowed "
        "('Bucketname' was unexpected. Did you mean 'BucketName'?)\n"
    )
    assert (as_text(found.found), found.checked) == (line * 2, 2)
    assert len(quick.run([bucket], threshold="info").found) > 1


def test_guard_rules_of_a_folder(bucket: Path, tmp_path: Path) -> None:
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "s3.guard").write_text(RULE)
    found = quick.run([bucket], quick.engine(tmp_path / "rules"))
    assert [(f.rule, f.line, f.resource, f.message) for f in found.found if f.rule.startswith("BUCKETS")] == [
        ("BUCKETS_HAVE_NAMES", 4, "B", "name the bucket")
    ]


def test_a_suppression_beside_the_resource_holds_here_too(bucket: Path, tmp_path: Path) -> None:
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "s3.guard").write_text(RULE)
    silence = (
        "    Metadata:\n      cfn-lint: {config: {ignore_checks: [F3002]}}\n      guard: {SuppressedRules: [%s]}\n"
    )
    bucket.write_text(
        BUCKET.replace("    Prop", silence % "BUCKETS_HAVE_NAMES" + "    Prop") + "Outputs: {N: {Value: !Ref B}}\n"
    )
    assert quick.run([bucket], quick.engine(tmp_path / "rules")).found == ()


ROLE = """
    Type: AWS::IAM::Role
    Properties:
      RoleName: !If [Names%(name)s, !Ref %(name)s, !Ref AWS::NoValue]
      AssumeRolePolicyDocument:
        Version: '2012-10-17'
        Statement: [{Effect: Allow, Principal: {Service: lambda.amazonaws.com}, Action: 'sts:AssumeRole'}]
"""
GUARDED = f"""Parameters:
  First: {{Type: String, Default: ''}}
  Second: {{Type: String, Default: ''}}
Conditions:
  NamesFirst: !Not [!Equals [!Ref First, '']]
  NamesSecond: !Not [!Equals [!Ref Second, '']]
Resources:
  A:{ROLE % {"name": "First"}}
  B:{ROLE % {"name": "Second"}}
  C:
    Type: AWS::S3::Bucket
    Condition: NamesFirst
Outputs:
  C: {{Value: !If [NamesFirst, !Ref C, '']}}
"""
WITH_PATH = """Resources:
  Role:
    Type: AWS::IAM::Role
    Properties:
      Path: /service-role/
      AssumeRolePolicyDocument:
        Version: '2012-10-17'
        Statement: [{Effect: Allow, Principal: {Service: codebuild.amazonaws.com}, Action: 'sts:AssumeRole'}]
  Project:
    Type: AWS::CodeBuild::Project
    Properties:
      ServiceRole: !GetAtt Role.Arn
      Artifacts: {Type: NO_ARTIFACTS}
      Environment: {ComputeType: BUILD_GENERAL1_SMALL, Image: 'aws/codebuild/standard:7.0', Type: LINUX_CONTAINER}
      Source: {Type: NO_SOURCE, BuildSpec: '{}'}
"""


@pytest.mark.parametrize(("text", "misread"), [(GUARDED, {"E3019", "W1001", "W1030"}), (WITH_PATH, {"E3050"})])
def test_rules_that_the_validator_misreads_are_left_to_the_gate(tmp_path: Path, text: str, misread: set[str]) -> None:
    path = tmp_path / "right.yaml"
    path.write_text(text)
    raw = quick.engine().validate_template(str(path)).diagnostics
    assert {d.rule_id for d in raw if d.rule_id[0] in "EFW"} == misread
    assert quick.run([path]).found == ()
    assert [f for f in gate.run([path], "eu-west-1").found if f.level == "error"] == []


def test_a_template_that_is_none(tmp_path: Path) -> None:
    path = tmp_path / "broken.yaml"
    path.write_text("a: [")
    assert [(f.rule, f.level, f.line) for f in quick.run([path]).found] == [("F1101", "error", 2)]
    with pytest.raises(ToolError) as problem:
        quick.run([tmp_path / "none.yaml"])
    assert problem.value.message == f"{tmp_path}/none.yaml: No such file or directory"


def test_bad_rules_are_named(tmp_path: Path) -> None:
    with pytest.raises(ToolError) as problem:
        quick.engine(tmp_path)
    assert problem.value.message == f"{tmp_path}: holds no *.guard file"
    (tmp_path / "bad.guard").write_text("rule {{{")
    with pytest.raises(ToolError) as problem:
        quick.engine(tmp_path)
    assert problem.value.message.startswith(f"{tmp_path}: ")
    assert problem.value.hint == "correct the Guard rule"


def test_suppressions_are_listed_with_reasons() -> None:
    template = {
        "Metadata": {"cfn-lint": {"config": {"ignore_checks": ["W1"]}}},
        "Resources": {
            "B": {
                "Metadata": {
                    "cfn-lint": {"config": {"ignore_checks": ["W3", "W2"]}, "reasons": {"W2": "because"}},
                    "guard": {"SuppressedRules": ["G"], "reasons": {"G": "so"}},
                }
            },
            "C": {"Type": "x"},
        },
    }
    assert suppressions(template) == [
        Suppression("", "cfn-lint", "W1", ""),
        Suppression("B", "cfn-lint", "W2", "because"),
        Suppression("B", "cfn-lint", "W3", ""),
        Suppression("B", "guard", "G", "so"),
    ]


def test_sarif() -> None:
    found = [
        Finding("b/a.yaml", 1, 2, 3, 4, "W9", "warning", "later", "", ""),
        Finding("b/a.yaml", 5, 6, 7, 8, "E1", "error", "first", "", "https://example.com/e1"),
        Finding("b/a.yaml", 9, 1, 9, 2, "W9", "warning", "again", "", ""),
    ]
    run = json.loads(as_sarif(found, "cfn-lint", "1.2.3"))
    assert (run["version"], len(run["runs"])) == ("2.1.0", 1)
    assert run["runs"][0]["tool"]["driver"] == {
        "name": "cfn-lint",
        "version": "1.2.3",
        "rules": [
            {"id": "E1", "defaultConfiguration": {"level": "error"}, "helpUri": "https://example.com/e1"},
            {"id": "W9", "defaultConfiguration": {"level": "warning"}},
        ],
    }
    results = run["runs"][0]["results"]
    assert [(r["ruleId"], r["ruleIndex"], r["level"], r["message"]["text"]) for r in results] == [
        ("W9", 1, "warning", "later"),
        ("E1", 0, "error", "first"),
        ("W9", 1, "warning", "again"),
    ]
    assert results[1]["locations"] == [
        {
            "physicalLocation": {
                "artifactLocation": {"uri": "b/a.yaml"},
                "region": {"startLine": 5, "startColumn": 6, "endLine": 7, "endColumn": 8},
            }
        }
    ]
