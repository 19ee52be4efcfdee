"""Manual approval: tells the topic, and waits for PutApprovalResult."""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sandbox.api.errors import AwsError
from sandbox.pipelines.context import Context
from sandbox.pipelines.model import ActionFailed, Outcome

_WEEK_IN_MINUTES = 7 * 24 * 60


@dataclass
class Approvals:
    """The answers that have come, by token; thread-safe."""

    _answers: dict[str, Mapping[str, str]] = field(default_factory=dict)
    _changed: threading.Condition = field(default_factory=threading.Condition)

    def wait(self, context: Context) -> Outcome:
        """Until somebody decides, time is over, or the execution is stopped."""
        execution, run = context.execution, context.run
        minutes = int(run.declaration.get("timeoutInMinutes") or _WEEK_IN_MINUTES)
        token = str(uuid.uuid4())
        topic = context.configuration.get("NotificationArn")
        if topic:
            _tell(context, topic, token, datetime.now(UTC) + timedelta(minutes=minutes))
        run.token = token
        patience = time.monotonic() + 60 * minutes
        with self._changed:
            while token not in self._answers:
                self._changed.wait(0.05)
                if execution.stopping.is_set():
                    raise ActionFailed("The execution was stopped while it waited for approval", "Stopped")
                if time.monotonic() > patience:
                    raise ActionFailed(f"No one decided within {minutes} minutes", "TimedOut")
            answer = self._answers.pop(token)
        run.decided_by = answer["by"]
        if answer["status"] == "Rejected":
            raise ActionFailed(f"Rejected by {answer['by']}: {answer['summary']}", "ActionRejected")
        return Outcome(summary=f"Approved by {answer['by']}: {answer['summary']}")

    def decide(self, token: str, result: Mapping[str, Any], caller: str) -> datetime:
        """`result` is status Approved or Rejected, and a summary."""
        if result.get("status") not in ("Approved", "Rejected"):
            raise AwsError("ValidationException", "result.status is neither Approved nor Rejected")
        with self._changed:
            if token in self._answers:
                raise AwsError("ApprovalAlreadyCompletedException", "The approval action has already been completed")
            self._answers[token] = {
                "status": str(result["status"]), "summary": str(result.get("summary", "")), "by": caller,
            }  # fmt: skip
            self._changed.notify_all()
        return datetime.now(UTC)


def _tell(context: Context, topic: str, token: str, expires: datetime) -> None:
    """Publish what CodePipeline publishes, with the action's role."""
    execution, run = context.execution, context.run
    message = {
        "region": execution.region,
        "approval": {
            "pipelineName": execution.name,
            "stageName": run.stage,
            "actionName": run.name,
            "token": token,
            "expires": expires.strftime("%Y-%m-%dT%H:%MZ"),
            "customData": context.configuration.get("CustomData"),
            "externalEntityLink": context.configuration.get("ExternalEntityLink"),
        },
    }
    subject = f"APPROVAL NEEDED: AWS CodePipeline {execution.name} for action {run.name}"
    context.client("sns").publish(TopicArn=topic, Subject=subject[:100], Message=json.dumps(message))
