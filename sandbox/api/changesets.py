"""Operations on change sets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.api import rows
from sandbox.api.paging import page
from sandbox.api.request import Call
from sandbox.api.requests import stack_request, tag_rows
from sandbox.api.stacks import Answer, Handler, Params
from sandbox.cfn.engine import Engine
from sandbox.cfn.model import ChangeSet


@dataclass(frozen=True)
class ChangeSetOperations:
    """The part of the query API that is about change sets."""

    engine: Engine

    def table(self) -> dict[str, Handler]:
        return {
            "CreateChangeSet": self.create_change_set,
            "DeleteChangeSet": self.delete_change_set,
            "DescribeChangeSet": self.describe_change_set,
            "ExecuteChangeSet": self.execute_change_set,
            "ListChangeSets": self.list_change_sets,
        }

    def create_change_set(self, call: Call, params: Params) -> Answer:
        change_set = self.engine.create_change_set(
            stack_request(call.account, call.region, params, update=params.get("ChangeSetType") != "CREATE"),
            params["ChangeSetName"],
            kind=params.get("ChangeSetType", "UPDATE"),
            include_nested=bool(params.get("IncludeNestedStacks")),
            description=params.get("Description"),
        )
        return {"Id": change_set.change_set_id, "StackId": change_set.stack_id}

    def describe_change_set(self, call: Call, params: Params) -> Answer:
        change_set = self._change_set(call, params)
        values = bool(params.get("IncludePropertyValues"))
        changes = page([rows.change_row(c, values=values) for c in change_set.changes], "Changes", params)
        return {**rows.change_set_summary(change_set), **_body(change_set), **changes}

    def execute_change_set(self, call: Call, params: Params) -> Answer:
        self.engine.execute_change_set(
            call.account,
            call.region,
            params["ChangeSetName"],
            params.get("StackName"),
            disable_rollback=bool(params.get("DisableRollback")),
            token=params.get("ClientRequestToken"),
        )
        return {}

    def delete_change_set(self, call: Call, params: Params) -> Answer:
        self.engine.delete_change_set(call.account, call.region, params["ChangeSetName"], params.get("StackName"))
        return {}

    def list_change_sets(self, call: Call, params: Params) -> Answer:
        found = self.engine.change_sets(call.account, call.region, params["StackName"])
        return page([rows.change_set_summary(change_set) for change_set in found], "Summaries", params)

    def _change_set(self, call: Call, params: Params) -> ChangeSet:
        return self.engine.change_set(call.account, call.region, params["ChangeSetName"], params.get("StackName"))


def _body(change_set: ChangeSet) -> Mapping[str, Any]:
    request = change_set.request
    return {
        "Parameters": rows.shown_parameters(change_set.parameters),
        "Capabilities": sorted(request.capabilities),
        "NotificationARNs": list(request.notification_arns),
        "Tags": tag_rows(change_set.tags),
        "OnStackFailure": None if request.on_failure == "ROLLBACK" else request.on_failure,
    }
