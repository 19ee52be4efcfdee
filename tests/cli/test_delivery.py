"""Every command line of the buildspecs and of the CI examples is one that the program and the Makefile have."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from mlz.cli import PROGRAM

ROOT = Path(__file__).parents[2]
FILES = (
    *sorted((ROOT / "templates" / "sources" / "buildspecs").glob("delivery-*.yml")),
    *sorted((ROOT / "docs" / "delivery").glob("*.yml")),
)


def texts(part: Any) -> Iterator[str]:
    """Every line of every text in a document."""
    match part:
        case str():
            yield from part.splitlines()
        case dict():
            for value in part.values():
                yield from texts(value)
        case list():
            for value in part:
                yield from texts(value)


def commands(path: Path) -> list[list[str]]:
    """The simple commands of a file that call mlz or make, without redirections."""
    found = []
    for line in texts(yaml.safe_load(path.read_text())):
        for part in re.split(r"\||&&|;", re.sub(r"\d?>>?&?\s*\S+", "", line)):
            words = shlex.split(part) if part.strip().startswith(("mlz ", "make ")) else []
            if words:
                found.append(words)
    return found


def lines() -> list[Any]:
    return [pytest.param(words, id=f"{path.name}: {' '.join(words)}") for path in FILES for words in commands(path)]


def test_every_file_has_commands() -> None:
    assert [path.name for path in FILES if not commands(path)] == []
    assert len(FILES) == 7


@pytest.mark.parametrize("words", lines())
def test_a_command_line_is_accepted(words: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    if words[0] == "make":
        assert f"\n{words[1]}: " in (ROOT / "Makefile").read_text()
        return
    rest = [str(path) for word in words[1:] for path in (sorted(ROOT.glob(word)) if "*" in word else [word])]
    command: click.Command = PROGRAM
    context = click.Context(command, info_name="mlz")
    while isinstance(command, click.Group):
        _, rest, _ = command.make_parser(context).parse_args(rest)
        name, found, rest = command.resolve_command(context, rest)
        assert found is not None
        command, context = found, click.Context(found, parent=context, info_name=name)
    command.make_context(context.info_name, rest)


@pytest.mark.parametrize("path", FILES[:5], ids=lambda path: path.name)
def test_a_failing_command_fails_its_build_behind_a_pipe(path: Path) -> None:
    """CodeBuild keeps a shell's variables from command to command, not its options."""
    steps = yaml.safe_load(path.read_text())["phases"]["build"]["commands"]
    assert [step for step in steps if "| tee" in step and not step.startswith("set -o pipefail; ")] == []


def test_a_wrong_command_line_is_noticed() -> None:
    with pytest.raises(click.UsageError):
        test_a_command_line_is_accepted(["mlz", "plan", "--outt", "x"], pytest.MonkeyPatch())


def test_jobs_of_github_ask_for_tokens_and_wait_for_their_environment() -> None:
    jobs = yaml.safe_load((ROOT / "docs" / "delivery" / "github-actions.yml").read_text())["jobs"]
    roles = {
        name: next((s["with"]["role-to-assume"] for s in job["steps"] if "role-to-assume" in s.get("with", {})), "")
        for name, job in jobs.items()
    }
    assert roles == {
        "check": "",
        "review": "${{ vars.PLAN_ROLE }}",
        "environment": "${{ vars.STAGING_ROLE }}",
        "staging": "${{ vars.STAGING_ROLE }}",
        "prod": "${{ vars.PROD_ROLE }}",
    }
    assert {name for name, role in roles.items() if role} == {
        name for name, job in jobs.items() if job.get("permissions", {}).get("id-token") == "write"
    }
    assert {name: job.get("environment", "") for name, job in jobs.items()} == {
        "check": "",
        "review": "",
        "environment": "staging",
        "staging": "staging",
        "prod": "prod",
    }
    assert [jobs[name]["needs"] for name in ("environment", "staging", "prod")] == ["check", "environment", "staging"]


def test_jobs_of_gitlab_are_manual_behind_their_environment() -> None:
    jobs = yaml.safe_load((ROOT / "docs" / "delivery" / "gitlab-ci.yml").read_text())
    for name, environment in (("environment", "staging"), ("staging", "staging"), ("prod", "prod")):
        assert jobs[name]["environment"] == environment
        assert [rule["when"] for rule in jobs[name]["rules"]] == ["manual"]
        assert f'export AWS_ROLE_ARN="${environment.upper()}_ROLE"' in jobs[name]["script"]
