"""`mlz destroy packages`: only when named, after the bucket's name was typed, and only our releases."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest

from mlz import cli
from mlz.stories import world
from sandbox.server import Sandbox

REGION, ACCOUNT, BUCKET = "eu-west-1", "111111111111", "shop-packages"
SETTINGS = f"environment: {{name: shop, type: dev}}\nregion: {REGION}\npackage: {{bucket: {BUCKET}}}\n"
QUICK = "rollout: {poll_seconds: 0.05}\n"


class Terminal(io.StringIO):
    """A person who types these lines."""

    def isatty(self) -> bool:
        return True


@dataclass(frozen=True)
class Desk:
    """A package bucket with two versions of a release of ours and an object of somebody else."""

    s3: Any
    capture: pytest.CaptureFixture[str]
    patch: pytest.MonkeyPatch

    def run(self, *words: str, typed: str = "", code: int = 0) -> tuple[str, str]:
        self.patch.setattr("sys.stdin", Terminal(typed) if typed else io.StringIO())
        ended = cli.run(["destroy", *words, "--no-color"])
        out, error = self.capture.readouterr()
        assert ended == code, f"{out}{error}"
        return out, error

    def versions(self) -> list[str]:
        return sorted(row["Key"] for row in self.s3.list_object_versions(Bucket=BUCKET).get("Versions", ()))


@pytest.fixture
def desk(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    monkeypatch.chdir(tmp_path)
    Path("mlz.yaml").write_text(SETTINGS + QUICK)
    with (
        Sandbox() as aws,
        world.environment(world.variables(tmp_path / "credentials", aws.endpoint, ACCOUNT, REGION)),
    ):
        s3 = boto3.client("s3", endpoint_url=aws.endpoint, region_name=REGION, **aws.credentials(ACCOUNT))
        s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
        s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
        for key in ("sagemaker-mlops/core-main.yaml", "sagemaker-mlops/core-main.yaml", "sagemaker-mlops2/theirs"):
            s3.put_object(Bucket=BUCKET, Key=key, Body=b"x")
        yield Desk(s3, capsys, monkeypatch)


OURS, THEIRS = ["sagemaker-mlops/core-main.yaml"] * 2, ["sagemaker-mlops2/theirs"]


def test_packages_go_only_when_they_are_named(desk: Desk) -> None:
    assert "s3://" not in desk.run("--plan")[1]
    desk.run("--yes", "--purge")
    assert desk.versions() == OURS + THEIRS
    assert desk.run("packages", "--plan")[1].startswith("- s3://shop-packages/sagemaker-mlops/: 2 object versions\n")


def test_the_name_of_the_bucket_is_asked_for(desk: Desk) -> None:
    assert "confirmation: nobody is here to answer" in desk.run("packages", code=1)[1]
    for typed in ("shop\n", "shop-dev\nshop-dev\n"):
        assert "not confirmed: nothing was changed" in desk.run("packages", typed=typed, code=1)[1]
    assert desk.versions() == OURS + THEIRS
    desk.run("packages", typed=f"shop-dev\n{BUCKET}\n")
    assert desk.versions() == THEIRS


def test_a_bucket_with_objects_of_others_stays(desk: Desk) -> None:
    assert "kept the bucket shop-packages: 1 object version below other prefixes" in desk.run("packages", "--yes")[1]
    assert desk.versions() == THEIRS
    desk.s3.delete_object(Bucket=BUCKET, Key=THEIRS[0])
    marker = desk.s3.list_object_versions(Bucket=BUCKET)
    for row in (*marker["Versions"], *marker["DeleteMarkers"]):
        desk.s3.delete_object(Bucket=BUCKET, Key=row["Key"], VersionId=row["VersionId"])
    assert "deleted the bucket shop-packages" in desk.run("packages", "--yes")[1]
    assert desk.s3.list_buckets()["Buckets"] == []
    assert desk.run("packages", "--yes")[0] == "nothing is left in 1 account\n"
