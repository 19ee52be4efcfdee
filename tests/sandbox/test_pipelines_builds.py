"""Builds that run: phases, variables, artifacts, rights, and what is refused."""

from __future__ import annotations

import io
import sys
import zipfile
from collections.abc import Mapping
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.sandbox.conftest import REGION, Client, trust
from tests.sandbox.pipeline_world import DEV, Deliveries

ROLE = f"arn:aws:iam::{DEV}:role/BuildsThings"


@pytest.fixture
def deliveries(client: Client) -> Deliveries:
    return Deliveries(client)


def built(deliveries: Deliveries, files: Mapping[str, str], **more: Any) -> dict[str, Any]:
    """A build of these files to its end; `more` are parameters of StartBuild."""
    return ended(deliveries, started(deliveries, files, **more))


def started(deliveries: Deliveries, files: Mapping[str, str], **more: Any) -> str:
    deliveries.put_source(files)
    deliveries.create_project("direct", "S3", Location="source/code.zip")
    return str(deliveries.dev("codebuild").start_build(projectName="direct", **more)["build"]["id"])


def ended(deliveries: Deliveries, build: str) -> dict[str, Any]:
    codebuild = deliveries.dev("codebuild")
    return dict(
        deliveries.until(
            lambda: codebuild.batch_get_builds(ids=[build])["builds"][0], lambda found: found["buildComplete"]
        )
    )


def log(deliveries: Deliveries, build: Mapping[str, Any]) -> list[str]:
    """The lines of its stream without the runner's own."""
    found = deliveries.dev("logs").get_log_events(
        logGroupName=build["logs"]["groupName"], logStreamName=build["logs"]["streamName"]
    )["events"]
    return [row["message"] for row in found if not row["message"].startswith("[Container]")]


def context(build: Mapping[str, Any]) -> tuple[str, str, str]:
    """(phase, code, message) of what failed."""
    [failed] = [phase for phase in build["phases"] if phase.get("phaseStatus") == build["buildStatus"]]
    return failed["phaseType"], failed["contexts"][0]["statusCode"], failed["contexts"][0]["message"]


def spec(*commands: str, before: str = "", after: str = "") -> dict[str, str]:
    lines = "".join(f"\n      - {command}" for command in commands)
    return {"buildspec.yml": f"version: 0.2\n{before}phases:\n  build:\n    commands:{lines}\n{after}"}


def test_variables_have_their_order_and_exports_last(deliveries: Deliveries) -> None:
    files = spec(
        "cd sub && export SEEN=here",
        'echo "$PWD" | sed s,.*/,, && echo "$SEEN $GIVEN $OWN"',
        before="env:\n  variables: {GIVEN: spec, OWN: spec}\n  exported-variables: [SEEN, GIVEN, NEVER]\n",
    )
    given = [{"name": "GIVEN", "value": "started", "type": "PLAINTEXT"}]
    build = built(deliveries, {**files, "sub/file": ""}, environmentVariablesOverride=given)
    assert (build["buildStatus"], log(deliveries, build)) == ("SUCCEEDED", ["sub", "here started spec"])
    assert build["exportedEnvironmentVariables"] == [
        {"name": "SEEN", "value": "here"},
        {"name": "GIVEN", "value": "started"},
        {"name": "NEVER", "value": ""},
    ]
    assert [phase["phaseType"] for phase in build["phases"]] == [
        *("SUBMITTED", "QUEUED", "PROVISIONING", "DOWNLOAD_SOURCE"),
        *("BUILD", "UPLOAD_ARTIFACTS", "FINALIZING", "COMPLETED"),
    ]


@pytest.mark.parametrize(
    ("phases", "lines", "failed"),
    [
        ("build: {commands: [echo a, 'false', echo b]}\n  post_build: {commands: ['echo $CODEBUILD_BUILD_SUCCEEDING']}",
         ["a", "0"], ("BUILD", "false", "1")),
        ("pre_build: {commands: ['(exit 7)'], finally: [echo last]}\n  build: {commands: [echo a]}",
         ["last"], ("PRE_BUILD", "(exit 7)", "7")),
        ("build: {commands: [echo a, exit 3, echo b]}\n  post_build: {commands: [echo c]}",
         ["a"], ("BUILD", "exit 3", "3")),
        ("pre_build: {commands: ['false'], on-failure: CONTINUE}\n  build: {commands: [nothing-like-this]}",
         ["nothing-like-this: command not found"], ("BUILD", "nothing-like-this", "127")),
    ],
)  # fmt: skip
def test_a_failing_command_ends_its_phase(
    deliveries: Deliveries, phases: str, lines: list[str], failed: tuple[str, str, str]
) -> None:
    build = built(deliveries, {"buildspec.yml": f"version: 0.2\nphases:\n  {phases}\n"})
    assert [line.rsplit("line", 1)[-1].partition(": ")[2] or line for line in log(deliveries, build)] == lines
    phase, command, status = failed
    reason = f"Error while executing command: {command}. Reason: exit status {status}"
    assert context(build) == (phase, "COMMAND_EXECUTION_ERROR", reason)


