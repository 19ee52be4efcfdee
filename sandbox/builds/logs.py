"""The log of a build: a file while it runs, a stream of CloudWatch Logs when it has ended."""

from __future__ import annotations

import contextlib
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from sandbox.builds.model import Build, BuildFailed
from sandbox.service_roles import RoleSession

_BATCH = 1000


def _file() -> Path:
    with tempfile.NamedTemporaryFile(prefix="mlz-log-", delete=False) as opened:
        return Path(opened.name)


@dataclass
class Log:
    """Written to by the build's commands, and by the runner between them."""

    build: Build
    path: Path = field(default_factory=_file)
    _role: RoleSession | None = None

    def open(self, role: RoleSession) -> None:
        """Make the stream with the build's role, as CodeBuild does; a role that may not fails the build."""
        group = self.build.log_group
        if not group:
            return
        logs = role.client("logs")
        try:
            _open_stream(logs, group, self.build.stream)
        except ClientError as error:
            reason = (
                f"Service role {self.build.order.project['serviceRole']} does not allow AWS CodeBuild to create Amazon "
                f"CloudWatch Logs log streams for build {self.build.arn}. Error message: {error}"
            )
            raise BuildFailed("PROVISIONING", "ACCESS_DENIED", reason) from None
        self._role = role

    def write(self, text: str) -> None:
        with self.path.open("a", encoding="utf-8") as stream:
            stream.write(text)

    def close(self) -> None:
        """Keep the text with the build, and send it to its stream; what cannot be sent is with the build."""
        text = self.path.read_text(encoding="utf-8", errors="replace")
        self.path.unlink()
        self.build.log = text
        if self._role is None or self.build.ended is None:
            return
        now = int(self.build.ended.timestamp() * 1000)
        events = [{"timestamp": now, "message": line} for line in text.splitlines() if line]
        with contextlib.suppress(ClientError, BotoCoreError):
            for start in range(0, len(events), _BATCH):
                self._role.client("logs").put_log_events(
                    logGroupName=self.build.log_group,
                    logStreamName=self.build.stream,
                    logEvents=events[start : start + _BATCH],
                )


def _open_stream(logs: Any, group: str, stream: str) -> None:
    """Make the group only where it is not there: a role that finds it needs no right to make one."""
    try:
        logs.create_log_stream(logGroupName=group, logStreamName=stream)
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceNotFoundException":
            raise
        with contextlib.suppress(logs.exceptions.ResourceAlreadyExistsException):
            logs.create_log_group(logGroupName=group)
        logs.create_log_stream(logGroupName=group, logStreamName=stream)
