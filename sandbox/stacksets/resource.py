"""AWS::CloudFormation::StackSet as a template's resource: driven through the StackSets API, waited for to its end."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from sandbox.api.errors import AwsError
from sandbox.cfn.errors import CfnError, ResourceError
from sandbox.cfn.model import Scope
from sandbox.stacksets.model import Operation, StackSet
from sandbox.stacksets.service import StackSets

# Calls one operation of the API as an account: (account, Region, operation, parameters).
Api = Callable[[str, str, str, Mapping[str, Any]], Mapping[str, Any]]
Wanted = dict[tuple[str, str], dict[str, str]]

_SET_PROPERTIES = (
    *("Description", "TemplateBody", "TemplateURL", "Parameters", "Capabilities"),
    *("AdministrationRoleARN", "ExecutionRoleName", "ManagedExecution", "PermissionModel"),
)


@dataclass(frozen=True)
class StackSetResource:
    """`service` is read, `api` is called, as a client would."""

    service: StackSets
    api: Api

    def apply(
        self,
        action: Literal["create", "update", "delete"],
        scope: Scope,
        physical_id: str | None,
        properties: Mapping[str, Any],
    ) -> str:
        """The physical id `<name>:<uuid>`; ResourceError with the first failing account's reason."""
        try:
            match action:
                case "create":
                    return self._create(scope, properties)
                case "update":
                    return self._update(scope, str(physical_id), properties)
                case "delete":
                    return self._delete(scope, str(physical_id))
        except (AwsError, CfnError) as error:
            raise ResourceError(
                f'Resource handler returned message: "{error.message} (Service: CloudFormation, '
                f'Status Code: {error.status})" (HandlerErrorCode: InvalidRequest)',
                error.code,
            ) from None

    def _create(self, scope: Scope, properties: Mapping[str, Any]) -> str:
        params = {key: properties[key] for key in _SET_PROPERTIES if key in properties}
        name = properties["StackSetName"]
        made = self._call(scope, "CreateStackSet", {"StackSetName": name, **params, **_tags(scope, properties)})
        set_id = str(made["StackSetId"])
        try:
            for pair_group in _groups(_wanted(properties)):
                self._instances(scope, "CreateStackInstances", set_id, properties, pair_group)
        except (ResourceError, AwsError, CfnError):
            self._delete(scope, set_id)
            raise
        return set_id

    def _update(self, scope: Scope, set_id: str, properties: Mapping[str, Any]) -> str:
        wanted, stack_set = _wanted(properties), self._find(scope, set_id)
        gone: Wanted = {target: {} for target in stack_set.instances if target not in wanted}
        for group in _groups(gone):
            self._instances(scope, "DeleteStackInstances", set_id, properties, group)
        params = {key: properties[key] for key in _SET_PROPERTIES if key in properties}
        preferences = (
            {"OperationPreferences": properties["OperationPreferences"]} if "OperationPreferences" in properties else {}
        )
        self._run(
            scope, "UpdateStackSet", {"StackSetName": set_id, **params, **_tags(scope, properties), **preferences}
        )
        known = {target: instance.overrides for target, instance in stack_set.instances.items()}
        for group in _groups({t: o for t, o in wanted.items() if t not in known}):
            self._instances(scope, "CreateStackInstances", set_id, properties, group)
        for group in _groups({t: o for t, o in wanted.items() if t in known and known[t] != o}):
            self._instances(scope, "UpdateStackInstances", set_id, properties, group)
        return set_id

    def _delete(self, scope: Scope, set_id: str) -> str:
        try:
            stack_set = self._find(scope, set_id)
        except AwsError:
            return set_id
        for group in _groups({target: {} for target in stack_set.instances}):
            parallel = {
                "OperationPreferences": {"MaxConcurrentPercentage": 100, "ConcurrencyMode": "SOFT_FAILURE_TOLERANCE"}
            }
            self._instances(scope, "DeleteStackInstances", set_id, parallel, group)
        self._call(scope, "DeleteStackSet", {"StackSetName": set_id})
        return set_id

    def _instances(
        self, scope: Scope, operation: str, set_id: str, properties: Mapping[str, Any], group: _Group
    ) -> None:
        params: dict[str, Any] = {"StackSetName": set_id, "Accounts": group.accounts, "Regions": group.regions}
        if "OperationPreferences" in properties:
            params["OperationPreferences"] = properties["OperationPreferences"]
        if operation == "DeleteStackInstances":
            params["RetainStacks"] = False
        elif group.overrides or operation == "UpdateStackInstances":
            params["ParameterOverrides"] = [
                {"ParameterKey": key, "ParameterValue": value} for key, value in group.overrides.items()
            ]
        self._run(scope, operation, params)

    def _run(self, scope: Scope, operation: str, params: Mapping[str, Any]) -> None:
        submitted = self._submit(scope, operation, {**params, "OperationId": str(uuid.uuid4())})
        submitted.done.wait()
        failed = next((r for r in submitted.results.values() if r.status == "FAILED"), None)
        if submitted.status != "SUCCEEDED":
            detail = (
                f"Account {failed.account}, Region {failed.region}: {failed.reason}" if failed else submitted.reason
            )
            raise ResourceError(f"StackSet operation {submitted.operation_id} {submitted.status}: {detail}")

    def _submit(self, scope: Scope, operation: str, params: Mapping[str, Any]) -> Operation:
        """Waits for the set's other operations, as the resource handler retries OperationInProgressException."""
        stack_set = self._find(scope, params["StackSetName"])
        while True:
            try:
                answer = self._call(scope, operation, params)
            except AwsError as error:
                active = stack_set.active()
                if error.code != "OperationInProgressException":
                    raise
                for other in active:
                    other.done.wait()
            else:
                return self.service.operation(stack_set, str(answer["OperationId"]))

    def _find(self, scope: Scope, set_id: str) -> StackSet:
        return self.service.find(scope.account, scope.region, set_id)

    def _call(self, scope: Scope, operation: str, params: Mapping[str, Any]) -> Mapping[str, Any]:
        return self.api(scope.account, scope.region, operation, params)


@dataclass(frozen=True)
class _Group:
    accounts: list[str]
    regions: list[str]
    overrides: dict[str, str]


def _wanted(properties: Mapping[str, Any]) -> Wanted:
    """The overrides of each (account, Region) in StackInstancesGroup."""
    wanted: Wanted = {}
    for group in properties.get("StackInstancesGroup", ()):
        overrides = {row["ParameterKey"]: row["ParameterValue"] for row in group.get("ParameterOverrides", ())}
        for region in group["Regions"]:
            for account in group["DeploymentTargets"].get("Accounts", ()):
                wanted[(str(account), region)] = overrides
    return wanted


def _groups(wanted: Wanted) -> list[_Group]:
    """As few calls as possible: targets of the same Region and overrides together."""
    groups: dict[tuple[str, tuple[tuple[str, str], ...]], list[str]] = {}
    for (account, region), overrides in wanted.items():
        groups.setdefault((region, tuple(sorted(overrides.items()))), []).append(account)
    return [_Group(accounts, [region], dict(overrides)) for (region, overrides), accounts in groups.items()]


def _tags(scope: Scope, properties: Mapping[str, Any]) -> dict[str, Any]:
    own = {row["Key"]: row["Value"] for row in properties.get("Tags", ())}
    merged = {**scope.tags, **own}
    return {"Tags": [{"Key": key, "Value": value} for key, value in merged.items()]} if merged else {}
