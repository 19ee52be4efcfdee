"""Reading stack sets: descriptions and listings with their filters, and organizations access."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.api.errors import validation_error
from sandbox.api.paging import page
from sandbox.api.request import Call
from sandbox.api.requests import parameter_rows, tag_rows
from sandbox.api.stacks import Answer, Handler, Params
from sandbox.organizations import management_of
from sandbox.stacksets.model import DriftedResource, Instance, Operation, StackSet
from sandbox.stacksets.preferences import shown
from sandbox.stacksets.service import StackSets, known_instances


@dataclass(frozen=True)
class StackSetViews:
    """The part of the query API that reads stack sets; `trusted` are management accounts with organizations access."""

    service: StackSets
    trusted: set[str] = field(default_factory=set)

    def table(self) -> dict[str, Handler]:
        return {
            "ActivateOrganizationsAccess": self.activate_organizations_access,
            "DeactivateOrganizationsAccess": self.deactivate_organizations_access,
            "DescribeOrganizationsAccess": self.describe_organizations_access,
            "DescribeStackInstance": self.describe_instance,
            "DescribeStackSet": self.describe,
            "DescribeStackSetOperation": self.describe_operation,
            "ListStackInstanceResourceDrifts": self.list_resource_drifts,
            "ListStackInstances": self.list_instances,
            "ListStackSetOperationResults": self.list_results,
            "ListStackSetOperations": self.list_operations,
            "ListStackSets": self.list_sets,
        }

    def describe(self, call: Call, params: Params) -> Answer:
        return {"StackSet": _set_row(self._find(call, params))}

    def list_sets(self, call: Call, params: Params) -> Answer:
        wanted = params.get("Status")
        sets = [s for s in self.service.all(call.account, call.region) if wanted in (None, s.status)]
        return page([_set_summary(stack_set) for stack_set in sets], "Summaries", params)

    def describe_instance(self, call: Call, params: Params) -> Answer:
        stack_set = self._find(call, params)
        target = (params["StackInstanceAccount"], params["StackInstanceRegion"])
        known_instances(stack_set, [target])
        instance = stack_set.instances[target]
        row = {**_instance_row(stack_set, instance), "ParameterOverrides": parameter_rows(instance.overrides)}
        return {"StackInstance": row}

    def list_instances(self, call: Call, params: Params) -> Answer:
        stack_set = self._find(call, params)
        found = [i for i in list(stack_set.instances.values()) if _is_wanted(i, params)]
        return page([_instance_row(stack_set, instance) for instance in found], "Summaries", params)

    def list_resource_drifts(self, call: Call, params: Params) -> Answer:
        stack_set = self._find(call, params)
        target = (params["StackInstanceAccount"], params["StackInstanceRegion"])
        known_instances(stack_set, [target])
        wanted = params.get("StackInstanceResourceDriftStatuses") or ["MODIFIED"]
        instance = stack_set.instances[target]
        rows = [_drift_row(instance, one) for one in instance.drifted if "MODIFIED" in wanted]
        return page(rows, "Summaries", params)

    def describe_operation(self, call: Call, params: Params) -> Answer:
        stack_set = self._find(call, params)
        operation = self.service.operation(stack_set, params["OperationId"])
        return {"StackSetOperation": _operation_row(stack_set, operation)}

    def list_operations(self, call: Call, params: Params) -> Answer:
        stack_set = self._find(call, params)
        newest_first = reversed(list(stack_set.operations.values()))
        kept = ("OperationId", "Action", "Status", "CreationTimestamp", "EndTimestamp", "StatusReason", "StatusDetails")
        rows = [_operation_row(stack_set, operation) for operation in newest_first]
        return page([{key: row[key] for key in kept} for row in rows], "Summaries", params)

    def list_results(self, call: Call, params: Params) -> Answer:
        operation = self.service.operation(self._find(call, params), params["OperationId"])
        wanted = _filters(params).get("OPERATION_RESULT_STATUS")
        found = [
            {"Account": r.account, "Region": r.region, "Status": r.status, "StatusReason": r.reason}
            for r in list(operation.results.values())
            if wanted in (None, r.status)
        ]
        return page(found, "Summaries", params)

    def activate_organizations_access(self, call: Call, _params: Params) -> Answer:
        self.trusted.add(_management(call))
        return {}

    def deactivate_organizations_access(self, call: Call, _params: Params) -> Answer:
        self.trusted.discard(_management(call))
        return {}

    def describe_organizations_access(self, call: Call, _params: Params) -> Answer:
        management = management_of(call.account)
        return {"Status": "ENABLED" if management in self.trusted else "DISABLED"}

    def _find(self, call: Call, params: Params) -> StackSet:
        if params.get("CallAs") == "DELEGATED_ADMIN":
            raise validation_error(
                "Stack sets with SELF_MANAGED permissions cannot be used with CallAs DELEGATED_ADMIN"
            )
        return self.service.find(call.account, call.region, params["StackSetName"])


def _management(call: Call) -> str:
    if management_of(call.account) != call.account:
        raise validation_error("You must be the management account or delegated admin account of an organization")
    return call.account


def _filters(params: Params) -> Mapping[str, str]:
    """Filters as a mapping; their values come as one string each."""
    return {row["Name"]: row["Values"] for row in params.get("Filters", ())}


def _is_wanted(instance: Instance, params: Params) -> bool:
    wanted = _filters(params)
    return (
        params.get("StackInstanceAccount") in (None, instance.account)
        and params.get("StackInstanceRegion") in (None, instance.region)
        and wanted.get("DETAILED_STATUS") in (None, instance.detailed)
        and wanted.get("LAST_OPERATION_ID") in (None, instance.last_operation_id)
        and wanted.get("DRIFT_STATUS") in (None, instance.drift)
    )


def _set_summary(stack_set: StackSet) -> dict[str, Any]:
    return {
        "StackSetName": stack_set.name,
        "StackSetId": stack_set.id,
        "Description": stack_set.definition.description,
        "Status": stack_set.status,
        "PermissionModel": "SELF_MANAGED",
        "DriftStatus": _drift_status(stack_set),
        "LastDriftCheckTimestamp": stack_set.drift_checked,
        "ManagedExecution": {"Active": stack_set.managed_execution},
    }


def _drift_status(stack_set: StackSet) -> str:
    if stack_set.drift_checked is None:
        return "NOT_CHECKED"
    return "DRIFTED" if any(one.drift == "DRIFTED" for one in list(stack_set.instances.values())) else "IN_SYNC"


def _set_row(stack_set: StackSet) -> dict[str, Any]:
    definition = stack_set.definition
    summary = _set_summary(stack_set)
    drift = {"DriftStatus": summary.pop("DriftStatus"), "LastDriftCheckTimestamp": stack_set.drift_checked}
    return {
        **summary,
        "TemplateBody": definition.template_body,
        "Parameters": parameter_rows(definition.parameters),
        "Capabilities": sorted(definition.capabilities),
        "Tags": tag_rows(definition.tags),
        "StackSetARN": stack_set.arn,
        "AdministrationRoleARN": definition.administration_role_arn,
        "ExecutionRoleName": definition.execution_role_name,
        "StackSetDriftDetectionDetails": {**drift, "TotalStackInstancesCount": len(stack_set.instances)},
        "Regions": stack_set.regions,
    }


def _instance_row(stack_set: StackSet, instance: Instance) -> dict[str, Any]:
    return {
        "StackSetId": stack_set.id,
        "Region": instance.region,
        "Account": instance.account,
        "StackId": instance.stack_id,
        "Status": instance.status,
        "StatusReason": instance.reason,
        "StackInstanceStatus": {"DetailedStatus": instance.detailed},
        "DriftStatus": instance.drift,
        "LastDriftCheckTimestamp": instance.drift_checked,
        "LastOperationId": instance.last_operation_id,
    }


def _drift_row(instance: Instance, found: DriftedResource) -> dict[str, Any]:
    return {
        "StackId": instance.stack_id,
        "LogicalResourceId": found.logical_id,
        "PhysicalResourceId": found.physical_id,
        "ResourceType": found.type,
        "PropertyDifferences": [
            {
                "PropertyPath": found.property_path,
                "ExpectedValue": "of the template",
                "ActualValue": "of somebody",
                "DifferenceType": "NOT_EQUAL",
            }
        ],
        "StackResourceDriftStatus": "MODIFIED",
        "Timestamp": instance.drift_checked,
    }


def _operation_row(stack_set: StackSet, operation: Operation) -> dict[str, Any]:
    return {
        "OperationId": operation.operation_id,
        "StackSetId": stack_set.id,
        "Action": operation.action,
        "Status": operation.status,
        "OperationPreferences": shown(operation.preferences),
        "RetainStacks": operation.retain if operation.action == "DELETE" else None,
        "AdministrationRoleARN": operation.administration_role_arn,
        "ExecutionRoleName": operation.execution_role_name,
        "CreationTimestamp": operation.created,
        "EndTimestamp": operation.ended,
        "StatusReason": operation.reason,
        "StatusDetails": {"FailedStackInstancesCount": operation.failed_count},
    }
