"""Operations on stacks: each reads its parameters, asks the engine, and answers in the shape of the API."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.api import rows
from sandbox.api.errors import AwsError, validation_error
from sandbox.api.paging import page
from sandbox.api.request import Call
from sandbox.api.requests import stack_request
from sandbox.cfn.engine import Engine
from sandbox.cfn.model import Resource, Stack

Params = Mapping[str, Any]
Answer = Mapping[str, Any]
Handler = Callable[[Call, Params], Answer]


@dataclass(frozen=True)
class StackOperations:
    """The part of the query API that is about stacks and exports."""

    engine: Engine

    def table(self) -> dict[str, Handler]:
        return {
            "CancelUpdateStack": self.cancel_update_stack,
            "ContinueUpdateRollback": self.continue_update_rollback,
            "CreateStack": self.create_stack,
            "DeleteStack": self.delete_stack,
            "DescribeEvents": self.describe_events,
            "DescribeStackEvents": self.describe_stack_events,
            "DescribeStackResource": self.describe_stack_resource,
            "DescribeStackResources": self.describe_stack_resources,
            "DescribeStacks": self.describe_stacks,
            "ListExports": self.list_exports,
            "ListImports": self.list_imports,
            "ListStackResources": self.list_stack_resources,
            "ListStacks": self.list_stacks,
            "UpdateStack": self.update_stack,
            "UpdateTerminationProtection": self.update_termination_protection,
        }

    def create_stack(self, call: Call, params: Params) -> Answer:
        stack = self.engine.create_stack(stack_request(call.account, call.region, params, update=False))
        return {"StackId": stack.stack_id}

    def update_stack(self, call: Call, params: Params) -> Answer:
        stack = self.engine.update_stack(stack_request(call.account, call.region, params, update=True))
        return {"StackId": stack.stack_id}

    def delete_stack(self, call: Call, params: Params) -> Answer:
        self.engine.delete_stack(
            call.account,
            call.region,
            params["StackName"],
            retain=frozenset(params.get("RetainResources", ())),
            token=params.get("ClientRequestToken"),
            role_arn=params.get("RoleARN"),
        )
        return {}

    def continue_update_rollback(self, call: Call, params: Params) -> Answer:
        skip = frozenset(params.get("ResourcesToSkip", ()))
        self.engine.continue_update_rollback(call.account, call.region, params["StackName"], skip=skip)
        return {}

    def cancel_update_stack(self, call: Call, params: Params) -> Answer:
        stack = self._stack(call, params)
        if stack.status == "UPDATE_IN_PROGRESS":
            raise AwsError("NotImplemented", "the sandbox does not cancel an update that has begun", 501)
        raise validation_error(f"CancelUpdateStack cannot be called from current stack status {stack.status}")

    def update_termination_protection(self, call: Call, params: Params) -> Answer:
        enabled = bool(params["EnableTerminationProtection"])
        stack = self.engine.set_termination_protection(call.account, call.region, params["StackName"], enabled)
        return {"StackId": stack.stack_id}

    def describe_stacks(self, call: Call, params: Params) -> Answer:
        if params.get("StackName"):
            return {"Stacks": [rows.stack_row(self._stack(call, params))]}
        found = self.engine.stacks(call.account, call.region)
        return page([rows.stack_row(stack) for stack in found], "Stacks", params)

    def list_stacks(self, call: Call, params: Params) -> Answer:
        wanted = params.get("StackStatusFilter")
        found = self.engine.stacks(call.account, call.region, deleted=True)
        summaries = [rows.stack_summary(stack) for stack in found if not wanted or stack.status in wanted]
        return page(summaries, "StackSummaries", params)

    def describe_stack_events(self, call: Call, params: Params) -> Answer:
        events = list(reversed(self._stack(call, params).events))
        return page([rows.event_row(event) for event in events], "StackEvents", params)

    def describe_events(self, call: Call, params: Params) -> Answer:
        if not params.get("StackName"):
            raise validation_error("the sandbox describes events by StackName only")
        failed_only = bool((params.get("Filters") or {}).get("FailedEvents"))
        events = [e for e in reversed(self._stack(call, params).events) if not failed_only or _failed(e.status)]
        return page([rows.operation_event(event) for event in events], "OperationEvents", params)

    def describe_stack_resource(self, call: Call, params: Params) -> Answer:
        stack = self._stack(call, params)
        resource = _resource(stack, params["LogicalResourceId"])
        return {"StackResourceDetail": rows.resource_row(stack, resource)}

    def describe_stack_resources(self, call: Call, params: Params) -> Answer:
        stack = self._stack(call, params) if params.get("StackName") else self._owner(call, params)
        wanted = params.get("LogicalResourceId")
        found = [_resource(stack, wanted)] if wanted else list(stack.resources.values())
        return {"StackResources": [rows.resource_row(stack, resource) for resource in found]}

    def list_stack_resources(self, call: Call, params: Params) -> Answer:
        resources = list(self._stack(call, params).resources.values())
        return page([rows.resource_summary(r) for r in resources], "StackResourceSummaries", params)

    def list_exports(self, call: Call, params: Params) -> Answer:
        found = sorted(self.engine.exports(call.account, call.region), key=lambda export: export.name)
        exports = [{"ExportingStackId": e.stack_id, "Name": e.name, "Value": e.value} for e in found]
        return page(exports, "Exports", params)

    def list_imports(self, call: Call, params: Params) -> Answer:
        return page(self.engine.imports(call.account, call.region, params["ExportName"]), "Imports", params)

    def _stack(self, call: Call, params: Params) -> Stack:
        if not params.get("StackName"):
            raise validation_error(
                "1 validation error detected: Value null at 'stackName' failed to satisfy constraint: "
                "Member must not be null"
            )
        return self.engine.stack(call.account, call.region, params["StackName"])

    def _owner(self, call: Call, params: Params) -> Stack:
        wanted = params.get("PhysicalResourceId")
        for stack in self.engine.stacks(call.account, call.region):
            if any(resource.physical_id == wanted for resource in stack.resources.values()):
                return stack
        raise validation_error(f"Stack for {wanted} does not exist")


def _failed(status: str) -> bool:
    return status.endswith("_FAILED")


def _resource(stack: Stack, logical_id: str) -> Resource:
    resource = stack.resources.get(logical_id)
    if resource is None:
        raise validation_error(f"Resource {logical_id} does not exist for stack {stack.name}")
    return resource
