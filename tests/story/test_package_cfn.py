"""package-cfn.yaml as a stack: the build that it starts packages this repository in the embedded AWS (A092, B030)."""

from __future__ import annotations

import io
import time
import zipfile
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest

from mlz.release.source import source_archive
from sandbox.server import Sandbox
from templates.core.package_cfn import SOURCE_ARCHIVE, PackageCfn
from tests.templates.release import FakeRelease

BUCKET, PREFIX, REGION, STACK = "packaged-inside", FakeRelease.prefix, "eu-west-1", "packages"
PATIENCE = 240
QUICKSTART = "data-science-environment-quickstart.yaml"
HOST = f"https://{BUCKET}.s3.{REGION}.amazonaws.com/{PREFIX}"
CONSOLE = f"https://console.aws.amazon.com/cloudformation/home?region={REGION}#/stacks/new?templateURL="
Client = Callable[[str], Any]


@pytest.fixture
def client() -> Iterator[Client]:
    """An account with a versioned bucket."""
    with Sandbox() as aws:
        session = boto3.Session(region_name=REGION, **aws.credentials("111111111111"))

        def make(service: str) -> Any:
            return session.client(service, endpoint_url=aws.endpoint)  # type: ignore[call-overload]

        make("s3").create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
        make("s3").put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
        yield make


def put_source(client: Client, content: bytes) -> None:
    client("s3").put_object(Bucket=BUCKET, Key=f"{PREFIX}/{SOURCE_ARCHIVE}", Body=content)


def created(client: Client) -> dict[str, Any]:
    """The stack at the end of its creation."""
    client("cloudformation").create_stack(
        StackName=STACK,
        TemplateBody=PackageCfn(FakeRelease()).render(),
        Parameters=[{"ParameterKey": "S3BucketName", "ParameterValue": BUCKET}],
        Capabilities=["CAPABILITY_IAM"],
    )
    return settled(client)


def settled(client: Client) -> dict[str, Any]:
    """The newest stack, when nothing happens to it any more."""
    end = time.monotonic() + PATIENCE
    while (stack := newest(client))["StackStatus"].endswith("_IN_PROGRESS"):
        assert time.monotonic() < end, stack
        time.sleep(0.1)
    return stack


def newest(client: Client) -> dict[str, Any]:
    stacks = client("cloudformation").list_stacks()["StackSummaries"]
    name = max(stacks, key=lambda stack: stack["CreationTime"])["StackId"]
    return dict(client("cloudformation").describe_stacks(StackName=name)["Stacks"][0])


def deleted(client: Client) -> str:
    client("cloudformation").delete_stack(StackName=STACK)
    return str(settled(client)["StackStatus"])


def failures(client: Client) -> list[str]:
    """The reasons of what failed, the first one first."""
    events = client("cloudformation").describe_stack_events(StackName=STACK)["StackEvents"]
    return [row["ResourceStatusReason"] for row in reversed(events) if row["ResourceStatus"] == "CREATE_FAILED"]


def build_log(client: Client) -> str:
    """What the newest build printed."""
    build = client("codebuild").batch_get_builds(ids=client("codebuild").list_builds()["ids"][:1])["builds"][0]
    stream = {"logGroupName": build["logs"]["groupName"], "logStreamName": build["logs"]["streamName"]}
    return "\n".join(row["message"] for row in client("logs").get_log_events(**stream)["events"])


def test_a_stack_packages_the_templates_or_says_why_not(client: Client) -> None:
    put_source(client, zipped({"Makefile": "package:\n\texit 3\n"}))
    assert created(client)["StackStatus"] == "ROLLBACK_COMPLETE"
    reason = failures(client)[0]
    assert "ended FAILED: BUILD: Error while executing command: make package CFN_BUCKET_NAME=" in reason
    assert "Reason: exit status 2" in reason
    assert deleted(client) == "DELETE_COMPLETE"

    put_source(client, source_archive())
    stack = created(client)
    assert stack["StackStatus"] == "CREATE_COMPLETE", f"{failures(client)}\n{build_log(client)}"
    assert f"s3://{BUCKET}/{PREFIX}: " in build_log(client)
    [project] = client("codebuild").list_projects()["projects"]
    assert {row["OutputKey"]: row["OutputValue"] for row in stack["Outputs"]} == {
        "CoreMainStackS3Uri": f"{HOST}/core-main.yaml",
        "EnvMainStackS3Uri": f"{HOST}/env-main.yaml",
        "QuickStartStackS3Uri": f"{HOST}/{QUICKSTART}",
        "CoreMainStackDeployLink": f"{CONSOLE}{HOST}/core-main.yaml",
        "QuickStartStackDeployLink": f"{CONSOLE}{HOST}/{QUICKSTART}",
        "StartBuildCLICommand": f"aws codebuild start-build --project-name {project}",
    }
    assert deleted(client) == "DELETE_COMPLETE"
    for name in ("core-main.yaml", "env-main.yaml", QUICKSTART):
        client("cloudformation").validate_template(TemplateURL=f"{HOST}/{name}")


def zipped(files: dict[str, str]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return buffer.getvalue()
