"""A build that today's sources made is found again; any difference makes a new one."""

from __future__ import annotations

from pathlib import Path

import pytest

from generator.package.build import Site, build
from mlz.release import freshness
from mlz.release.product import product


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    build(Site("a-bucket", "prefix", "eu-west-1"), product(), tmp_path)
    freshness.remember(tmp_path, "made from this")
    return tmp_path


def test_an_untouched_build_stands(folder: Path) -> None:
    found = freshness.standing(folder, "made from this")
    assert found is not None
    assert found.bucket == "a-bucket"


def test_other_inputs_are_another_build(folder: Path) -> None:
    assert freshness.standing(folder, "made from that") is None


def test_a_file_that_was_edited_does_not_stand(folder: Path) -> None:
    with (folder / "env-s3.yaml").open("a") as file:
        file.write("# by hand\n")
    assert freshness.standing(folder, "made from this") is None


def test_a_file_that_is_gone_does_not_stand(folder: Path) -> None:
    (folder / "env-s3.yaml").unlink()
    assert freshness.standing(folder, "made from this") is None


def test_a_forgotten_build_does_not_stand(folder: Path) -> None:
    freshness.forget(folder)
    assert freshness.standing(folder, "made from this") is None


def test_the_site_is_one_of_the_inputs() -> None:
    assert freshness.inputs("a", "b", "c") != freshness.inputs("a", "b", "d")
    assert freshness.inputs("a", "b", "c") == freshness.inputs("a", "b", "c")
