"""Parameters of CloudFormation calls, turned into the engine's StackRequest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.api.errors import validation_error
from sandbox.cfn.model import StackRequest

Params = Mapping[str, Any]


def stack_request(account: str, region: str, params: Params, *, update: bool) -> StackRequest:
    """CreateStack, UpdateStack and CreateChangeSet in one form; ValidationError for contradictory template sources."""
    body, url = template_source(params, previous_allowed=update)
    given, previous = parameters(params)
    return StackRequest(
        account=account,
        region=region,
        name=str(params["StackName"]),
        template_body=body,
        template_url=url,
        parameters=given,
        previous=previous,
        capabilities=frozenset(params.get("Capabilities", ())),
        tags=tags(params) if "Tags" in params or not update else None,
        role_arn=params.get("RoleARN"),
        on_failure=str(params.get("OnFailure") or params.get("OnStackFailure") or "ROLLBACK"),
        disable_rollback=bool(params.get("DisableRollback")),
        termination_protection=bool(params.get("EnableTerminationProtection")),
        notification_arns=tuple(params.get("NotificationARNs", ())),
        client_request_token=params.get("ClientRequestToken"),
        description=params.get("Description"),
    )


def template_source(params: Params, *, previous_allowed: bool) -> tuple[str | None, str | None]:
    """(body, url) of which one is set, or neither under UsePreviousTemplate."""
    body, url = params.get("TemplateBody"), params.get("TemplateURL")
    previous = bool(params.get("UsePreviousTemplate")) and previous_allowed
    if sum((body is not None, url is not None, previous)) != 1:
        if body is None and url is None:
            raise validation_error("Either Template URL or Template Body must be specified.")
        raise validation_error("You must specify only one of TemplateBody, TemplateURL or UsePreviousTemplate.")
    return body, url


def parameters(params: Params, key: str = "Parameters") -> tuple[dict[str, str], frozenset[str]]:
    """Values by name, and the names sent with UsePreviousValue; ValidationError for a parameter with both."""
    given: dict[str, str] = {}
    previous: set[str] = set()
    for row in params.get(key, ()):
        name = row.get("ParameterKey")
        if name is None:
            raise validation_error("ParameterKey is required for every parameter")
        if name in given or name in previous:
            raise validation_error(f"Duplicate parameter key: {name}")
        if row.get("UsePreviousValue"):
            if "ParameterValue" in row:
                raise validation_error(
                    f"Invalid input for parameter key {name}. Cannot specify usePreviousValue as true "
                    "and non empty value for a parameter"
                )
            previous.add(name)
        elif "ParameterValue" in row:
            given[name] = row["ParameterValue"]
        else:
            raise validation_error(f"Parameter {name} must have a value or usePreviousValue")
    return given, frozenset(previous)


def tags(params: Params) -> dict[str, str]:
    return {row["Key"]: row["Value"] for row in params.get("Tags", ())}


def tag_rows(values: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in values.items()]


def parameter_rows(values: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"ParameterKey": key, "ParameterValue": value} for key, value in values.items()]
