"""The actions CloudFormationStackSet and CloudFormationStackInstances, on the sandbox's own StackSets.

Source: CodePipeline User Guide, "CloudFormation StackSets deploy action reference". An update that adds instances
deploys the new ones first, with what the set had, and then updates those that are named, or all where none is. Accounts
that are not named any more are left alone, and OUTDATED.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from typing import Any

from botocore.exceptions import ClientError

from sandbox.pipelines.context import Context
from sandbox.pipelines.model import ActionFailed, Outcome, not_emulated

_MISSING = "StackSetNotFoundException"
_PREFERENCES = {
    "FailureTolerancePercentage": int,
    "FailureToleranceCount": int,
    "MaxConcurrentPercentage": int,
    "MaxConcurrentCount": int,
    "ConcurrencyMode": str,
    "RegionConcurrencyType": str,
}


def deploy_set(context: Context) -> Outcome:
    """Make or update the set and its instances; the operations' results are those of the action."""
    if context.configuration.get("PermissionModel", "SELF_MANAGED") != "SELF_MANAGED":
        raise not_emulated("CloudFormationStackSet with PermissionModel SERVICE_MANAGED")
    name, targets = context.required("StackSetName"), _targets(context)
    client, definition = context.client("cloudformation"), _definition(context)
    known = _instances(client, name)
    if known is None:
        set_id = client.create_stack_set(StackSetName=name, **definition)["StackSetId"]
        operation = _add(context, client, targets) if targets else ""
        return _outcome(set_id, name, operation)
    added = [target for target in targets if target not in known]
    if added:
        _add(context, client, added)
    named = {
        "Accounts": _unique(account for account, _ in targets),
        "Regions": _unique(region for _, region in targets),
    }
    only = named if targets else {}
    started = client.update_stack_set(StackSetName=name, **definition, **only, **_preferences(context))
    _wait(context, client, name, started["OperationId"])
    set_id = client.describe_stack_set(StackSetName=name)["StackSet"]["StackSetId"]
    return _outcome(set_id, name, started["OperationId"])


def deploy_instances(context: Context) -> Outcome:
    """Make the instances that are missing, and update those that are there."""
    name, client, targets = context.required("StackSetName"), context.client("cloudformation"), _targets(context)
    known = _instances(client, name)
    if known is None:
        raise ActionFailed(f"StackSet {name} not found", _MISSING)
    operation = ""
    for group, call in (
        ([target for target in targets if target not in known], client.create_stack_instances),
        ([target for target in targets if target in known], client.update_stack_instances),
    ):
        if group:
            operation = _on_instances(context, client, call, group)
    return _outcome(client.describe_stack_set(StackSetName=name)["StackSet"]["StackSetId"], name, operation)


def _definition(context: Context) -> dict[str, Any]:
    given = context.configuration
    definition: dict[str, Any] = {
        "TemplateBody": context.file(context.required("TemplatePath")),
        "Parameters": _parameters(context, "Parameters"),
        "Capabilities": [item.strip() for item in given.get("Capabilities", "").split(",") if item.strip()],
        "PermissionModel": "SELF_MANAGED",
    }
    for key, name in (
        ("Description", "Description"),
        ("AdministrationRoleArn", "AdministrationRoleARN"),
        ("ExecutionRoleName", "ExecutionRoleName"),
    ):
        if given.get(key):
            definition[name] = given[key]
    return definition


def _parameters(context: Context, name: str) -> list[dict[str, Any]]:
    """From a JSON file of an artifact, or as `ParameterKey=…,ParameterValue=… ParameterKey=…`."""
    text = context.configuration.get(name, "")
    if "::" in text:
        return [dict(row) for row in _json(context, name, text)]
    rows = [dict(pair.partition("=")[::2] for pair in item.split(",")) for item in text.split()]
    return [row for row in rows if row]


