"""`mlz access` on the command line: data, exit codes, the next step."""

from __future__ import annotations

import json
import shutil
from html.parser import HTMLParser
from pathlib import Path

import pytest

from generator.access import matrix
from generator.access.site import Site
from mlz.cli import run
from mlz.declared import CAPABILITIES
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


class Rows(HTMLParser):
    """The page's rows of capabilities: for each, the classes of its cells."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.heads: list[str] = []
        self.rows: list[list[str]] = []
        self._in_head = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        match tag, dict(attrs):
            case "thead", _:
                self._in_head = True
            case "th", {"scope": "row"}:
                self.rows.append([])
            case "td", {"class": str(outcome)}:
                self.rows[-1].append(outcome)

    def handle_endtag(self, tag: str) -> None:
        self._in_head &= tag != "thead"

    def handle_data(self, data: str) -> None:
        self.heads += [data] if self._in_head else []


def test_the_matrix_for_programs_and_as_a_page_has_every_answer(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    expected = matrix.data(matrix.matrix(site, *matrix.read(CAPABILITIES)))
    assert run(["access", "matrix", "--format", "json", *CONFIG]) == 0
    assert json.loads(capsys.readouterr().out) == expected
    assert run(["access", "matrix", "--format", "html", *CONFIG]) == 0
    page = Rows(capsys.readouterr().out)
    assert page.heads == expected["roles"]
    assert page.rows == [[cell["outcome"] for cell in row["roles"].values()] for row in expected["rows"]]


@pytest.fixture(scope="module")
def builds(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """A build, and the same with one more action for who tests models."""
    folder = tmp_path_factory.mktemp("builds")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        assert run(["generate", "--bucket", "a-bucket", "--region", "eu-west-1", *CONFIG]) == 0
    before, after = folder / "build" / "eu-west-1", folder / "wider"
    shutil.copytree(before, after)
    changed = after / "env-iam-target-account-roles.yaml"
    last = "            - sagemaker:InvokeEndpointWithResponseStream\n"
    text = changed.read_text()
    assert text.count(last) == 1
    changed.write_text(text.replace(last, f"{last}            - sagemaker:DeleteEndpoint\n"))
    return str(before), str(after)


def test_a_build_that_widens_ends_with_2_and_tells_each_request(
    builds: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    before, after = builds
    assert run(["access", "diff", before, after, "--detailed-exitcode", *CONFIG]) == 2
    stages = {"dev": "222222222222", "staging": "333333333333", "prod": "444444444444"}
    assert capsys.readouterr().out.splitlines() == [
        *(
            line
            for stage, account in stages.items()
            for line in (
                (
                    f"arn:aws:iam::{account}:role/sm-mlops-{stage}-eu-west-1-model-test sagemaker:DeleteEndpoint "
                    f"arn:aws:sagemaker:eu-west-1:{account}:endpoint/anything"
                ),
                "  was denied: no identity policy allows it",
                "  is allowed by TestModels of ModelTestRole/TestModels",
            )
        ),
        "3 requests answered more generously",
    ]
    assert run(["access", "diff", before, after, *CONFIG]) == 0


def test_a_build_that_is_the_same_or_narrower_ends_with_0(
    builds: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    before, after = builds
    for pair in ((before, before), (after, before)):
        assert run(["access", "diff", *pair, "--detailed-exitcode", *CONFIG]) == 0
        assert capsys.readouterr().out == "nothing widens\n"


def test_guardrails_fit_the_older_quota(site: Site) -> None:
    sizes = {one.name: len(json.dumps(one.body, separators=(",", ":"))) for one in (*site.scps, *site.rcps)}
    assert sizes.keys() == {"ServiceGuardrails", "ResourceGuardrails"}
    assert {name: size for name, size in sizes.items() if size > 5_120} == {}
