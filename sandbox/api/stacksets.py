"""Operations on stack sets and their instances: parameters read and checked, then handed to the service."""

from __future__ import annotations

import dataclasses
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.api.errors import AwsError, validation_error
from sandbox.api.request import Call
from sandbox.api.requests import parameters, tags, template_source
from sandbox.api.stacks import Answer, Handler, Params
from sandbox.api.targets import existing, product
from sandbox.stacksets.model import (
    DEFAULT_ADMINISTRATION_ROLE,
    DEFAULT_EXECUTION_ROLE,
    Action,
    Definition,
    Operation,
    StackSet,
    Target,
)
from sandbox.stacksets.preferences import read_preferences
from sandbox.stacksets.service import StackSets, known_instances, refuse_overlap

_NAME = re.compile(r"[a-zA-Z][-a-zA-Z0-9]{0,127}")


@dataclass(frozen=True)
class StackSetOperations:
    """The part of the query API that changes stack sets; `read_template` fetches a TemplateURL for an account."""

    service: StackSets

    def table(self) -> dict[str, Handler]:
        return {
            "CreateStackInstances": self.create_instances,
            "CreateStackSet": self.create,
            "DeleteStackInstances": self.delete_instances,
            "DeleteStackSet": self.delete,
            "DetectStackSetDrift": self.detect_drift,
            "StopStackSetOperation": self.stop,
            "UpdateStackInstances": self.update_instances,
            "UpdateStackSet": self.update,
        }

    def create(self, call: Call, params: Params) -> Answer:
        _self_managed(params)
        name = params["StackSetName"]
        if not _NAME.fullmatch(name):
            raise validation_error(
                f"1 validation error detected: Value '{name}' at 'stackSetName' failed to satisfy constraint: "
                "Member must satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*"
            )
        given, previous = parameters(params)
        if previous:
            raise validation_error("UsePreviousValue cannot be set when a stack set is created")
        definition = Definition(
            template_body=self._template(call, params, previous_allowed=False),
            parameters=given,
            capabilities=frozenset(params.get("Capabilities", ())),
            tags=tags(params),
            description=params.get("Description"),
            administration_role_arn=params.get("AdministrationRoleARN"),
            execution_role_name=params.get("ExecutionRoleName", DEFAULT_EXECUTION_ROLE),
        )
        self.service.check_definition(name, call.account, call.region, definition)
        managed = bool((params.get("ManagedExecution") or {}).get("Active"))
        made = self.service.create(
            call.account,
            call.region,
            name,
            definition,
            managed_execution=managed,
            token=params.get("ClientRequestToken"),
        )
        return {"StackSetId": made.id}

    def update(self, call: Call, params: Params) -> Answer:
        _self_managed(params)
        stack_set = self._find(call, params)
        definition = self._changed(call, params, stack_set)
        self.service.check_definition(stack_set.name, call.account, call.region, definition)
        if "ManagedExecution" in params:
            _set_managed_execution(stack_set, bool(params["ManagedExecution"].get("Active")))
        targets = existing(stack_set, product(params, optional=True))
        return self._submit(stack_set, params, "UPDATE", targets, definition=definition, exclusive=True)

    def _changed(self, call: Call, params: Params, stack_set: StackSet) -> Definition:
        old = stack_set.definition
        if old.administration_role_arn and not params.get("AdministrationRoleARN"):
            raise validation_error(
                "You must specify an administration role ARN, since the stack set was created with a customized one"
            )
        given, previous = parameters(params)
        missing = sorted(previous - set(old.parameters))
        if missing:
            raise validation_error(
                f"Invalid input for parameter key {missing[0]}. Cannot specify usePreviousValue as true "
                "for a parameter key not in the previous template"
            )
        if params.get("UsePreviousTemplate"):
            template_source(params, previous_allowed=True)
            body = old.template_body
        else:
            body = self._template(call, params, previous_allowed=True)
        return dataclasses.replace(
            old,
            template_body=body,
            parameters={**given, **{name: old.parameters[name] for name in previous}},
            capabilities=frozenset(params.get("Capabilities", ())),
            tags=tags(params) if "Tags" in params else old.tags,
            description=params.get("Description", old.description),
            administration_role_arn=params.get("AdministrationRoleARN"),
            execution_role_name=params.get("ExecutionRoleName", old.execution_role_name),
        )

    def delete(self, call: Call, params: Params) -> Answer:
        try:
            stack_set = self._find(call, params)
        except AwsError:
            return {}
        self.service.delete(stack_set)
        return {}

    def create_instances(self, call: Call, params: Params) -> Answer:
        stack_set = self._find(call, params)
        given, previous = self._overrides(call, params, stack_set)
        if previous:
            raise validation_error("UsePreviousValue cannot be set for the overrides of new stack instances")
        overrides = given if "ParameterOverrides" in params else None
        return self._submit(stack_set, params, "CREATE", product(params), overrides=overrides)

    def update_instances(self, call: Call, params: Params) -> Answer:
        stack_set = self._find(call, params)
        targets = product(params)
        known_instances(stack_set, targets)
        given, previous = self._overrides(call, params, stack_set)
        overrides = given if "ParameterOverrides" in params else None
        return self._submit(stack_set, params, "UPDATE", targets, overrides=overrides, kept_overrides=previous)

    def delete_instances(self, call: Call, params: Params) -> Answer:
        stack_set = self._find(call, params)
        targets = tuple(target for target in product(params) if target in stack_set.instances)
        return self._submit(stack_set, params, "DELETE", targets, retain=bool(params["RetainStacks"]))

    def detect_drift(self, call: Call, params: Params) -> Answer:
        stack_set = self._find(call, params)
        return self._submit(stack_set, params, "DETECT_DRIFT", tuple(stack_set.instances))

    def stop(self, call: Call, params: Params) -> Answer:
        self.service.stop(self._find(call, params), params["OperationId"])
        return {}

    def _find(self, call: Call, params: Params) -> StackSet:
        _self_called(params)
        return self.service.find(call.account, call.region, params["StackSetName"])

    def _template(self, call: Call, params: Params, *, previous_allowed: bool) -> str:
        body, url = template_source(params, previous_allowed=previous_allowed)
        return self.service.engine.hooks.read_template(url, call.account, call.region) if url else str(body)

    def _overrides(self, call: Call, params: Params, stack_set: StackSet) -> tuple[Mapping[str, str], frozenset[str]]:
        given, previous = parameters(params, "ParameterOverrides")
        if given:
            merged = dataclasses.replace(stack_set.definition, parameters={**stack_set.definition.parameters, **given})
            self.service.check_definition(stack_set.name, call.account, call.region, merged)
        return given, previous

    def _submit(
        self, stack_set: StackSet, params: Params, action: Action, targets: tuple[Target, ...], **more: Any
    ) -> Answer:
        definition: Definition = more.get("definition") or stack_set.definition
        administration = definition.administration_role_arn or (
            f"arn:aws:iam::{stack_set.account}:role/{DEFAULT_ADMINISTRATION_ROLE}"
        )
        operation = Operation(
            operation_id=params.get("OperationId") or str(uuid.uuid4()),
            action=action,
            targets=targets,
            preferences=read_preferences(params.get("OperationPreferences")),
            created=self.service.now(),
            administration_role_arn=administration,
            execution_role_name=definition.execution_role_name,
            **more,
        )
        self.service.submit(stack_set, operation)
        return {"OperationId": operation.operation_id}


def _self_called(params: Params) -> None:
    if params.get("CallAs") == "DELEGATED_ADMIN":
        raise validation_error("Stack sets with SELF_MANAGED permissions cannot be used with CallAs DELEGATED_ADMIN")


def _self_managed(params: Params) -> None:
    _self_called(params)
    if params.get("PermissionModel", "SELF_MANAGED") != "SELF_MANAGED":
        raise AwsError("NotImplemented", "the sandbox implements stack sets with SELF_MANAGED permissions only", 501)
    if "AutoDeployment" in params:
        raise validation_error("AutoDeployment is not supported by stack sets with SELF_MANAGED permissions")


def _set_managed_execution(stack_set: StackSet, active: bool) -> None:
    with stack_set.lock:
        if active != stack_set.managed_execution:
            refuse_overlap(stack_set)
        stack_set.managed_execution = active
