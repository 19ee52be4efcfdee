"""The end of a whole environment: what people left in it goes too, whatever else looks like it stays."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest

from mlz import cli
from mlz.stories import world
from sandbox.roles import role_named
from sandbox.server import Sandbox
from stacksets.client import connect

REGION, BUCKET, EACH = "eu-west-1", "the-end", 2
STUDIO = f"sm-mlops-dev-{REGION}-sm-execution"
PLACE = {"CreateBucketConfiguration": {"LocationConstraint": REGION}}
TRUST = '{"Version": "2012-10-17", "Statement": []}'
PARAMETER = {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": "theirs"}}
STACK = json.dumps({"Resources": {"P": PARAMETER}})
# What the command tells while it is at work, in this order; it is killed at each
POINTS = (
    "destroy projects",
    "destroy targets",
    "sm-mlops-dev-roles-prod: remove accounts (",
    "sm-mlops-dev-roles-staging: remove accounts (",
    "destroy env",
    "deleted the domain",
    "object versions",
    "destroy core",
    "destroy bootstrap",
)


@dataclass(frozen=True)
class Estate:
    """A deployed environment with one active staging account and two of prod."""

    aws: Sandbox
    made: world.World
    folder: Path

    @property
    def home(self) -> str:
        return self.made.development

    @property
    def target(self) -> str:
        return self.made.accounts["prod-01"]

    def variables(self) -> dict[str, str]:
        return world.variables(self.folder / "credentials", self.aws.endpoint, self.home, REGION)

    def client(self, service: str, account: str = "") -> Any:
        keys = self.aws.credentials(account or self.home)
        return boto3.client(service, endpoint_url=self.aws.endpoint, region_name=REGION, **keys)

    def studio(self) -> dict[str, str]:
        """Variables of a session of the role that Studio's users work with."""
        role = role_named(self.home, STUDIO)
        assert role is not None
        issued = self.aws.identity.issue(role, "ann")
        names = ("AWS_ACCESS_KEY_ID", "AccessKeyId"), ("AWS_SECRET_ACCESS_KEY", "SecretAccessKey")
        keys = {name: issued[key] for name, key in (*names, ("AWS_SESSION_TOKEN", "SessionToken"))}
        return {**self.variables(), **keys}


@pytest.fixture
def estate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Estate]:
    monkeypatch.chdir(tmp_path)
    with Sandbox() as aws:
        with world.environment(world.variables(tmp_path / "credentials", aws.endpoint, world.MANAGEMENT, REGION)):
            made = world.seed(connect("", REGION), EACH)
        Path("mlz.yaml").write_text(world.settings(made, BUCKET, REGION))
        built = Estate(aws, made, tmp_path)
        with world.environment(built.variables()):
            for words in ("package --no-lint", "bootstrap", "deploy core", "deploy env", "deploy targets"):
                assert cli.run([*words.split(), "--yes", "--quiet"]) == 0
            furnished(built)
            yield built


def furnished(estate: Estate) -> None:
    """What people leave: a project, an app in a space, data, and in an account of prod what an endpoint retains."""
    with world.environment(estate.studio()):
        assert cli.run(["project", "create", "abalone", "--kind", "build-train", "--yes", "--quiet"]) == 0
    sagemaker = estate.client("sagemaker")
    domain = sagemaker.list_domains()["Domains"][0]["DomainId"]
    sagemaker.create_space(DomainId=domain, SpaceName="shared")
    sagemaker.create_app(DomainId=domain, SpaceName="shared", AppType="JupyterLab", AppName="default")
    for body in (b"one", b"two"):
        estate.client("s3").put_object(Bucket=data_of(estate), Key="train.csv", Body=body)
    endpoint = {"EnvironmentName": "sm-mlops", "EnvironmentType": "prod", "sagemaker:project-id": "p-endpoint"}
    bucket(estate, "endpoint-data-of-prod", endpoint, estate.target)
    key(estate, endpoint, estate.target)


def data_of(estate: Estate) -> str:
    return f"sm-mlops-dev-{REGION}-{estate.home}-data"


