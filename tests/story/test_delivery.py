"""The pipeline's buildspecs, step by step as CodeBuild runs them, with artifacts between them and an AWS behind."""

from __future__ import annotations

import fnmatch
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from mlz import cli
from mlz.stories import world
from sandbox.server import Sandbox
from stacksets.client import connect
from templates.delivery.builds import buildspec
from templates.delivery.platform_delivery import PlatformDelivery
from tests.templates.roles import Rendered, actions

ROOT = Path(__file__).parents[2]
REGION, EACH = "eu-west-1", 2
INSTALL = ["make setup", 'export PATH="$PWD/.venv/bin:$PATH"']


@dataclass(frozen=True)
class Line:
    """A folder in which each step gets a fresh source and the artifact of the step before it."""

    home: Path
    aws: Sandbox

    def asked_too_much(self, step: str) -> set[str]:
        """What was called since the last step and is not among the actions of the step's role."""
        statements = Rendered(PlatformDelivery).statements(f"{step.title()}Role")
        held = [action.lower() for action in actions(statements)]
        called = {name.replace(".", ":") for name in self.aws.calls.shown()} - {"sts:GetCallerIdentity"}
        return {name for name in called if not any(fnmatch.fnmatchcase(name.lower(), one) for one in held)}

    def step(self, name: str, before: str = "", artifact: str = "") -> tuple[str, str]:
        """Run a step; what it said, and what it exports as SUMMARY. A command's shell options end with it."""
        spec = yaml.safe_load(buildspec(name))
        assert spec["phases"]["install"]["commands"] == INSTALL
        place = self.home / name
        place.mkdir()
        self.aws.calls.reset()
        shutil.copy(self.home / "mlz.yaml", place)
        if (self.home / "access").is_dir():
            shutil.copytree(self.home / "access", place / "access")
        steps = ["set -e", *spec["phases"]["build"]["commands"], 'printf "%s" "${SUMMARY-}" > summary']
        variables = {
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
            "MLZ_CONFIG": "mlz.yaml",
            "STAGING": "staging",
            f"CODEBUILD_SRC_DIR_{artifact}": str(self.home / f"{before}-artifact"),
        }
        done = subprocess.run(
            ["bash", "-c", "\nset +o pipefail\n".join(steps)],
            cwd=place,
            env=variables,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{name}\n{done.stdout}{done.stderr}"
        self._keep(name, spec.get("artifacts", {}).get("files", []))
        return done.stdout + done.stderr, (place / "summary").read_text()

    def _keep(self, name: str, patterns: list[str]) -> None:
        for pattern in patterns:
            for path in (self.home / name).glob(pattern):
                if path.is_file():
                    kept = self.home / f"{name}-artifact" / path.relative_to(self.home / name)
                    kept.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copy(path, kept)


@pytest.fixture
def line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Line]:
    """A development account with a core stack that may read the organization; its targets have the set-up role."""
    monkeypatch.chdir(tmp_path)
    keys = tmp_path / "credentials"
    with Sandbox() as aws:
        with world.environment(world.variables(keys, aws.endpoint, world.MANAGEMENT, REGION)):
            made = world.seed(connect("", REGION), EACH)
        Path("mlz.yaml").write_text(world.settings(made, "delivered", REGION))
        with world.environment(world.variables(keys, aws.endpoint, made.development, REGION)):
            for words in (["package", "--no-lint"], ["bootstrap", "--yes"], ["deploy", "core", "--yes"]):
                assert cli.run([*words, "--quiet"]) == 0
            yield Line(tmp_path, aws)


def test_a_commit_goes_through_every_stage(line: Line) -> None:
    _, summary = line.step("plan")
    expected = (
        r"sm-mlops-core: nothing to change sm-mlops-dev: create Change set: \d+ to add, 0 to change, 0 to remove;.*"
    )
    assert re.fullmatch(expected, summary)
    # The environment stands before the first delivery, and then its comparison leaves no empty stack to delete.
    assert line.asked_too_much("plan") == {"cloudformation:DeleteStack"}
    _, summary = line.step("environment", "plan", "Planned")
    assert summary.startswith("Plan: 6 to add, 0 to change, 0 to remove, 0 unchanged in 4 stack sets")
    said, summary = line.step("staging", "environment", "StagingPlan")
    assert "paused; still to come" in said
    assert summary.startswith("Plan: 4 to add, 0 to change, 0 to remove, 2 unchanged in 4 stack sets")
    assert line.asked_too_much("staging") == set()
    said, _ = line.step("prod", "staging", "ProdPlan")
    assert "Done: 4 added, 0 changed, 0 removed" in said
    assert "No changes: 6 unchanged in 4 stack sets." in said
    assert line.asked_too_much("prod") == set()
    refused(line)


def test_the_check_holds_expectations_where_there_are_any(line: Line) -> None:
    expectation = (
        "- {name: Nobody makes users, who: data-scientist@dev, action: 'iam:CreateUser', "
        "resource: 'arn:aws:iam::{dev}:user/x', expect: denied, reason: So.}\n"
    )
    assert "expectation" not in line.step("check")[0]
    shutil.rmtree(line.home / "check")
    (line.home / "access").mkdir()
    (line.home / "access" / "own.yaml").write_text(expectation)
    assert "1 expectation in 1 file hold" in line.step("check")[0]


def refused(line: Line) -> None:
    """A plan that was approved once is not applied a second time."""
    stale = subprocess.run(
        [sys.executable, "-m", "mlz.cli", "apply", "plan/staging.json", "--yes"],
        cwd=line.home / "staging",
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert stale.returncode == 1
    assert stale.stderr.startswith("error: plan: the stack sets have changed since it was made\n")
