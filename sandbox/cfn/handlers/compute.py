"""Lambda functions and permissions, log groups, event rules, topics, queues, parameters and Studio domains."""

from __future__ import annotations

import base64
import io
import json
import zipfile
from collections.abc import Mapping

from .. import naming
from ..errors import MissingError, ResourceError
from ..handler import Handler, Made, Task, tag_list, unchanged
from ..intrinsic import text
from ..model import JSON
from ..services import stored_parameter, translated

FUNCTION_NAME_LIMIT = 64


def inline_zip(source: str, runtime: str) -> bytes:
    """The archive that Lambda makes of a ZipFile text."""
    name = "index.js" if runtime.startswith("nodejs") else "index.py"
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), source)
    return buffer.getvalue()


def _code(properties: Mapping[str, JSON]) -> dict[str, JSON]:
    code = dict(properties["Code"])
    if "ZipFile" in code:
        archive = inline_zip(code["ZipFile"], str(properties.get("Runtime", "")))
        code["ZipFile"] = base64.b64encode(archive).decode()
    return code


def _function_spec(task: Task, name: str) -> dict[str, JSON]:
    spec = {key: value for key, value in task.properties.items() if key not in ("Code", "Tags")}
    return {**spec, "FunctionName": name, "Code": _code(task.properties), "Tags": dict(task.scope.tags)}


def _create_function(task: Task) -> Made:
    backend = task.backend("lambda")
    name = str(task.properties.get("FunctionName") or naming.generated_name(task.scope, FUNCTION_NAME_LIMIT))
    if any(function.function_name == name for function in backend.list_functions()):
        raise ResourceError(f"Function already exist: {name}", "AlreadyExists")
    function = translated(lambda: backend.create_function(_function_spec(task, name)), "Lambda")
    return Made(name, {"Arn": function.function_arn})


def _update_function(task: Task) -> Made:
    backend, name = task.backend("lambda"), task.physical_id
    if task.before.get("Code") != task.properties["Code"]:
        translated(lambda: backend.update_function_code(name, None, _code(task.properties)), "Lambda")
    spec = {key: value for key, value in _function_spec(task, name).items() if key not in ("Code", "Tags")}
    translated(lambda: backend.update_function_configuration(name, None, spec), "Lambda")
    function = backend.get_function(name)
    function.environment_vars = (task.properties.get("Environment") or {}).get("Variables") or {}
    function.tags = dict(task.scope.tags)
    return Made(name, {"Arn": function.function_arn})


def _delete_function(task: Task) -> None:
    translated(lambda: task.backend("lambda").delete_function(task.physical_id), "Lambda")


def _function_name(task: Task) -> str:
    return str(task.properties["FunctionName"]).rsplit(":function:", 1)[-1]


def _add_permission(task: Task) -> Made:
    sid = naming.generated_name(task.scope, 100)
    keys = ("Action", "Principal", "SourceArn", "SourceAccount", "PrincipalOrgID", "EventSourceToken")
    raw = {key: task.properties[key] for key in keys if task.properties.get(key)}
    statement = json.dumps({**raw, "StatementId": sid})
    try:
        function = translated(lambda: task.backend("lambda").get_function(_function_name(task)), "Lambda")
        translated(lambda: function.policy.add_statement(statement, None), "Lambda")
    except MissingError as error:
        raise ResourceError(error.reason, error.code) from error
    return Made(sid, {"Id": sid})


def _remove_permission(task: Task) -> None:
    translated(lambda: task.backend("lambda").remove_permission(_function_name(task), task.physical_id), "Lambda")


def _create_log_group(task: Task) -> Made:
    backend = task.backend("logs")
    name = str(task.properties.get("LogGroupName") or naming.generated_name(task.scope, 512))
    if name in backend.groups:
        raise ResourceError(
            f"Resource of type 'AWS::Logs::LogGroup' with identifier '{name}' already exists.", "AlreadyExists"
        )
    group = translated(
        lambda: backend.create_log_group(name, dict(task.scope.tags), kmsKeyId=task.properties.get("KmsKeyId")), "Logs"
    )
    _set_retention(task, name)
    return Made(name, {"Arn": group.arn if group.arn.endswith(":*") else f"{group.arn}:*"})


def _set_retention(task: Task, name: str) -> None:
    days = task.properties.get("RetentionInDays")
    if days:
        task.backend("logs").put_retention_policy(name, str(days))
    elif task.before.get("RetentionInDays"):
        task.backend("logs").delete_retention_policy(name)


def _update_log_group(task: Task) -> Made:
    _set_retention(task, task.physical_id)
    task.backend("logs").groups[task.physical_id].kms_key_id = task.properties.get("KmsKeyId")
    return unchanged(task)


def _delete_log_group(task: Task) -> None:
    translated(lambda: task.backend("logs").delete_log_group(task.physical_id), "Logs")


def _create_bus(task: Task) -> Made:
    """A bus that rules can stand on; its policy is checked against the schema and kept nowhere."""
    name = str(task.properties["Name"])
    tags = tag_list(task.scope.tags)
    bus = translated(lambda: task.backend("events").create_event_bus(name, tags=tags), "Events")
    return Made(name, {"Arn": bus.arn, "Name": name})


def _delete_bus(task: Task) -> None:
    translated(lambda: task.backend("events").delete_event_bus(task.physical_id), "Events")


