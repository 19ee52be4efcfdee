"""Statements about every resource that is emitted."""

from __future__ import annotations

import datetime
import re

import pytest

from templates.facts import codebuild_image, facts, lambda_runtime
from tests.product.conftest import Emitted


def test_no_literal_partition_or_domain(emitted: Emitted) -> None:
    """B045, B073: service principals and endpoint service names are the only AWS domains spelled out."""
    wrong = []
    for file, text in emitted.texts.items():
        for number, line in enumerate(text.splitlines(), 1):
            told = re.sub(r"\b[a-z0-9.-]+\.amazonaws\.com\b(?![/:])", "", line) if "://" not in line else line
            if re.search(r"arn:aws(-cn|-us-gov)?:", line) or "amazonaws.com/" in told:
                wrong.append(f"{file}:{number}: {line.strip()}")
    assert wrong == []


def test_buckets(emitted: Emitted) -> None:
    """B049: encrypted, versioned, nothing public, one owner."""
    buckets = emitted.resources("AWS::S3::Bucket")
    assert buckets
    for bucket in buckets:
        given = bucket.properties
        assert "BucketEncryption" in given, bucket
        assert given["VersioningConfiguration"] == {"Status": "Enabled"}, bucket
        blocked = given["PublicAccessBlockConfiguration"]
        assert len(blocked) == 4 and set(blocked.values()) <= {True, "true"}, bucket
        assert given["OwnershipControls"] == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}, bucket


def test_keys_rotate_and_stay(emitted: Emitted) -> None:
    """B037."""
    keys = emitted.resources("AWS::KMS::Key")
    assert keys
    for key in keys:
        assert key.properties["EnableKeyRotation"] is True, key
        assert key.attributes["DeletionPolicy"] in ("Retain", "RetainExceptOnCreate"), key


def test_functions(emitted: Emitted) -> None:
    """B002: one runtime for all, and it is supported for at least half a year from the day the facts were read."""
    functions = emitted.resources("AWS::Lambda::Function")
    assert functions
    assert {function.properties["Runtime"] for function in functions} == {lambda_runtime()}
    end = facts()["lambda"]["end_of_support"][lambda_runtime()]
    assert end - facts()["lambda"]["read"] > datetime.timedelta(days=183)


def test_builds(emitted: Emitted) -> None:
    """B003: one image for all, of Amazon Linux 2023, whose numbers begin with 5 on x86-64."""
    projects = emitted.resources("AWS::CodeBuild::Project")
    assert projects
    assert {project.properties["Environment"]["Image"] for project in projects} == {codebuild_image()}
    name, _, number = codebuild_image().partition(":")
    assert name == "aws/codebuild/amazonlinux-x86_64-standard"
    assert float(number) >= 5


def test_a_function_has_no_fixed_name(emitted: Emitted) -> None:
    """B024: several environments live in one account and Region."""
    fixed = [
        str(function)
        for function in emitted.resources("AWS::Lambda::Function", "AWS::IAM::Role", "AWS::IAM::ManagedPolicy")
        if isinstance(function.properties.get("FunctionName", {}), str)
    ]
    assert fixed == []


def test_an_export_carries_the_name_of_what_exports_it(emitted: Emitted) -> None:
    """B025: but for the one that there is once in a Region (docs/compatibility.md, core-shared-services-ecs)."""
    fixed = {
        output["Export"]["Name"]
        for document in emitted.documents.values()
        for output in document.get("Outputs", {}).values()
        if "Export" in output and isinstance(output["Export"]["Name"], str)
    }
    assert fixed == {"ds-pypimirror-shared-service-endpoint-name"}


def test_a_network_is_never_retained(emitted: Emitted) -> None:
    """B060: `mlz destroy` and DeleteStack leave no VPC behind; keeping one is an option of the deletion."""
    network = ("AWS::EC2::VPC", "AWS::EC2::Subnet", "AWS::EC2::SecurityGroup", "AWS::EC2::VPCEndpoint")
    kept = [
        str(one) for one in emitted.resources(*network) if one.attributes.get("DeletionPolicy", "Delete") != "Delete"
    ]
    assert kept == []


def test_no_bucket_is_named_by_what_may_have_capital_letters(emitted: Emitted) -> None:
    """Projects and core stacks may have them; CloudFormation cannot make a text lower case."""
    capitals = ("SageMakerProjectName", "StackSetName", "AWS::StackName")
    named = [bucket for bucket in emitted.resources("AWS::S3::Bucket") if "BucketName" in bucket.properties]
    assert named
    wrong = [str(one) for one in named if any(name in str(one.properties["BucketName"]) for name in capitals)]
    assert wrong == []


def test_no_function_takes_concurrency_away_from_the_account(emitted: Emitted) -> None:
    """A new account has ten concurrent executions, of which Lambda lets nobody reserve any."""
    functions = emitted.resources("AWS::Lambda::Function")
    reserved = [str(one) for one in functions if "ReservedConcurrentExecutions" in one.properties]
    assert reserved == []


@pytest.mark.parametrize(
    ("type_", "property_", "limit"),
    [
        ("AWS::IAM::Role", "RoleName", 64),
        ("AWS::S3::Bucket", "BucketName", 63),
        ("AWS::IAM::ManagedPolicy", "ManagedPolicyName", 128),
    ],
)
def test_names_keep_to_their_limits(emitted: Emitted, type_: str, property_: str, limit: int) -> None:
    """With every part at its longest; the longest Region name is of 14 characters."""
    longest = {
        "EnvName": 16,
        "EnvType": 10,
        "EnvTypeStagingName": 10,
        "EnvTypeProdName": 10,
        "AWS::Region": 14,
        "AWS::AccountId": 12,
        "AWS::Partition": 10,
        "SageMakerProjectName": 32,
        "SageMakerProjectId": 15,
        "StackSetName": 28,
    }
    wrong = []
    for resource in emitted.resources(type_):
        match resource.properties.get(property_):
            case {"Fn::Sub": str(text)}:
                pass
            case {"Fn::If": [_, {"Fn::Sub": str(text)}, _]} | {"Fn::If": [_, _, {"Fn::Sub": str(text)}]}:
                pass
            case _:
                continue
        length = len(re.sub(r"\$\{([^}]+)\}", lambda m: "x" * longest[m.group(1)], text))
        if length > limit:
            wrong.append(f"{resource}: {text} is up to {length} of {limit}")
    assert wrong == []
