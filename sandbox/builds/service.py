"""CodeBuild's operations on builds; projects themselves are moto's records."""

from __future__ import annotations

import sys
import threading
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from moto.codebuild.models import codebuild_backends

from sandbox.api.errors import AwsError
from sandbox.api.request import Call
from sandbox.builds.model import Build, Order, Stored
from sandbox.builds.runner import run
from sandbox.repositories import head_of
from sandbox.service_roles import ServiceRoles

Row = Mapping[str, Any]

# Builds measure how long the sandbox takes to answer (tests of endpoints do). With Python's own 5 ms an answer waits
# that long, several times, for each thread of the sandbox that is at work.
_TURN_SECONDS = 0.0005


@dataclass
class Builds:
    """All builds by id; thread-safe."""

    roles: ServiceRoles
    _builds: dict[str, Build] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def operations(self) -> Mapping[tuple[str, str], Callable[[Call], Row]]:
        return {
            ("codebuild", "StartBuild"): self.start_build,
            ("codebuild", "BatchGetBuilds"): self.batch_get,
            ("codebuild", "StopBuild"): self.stop_build,
            ("codebuild", "ListBuildsForProject"): self.list_for_project,
            ("codebuild", "ListBuilds"): self.list_all,
        }

    def start(self, order: Order) -> Build:
        """Run it in a thread; `done` of the build says when it has ended."""
        sys.setswitchinterval(_TURN_SECONDS)
        name = str(order.project["name"])
        with self._lock:
            number = 1 + sum(1 for build in self._builds.values() if build.project_arn == order.project["arn"])
            build = Build(f"{name}:{uuid.uuid4()}", number, order)
            self._builds[build.id] = build
        threading.Thread(target=run, args=(build, self.roles), daemon=True).start()
        return build

    def stop_all(self) -> None:
        """End all that run, with their processes."""
        running = [build for build in list(self._builds.values()) if not build.done.is_set()]
        for build in running:
            build.stopping.set()
        for build in running:
            build.done.wait(5)

    def start_build(self, call: Call) -> Row:
        project = project_of(call.account, call.region, str(call.params["projectName"]))
        source = {**project.get("source", {}), **_overridden(call.params, ("type", "location", "buildspec"), "source")}
        inputs, content = _source(call, source)
        order = Order(
            project,
            call.account,
            call.region,
            merged(project, call.params.get("environmentVariablesOverride") or ()),
            str(call.params.get("buildspecOverride") or source.get("buildspec") or ""),
            inputs,
            content,
            _outputs(call.params.get("artifactsOverride") or project.get("artifacts") or {}),
            call.caller.arn.rsplit("/", 1)[-1],
        )
        return {"build": self.start(order).shown()}

    def batch_get(self, call: Call) -> Row:
        found = {wanted: self._builds.get(_id(wanted)) for wanted in call.params["ids"]}
        return {
            "builds": [build.shown() for build in found.values() if build is not None],
            "buildsNotFound": [wanted for wanted, build in found.items() if build is None],
        }

    def stop_build(self, call: Call) -> Row:
        build = self._builds.get(_id(str(call.params["id"])))
        if build is None:
            raise AwsError("ResourceNotFoundException", f"Build {call.params['id']} not found")
        build.stopping.set()
        build.done.wait(5)
        return {"build": build.shown()}

    def list_for_project(self, call: Call) -> Row:
        project = project_of(call.account, call.region, str(call.params["projectName"]))
        return self._listed(call, lambda build: build.project_arn == project["arn"])

    def list_all(self, call: Call) -> Row:
        return self._listed(
            call, lambda build: (build.order.account, build.order.region) == (call.account, call.region)
        )

    def _listed(self, call: Call, wanted: Callable[[Build], bool]) -> Row:
        ids = [build.id for build in list(self._builds.values()) if wanted(build)]
        return {"ids": ids if call.params.get("sortOrder") == "ASCENDING" else ids[::-1]}


def project_of(account: str, region: str, name: str) -> Row:
    """The project as the API shows it; ResourceNotFoundException if there is none."""
    backend = codebuild_backends[account][region]
    found = backend.codebuild_projects.get(name.rsplit(":project/", 1)[-1])
    if found is None:
        arn = f"arn:{backend.partition}:codebuild:{region}:{account}:project/{name}"
        raise AwsError("ResourceNotFoundException", f"Project cannot be found: {arn}")
    return dict(found.project_metadata)


def merged(project: Row, overrides: Any) -> tuple[Mapping[str, str], ...]:
    """The project's environment variables, with those of the same name replaced and others added."""
    given = {row["name"]: row for row in (project.get("environment") or {}).get("environmentVariables") or ()}
    return tuple({**given, **{row["name"]: row for row in overrides}}.values())


def _overridden(params: Row, names: tuple[str, ...], prefix: str) -> dict[str, Any]:
    found = {name: params.get(f"{prefix}{name.title()}Override") for name in names}
    return {name: value for name, value in found.items() if value}


def _source(call: Call, source: Row) -> tuple[tuple[Stored, ...], bytes | None]:
    """Where a build that no pipeline starts has its source from."""
    kind, location = source.get("type"), str(source.get("location") or "")
    match kind:
        case "NO_SOURCE":
            return (), None
        case "S3":
            bucket, _, key = location.partition("/")
            return (Stored(bucket, key),), None
        case "CODECOMMIT":
            name = location.rsplit("/repos/", 1)[-1]
            return (), head_of(call.account, call.region, name).content
        case "CODEPIPELINE":
            raise AwsError("InvalidInputException", "Build of a project with source CODEPIPELINE starts in a pipeline")
    raise AwsError("NotImplemented", f"not emulated: CodeBuild source {kind}", 501)


def _outputs(artifacts: Row) -> tuple[Stored, ...]:
    if artifacts.get("type") != "S3":
        return ()
    path = "/".join(part.strip("/") for part in (artifacts.get("path"), artifacts.get("name")) if part)
    return (Stored(str(artifacts["location"]), path or "artifacts.zip"),)


def _id(text: str) -> str:
    return text.rsplit(":build/", 1)[-1]
