"""The StackSets API over boto3: what `service.StackSets` asks for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from stacksets.actions import operation_digest
from stacksets.client import Cloud, Refused, pages, translated
from stacksets.service import Busy, OperationExists, Result
from stacksets.spec import Definition, Preferences
from stacksets.state import Instance, Operation, SetState, body_digests

PAGE = 100
GONE = frozenset({"StackSetNotFoundException", "StackSetNotFound"})
BUSY = frozenset({"OperationInProgressException", "StaleRequestException"})
TAKEN = frozenset({"OperationIdAlreadyExistsException"})
NEW = frozenset({"TemplateURL", "Parameters", "ManagedExecution"})
HINTS = {
    "NameAlreadyExistsException": "it was made since the plan: plan again",
    "StackSetNotEmptyException": "it still holds instances: run the same command again",
    "StackSetNotFoundException": "it was deleted since the plan: plan again",
}


class StackSetsApi:
    """SELF_MANAGED stack sets of one account and Region; throttles are retried below, by botocore."""

    def __init__(self, cloud: Cloud) -> None:
        self._api = cloud.client("cloudformation")

    def describe(self, name: str) -> SetState | None:
        with _absent(name, GONE) as answer:
            answer.update(self._api.describe_stack_set(StackSetName=name))
        return _set_state(answer["StackSet"]) if answer else None

    def instances(self, name: str) -> tuple[Instance, ...]:
        with translated(name):
            found = pages(self._api.list_stack_instances, "Summaries", StackSetName=name, MaxResults=PAGE)
            return tuple(_instance(entry) for entry in found)

    def instance(self, name: str, account: str, region: str) -> Instance | None:
        found = self._describe_instance(name, account, region)
        return _instance(found) if found else None

    def overrides(self, name: str, account: str, region: str) -> dict[str, str]:
        found = self._describe_instance(name, account, region)
        return {o["ParameterKey"]: o["ParameterValue"] for o in found.get("ParameterOverrides", ())}

    def _describe_instance(self, name: str, account: str, region: str) -> dict[str, Any]:
        place = {"StackInstanceAccount": account, "StackInstanceRegion": region}
        with _absent(name, GONE | {"StackInstanceNotFoundException"}) as answer:
            answer.update(self._api.describe_stack_instance(StackSetName=name, **place))
        return dict(answer.get("StackInstance", {}))

    def operation(self, name: str, operation: str) -> Operation | None:
        with _absent(name, GONE | {"OperationNotFoundException"}) as answer:
            answer.update(self._api.describe_stack_set_operation(StackSetName=name, OperationId=operation))
        return _operation(answer["StackSetOperation"]) if answer else None

    def operations(self, name: str, limit: int = PAGE) -> tuple[Operation, ...]:
        call, size = self._api.list_stack_set_operations, min(limit, PAGE)
        with translated(name):
            found = pages(call, "Summaries", limit, StackSetName=name, MaxResults=size)
            return tuple(_operation(entry) for entry in found)

    def failures(self, name: str, operation: str) -> tuple[Result, ...]:
        only = [{"Name": "OPERATION_RESULT_STATUS", "Values": "FAILED"}]
        call = self._api.list_stack_set_operation_results
        with translated(name):
            found = pages(call, "Summaries", StackSetName=name, OperationId=operation, MaxResults=PAGE, Filters=only)
            return tuple(sorted((_result(entry) for entry in found), key=lambda r: (r.account, r.region)))

    def create_set(self, definition: Definition) -> None:
        token = f"mlz-{operation_digest('create set', definition)}"
        with translated(definition.name, HINTS):
            self._api.create_stack_set(**_definition(definition), ClientRequestToken=token)

    def update_set(
        self,
        definition: Definition,
        preferences: Preferences,
        operation: str,
        accounts: tuple[str, ...] = (),
        regions: tuple[str, ...] = (),
    ) -> None:
        some = _cells(definition.name, accounts, regions) if accounts and regions else {}
        with _operating(definition.name):
            self._api.update_stack_set(**{**_definition(definition), **some}, **_operate(preferences, operation))

    def retry_instances(
        self,
        definition: Definition,
        accounts: tuple[str, ...],
        regions: tuple[str, ...],
        preferences: Preferences,
        operation: str,
    ) -> None:
        """A request that brings a template or new values marks every instance of the set OUTDATED: this brings none."""
        same = [{"ParameterKey": key, "UsePreviousValue": True} for key in sorted(definition.parameters)]
        carried = {key: value for key, value in _definition(definition).items() if key not in NEW}
        with _operating(definition.name):
            self._api.update_stack_set(
                **{**carried, **_cells(definition.name, accounts, regions)},
                UsePreviousTemplate=True,
                Parameters=same,
                **_operate(preferences, operation),
            )

    def create_instances(
        self,
        name: str,
        accounts: tuple[str, ...],
        regions: tuple[str, ...],
        overrides: Mapping[str, str],
        preferences: Preferences,
        operation: str,
    ) -> None:
        given = {"ParameterOverrides": _parameters(overrides)} if overrides else {}
        with _operating(name):
            self._api.create_stack_instances(
                **_cells(name, accounts, regions), **given, **_operate(preferences, operation)
            )

    def update_instances(
        self,
        name: str,
        accounts: tuple[str, ...],
        regions: tuple[str, ...],
        overrides: Mapping[str, str],
        preferences: Preferences,
        operation: str,
    ) -> None:
        given = {"ParameterOverrides": _parameters(overrides)}
        with _operating(name):
            self._api.update_stack_instances(
                **_cells(name, accounts, regions), **given, **_operate(preferences, operation)
            )

    def delete_instances(
        self,
        name: str,
        accounts: tuple[str, ...],
        regions: tuple[str, ...],
        retain: bool,
        preferences: Preferences,
        operation: str,
    ) -> None:
        cells, how = _cells(name, accounts, regions), _operate(preferences, operation)
        with _operating(name):
            self._api.delete_stack_instances(**cells, RetainStacks=retain, **how)

    def delete_set(self, name: str) -> None:
        with _operating(name), _absent(name, GONE):
            self._api.delete_stack_set(StackSetName=name)


@contextmanager
def _absent(name: str, codes: frozenset[str]) -> Iterator[dict[str, Any]]:
    """Yields a dict to fill; it stays empty when the service says with one of `codes` that there is no such thing."""
    answer: dict[str, Any] = {}
    try:
        with translated(name, HINTS):
            yield answer
    except Refused as problem:
        if problem.code not in codes:
            raise


@contextmanager
def _operating(name: str) -> Iterator[None]:
    try:
        with translated(name, HINTS):
            yield
    except Refused as problem:
        if problem.code in BUSY:
            raise Busy(problem.message) from problem
        if problem.code in TAKEN:
            raise OperationExists(problem.message) from problem
        raise


def _definition(definition: Definition) -> dict[str, object]:
    roles = {
        "AdministrationRoleARN": definition.administration_role_arn,
        "ExecutionRoleName": definition.execution_role_name,
        "Description": definition.description,
    }
    return {
        "StackSetName": definition.name,
        "TemplateURL": definition.template_url,
        "Parameters": _parameters(definition.parameters),
        "Tags": [{"Key": key, "Value": value} for key, value in sorted(definition.tags.items())],
        "Capabilities": list(definition.capabilities),
        "PermissionModel": "SELF_MANAGED",
        "ManagedExecution": {"Active": True},
        **{key: value for key, value in roles.items() if value},
    }


def _parameters(values: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"ParameterKey": key, "ParameterValue": value} for key, value in sorted(values.items())]


def _cells(name: str, accounts: tuple[str, ...], regions: tuple[str, ...]) -> dict[str, object]:
    return {"StackSetName": name, "Accounts": list(accounts), "Regions": list(regions)}


def _operate(preferences: Preferences, operation: str) -> dict[str, object]:
    return {"OperationId": operation, "OperationPreferences": _preferences(preferences)}


def _preferences(preferences: Preferences) -> dict[str, object]:
    """Counts and percentages exclude each other in the API."""
    wanted: dict[str, object] = {
        "RegionConcurrencyType": "PARALLEL" if preferences.regions_parallel else "SEQUENTIAL",
        "ConcurrencyMode": "SOFT_FAILURE_TOLERANCE" if preferences.is_soft else "STRICT_FAILURE_TOLERANCE",
    }
    if preferences.max_concurrent_count:
        wanted["MaxConcurrentCount"] = preferences.max_concurrent_count
    else:
        wanted["MaxConcurrentPercentage"] = preferences.max_concurrent_percent
    if preferences.failure_tolerance_percent and not preferences.failure_tolerance_count:
        wanted["FailureTolerancePercentage"] = preferences.failure_tolerance_percent
    else:
        wanted["FailureToleranceCount"] = preferences.failure_tolerance_count
    return wanted


def _set_state(found: Mapping[str, Any]) -> SetState:
    return SetState(
        name=found["StackSetName"],
        template=body_digests(found.get("TemplateBody", "")),
        parameters={p["ParameterKey"]: p.get("ParameterValue", "") for p in found.get("Parameters", ())},
        tags={tag["Key"]: tag["Value"] for tag in found.get("Tags", ())},
        administration_role_arn=found.get("AdministrationRoleARN", ""),
        execution_role_name=found.get("ExecutionRoleName", ""),
        is_managed_execution=found.get("ManagedExecution", {}).get("Active", False),
    )


def _instance(entry: Mapping[str, Any]) -> Instance:
    return Instance(
        account=entry["Account"],
        region=entry["Region"],
        status=entry["Status"],
        detailed=entry.get("StackInstanceStatus", {}).get("DetailedStatus", ""),
        reason=entry.get("StatusReason", ""),
        stack_id=entry.get("StackId", ""),
        last_operation=entry.get("LastOperationId", ""),
    )


def _operation(entry: Mapping[str, Any]) -> Operation:
    failed = entry.get("StatusDetails", {}).get("FailedStackInstancesCount", -1)
    return Operation(entry["OperationId"], entry["Action"], entry["Status"], entry.get("StatusReason", ""), failed)


def _result(entry: Mapping[str, Any]) -> Result:
    gate = entry.get("AccountGateResult", {})
    gated = f"account gate: {gate.get('StatusReason', 'FAILED')}" if gate.get("Status") == "FAILED" else ""
    return Result(entry["Account"], entry["Region"], entry["Status"], gated or entry.get("StatusReason", ""))
