"""The rules of AWS's Guard registry over every emitted template: none fails, and they do bite.

The rules come with a package of AWS's that `make setup` installs for them (tests/guard/requirements.txt).
"""

from __future__ import annotations

import re
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import pytest

from generator.lint import quick
from generator.lint.finding import as_text
from generator.package.build import Site, build
from mlz.release.product import product

PACKAGE = "awslabs.aws-iac-mcp-server"
OPEN_BUCKET = """Resources:
  Bucket:
    Type: AWS::S3::Bucket
    Properties:
      AccessControl: PublicReadWrite
"""


@pytest.fixture(scope="module")
def rules() -> Path:
    folder = Path(str(distribution(PACKAGE).locate_file("awslabs/aws_iac_mcp_server/data")))
    assert folder.is_dir(), "make setup installs the rules"
    return folder


@pytest.fixture(scope="module")
def engine(rules: Path) -> Any:
    return quick.engine(rules)


def test_no_rule_of_the_registry_fails(engine: Any, tmp_path: Path) -> None:
    manifest = build(Site("a-bucket", "sagemaker-mlops", "eu-west-1"), product(), tmp_path)
    paths = sorted(tmp_path / entry.path for entry in manifest.templates.values())
    assert as_text(quick.run(paths, engine).found) == ""


def test_the_rules_are_all_there_and_bite(engine: Any, rules: Path, tmp_path: Path) -> None:
    text = "".join(path.read_text() for path in rules.glob("*.guard"))
    assert len(re.findall(r"^rule [A-Z0-9_]+ ", text, flags=re.MULTILINE)) == 79
    path = tmp_path / "bucket.yaml"
    path.write_text(OPEN_BUCKET)
    assert {finding.rule for finding in quick.run([path], engine).found} >= {
        "S3_BUCKET_NO_PUBLIC_RW_ACL",
        "S3_BUCKET_PUBLIC_WRITE_PROHIBITED",
        "S3_BUCKET_SERVER_SIDE_ENCRYPTION_ENABLED",
        "S3_BUCKET_VERSIONING_ENABLED",
    }
