"""One build from its order to its artifacts: source, variables, commands, files, logs."""

from __future__ import annotations

import os
import platform
import re
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from sandbox.api.errors import AwsError, internal_failure
from sandbox.builds import archive, buildspec
from sandbox.builds.buildspec import Buildspec
from sandbox.builds.logs import Log
from sandbox.builds.model import Build, BuildFailed, Stored
from sandbox.builds.script import script
from sandbox.builds.workplace import Workplace
from sandbox.service_roles import RoleSession, ServiceRoles

_VARIABLE = re.compile(r"\$\{(\w+)\}|\$(\w+)")


def run(build: Build, roles: ServiceRoles) -> None:
    """To its end, whatever that is; the build says how it went."""
    log = Log(build)
    try:
        _run(build, roles, log)
    except BuildFailed as failure:
        build.failure = failure
    except Exception as error:  # noqa: BLE001 - a defect here fails the build, so that no pipeline waits for ever
        build.failure = BuildFailed("FINALIZING", "INTERNAL_ERROR", f"the sandbox failed: {internal_failure(error)}")
    build.end()
    if build.failure is not None:
        log.write(f"[Container] {build.failure.code}: {build.failure.message}\n")
    log.close()
    build.done.set()


def _run(build: Build, roles: ServiceRoles, log: Log) -> None:
    for phase in ("SUBMITTED", "QUEUED", "PROVISIONING"):
        build.enter(phase)
    role = _assumed(build, roles)
    log.open(role)
    with tempfile.TemporaryDirectory(prefix="mlz-build-", ignore_cleanup_errors=True) as folder:
        place = Workplace(Path(folder).resolve())
        place.prepare()
        _work(build, role, place, log)


def _assumed(build: Build, roles: ServiceRoles) -> RoleSession:
    order = build.order
    name = f"AWSCodeBuild-{build.stream}"
    try:
        return roles.assume("codebuild", str(order.project["serviceRole"]), order.account, build.project_arn, name)
    except AwsError as error:
        raise BuildFailed("PROVISIONING", "ACCESS_DENIED", error.message) from None


def _work(build: Build, role: RoleSession, place: Workplace, log: Log) -> None:
    build.enter("DOWNLOAD_SOURCE")
    folders = _download(build, role, place)
    spec = _read_buildspec(build, place)
    _say_runtimes(spec, log)
    environment = {
        **place.environment(),
        **folders,
        **role.environment(),
        **spec.variables,
        **_parameters(spec.parameters, role),
        **_variables(build, role),
        **_own_variables(build),
    }
    after = _commands(build, spec, place, environment, log)
    build.exported = {name: after.get(name, "") for name in spec.exported}
    build.enter("UPLOAD_ARTIFACTS")
    _upload(build, spec, role, place, after)
    build.enter("FINALIZING")


def _download(build: Build, role: RoleSession, place: Workplace) -> dict[str, str]:
    """Unpack all sources; the variables that name the secondary ones' folders."""
    order = build.order
    if order.source is not None:
        archive.unpack(order.source, place.source)
    folders = {}
    for number, stored in enumerate(order.inputs):
        folder = place.source if number == 0 else place.secondary(stored.name)
        folder.mkdir(exist_ok=True)
        archive.unpack(_fetched(role, stored), folder)
        if number:
            folders[f"CODEBUILD_SRC_DIR_{stored.name}"] = str(folder)
    return folders


def _fetched(role: RoleSession, stored: Stored) -> bytes:
    try:
        return bytes(role.client("s3").get_object(Bucket=stored.bucket, Key=stored.key)["Body"].read())
    except (ClientError, BotoCoreError) as error:
        raise BuildFailed("DOWNLOAD_SOURCE", "CLIENT_ERROR", f"{error} for primary source and source version") from None


def _read_buildspec(build: Build, place: Workplace) -> Buildspec:
    given = build.order.buildspec
    path = place.source / (given or "buildspec.yml")
    try:
        return buildspec.read(given if "\n" in given else path.read_text())
    except OSError:
        reason = f"Error reading buildspec: {given or 'buildspec.yml'}: no such file or directory"
        raise BuildFailed("DOWNLOAD_SOURCE", "YAML_FILE_ERROR", reason) from None
    except buildspec.BuildspecError as error:
        raise BuildFailed("DOWNLOAD_SOURCE", "YAML_FILE_ERROR", str(error)) from None


def _say_runtimes(spec: Buildspec, log: Log) -> None:
    for name, version in spec.runtimes.items():
        has = f"Python {platform.python_version()}" if name == "python" else "what stands on the PATH"
        log.write(f"[Container] runtime-versions: {name} {version} was asked for; the sandbox runs {has}\n")


