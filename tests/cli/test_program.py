"""The program as a person meets it: help, mistakes, exit codes, and what it imports."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from generator.errors import ToolError
from mlz import cli
from mlz.terminal.console import wants_color

ROOT = Path(__file__).parents[2]
HEAVY = {"boto3", "botocore", "cfnlint", "troposphere", "rich", "msgspec", "yaml", "jinja2", "moto"}


def imported(*words: str) -> set[str]:
    code = f"import sys; from mlz.cli import run; run({list(words)!r}); print(sorted(sys.modules), file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    return set(done.stderr.splitlines()[-1].strip("[]").replace("'", "").split(", "))


@pytest.mark.parametrize(
    "words", [("--help",), ("version",), ("completion", "zsh"), ("lint", "--help"), ("plan", "-h")]
)
def test_help_imports_nothing_heavy(words: tuple[str, ...]) -> None:
    assert imported(*words) & HEAVY == set()


def test_reading_settings_needs_no_aws_library() -> None:
    assert imported("settings", "schema") & (HEAVY - {"msgspec", "yaml"}) == set()


def test_a_misspelt_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["lnt"]) == 2
    assert capsys.readouterr().err == "error: there is no command lnt; did you mean lint?\nhint: see: mlz --help\n"
    assert cli.run(["deploy", "target"]) == 2
    assert capsys.readouterr().err == (
        "error: there is no command target; did you mean targets?\nhint: see: mlz deploy --help\n"
    )


def test_a_misspelt_option(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["version", "--qiet"]) == 2
    error = capsys.readouterr().err
    assert error.splitlines()[0].startswith("error: No such option")
    assert error.splitlines()[1] == "hint: see: mlz version --help"


def test_a_group_without_a_command_shows_its_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["deploy"]) == 2
    out, error = capsys.readouterr()
    assert (out, error.splitlines()[0]) == ("", "Usage: mlz deploy [OPTIONS] COMMAND [ARGS]...")


def test_completion_knows_commands_and_options() -> None:
    def complete(*words: str) -> list[str]:
        variables = {"COMP_WORDS": " ".join(words), "COMP_CWORD": str(len(words) - 1), "_MLZ_COMPLETE": "bash_complete"}
        done = subprocess.run(
            [sys.executable, "-m", "mlz.cli"], cwd=ROOT, env=variables, capture_output=True, text=True, check=False
        )
        return [line.removeprefix("plain,") for line in done.stdout.splitlines()]

    assert complete("mlz", "de") == ["deploy", "destroy"]
    assert complete("mlz", "deploy", "t") == ["targets"]
    assert complete("mlz", "plan", "--det") == ["--detailed-exitcode"]
    for words in (("apply", ""), ("plan", "--out", ""), ("status", "--config", "")):
        assert complete("mlz", *words) == ["file,"], words


def test_a_settings_error_goes_to_stderr(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "mlz.yaml"
    path.write_text("regoin: x\n")
    assert cli.run(["settings", "show", "--config", str(path)]) == 1
    out, error = capsys.readouterr()
    assert out == ""
    assert error == f"error: {path}:1: regoin: unknown setting\nhint: did you mean region?\n"


def test_global_options_stand_before_or_after_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["--region", "eu-west-1", "--output", "json", "settings", "show"]) == 0
    before = json.loads(capsys.readouterr().out)
    assert cli.run(["settings", "show", "--output", "json", "--region", "eu-west-1"]) == 0
    assert json.loads(capsys.readouterr().out) == before
    assert before["region"] == "eu-west-1"


def test_the_variables_of_the_reference(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("CFN_BUCKET_NAME", "my-bucket")
    monkeypatch.setenv("DEPLOYMENT_REGION", "eu-central-1")
    assert cli.run(["settings", "show", "--output", "json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert (shown["package"]["bucket"], shown["region"]) == ("my-bucket", "eu-central-1")


def test_the_schema_beside_the_example_is_the_programs(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["settings", "schema", "-q"]) == 0
    assert capsys.readouterr().out == (ROOT / "mlz.schema.json").read_text()


@pytest.mark.parametrize(
    ("problem", "code", "first"),
    [
        (KeyboardInterrupt(), 130, "error: interrupted"),
        (ValueError("boom"), 1, "error: ValueError: boom"),
        (PermissionError(13, "Permission denied", "build/x"), 1, "error: build/x: Permission denied"),
    ],
)
def test_what_went_wrong_is_one_line(
    problem: BaseException, code: int, first: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail() -> str:
        raise problem

    monkeypatch.setattr("mlz.commands.version.text", fail)
    assert cli.run(["version"]) == code
    error = [line for line in capsys.readouterr().err.splitlines() if line]
    assert (error[0], len(error)) == (first, 2)


@pytest.mark.parametrize(
    ("environment", "terminal", "flag", "expected"),
    [
        ({}, True, False, True),
        ({}, False, False, False),
        ({"NO_COLOR": "1"}, True, False, False),
        ({"FORCE_COLOR": "1"}, False, False, True),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, True, False, False),
        ({"CI": "true"}, True, False, False),
        ({"FORCE_COLOR": "1"}, True, True, False),
    ],
)
def test_colors(environment: dict[str, str], terminal: bool, flag: bool, expected: bool) -> None:
    assert wants_color(environment, is_terminal=terminal, no_color=flag) is expected


@pytest.mark.parametrize(
    ("variables", "flags", "colored"), [({}, [], True), ({"NO_COLOR": "1"}, [], False), ({}, ["--no-color"], False)]
)
def test_an_error_on_a_terminal_has_colours_unless_they_are_not_wanted(
    variables: dict[str, str], flags: list[str], colored: bool
) -> None:
    """Run under a terminal of its own: what a person sees, not what a pipe gets."""
    import pty

    keeper, terminal = pty.openpty()
    command = [sys.executable, "-m", "mlz.cli", "settings", "show", "--config", "absent.yaml", *flags]
    done = subprocess.run(
        command, cwd=ROOT, env={"TERM": "xterm", **variables}, stdout=terminal, stderr=terminal, check=False
    )
    shown = os.read(keeper, 4096).decode()
    os.close(terminal)
    os.close(keeper)
    assert done.returncode == 1
    assert ("absent.yaml: No such file or directory" in shown, "\x1b[" in shown) == (True, colored)


def test_a_profile_that_does_not_exist_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    assert cli.run(["doctor", "--region", "eu-west-1"]) == 1
    assert capsys.readouterr().err == (
        "error: profile nobody: there is no such profile\nhint: list them: aws configure list-profiles\n"
    )


def test_the_version_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["version", "--output", "json"]) == 0
    assert set(json.loads(capsys.readouterr().out)) == {"mlz", "python"}


def test_a_region_that_cfn_lint_does_not_know(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ToolError("env-iam.yaml: cfn-lint failed: InvalidRegionException: Regions ['eu-wst-1'] …", "report it")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("generator.lint.gate.run", fail)
    assert cli.run(["lint", "--region", "eu-wst-1", "--bucket", "any-bucket"]) == 1
    assert capsys.readouterr().err == (
        "error: region: eu-wst-1 is not a Region that cfn-lint knows\nhint: did you mean eu-west-1?\n"
    )


def test_the_sandbox_takes_account_ids_only(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["sandbox", "--account", "bogus", "--port", "0"]) == 1
    assert capsys.readouterr().err == (
        "error: --account: 'bogus' is not an account id\nhint: an account id has 12 digits\n"
    )