def _put_rule(task: Task, name: str) -> Made:
    properties, backend = task.properties, task.backend("events")
    pattern = properties.get("EventPattern")
    rule = translated(
        lambda: backend.put_rule(
            name,
            description=properties.get("Description"),
            event_bus_arn=properties.get("EventBusName"),
            event_pattern=json.dumps(pattern) if isinstance(pattern, dict) else pattern,
            role_arn=properties.get("RoleArn"),
            scheduled_expression=properties.get("ScheduleExpression"),
            state=properties.get("State") or "ENABLED",
            tags=tag_list(task.scope.tags),
        ),
        "Events",
    )
    bus = properties.get("EventBusName")
    gone = [target["Id"] for target in task.before.get("Targets") or ()]
    if gone:
        backend.remove_targets(name, bus, gone)
    if properties.get("Targets"):
        backend.put_targets(name, bus, list(properties["Targets"]))
    return Made(name, {"Arn": rule.arn, "RuleName": name})


def _create_rule(task: Task) -> Made:
    return _put_rule(task, str(task.properties.get("Name") or naming.generated_name(task.scope, 64)))


def _update_rule(task: Task) -> Made:
    return _put_rule(task, task.physical_id)


def _delete_rule(task: Task) -> None:
    backend, bus = task.backend("events"), task.properties.get("EventBusName")
    targets = [target["Id"] for target in task.properties.get("Targets") or ()]
    if targets:
        translated(lambda: backend.remove_targets(task.physical_id, bus, targets), "Events")
    translated(lambda: backend.delete_rule(task.physical_id, bus), "Events")


def _create_topic(task: Task) -> Made:
    backend, properties = task.backend("sns"), task.properties
    name = str(properties.get("TopicName") or naming.generated_name(task.scope, 256))
    topic = translated(lambda: backend.create_topic(name, {}, dict(task.scope.tags)), "Sns")
    for entry in properties.get("Subscription") or ():
        backend.subscribe(topic.arn, entry["Endpoint"], entry["Protocol"])
    return Made(topic.arn, {"TopicArn": topic.arn, "TopicName": name})


def _delete_topic(task: Task) -> None:
    translated(lambda: task.backend("sns").delete_topic(task.physical_id), "Sns")


QUEUE_KEYS = (
    *("DelaySeconds", "FifoQueue", "KmsMasterKeyId", "MaximumMessageSize", "MessageRetentionPeriod"),
    *("ReceiveMessageWaitTimeSeconds", "SqsManagedSseEnabled", "VisibilityTimeout"),
)


def _create_queue(task: Task) -> Made:
    name = str(task.properties.get("QueueName") or naming.generated_name(task.scope, 80))
    attributes = {key: text(task.properties[key]) for key in QUEUE_KEYS if key in task.properties}
    queue = translated(lambda: task.backend("sqs").create_queue(name, dict(task.scope.tags), **attributes), "Sqs")
    scope = task.scope
    url = f"https://sqs.{scope.region}.{scope.url_suffix}/{scope.account}/{name}"
    return Made(url, {"Arn": queue.queue_arn, "QueueName": name, "QueueUrl": url})


def _update_queue(task: Task) -> Made:
    name = task.physical_id.rsplit("/", 1)[-1]
    attributes = {key: text(task.properties[key]) for key in QUEUE_KEYS if key in task.properties}
    translated(lambda: task.backend("sqs").set_queue_attributes(name, attributes), "Sqs")
    return unchanged(task)


def _delete_queue(task: Task) -> None:
    translated(lambda: task.backend("sqs").delete_queue(task.physical_id.rsplit("/", 1)[-1]), "Sqs")


def _put_parameter(task: Task, name: str, *, overwrite: bool) -> Made:
    properties = task.properties
    translated(
        lambda: task.backend("ssm").put_parameter(
            name=name,
            description=properties.get("Description") or "",
            value=str(properties["Value"]),
            parameter_type=properties["Type"],
            allowed_pattern=properties.get("AllowedPattern") or "",
            keyid="",
            overwrite=overwrite,
            tags=[] if overwrite else tag_list(task.scope.tags),
            data_type=properties.get("DataType") or "text",
            tier=properties.get("Tier"),
            policies=properties.get("Policies"),
        ),
        "Ssm",
    )
    return Made(name, {"Type": properties["Type"], "Value": str(properties["Value"])})


def _create_parameter(task: Task) -> Made:
    name = str(task.properties.get("Name") or f"CFN-{task.scope.logical_id}-{naming.suffix()}")
    if stored_parameter(task.scope, name) is not None:
        raise ResourceError(f"{name} already exists", "AlreadyExists")
    return _put_parameter(task, name, overwrite=False)


def _update_parameter(task: Task) -> Made:
    return _put_parameter(task, task.physical_id, overwrite=True)


def _delete_parameter(task: Task) -> None:
    if stored_parameter(task.scope, task.physical_id) is None:
        raise MissingError(f"Parameter {task.physical_id} not found", "NotFound")
    task.backend("ssm").delete_parameter(task.physical_id)


HANDLERS: Mapping[str, Handler] = {
    "AWS::Lambda::Function": Handler(_create_function, _delete_function, _update_function),
    "AWS::Lambda::Permission": Handler(_add_permission, _remove_permission),
    "AWS::Logs::LogGroup": Handler(_create_log_group, _delete_log_group, _update_log_group),
    "AWS::Events::EventBus": Handler(_create_bus, _delete_bus),
    "AWS::Events::Rule": Handler(_create_rule, _delete_rule, _update_rule),
    "AWS::SNS::Topic": Handler(_create_topic, _delete_topic),
    "AWS::SQS::Queue": Handler(_create_queue, _delete_queue, _update_queue),
    "AWS::SSM::Parameter": Handler(_create_parameter, _delete_parameter, _update_parameter),
}
