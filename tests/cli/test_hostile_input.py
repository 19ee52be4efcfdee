"""Files that somebody else wrote: bombs, code, and ways out of a folder are refused quickly, with one error."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from generator.access import expectations
from generator.errors import ToolError
from generator.package.manifest import Manifest, ObjectEntry, decode, encode
from mlz import cli

BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)
DEEP = "a: " + "[" * 20_000
CODE = 'environment: !!python/object/apply:os.system ["touch pwned"]\n'
GOOD = "region: eu-west-1\npackage: {bucket: my-bucket}\n"
QUICK = 2.0


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def errors(capsys: pytest.CaptureFixture[str], *words: str) -> list[str]:
    """The lines of stderr of a command that must fail, and soon."""
    begun = time.perf_counter()
    assert cli.run([*words, "--no-color"]) == 1
    assert time.perf_counter() - begun < QUICK
    return capsys.readouterr().err.splitlines()


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        (
            BOMB,
            [
                "error: mlz.yaml:2: an alias (*a) is not accepted",
                "hint: write the value out where it is used",
            ],
        ),
        (
            DEEP,
            [
                "error: mlz.yaml:1: nested deeper than 12 levels",
                "hint: see mlz.example.yaml for the shape",
            ],
        ),
        (
            CODE,
            [
                "error: mlz.yaml:1: environment: a mapping is expected here",
                "hint: it has: name, type",
            ],
        ),
        (
            "region: eu-west-1\n" * 100_000,
            [
                "error: mlz.yaml: larger than 1000000 bytes",
                "hint: a settings file has a page or two; is this the right file?",
            ],
        ),
        (
            "package: {prefix: ../../other}\n",
            [
                "error: mlz.yaml:1: package.prefix: '../../other' is not a key prefix",
                "hint: such as sagemaker-mlops, without a slash at its end",
            ],
        ),
    ],
    ids=["alias bomb", "depth", "code", "size", "way out of the prefix"],
)
def test_settings(folder: Path, capsys: pytest.CaptureFixture[str], text: str, lines: list[str]) -> None:
    (folder / "mlz.yaml").write_text(text)
    assert errors(capsys, "generate", "--bucket", "my-bucket", "--region", "eu-west-1") == lines
    assert [path.name for path in folder.iterdir()] == ["mlz.yaml"]


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (BOMB, "not a list of expectations"),
        (DEEP, "not a list of expectations"),
        (
            CODE,
            (
                "cannot be read: could not determine a constructor for the tag "
                "'tag:yaml.org,2002:python/object/apply:os.system'"
            ),
        ),
    ],
    ids=["alias bomb", "depth", "code"],
)
def test_expectations(folder: Path, text: str, what: str) -> None:
    (folder / "mine.yaml").write_text(text)
    begun = time.perf_counter()
    with pytest.raises(ToolError) as raised:
        expectations.read(folder / "mine.yaml")
    assert raised.value.message == f"{folder}/mine.yaml: {what}"
    assert time.perf_counter() - begun < QUICK
    assert not Path("pwned").exists()


@pytest.mark.parametrize("path", ["../../secret", "/etc/passwd", "assets/../../secret"])
def test_a_manifest_that_leaves_its_folder(path: str) -> None:
    one = ObjectEntry("sagemaker-mlops/x", path, "0" * 64, 1, "text/plain")
    content = encode(Manifest("0" * 64, "my-bucket", "sagemaker-mlops", "eu-west-1", {}, (one,)))
    with pytest.raises(ToolError) as raised:
        decode(content, "manifest.json")
    assert raised.value.message == f"manifest.json: {path}: outside the build's folder"


def test_a_plan_that_is_none(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "plan").write_text(json.dumps({"actions": [{"kind": "__import__('os').system('touch pwned')"}]}))
    (folder / "mlz.yaml").write_text(GOOD)
    assert errors(capsys, "apply", "plan")[0].startswith("error: plan: not a plan of this version: ")
    assert sorted(path.name for path in folder.iterdir()) == ["mlz.yaml", "plan"]