def _parameters(wanted: Mapping[str, str], role: RoleSession) -> dict[str, str]:
    """Variable -> value of its SSM parameter, read with the build's role."""
    try:
        return {
            variable: role.client("ssm").get_parameter(Name=name, WithDecryption=True)["Parameter"]["Value"]
            for variable, name in wanted.items()
        }
    except ClientError as error:
        raise BuildFailed("DOWNLOAD_SOURCE", "Secrets Manager/SSM Error Message", str(error)) from None


def _variables(build: Build, role: RoleSession) -> dict[str, str]:
    plain: dict[str, str] = {}
    stored: dict[str, str] = {}
    for variable in build.order.variables:
        kind = variable.get("type", "PLAINTEXT")
        if kind not in ("PLAINTEXT", "PARAMETER_STORE"):
            raise BuildFailed("DOWNLOAD_SOURCE", "CLIENT_ERROR", f"not emulated: environment variables of type {kind}")
        target = plain if kind == "PLAINTEXT" else stored
        target[variable["name"]] = variable["value"]
    return {**plain, **_parameters(stored, role)}


def _own_variables(build: Build) -> dict[str, str]:
    return {
        "CI": "true",
        "CODEBUILD_CI": "true",
        "CODEBUILD_BUILD_ID": build.id,
        "CODEBUILD_BUILD_ARN": build.arn,
        "CODEBUILD_BUILD_NUMBER": str(build.number),
        "CODEBUILD_INITIATOR": build.order.initiator,
        "CODEBUILD_LOG_PATH": build.stream,
        "CODEBUILD_START_TIME": str(int(build.started.timestamp() * 1000)),
    }


def _commands(
    build: Build, spec: Buildspec, place: Workplace, environment: Mapping[str, str], log: Log
) -> dict[str, str]:
    """Run the phases; the shell's environment at its end."""
    program = place.records / "commands.sh"
    program.write_text(script(spec.phases))
    build.enter("BUILD")
    with log.path.open("ab") as output:
        process = subprocess.Popen(
            ["bash", str(program)],
            cwd=place.source,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        code = _ended(build, process)
    build.ran(_phases(place))
    if code != 0:
        raise _failed(place, code)
    after = (place.records / "after").read_text()
    return dict(entry.partition("=")[::2] for entry in after.split("\0") if entry)


def _ended(build: Build, process: subprocess.Popen[bytes]) -> int:
    """The exit status; stopped builds and those over their time are killed with all that they started."""
    minutes = int(build.order.project.get("timeoutInMinutes") or 60)
    patience = time.monotonic() + 60 * minutes
    while True:
        try:
            return process.wait(0.05)
        except subprocess.TimeoutExpired:
            over = time.monotonic() > patience
            if not over and not build.stopping.is_set():
                continue
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        if over:
            raise BuildFailed("BUILD", "BUILD_TIMED_OUT", f"Build has timed out after {minutes} minutes.")
        raise BuildFailed("BUILD", "STOPPED", "Build was stopped.")


def _phases(place: Workplace) -> list[tuple[str, bool]]:
    """The phases that ran to their end, and whether each succeeded."""
    record = place.records / "phases"
    lines = record.read_text().splitlines() if record.exists() else []
    return [(line.split()[0], line.endswith(" 0")) for line in lines]


def _failed(place: Workplace, code: int) -> BuildFailed:
    """The command that failed, in CodeBuild's words; one that ended the shell left no status but the shell's."""
    records = place.records
    if (records / "failed").exists():
        status, command = (records / "failed").read_text().split("\n", 1)
    else:
        status, command = str(code), (records / "current").read_text() if (records / "current").exists() else "bash"
    phase = next((name for name, succeeded in _phases(place) if not succeeded), "BUILD")
    reason = f"Error while executing command: {command}. Reason: exit status {status}"
    return BuildFailed(phase, "COMMAND_EXECUTION_ERROR", reason)


def _upload(build: Build, spec: Buildspec, role: RoleSession, place: Workplace, after: Mapping[str, str]) -> None:
    for number, stored in enumerate(build.order.outputs):
        wanted = spec.secondary.get(stored.name, spec.artifacts) if number or spec.secondary else spec.artifacts
        files = tuple(_VARIABLE.sub(lambda found: after.get(found[1] or found[2], ""), name) for name in wanted.files)
        chosen_from = buildspec.Artifacts(files, wanted.excluded, wanted.base, wanted.flat)
        try:
            content = archive.pack(archive.chosen(chosen_from, place.source))
            encryption = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": stored.key_id} if stored.key_id else {}
            role.client("s3").put_object(Bucket=stored.bucket, Key=stored.key, Body=content, **encryption)
        except LookupError as error:
            reason = f"no matching artifact paths found: {error.args[0]}"
            raise BuildFailed("UPLOAD_ARTIFACTS", "CLIENT_ERROR", reason) from None
        except ClientError as error:
            raise BuildFailed("UPLOAD_ARTIFACTS", "CLIENT_ERROR", str(error)) from None
