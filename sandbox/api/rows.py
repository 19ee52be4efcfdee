"""The engine's records in the words of the CloudFormation API: one function a shape."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from sandbox.api.requests import tag_rows
from sandbox.cfn.model import Change, ChangeDetail, ChangeSet, Event, Output, Resource, ShownParameter, Stack

_NOT_CHECKED = {"StackDriftStatus": "NOT_CHECKED"}
_RESOURCE_NOT_CHECKED = {"StackResourceDriftStatus": "NOT_CHECKED"}

Row = dict[str, Any]


def stack_row(stack: Stack) -> Row:
    """Stack, as DescribeStacks answers it."""
    return {
        "StackId": stack.stack_id,
        "StackName": stack.name,
        "ChangeSetId": stack.change_set_id,
        "Description": stack.description,
        "Parameters": shown_parameters(stack.shown_parameters()),
        "CreationTime": stack.created,
        "LastUpdatedTime": stack.updated,
        "DeletionTime": stack.deleted,
        "StackStatus": stack.status,
        "StackStatusReason": stack.reason,
        "DisableRollback": stack.disable_rollback,
        "NotificationARNs": list(stack.notification_arns),
        "Capabilities": sorted(stack.capabilities),
        "Outputs": [_output(output) for output in stack.outputs],
        "RoleARN": stack.role_arn,
        "Tags": tag_rows(stack.tags),
        "EnableTerminationProtection": stack.termination_protection,
        "ParentId": stack.parent_id,
        "RootId": stack.root_id,
        "DriftInformation": _NOT_CHECKED,
    }


def stack_summary(stack: Stack) -> Row:
    """StackSummary, as ListStacks answers it."""
    return {
        "StackId": stack.stack_id,
        "StackName": stack.name,
        "TemplateDescription": stack.description,
        "CreationTime": stack.created,
        "LastUpdatedTime": stack.updated,
        "DeletionTime": stack.deleted,
        "StackStatus": stack.status,
        "StackStatusReason": stack.reason,
        "ParentId": stack.parent_id,
        "RootId": stack.root_id,
        "DriftInformation": _NOT_CHECKED,
    }


def shown_parameters(parameters: Iterable[ShownParameter]) -> list[Row]:
    return [{"ParameterKey": p.key, "ParameterValue": p.value, "ResolvedValue": p.resolved} for p in parameters]


def _output(output: Output) -> Row:
    return {
        "OutputKey": output.key,
        "OutputValue": output.value,
        "Description": output.description,
        "ExportName": output.export_name,
    }


def event_row(event: Event) -> Row:
    """StackEvent."""
    return {
        "StackId": event.stack_id,
        "EventId": event.event_id,
        "StackName": event.stack_name,
        "LogicalResourceId": event.logical_id,
        "PhysicalResourceId": event.physical_id,
        "ResourceType": event.type,
        "Timestamp": event.time,
        "ResourceStatus": event.status,
        "ResourceStatusReason": event.reason,
        "ResourceProperties": event.properties,
        "ClientRequestToken": event.token,
    }


def operation_event(event: Event) -> Row:
    """OperationEvent, as DescribeEvents answers it; a failed resource is a PROVISIONING_ERROR."""
    of_stack = event.physical_id == event.stack_id
    kind = "PROVISIONING_ERROR" if event.status.endswith("_FAILED") else "PROGRESS_EVENT"
    row = event_row(event)
    kept = {key: row[key] for key in row if key != "StackName"}
    return {**kept, "EventType": "STACK_EVENT" if of_stack else kind}


def resource_row(stack: Stack, resource: Resource) -> Row:
    """StackResource and StackResourceDetail, which differ in the name of the time."""
    return {
        **resource_summary(resource),
        "StackName": stack.name,
        "StackId": stack.stack_id,
        "Timestamp": resource.time,
        "Metadata": None if resource.metadata is None else json.dumps(resource.metadata),
    }


def resource_summary(resource: Resource) -> Row:
    """StackResourceSummary."""
    return {
        "LogicalResourceId": resource.logical_id,
        "PhysicalResourceId": resource.physical_id or None,
        "ResourceType": resource.type,
        "LastUpdatedTimestamp": resource.time,
        "ResourceStatus": resource.status,
        "ResourceStatusReason": resource.reason,
        "DriftInformation": _RESOURCE_NOT_CHECKED,
    }


def change_set_summary(change_set: ChangeSet) -> Row:
    """ChangeSetSummary, and the head of DescribeChangeSet."""
    return {
        "StackId": change_set.stack_id,
        "StackName": change_set.stack_name,
        "ChangeSetId": change_set.change_set_id,
        "ChangeSetName": change_set.name,
        "ExecutionStatus": change_set.execution_status,
        "Status": change_set.status,
        "StatusReason": change_set.reason,
        "CreationTime": change_set.created,
        "Description": change_set.description,
        "IncludeNestedStacks": change_set.include_nested,
        "ParentChangeSetId": change_set.parent_id,
        "RootChangeSetId": change_set.root_id,
    }


def change_row(change: Change, *, values: bool) -> Row:
    """Change; before and after values only when asked for (IncludePropertyValues)."""
    resource = {
        "PolicyAction": change.policy_action,
        "Action": change.action,
        "LogicalResourceId": change.logical_id,
        "PhysicalResourceId": change.physical_id,
        "ResourceType": change.type,
        "Replacement": change.replacement,
        "Scope": list(change.scope),
        "Details": [_detail(detail, values) for detail in change.details],
        "ChangeSetId": change.change_set_id,
    }
    contexts = _contexts(change) if values and change.action == "Modify" else {}
    return {"Type": "Resource", "ResourceChange": {**resource, **contexts}}


def _contexts(change: Change) -> Row:
    """The resource before and after; only the properties that differ stand in them."""
    own = [detail for detail in change.details if detail.attribute == "Properties" and detail.name]
    before = {detail.name: _value(detail.before) for detail in own if detail.before is not None}
    after = {detail.name: _value(detail.after) for detail in own if detail.after is not None}
    return {
        "BeforeContext": json.dumps({"Properties": before}, sort_keys=True),
        "AfterContext": json.dumps({"Properties": after}, sort_keys=True),
    }


def _value(shown: str) -> Any:
    """A value as it was before it became text."""
    try:
        return json.loads(shown) if shown.startswith(("{", "[")) else shown
    except ValueError:
        return shown


def _detail(detail: ChangeDetail, values: bool) -> Row:
    target = {
        "Attribute": detail.attribute,
        "Name": detail.name,
        "RequiresRecreation": detail.requires_recreation,
        "Path": f"/{detail.attribute}/{detail.name}" if values and detail.name else None,
        "BeforeValue": detail.before if values else None,
        "AfterValue": detail.after if values else None,
    }
    return {
        "Target": target,
        "Evaluation": detail.evaluation,
        "ChangeSource": detail.source,
        "CausingEntity": detail.causing_entity,
    }
