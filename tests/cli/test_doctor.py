"""`mlz doctor` against the embedded AWS, and what of it ends `mlz deploy` before anything changes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from mlz import cli
from mlz.stories import world
from sandbox.server import Sandbox
from stacksets.client import connect

REGION = "eu-west-1"
READS = ("Describe", "List", "Get", "AssumeRole", "Head", "Simulate")


@pytest.fixture
def aws(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """An organization whose development account has nothing yet, in a folder with settings and no build."""
    monkeypatch.chdir(tmp_path)
    keys = tmp_path / "credentials"
    with Sandbox() as sandbox:
        with world.environment(world.variables(keys, sandbox.endpoint, world.MANAGEMENT, REGION)):
            made = world.seed(connect("", REGION), 2)
        Path("mlz.yaml").write_text(world.settings(made, "doctors-bucket", REGION))
        with world.environment(world.variables(keys, sandbox.endpoint, made.development, REGION)):
            yield sandbox


def writes(aws: Sandbox) -> list[str]:
    return [name for name in aws.calls.shown() if not name.split(".")[1].startswith(READS)]


def test_an_account_that_has_nothing_yet(aws: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    aws.calls.reset()
    assert cli.run(["doctor", "--output", "json"]) == 1
    found = {check["what"]: check for check in json.loads(capsys.readouterr().out)}
    assert writes(aws) == []
    assert [what for what, check in found.items() if check["state"] == "failed"] == ["organization"]
    unanswered = {what.removeprefix("quota: ") for what, check in found.items() if check["state"] == "unknown"}
    assert unanswered == {
        "rights",
        "execution roles",
        "elastic IPs",
        "stacks",
        "stack sets",
        "SageMaker domains",
        "Studio user profiles",
        "concurrent builds",
    }
    assert found["quota: VPCs"] == {
        "what": "quota: VPCs",
        "state": "ok",
        "detail": "1 of 5 in use, 1 to add",
        "hint": "",
    }
    assert found["quota: SageMaker domains"]["detail"] == (
        "0 in use, 1 to add; cannot be asked here: Service Quotas: "
        "the sandbox does not implement servicequotas:GetAWSDefaultServiceQuota (NotImplemented)"
    )


def test_the_offline_checks_stand_first_and_need_nobody(
    aws: Sandbox, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    aws.stop()
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    assert cli.run(["doctor"]) == 1
    out, error = capsys.readouterr()
    assert max(map(len, out.splitlines())) <= 100
    assert [line.split()[:2] for line in out.splitlines() if not line.startswith(" ")] == [
        ["ok", "names"],
        ["ok", "types"],
        ["ok", "endpoints"],
        ["ok", "lifecycle"],
        ["warning", "build"],
        ["failed", "credentials"],
    ]
    assert error.startswith("next: sign in, or set AWS_PROFILE")


@pytest.mark.usefixtures("aws")
def test_without_a_region_nothing_is_looked_at(capsys: pytest.CaptureFixture[str]) -> None:
    Path("mlz.yaml").unlink()
    with pytest.MonkeyPatch.context() as patch:
        for name in ("AWS_DEFAULT_REGION", "AWS_REGION"):
            patch.delenv(name, raising=False)
        assert cli.run(["doctor"]) == 1
    out, error = capsys.readouterr()
    assert (out, error.splitlines()[0]) == ("", "error: region: not given")


def test_a_region_without_studio_is_refused_before_anything_changes(
    aws: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    region = "mx-central-1"
    assert cli.run(["package", "--no-lint", "--quiet", "--region", region, "--bucket", "mexico"]) == 0
    capsys.readouterr()
    aws.calls.reset()
    assert cli.run(["deploy", "core", "--yes", "--region", region, "--bucket", "mexico", "--no-color"]) == 1
    assert writes(aws) == []
    first, hint = capsys.readouterr().err.splitlines()
    assert first.startswith("error: types: mx-central-1 has no AWS::SageMaker::Domain, ")
    assert hint == "hint: use another Region, or a newer cfn-lint if AWS has added them since"