def _targets(context: Context) -> list[tuple[str, str]]:
    """(account, Region) of DeploymentTargets and Regions; both may be missing for a set without instances."""
    text = context.configuration.get("DeploymentTargets", "")
    accounts: Any = _json(context, "DeploymentTargets", text) if "::" in text else _listed(text)
    if isinstance(accounts, dict):
        if set(accounts) != {"Accounts"}:
            raise not_emulated(f"DeploymentTargets with {', '.join(accounts)}: self-managed sets take accounts")
        accounts = accounts["Accounts"]
    regions = _listed(context.configuration.get("Regions", ""))
    if bool(accounts) != bool(regions):
        raise ActionFailed("DeploymentTargets and Regions are given together or not at all", "ConfigurationError")
    return [(str(account), region) for region in regions for account in accounts]


def _json(context: Context, name: str, reference: str) -> Any:
    try:
        return json.loads(context.file(reference))
    except ValueError as error:
        raise ActionFailed(f"{name}: {reference} is no JSON: {error}", "ConfigurationError") from None


def _listed(text: str) -> list[str]:
    return [item.strip() for item in text.removeprefix("Accounts=").split(",") if item.strip()]


def _instances(client: Any, name: str) -> set[tuple[str, str]] | None:
    """The set's (account, Region); None if there is no such set."""
    try:
        client.describe_stack_set(StackSetName=name)
    except ClientError as error:
        if error.response["Error"]["Code"] == _MISSING:
            return None
        raise
    pages = client.get_paginator("list_stack_instances").paginate(StackSetName=name)
    return {(row["Account"], row["Region"]) for page in pages for row in page["Summaries"]}


def _unique(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))


def _add(context: Context, client: Any, targets: list[tuple[str, str]]) -> str:
    return _on_instances(context, client, client.create_stack_instances, targets)


def _on_instances(context: Context, client: Any, call: Any, targets: list[tuple[str, str]]) -> str:
    """One operation; the targets are a product of accounts and Regions unless some are there already."""
    name, operation = context.required("StackSetName"), ""
    overrides = _parameters(context, "ParameterOverrides")
    by_accounts: dict[tuple[str, ...], list[str]] = {}
    for region in _unique(region for _, region in targets):
        accounts = tuple(account for account, where in targets if where == region)
        by_accounts.setdefault(accounts, []).append(region)
    for accounts, regions in by_accounts.items():
        more = {"ParameterOverrides": overrides} if overrides else {}
        started = call(StackSetName=name, Accounts=list(accounts), Regions=regions, **more, **_preferences(context))
        operation = started["OperationId"]
        _wait(context, client, name, operation)
    return operation


def _preferences(context: Context) -> dict[str, Any]:
    given = {
        key: kind(context.configuration[key]) for key, kind in _PREFERENCES.items() if key in context.configuration
    }
    return {"OperationPreferences": given} if given else {}


def _wait(context: Context, client: Any, name: str, operation: str) -> None:
    """To its end; ActionFailed with each failed account's reason."""
    while True:
        found = client.describe_stack_set_operation(StackSetName=name, OperationId=operation)["StackSetOperation"]
        if found["Status"] not in ("RUNNING", "QUEUED", "STOPPING"):
            break
        if context.is_abandoned:
            raise ActionFailed("The execution was stopped; its stack set operation goes on", "Stopped")
        time.sleep(0.05)
    if found["Status"] == "SUCCEEDED":
        return
    pages = client.get_paginator("list_stack_set_operation_results").paginate(StackSetName=name, OperationId=operation)
    reasons = [
        f"{row['Account']} {row['Region']}: {row.get('StatusReason', row['Status'])}"
        for page in pages
        for row in page["Summaries"]
        if row["Status"] != "SUCCEEDED"
    ]
    summary = f"StackSet operation {operation} ended with status {found['Status']}"
    raise ActionFailed("; ".join([summary, *reasons]), external_id=f"{name}/{operation}")


def _outcome(set_id: str, name: str, operation: str) -> Outcome:
    return Outcome({"StackSetId": set_id, "OperationId": operation}, external_id=f"{name}/{operation}")