def bucket(estate: Estate, name: str, tags: dict[str, str], account: str = "") -> None:
    api = estate.client("s3", account)
    api.create_bucket(Bucket=name, **PLACE)
    api.put_object(Bucket=name, Key="captured", Body=b"x")
    if tags:
        api.put_bucket_tagging(Bucket=name, Tagging={"TagSet": listed(tags)})


def key(estate: Estate, tags: dict[str, str], account: str = "") -> str:
    given = [{"TagKey": name, "TagValue": value} for name, value in tags.items()]
    return str(estate.client("kms", account).create_key(Tags=given)["KeyMetadata"]["KeyId"])


def listed(tags: dict[str, str]) -> list[dict[str, str]]:
    return [{"Key": name, "Value": value} for name, value in tags.items()]


def lookalikes(estate: Estate) -> None:
    """Things of others: names that begin like ours with tags of others, or with none; our tags but for the type."""
    other = {"EnvironmentName": "sm-mlops-dev", "EnvironmentType": "x"}
    sibling = {"EnvironmentName": "sm-mlops", "EnvironmentType": "test"}
    bucket(estate, "sm-mlops-dev-notes", {})
    bucket(estate, "sm-mlops-dev2-data", {"EnvironmentName": "sm-mlops-dev2", "EnvironmentType": "dev"})
    bucket(estate, f"sm-mlops-dev-x-{REGION}-data", other)
    bucket(estate, "sm-mlops-test-data", sibling)
    bucket(estate, "sm-mlops-prod-notes", {}, estate.target)
    for tags in (other, sibling):
        key(estate, tags)
    key(estate, {"EnvironmentName": "sm-mlops", "EnvironmentType": "test"}, estate.target)
    iam = estate.client("iam")
    iam.create_role(RoleName="sm-mlops-dev-by-hand", AssumeRolePolicyDocument=TRUST)
    iam.create_role(RoleName="sm-mlops-dev-x-role", AssumeRolePolicyDocument=TRUST, Tags=listed(other))
    iam.create_role(RoleName="sm-mlops-test-role", AssumeRolePolicyDocument=TRUST, Tags=listed(sibling))
    cloudformation = estate.client("cloudformation")
    for name in ("sm-mlops-dev2", "sm-mlops-core2", "sm-mlops-development-core"):
        cloudformation.create_stack(StackName=name, TemplateBody=STACK)
    cloudformation.create_stack_set(StackSetName="sm-mlops-dev-x-roles-staging", TemplateBody=STACK)
    estate.client("ssm").put_parameter(Name="sm-mlops-dev-note", Type="String", Value="theirs")
    domain = f"arn:aws:sagemaker:{REGION}:{estate.home}:domain/d-other"
    for number, tags in enumerate(({}, other, {"ManagedByAmazonSageMakerResource": domain})):
        estate.client("efs").create_file_system(CreationToken=str(number), Tags=listed(tags))


def inventory(estate: Estate) -> dict[str, list[str]]:
    """Whatever stands in the development account and one of prod, by kind."""
    found: dict[str, list[str]] = {}
    for place, account in (("home", estate.home), ("prod", estate.target)):
        cloudformation, kms = (estate.client(service, account) for service in ("cloudformation", "kms"))
        ids = [row["KeyId"] for row in kms.list_keys()["Keys"]]
        keys = (kms.describe_key(KeyId=one)["KeyMetadata"] for one in ids)
        found |= {
            f"{place} buckets": [row["Name"] for row in estate.client("s3", account).list_buckets()["Buckets"]],
            f"{place} keys": [row["KeyId"] for row in keys if row["KeyState"] == "Enabled"],
            f"{place} roles": [row["RoleName"] for row in estate.client("iam", account).list_roles()["Roles"]],
            f"{place} stacks": [row["StackName"] for row in cloudformation.describe_stacks()["Stacks"]],
            f"{place} sets": [
                row["StackSetName"] for row in cloudformation.list_stack_sets(Status="ACTIVE")["Summaries"]
            ],
            f"{place} systems": [
                row["FileSystemId"] for row in estate.client("efs", account).describe_file_systems()["FileSystems"]
            ],
        }
    return {kind: sorted(names) for kind, names in found.items()}


