"""What a build is: where its source comes from, what it left, and how the API shows it."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any


@dataclass(frozen=True)
class Stored:
    """A zip in S3; `name` is that of a pipeline's artifact, empty for others, `key_id` the KMS key that encrypts it."""

    bucket: str
    key: str
    name: str = ""
    key_id: str = ""


@dataclass(frozen=True)
class Order:
    """One StartBuild, as project and overrides together say it.

    `inputs` are sources in S3, the first of them the primary one; `source` is set instead where the source's bytes are
    at hand. `outputs` is where artifacts go, the first of them the primary one.
    """

    project: Mapping[str, Any]
    account: str
    region: str
    variables: tuple[Mapping[str, str], ...]
    buildspec: str
    inputs: tuple[Stored, ...] = ()
    source: bytes | None = None
    outputs: tuple[Stored, ...] = ()
    initiator: str = ""


class BuildFailed(Exception):
    """A phase failed; `code` and `message` are its context in the API."""

    def __init__(self, phase: str, code: str, message: str) -> None:
        super().__init__(message)
        self.phase, self.code, self.message = phase, code, message


@dataclass(eq=False)
class Build:
    """One run; its thread writes, everybody reads. `log` is what its commands printed."""

    id: str
    number: int
    order: Order
    started: datetime = field(default_factory=lambda: datetime.now(UTC))
    ended: datetime | None = None
    status: str = "IN_PROGRESS"
    phases: list[dict[str, Any]] = field(default_factory=list)
    exported: dict[str, str] = field(default_factory=dict)
    log: str = ""
    failure: BuildFailed | None = None
    stopping: threading.Event = field(default_factory=threading.Event)
    done: threading.Event = field(default_factory=threading.Event)

    @property
    def name(self) -> str:
        return str(self.order.project["name"])

    @property
    def stream(self) -> str:
        return self.id.rsplit(":", 1)[-1]

    @property
    def arn(self) -> str:
        return self.project_arn.replace(f":project/{self.name}", f":build/{self.id}")

    @property
    def project_arn(self) -> str:
        return str(self.order.project["arn"])

    @property
    def log_group(self) -> str:
        """Empty where the project turned CloudWatch Logs off."""
        given = (self.order.project.get("logsConfig") or {}).get("cloudWatchLogs") or {}
        return "" if given.get("status") == "DISABLED" else str(given.get("groupName") or f"/aws/codebuild/{self.name}")

    def enter(self, phase: str) -> None:
        """The phase before it has succeeded."""
        self._close()
        self.phases.append({"phaseType": phase, "startTime": datetime.now(UTC)})

    def ran(self, phases: list[tuple[str, bool]]) -> None:
        """What the phase that runs consisted of, as (name, whether it succeeded)."""
        if not phases:
            return
        began = self.phases.pop()["startTime"]
        for name, succeeded in phases:
            self.phases.append({"phaseType": name, "startTime": began})
            self._close("SUCCEEDED" if succeeded else "FAILED")

    def end(self) -> None:
        """Close the last phase and say how the build went."""
        failure = self.failure
        self.status = _status(failure)
        if failure is None:
            self._close()
        else:
            self._close(self.status)
            failed = next((row for row in self.phases if row["phaseType"] == failure.phase), self.phases[-1])
            failed.update(phaseStatus=self.status, contexts=[{"statusCode": failure.code, "message": failure.message}])
        self.enter("COMPLETED")
        self.ended = datetime.now(UTC)

    def _close(self, status: str = "SUCCEEDED") -> None:
        if self.phases and "phaseStatus" not in self.phases[-1]:
            last, now = self.phases[-1], datetime.now(UTC)
            seconds = int((now - last["startTime"]).total_seconds())
            last.update(phaseStatus=status, endTime=now, durationInSeconds=seconds)

    def shown(self) -> dict[str, Any]:
        """A Build of the API."""
        row = {
            "id": self.id,
            "arn": self.arn,
            "buildNumber": self.number,
            "startTime": self.started,
            "endTime": self.ended,
            "currentPhase": self.phases[-1]["phaseType"] if self.phases else "SUBMITTED",
            "buildStatus": self.status,
            "projectName": self.name,
            "phases": [dict(phase) for phase in self.phases],
            "source": self.order.project.get("source"),
            "environment": {
                **self.order.project.get("environment", {}),
                "environmentVariables": [dict(variable) for variable in self.order.variables],
            },
            "serviceRole": self.order.project["serviceRole"],
            "logs": {"groupName": self.log_group, "streamName": self.stream} if self.log_group else {},
            "timeoutInMinutes": self.order.project.get("timeoutInMinutes") or 60,
            "buildComplete": self.done.is_set(),
            "initiator": self.order.initiator,
            "exportedEnvironmentVariables": [{"name": k, "value": v} for k, v in self.exported.items()],
        }
        return {key: value for key, value in row.items() if value is not None}


def _status(failure: BuildFailed | None) -> str:
    match failure:
        case None:
            return "SUCCEEDED"
        case BuildFailed(code="STOPPED"):
            return "STOPPED"
        case BuildFailed(code="BUILD_TIMED_OUT"):
            return "TIMED_OUT"
    return "FAILED"
