"""Custom resources: a request to a function, an answer by URL, and the rules about physical ids.

Request and response fields: "Custom resource request and response reference" in the CloudFormation Template Reference.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping

from ..errors import ResourceError
from ..handler import MAX_WAIT_SECONDS, Handler, Made, Task
from ..intrinsic import text
from ..model import JSON

RESPONSE_LIMIT = 4096
NOT_INVOKED = "NotInvoked"


def stringified(value: JSON) -> JSON:
    """CloudFormation sends every scalar as a string."""
    match value:
        case dict():
            return {key: stringified(item) for key, item in value.items()}
        case list():
            return [stringified(item) for item in value]
        case _:
            return text(value)


def _ask(task: Task, kind: str, extra: Mapping[str, JSON]) -> dict[str, JSON]:
    token = task.registry.expect()
    hooks, scope = task.registry.hooks, task.scope
    service_token = str(task.properties.get("ServiceToken", ""))
    payload: dict[str, JSON] = {
        "RequestType": kind,
        "ServiceToken": service_token,
        "ResponseURL": hooks.response_url(token),
        "StackId": scope.stack_id,
        "RequestId": token,
        "LogicalResourceId": scope.logical_id,
        "ResourceType": task.type,
        "ResourceProperties": stringified(task.properties),
        **extra,
    }
    try:
        hooks.invoke_function(scope.account, scope.region, service_token, payload)
    except ResourceError as error:
        task.registry.drop_answer(token)
        raise ResourceError(error.reason, NOT_INVOKED) from error
    timeout = float(text(task.properties.get("ServiceTimeout", MAX_WAIT_SECONDS)))
    return _checked(task.registry.answer(token, timeout), token)


def _checked(answer: dict[str, JSON], token: str) -> dict[str, JSON]:
    physical_id = answer.get("PhysicalResourceId")
    if len(json.dumps(answer)) > RESPONSE_LIMIT:
        raise ResourceError("Response object is too long.", physical_id=str(physical_id or ""))
    if answer.get("Status") == "FAILED":
        reason = answer.get("Reason") or "no reason given"
        raise ResourceError(
            f"Received response status [FAILED] from custom resource. Message returned: {reason} (RequestId: {token})",
            physical_id=str(physical_id or ""),
        )
    if answer.get("Status") != "SUCCESS":
        raise ResourceError("Invalid response status: it must be SUCCESS or FAILED")
    return answer


def _made(answer: Mapping[str, JSON]) -> Made:
    physical_id = answer.get("PhysicalResourceId")
    if not isinstance(physical_id, str) or not physical_id or len(physical_id) > 1024:
        raise ResourceError("Invalid PhysicalResourceId")
    data = answer.get("Data") or {}
    if not isinstance(data, dict):
        raise ResourceError("Invalid response: Data must be an object")
    return Made(physical_id, {**_flat("", data), **data})


def _flat(prefix: str, data: Mapping[str, JSON]) -> dict[str, JSON]:
    """Fn::GetAtt reaches into nested Data with dots."""
    flat: dict[str, JSON] = {}
    for key, value in data.items():
        flat[prefix + key] = value
        if isinstance(value, dict):
            flat |= _flat(f"{prefix}{key}.", value)
    return flat


def _create(task: Task) -> Made:
    try:
        return _made(_ask(task, "Create", {}))
    except ResourceError as error:
        if error.code == NOT_INVOKED:
            raise
        stand_in = error.physical_id or f"{task.scope.stack_name}-{task.scope.logical_id}-{uuid.uuid4().hex[:12]}"
        raise ResourceError(error.reason, error.code, stand_in) from error


def _update(task: Task) -> Made:
    extra = {"PhysicalResourceId": task.physical_id, "OldResourceProperties": stringified(dict(task.before))}
    return _made(_ask(task, "Update", extra))


def _delete(task: Task) -> None:
    _ask(task, "Delete", {"PhysicalResourceId": task.physical_id})


HANDLER = Handler(create=_create, update=_update, delete=_delete, slow=True)
