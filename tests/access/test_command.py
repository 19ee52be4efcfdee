"""`mlz access` on the command line: data, exit codes, the next step."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from generator.access.site import Site
from mlz.cli import run
from tests.access.conftest import ROOT

CONFIG = ["--config", str(ROOT / "mlz.example.yaml")]


def test_why_tells_every_layer(capsys: pytest.CaptureFixture[str]) -> None:
    code = run(["access", "why", "data-scientist@dev", "s3:GetObject", "{ModelBucket}/x", "--complete", *CONFIG])
    lines = capsys.readouterr().out.splitlines()
    assert code == 0
    assert lines[1] == "denied by OnlyFromTheNetworks of ModelBucketPolicy"
    assert [line.split("  ")[1] for line in lines[3:]] == ["permissions boundary", "identity policy", "resource policy"]


def test_why_does_not_guess(capsys: pytest.CaptureFixture[str]) -> None:
    job = "arn:aws:sagemaker:{region}:{dev}:training-job/t"
    run(["access", "why", "sm-execution@dev", "sagemaker:CreateTrainingJob", job, "--output", "json", *CONFIG])
    found = json.loads(capsys.readouterr().out)
    assert found["outcome"] == "unknown"
    assert found["missing"] == ["sagemaker:vpcsecuritygroupids", "sagemaker:vpcsubnets"]


def test_a_failed_expectation_ends_with_3(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(
        "- {name: Anybody approves, who: data-scientist@dev, action: 'sagemaker:UpdateModelPackage', "
        "expect: allowed, reason: A wrong wish.}\n"
    )
    assert run(["access", "test", str(path), *CONFIG]) == 3
    captured = capsys.readouterr()
    assert captured.out.splitlines() == [
        (
            "mine.yaml:1 Anybody approves: data-scientist@dev sagemaker:UpdateModelPackage *: "
            "is denied by ApprovesNothing of TrainerPolicy, expected allowed"
        ),
        "  A wrong wish.",
    ]
    assert "access: 1 expectation of 1 failed" in captured.err


def test_without_files_the_users_own_are_looked_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["access", "test", *CONFIG]) == 1
    assert "no expectations here" in capsys.readouterr().err


def test_guardrails_fit_the_older_quota(site: Site) -> None:
    sizes = {one.name: len(json.dumps(one.body, separators=(",", ":"))) for one in (*site.scps, *site.rcps)}
    assert sizes.keys() == {"ServiceGuardrails", "ResourceGuardrails"}
    assert {name: size for name, size in sizes.items() if size > 5_120} == {}