def test_options_of_the_shell_end_with_their_command(deliveries: Deliveries) -> None:
    """CodeBuild starts each command as a script of its own, with the variables of the one before."""
    build = built(deliveries, spec("set -o pipefail", "left=here", "false | cat", "echo $left"))
    assert (build["buildStatus"], log(deliveries, build)) == ("SUCCEEDED", ["here"])


def test_pip_says_what_is_here_and_refuses_what_is_not(deliveries: Deliveries) -> None:
    files = {
        **spec("pip install -q -r needs.txt --upgrade pip", "pip install --no-deps .",
               "cd / && python -c 'import own; print(own.NAME)'", "pip install no-such-package-of-anyone"),
        "needs.txt": "# needed\nno_such_extra==1 ; python_version < '3'\nPyYAML>=1\n".replace("no_such_extra", "moto"),
        "src/own/__init__.py": "NAME = 'mine'\n",
    }  # fmt: skip
    build = built(deliveries, files)
    import moto
    import yaml

    assert log(deliveries, build) == [
        f"pip (sandbox): moto {moto.__version__} is here, ==1 was asked for; not installed",
        f"pip (sandbox): PyYAML {yaml.__version__} is here, >=1 was asked for; not installed",
        "pip (sandbox): . is linked; not installed",
        "mine",
        (
            "pip (sandbox): no-such-package-of-anyone: is not in the sandbox's environment, and the sandbox installs "
            "nothing; install it beside mlz"
        ),
    ]
    assert context(build)[2] == (
        "Error while executing command: pip install no-such-package-of-anyone. Reason: exit status 1"
    )


def test_a_venv_is_the_sandboxs_python_with_the_commands_of_what_is_linked(deliveries: Deliveries) -> None:
    files = {
        **spec(
            "python3 -m venv .venv", ".venv/bin/python -m pip install -r needs.txt --editable .", ".venv/bin/greet you"
        ),
        "needs.txt": "not-for-any-machine==1 ; python_version < '3' \\\n    --hash=sha256:0\n",
        "pyproject.toml": "[project]\nname = 'own'\n[project.scripts]\ngreet = 'own:main'\n",
        "own/__init__.py": "import sys\ndef main(): print('hello', *sys.argv[1:], sys.executable)\n",
    }
    build = built(deliveries, files)
    assert log(deliveries, build) == ["pip (sandbox): . is linked; not installed", f"hello you {sys.executable}"]


