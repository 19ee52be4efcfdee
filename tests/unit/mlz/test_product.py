"""The last build is remembered where settings say nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from generator.errors import ToolError
from generator.package.manifest import FILE, Manifest, encode
from mlz.config.settings import Package, Settings
from mlz.release.product import built, remembered


@pytest.fixture
def builds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    write(tmp_path, "eu-west-1", "my-bucket", "my/prefix")
    return tmp_path


def write(folder: Path, region: str, bucket: str, prefix: str) -> None:
    place = folder / "build" / region
    place.mkdir(parents=True)
    (place / FILE).write_bytes(encode(Manifest("r" * 64, bucket, prefix, region, {}, ())))


@pytest.mark.usefixtures("builds")
def test_region_bucket_and_prefix_of_the_only_build() -> None:
    found = remembered(Settings())
    assert (found.region, found.package) == ("eu-west-1", Package("my-bucket", "my/prefix"))
    assert built(found).release == "r" * 64


@pytest.mark.usefixtures("builds")
def test_what_is_said_counts() -> None:
    said = Settings(region="us-east-1", package=Package("other-bucket"))
    assert remembered(said) == said


def test_two_builds_are_no_answer(builds: Path) -> None:
    write(builds, "us-east-1", "my-bucket", "p")
    assert remembered(Settings()) == Settings()


@pytest.mark.usefixtures("builds")
def test_a_build_of_another_region_is_named() -> None:
    with pytest.raises(ToolError) as caught:
        built(Settings(region="us-east-1"))
    assert str(caught.value) == (
        "build/us-east-1: no build for this Region\n"
        "hint: there is one for eu-west-1: pass --region eu-west-1, or package again"
    )


@pytest.mark.usefixtures("builds")
def test_a_build_for_another_bucket_is_refused() -> None:
    with pytest.raises(ToolError) as caught:
        built(Settings(region="eu-west-1", package=Package("other-bucket")))
    assert str(caught.value) == (
        "build/eu-west-1: built for s3://my-bucket/my/prefix, the settings say s3://other-bucket/sagemaker-mlops\n"
        "hint: package again: mlz package"
    )
