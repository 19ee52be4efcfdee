"""Each emitted template, byte for byte: a change of a template is seen in review as what it changes on AWS."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.golden.rewrite import FOLDER, emitted


@pytest.fixture(scope="module")
def texts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return emitted(tmp_path_factory.mktemp("build"))


def test_every_template_is_as_the_golden_file(texts: dict[str, str]) -> None:
    golden = {path.name: path.read_text() for path in FOLDER.glob("*.yaml")}
    assert sorted(texts) == sorted(golden)
    for name, text in texts.items():
        assert text == golden[name], f"{name} changed; look at the difference, then: make golden"


def test_two_builds_are_equal(tmp_path: Path, texts: dict[str, str]) -> None:
    assert emitted(tmp_path / "elsewhere") == texts