def destroyed(capture: pytest.CaptureFixture[str], *words: str, code: int = 0) -> tuple[Any, str]:
    capture.readouterr()
    ended = cli.run(["destroy", *words, "--no-color", "--output", "json"])
    out, error = capture.readouterr()
    assert ended == code, f"mlz destroy {' '.join(words)}: exit {ended}\n{out}{error}"
    return json.loads(out) if out else None, error


def test_all_of_it_goes_and_nothing_of_others(estate: Estate, capsys: pytest.CaptureFixture[str]) -> None:
    before = inventory(estate)
    lookalikes(estate)
    others = {kind: sorted({*names} - {*before[kind]}) for kind, names in inventory(estate).items()}
    whole = inventory(estate)
    planning(estate, capsys)
    assert destroyed(capsys, "--yes", code=1)[1].splitlines()[-2:] == [
        f"error: {data_of(estate)}: 2 object versions, and CloudFormation deletes no bucket that holds any",
        "hint: delete data and models too: mlz destroy --purge; or move them elsewhere first",
    ]
    assert "1 project still needs it" in destroyed(capsys, "targets", "--yes", code=1)[1]
    assert inventory(estate) == whole
    proof, _ = destroyed(capsys, "projects", "targets", "--yes")
    assert proof["left"] == []
    kept = [(one["account"], one["kind"]) for one in proof["kept"]]
    assert kept == [(estate.target, "bucket"), (estate.target, "key")]
    assert destroyed(capsys, "--yes", "--purge")[0] == {"left": [], "kept": [], "accounts": 4}
    ours = {kind: [one for one in names if one not in others[kind]] for kind, names in inventory(estate).items()}
    assert inventory(estate) == {kind: sorted([*others[kind], *ours[kind]]) for kind in ours}
    assert {kind: names for kind, names in ours.items() if names} == {
        "home buckets": [BUCKET],
        "home roles": ["OrganizationAccountAccessRole"],
        "prod roles": ["OrganizationAccountAccessRole"],
    }


def planning(estate: Estate, capture: pytest.CaptureFixture[str]) -> None:
    """Everything is told, account by account, and what stays."""
    plan, _ = destroyed(capture, "--plan")
    goes, stays = plan["would_delete"], plan["would_keep"]
    stop = f"{data_of(estate)}: 2 object versions, and CloudFormation deletes no bucket that holds any"
    assert plan["would_stop"] == [stop]
    assert [line for line in goes if line.startswith("- project abalone")] != []
    assert "- 4 stack sets with their stacks in 3 accounts" in goes
    assert f"    the bucket {data_of(estate)}: 2 object versions" in goes
    assert [line for line in goes if "with 1 app, 1 space and 1 user profile" in line] != []
    assert f"kept: {estate.target} prod-01: bucket endpoint-data-of-prod: 1 object version" in stays
    assert not [line for line in (*goes, *stays) if "note" in line or "dev-x" in line or "dev2" in line]
    purging, _ = destroyed(capture, "--plan", "--purge")
    assert (purging["would_keep"], purging["would_stop"]) == ([], [])


def killed_when(told: str, seconds: float) -> bool:
    """Whether the command said so, and was at work when SIGKILL came so many seconds later."""
    command = [sys.executable, "-m", "mlz.cli", "destroy", "--yes", "--purge", "--no-color"]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        said = any(told in line for line in process.stderr)
        time.sleep(seconds)
        process.kill()
    return said and process.returncode < 0


def test_killed_at_every_point_the_same_command_finishes(estate: Estate, capsys: pytest.CaptureFixture[str]) -> None:
    """At every other point a moment later."""
    estate.aws.set_latency(0.3)
    killed = [killed_when(told, 0.1 * (number % 2)) for number, told in enumerate(POINTS)]
    assert killed == [True] * len(POINTS)
    estate.aws.set_latency(0)
    assert destroyed(capsys, "--yes", "--purge")[0] == {"left": [], "kept": [], "accounts": 4}
    assert [one.type for one in estate.aws.inventory() if not one.retained] == []
    assert inventory(estate)["home buckets"] == [BUCKET]
