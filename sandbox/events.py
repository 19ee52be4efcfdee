"""EventBridge: events that services send, rules that match them, and targets that are started.

Rules and buses are moto's records, and so is the matching of patterns. Targets that are started are pipelines, builds
and other buses, and those that moto serves (log groups, queues); `shown` says of all others that nothing came of it.
"""

from __future__ import annotations

import copy
import json
import uuid
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError
from moto.events.models import Rule, events_backends

from sandbox.api.errors import AwsError, internal_failure
from sandbox.api.request import Call
from sandbox.event_input import input_of
from sandbox.permissions import require
from sandbox.service_roles import RoleSession, ServiceRoles

# Starts a pipeline: account, Region, name, variables, trigger.
StartPipeline = Callable[[str, str, str, Mapping[str, str], Mapping[str, str]], object]
_KEPT = 1000
_DEPTH = 3


@dataclass
class Events:
    """`connect` completes it: pipelines send events, and events start pipelines."""

    roles: ServiceRoles
    _start: StartPipeline | None = None
    _deliveries: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=_KEPT))

    def connect(self, start: StartPipeline) -> None:
        self._start = start

    def operations(self) -> Mapping[tuple[str, str], Callable[[Call], Mapping[str, Any]]]:
        return {("events", "PutEvents"): self.put_events}

    def shown(self) -> list[dict[str, Any]]:
        """The last deliveries: rule, target, the event's source and kind, and what came of it."""
        return list(self._deliveries)

    def send(
        self, account: str, region: str, source: str, kind: str, resources: list[str], detail: Mapping[str, Any]
    ) -> None:
        """An event of a service, to the account's default bus."""
        self._put("default", _event(account, region, source, kind, resources, detail), 0)

    def put_events(self, call: Call) -> Mapping[str, Any]:
        entries = [self._entry(call, entry) for entry in call.params.get("Entries") or ()]
        return {"FailedEntryCount": sum("ErrorCode" in entry for entry in entries), "Entries": entries}

    def _entry(self, call: Call, entry: Mapping[str, Any]) -> dict[str, str]:
        missing = next((name for name in ("Source", "DetailType", "Detail") if not entry.get(name)), None)
        if missing:
            reason = f"Parameter {missing} is not valid. Reason: {missing} is a required argument."
            return {"ErrorCode": "InvalidArgument", "ErrorMessage": reason}
        try:
            detail = json.loads(entry["Detail"])
        except ValueError:
            return {"ErrorCode": "MalformedDetail", "ErrorMessage": "Detail is malformed."}
        account, region, bus = _bus(call.account, call.region, str(entry.get("EventBusName") or "default"))
        if bus not in events_backends[account][region].event_buses:
            raise AwsError("ResourceNotFoundException", f"Event bus {bus} does not exist.")
        resources = list(entry.get("Resources") or ())
        event = _event(call.account, call.region, entry["Source"], entry["DetailType"], resources, detail)
        self._put(bus, event, 0, account, region)
        return {"EventId": event["id"]}

    def _put(self, bus: str, event: Mapping[str, Any], depth: int, account: str = "", region: str = "") -> None:
        home = events_backends[account or event["account"]][region or event["region"]].event_buses.get(bus)
        for rule in list(home.rules.values()) if home is not None else ():
            for target in list(rule.targets) if _matches(rule, event) else ():
                self._deliver(rule, target, event, depth)

    def _deliver(self, rule: Rule, target: Mapping[str, Any], event: Mapping[str, Any], depth: int) -> None:
        try:
            result = self._started(rule, target, event, depth)
        except AwsError as error:
            result = f"{error.code}: {error.message}"
        except ClientError as error:
            result = str(error)
        except Exception as error:  # noqa: BLE001 - what sends an event must not fail because of a rule of somebody's
            result = internal_failure(error).message
        self._deliveries.append(
            {
                "time": event["time"],
                "rule": rule.arn,
                "target": target["Arn"],
                "source": event["source"],
                "detail-type": event["detail-type"],
                "result": result,
            }
        )

    def _started(self, rule: Rule, target: Mapping[str, Any], event: Mapping[str, Any], depth: int) -> str:
        _, _, service, region, account, name, *_ = str(target["Arn"]).split(":", 5)
        match service:
            case "codepipeline":
                self._start_pipeline(rule, target, event, account, region, name)
            case "codebuild":
                given = input_of(target, event) if _has_input(target) else {}
                build = self._role(rule, target).client("codebuild", region)
                build.start_build(projectName=name.removeprefix("project/"), **given)
            case "events" if depth < _DEPTH:
                require(self._role(rule, target).caller, "events", "PutEvents")
                self._put(name.removeprefix("event-bus/"), event, depth + 1, account, region)
            case _:
                return _left_to_moto(rule, target, event)
        return "delivered"

    def _start_pipeline(
        self, rule: Rule, target: Mapping[str, Any], event: Mapping[str, Any], account: str, region: str, name: str
    ) -> None:
        require(self._role(rule, target).caller, "codepipeline", "StartPipelineExecution")
        given = input_of(target, event) if _has_input(target) else {}
        variables = {row["name"]: row["value"] for row in given.get("variables") or ()}
        assert self._start is not None
        self._start(account, region, name, variables, {"triggerType": "CloudWatchEvent", "triggerDetail": rule.arn})

    def _role(self, rule: Rule, target: Mapping[str, Any]) -> RoleSession:
        """The target's role, taken for the rule."""
        if not target.get("RoleArn"):
            raise AwsError("ValidationException", f"RoleArn is required for target {target['Arn']}.")
        return self.roles.assume("events", str(target["RoleArn"]), rule.account_id, rule.arn, rule.name)


def _event(
    account: str, region: str, source: str, kind: str, resources: list[str], detail: Mapping[str, Any]
) -> dict[str, Any]:
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": kind,
        "source": source,
        "account": account,
        "time": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": region,
        "resources": resources,
        "detail": detail,
    }


def _matches(rule: Rule, event: Any) -> bool:
    """A rule with a schedule alone matches nothing."""
    pattern = rule.event_pattern
    return rule.state == "ENABLED" and bool(pattern.get_pattern()) and bool(pattern.matches_event(event))


def _has_input(target: Mapping[str, Any]) -> bool:
    return any(target.get(key) for key in ("Input", "InputPath", "InputTransformer"))


def _bus(account: str, region: str, name: str) -> tuple[str, str, str]:
    """(account, Region, bus) of a name or an ARN."""
    if not name.startswith("arn:"):
        return account, region, name
    _, _, _, region, account, resource = name.split(":", 5)
    return account, region, resource.removeprefix("event-bus/")


def _left_to_moto(rule: Rule, target: Mapping[str, Any], event: Mapping[str, Any]) -> str:
    if _has_input(target):
        return "not emulated: this kind of target takes whole events only"
    alone = copy.copy(rule)
    alone.targets = [dict(target)]
    stamped: Any = {**event, "time": datetime.now(UTC).timestamp()}
    try:
        alone.send_to_targets(stamped, transform_input=False)
    except NotImplementedError:
        return "not emulated: the sandbox starts no target of this service"
    return "delivered"