def test_a_build_has_its_roles_rights_and_nothing_of_the_users(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OF_THE_USER", "secret")
    deliveries = Deliveries(client, rights=("s3:*", "logs:*"))
    program = (
        "import boto3, os\n"
        "print(os.environ.get('OF_THE_USER'))\n"
        "print(boto3.client('sts').get_caller_identity()['Arn'].rpartition('-')[0][:70])\n"
        "boto3.client('sqs').create_queue(QueueName='q')\n"
    )
    build = built(deliveries, {**spec("python program.py"), "program.py": program})
    lines = log(deliveries, build)
    assert lines[:2] == [
        "None",
        f"arn:aws:sts::{DEV}:assumed-role/BuildsThings/AWSCodeBuild-{build['id'].partition(':')[2]}"[:70],
    ]
    assert "is not authorized to perform: sqs:CreateQueue" in lines[-1]
    assert build["buildStatus"] == "FAILED"


def test_artifacts_are_the_files_that_patterns_name(deliveries: Deliveries) -> None:
    after = "artifacts:\n  base-directory: out\n  files: ['**/*.txt', '$NAMED.json']\n  exclude-paths: [a/skip.txt]\n"
    files = {
        **spec("export NAMED=result", after=after),
        "out/a/one.txt": "1", "out/a/skip.txt": "", "out/two.txt": "2", "out/result.json": "{}", "other.txt": "",
    }  # fmt: skip
    place = {"type": "S3", "location": "artifacts", "path": "kept", "name": "it.zip"}
    build = built(deliveries, files, artifactsOverride=place)
    assert build["buildStatus"] == "SUCCEEDED"
    body = deliveries.dev("s3").get_object(Bucket="artifacts", Key="kept/it.zip")["Body"].read()
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        assert sorted(archive.namelist()) == ["a/one.txt", "result.json", "two.txt"]


def test_an_artifact_that_is_not_there_fails_the_build(deliveries: Deliveries) -> None:
    place = {"type": "S3", "location": "artifacts", "name": "it.zip"}
    build = built(deliveries, spec("echo a", after="artifacts: {files: [gone.txt]}\n"), artifactsOverride=place)
    assert context(build) == ("UPLOAD_ARTIFACTS", "CLIENT_ERROR", "no matching artifact paths found: gone.txt")


def test_stopping_a_build_ends_its_processes(deliveries: Deliveries) -> None:
    build = started(deliveries, spec("sleep 600"))
    stopped = deliveries.dev("codebuild").stop_build(id=build)["build"]
    assert (stopped["buildStatus"], stopped["buildComplete"]) == ("STOPPED", True)


@pytest.mark.parametrize(
    ("files", "problem"),
    [
        ({"other.yml": ""}, "Error reading buildspec: buildspec.yml: no such file or directory"),
        (
            {"buildspec.yml": "version: 0.1\n"},
            "YAML_FILE_ERROR Message: This build spec is not of version 0.2",
        ),
        (
            spec("echo", before="env: {secrets-manager: {A: b}}\n"),
            "not emulated: env/secrets-manager in a buildspec",
        ),
        (spec("echo", before="batch: {fast-fail: false}\n"), "not emulated: batch in a buildspec"),
    ],
)
def test_buildspecs_that_cannot_be_run(deliveries: Deliveries, files: dict[str, str], problem: str) -> None:
    assert context(built(deliveries, files)) == ("DOWNLOAD_SOURCE", "YAML_FILE_ERROR", problem)


def test_a_role_that_codebuild_may_not_assume(deliveries: Deliveries) -> None:
    deliveries.dev("iam").update_assume_role_policy(
        RoleName="BuildsThings", PolicyDocument=trust(service="events.amazonaws.com")
    )
    build = built(deliveries, spec("echo"))
    assert context(build) == (
        "PROVISIONING",
        "ACCESS_DENIED",
        f"codebuild is not authorized to perform AssumeRole on role {ROLE}",
    )


def test_a_role_that_may_not_write_logs_fails_the_build(client: Client) -> None:
    deliveries = Deliveries(client, rights=("s3:*",))
    phase, code, message = context(built(deliveries, spec("echo")))
    assert (phase, code) == ("PROVISIONING", "ACCESS_DENIED")
    assert message.startswith(f"Service role {ROLE} does not allow AWS CodeBuild to create Amazon CloudWatch Logs")


@pytest.mark.parametrize(
    ("kind", "problem"),
    [
        ("CODEPIPELINE", "Build of a project with source CODEPIPELINE starts in a pipeline"),
        ("GITHUB", "not emulated: CodeBuild source GITHUB"),
    ],
)
def test_sources_that_no_build_starts_from(deliveries: Deliveries, kind: str, problem: str) -> None:
    location = {} if kind == "CODEPIPELINE" else {"Location": "https://github.com/a/b"}
    deliveries.create_project("other", kind, **location)
    with pytest.raises(ClientError, match=problem):
        deliveries.dev("codebuild").start_build(projectName="other")


def test_builds_are_listed_newest_first(deliveries: Deliveries) -> None:
    first = started(deliveries, spec("echo"))
    second = deliveries.dev("codebuild").start_build(projectName="direct")["build"]
    assert second["buildNumber"] == 2
    assert deliveries.dev("codebuild").list_builds_for_project(projectName="direct")["ids"] == [second["id"], first]
    for build in (first, second["id"]):
        ended(deliveries, build)


def test_a_project_that_is_not_there(deliveries: Deliveries) -> None:
    arn = f"arn:aws:codebuild:{REGION}:{DEV}:project/gone"
    with pytest.raises(ClientError, match=f"Project cannot be found: {arn}"):
        deliveries.dev("codebuild").start_build(projectName="gone")
