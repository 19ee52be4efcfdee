"""Events that start pipelines: approved packages, PutEvents, other buses; inputs, and what is not delivered."""

from __future__ import annotations

import json
import urllib.request
from typing import Any

import pytest

from sandbox.event_input import filled, input_of
from sandbox.server import Sandbox
from tests.sandbox.conftest import REGION, Client
from tests.sandbox.pipeline_world import DEV, Deliveries, action

ARN = f"arn:aws:codepipeline:{REGION}:{DEV}:delivery"
STARTS = f"arn:aws:iam::{DEV}:role/StartsPipelines"
APPROVED = {
    "source": ["aws.sagemaker"],
    "detail-type": ["SageMaker Model Package State Change"],
    "detail": {"ModelPackageGroupName": ["ages"], "ModelApprovalStatus": ["Approved"]},
}
TRANSFORMER = {
    "InputPathsMap": {"package": "$.detail.ModelPackageArn"},
    "InputTemplate": '{"variables":[{"name":"Word","value":<package>},{"name":"Go","value":"NO"}]}',
}
SPECIFICATION = {
    "Containers": [{"Image": "image", "ModelDataUrl": "s3://models/1"}],
    "SupportedContentTypes": ["text/csv"],
    "SupportedResponseMIMETypes": ["text/csv"],
}


@pytest.fixture
def deliveries(client: Client) -> Deliveries:
    made = Deliveries(client)
    made.ended(made.create({"name": "Then", "actions": [action("Ask", "Approval", "Manual", {}, timeoutInMinutes=5)],
                            "beforeEntry": _never()}))  # fmt: skip
    return made


def _never() -> dict[str, Any]:
    kind = {"category": "Rule", "owner": "AWS", "provider": "VariableCheck", "version": "1"}
    check = {"Variable": "#{Built.GO}", "Operator": "EQ", "Value": "never"}
    return {
        "conditions": [{"result": "SKIP", "rules": [{"name": "Never", "ruleTypeId": kind, "configuration": check}]}]
    }


def rule(deliveries: Deliveries, pattern: dict[str, Any], target: dict[str, Any], bus: str = "default") -> None:
    events = deliveries.dev("events")
    events.put_rule(Name="rule", EventPattern=json.dumps(pattern), EventBusName=bus)
    events.put_targets(Rule="rule", EventBusName=bus, Targets=[{"Id": "one", **target}])


def executions(deliveries: Deliveries) -> list[dict[str, Any]]:
    """Those that events started, oldest first."""
    found = deliveries.dev("codepipeline").list_pipeline_executions(pipelineName="delivery")
    rows = [row for row in found["pipelineExecutionSummaries"] if row["trigger"]["triggerType"] == "CloudWatchEvent"]
    return [deliveries.ended(row["pipelineExecutionId"]) for row in reversed(rows)]


def results(aws: Sandbox) -> list[str]:
    with urllib.request.urlopen(f"{aws.endpoint}/_sandbox/events") as answer:
        return [row["result"] for row in json.loads(answer.read())]


def register(deliveries: Deliveries, status: str) -> str:
    sagemaker = deliveries.dev("sagemaker")
    groups = sagemaker.list_model_package_groups()["ModelPackageGroupSummaryList"]
    if not groups:
        sagemaker.create_model_package_group(ModelPackageGroupName="ages")
    made = sagemaker.create_model_package(
        ModelPackageGroupName="ages", InferenceSpecification=SPECIFICATION, ModelApprovalStatus=status
    )
    return str(made["ModelPackageArn"])


def test_an_approval_starts_the_pipeline_with_that_very_package(aws: Sandbox, deliveries: Deliveries) -> None:
    rule(deliveries, APPROVED, {"Arn": ARN, "RoleArn": STARTS, "InputTransformer": TRANSFORMER})
    first, second = (register(deliveries, "PendingManualApproval") for _ in range(2))
    assert executions(deliveries) == []
    sagemaker = deliveries.dev("sagemaker")
    sagemaker.update_model_package(ModelPackageArn=first, ModelApprovalStatus="Approved")
    sagemaker.update_model_package(ModelPackageArn=second, ModelApprovalStatus="Rejected")
    third = register(deliveries, "Approved")
    assert [one["variables"][0]["resolvedValue"] for one in executions(deliveries)] == [first, third]
    assert [one["trigger"] for one in executions(deliveries)] == [
        {"triggerType": "CloudWatchEvent", "triggerDetail": f"arn:aws:events:{REGION}:{DEV}:rule/rule"}
    ] * 2
    assert results(aws) == ["delivered"] * 2


def test_a_role_that_may_not_start_it(aws: Sandbox, deliveries: Deliveries) -> None:
    deliveries.dev("iam").delete_role_policy(RoleName="StartsPipelines", PolicyName="p")
    rule(deliveries, APPROVED, {"Arn": ARN, "RoleArn": STARTS})
    register(deliveries, "Approved")
    assert executions(deliveries) == []
    assert results(aws) == [
        (
            f"AccessDeniedException: User: arn:aws:sts::{DEV}:assumed-role/StartsPipelines/rule is not authorized to "
            "perform: codepipeline:StartPipelineExecution because no identity-based policy allows the "
            "codepipeline:StartPipelineExecution action"
        )
    ]


def test_a_disabled_rule_starts_nothing(aws: Sandbox, deliveries: Deliveries) -> None:
    rule(deliveries, APPROVED, {"Arn": ARN, "RoleArn": STARTS})
    deliveries.dev("events").disable_rule(Name="rule")
    register(deliveries, "Approved")
    assert (executions(deliveries), results(aws)) == ([], [])


def test_own_events_go_through_another_bus(aws: Sandbox, deliveries: Deliveries) -> None:
    events = deliveries.dev("events")
    other = events.create_event_bus(Name="other")["EventBusArn"]
    role = deliveries.dev("iam")
    allowed = {"Effect": "Allow", "Action": ["events:PutEvents", "codepipeline:*"], "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    role.put_role_policy(RoleName="StartsPipelines", PolicyName="p", PolicyDocument=document)
    events.put_rule(Name="pass-on", EventPattern=json.dumps({"source": ["mine"]}))
    events.put_targets(Rule="pass-on", Targets=[{"Id": "bus", "Arn": other, "RoleArn": STARTS}])
    rule(deliveries, {"detail": {"n": [{"numeric": [">", 1]}]}}, {"Arn": ARN, "RoleArn": STARTS}, bus="other")
    entry = {"Source": "mine", "DetailType": "Told"}
    put = events.put_events(Entries=[{**entry, "Detail": '{"n": 1}'}, {**entry, "Detail": '{"n": 2}'}, entry])
    assert put["FailedEntryCount"] == 1
    assert put["Entries"][2]["ErrorMessage"] == (
        "Parameter Detail is not valid. Reason: Detail is a required argument."
    )
    assert len(executions(deliveries)) == 1
    assert results(aws) == ["delivered"] * 3


def test_a_build_is_started_with_the_input_of_its_target(deliveries: Deliveries) -> None:
    deliveries.create_project("heard", "NO_SOURCE", BuildSpec="version: 0.2\nphases: {build: {commands: [echo]}}\n")
    allowed = json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "codebuild:StartBuild", "Resource": "*"}]})  # fmt: skip
    deliveries.dev("iam").put_role_policy(RoleName="StartsPipelines", PolicyName="p", PolicyDocument=allowed)
    given = json.dumps({"environmentVariablesOverride": [{"name": "A", "value": "b", "type": "PLAINTEXT"}]})
    project = f"arn:aws:codebuild:{REGION}:{DEV}:project/heard"
    rule(deliveries, APPROVED, {"Arn": project, "RoleArn": STARTS, "Input": given})
    register(deliveries, "Approved")
    codebuild = deliveries.dev("codebuild")
    [build] = codebuild.list_builds_for_project(projectName="heard")["ids"]
    found = deliveries.until(
        lambda: codebuild.batch_get_builds(ids=[build])["builds"][0], lambda found: found["buildComplete"]
    )
    assert (found["buildStatus"], found["environment"]["environmentVariables"]) == (
        "SUCCEEDED",
        [{"name": "A", "value": "b", "type": "PLAINTEXT"}],
    )


def test_a_target_of_a_kind_that_nothing_starts(aws: Sandbox, deliveries: Deliveries) -> None:
    rule(deliveries, APPROVED, {"Arn": f"arn:aws:states:{REGION}:{DEV}:stateMachine:s", "RoleArn": STARTS})
    register(deliveries, "Approved")
    assert results(aws) == ["not emulated: the sandbox starts no target of this service"]


def test_states_of_executions_are_events(aws: Sandbox, deliveries: Deliveries) -> None:
    queue = f"arn:aws:sqs:{REGION}:{DEV}:states"
    deliveries.dev("sqs").create_queue(QueueName="states")
    rule(deliveries, {"source": ["aws.codepipeline"]}, {"Arn": queue})
    execution = deliveries.start(Go="NO")
    deliveries.ended(execution)
    deliveries.until(lambda: results(aws), lambda found: found == ["delivered"] * 2)
    url = deliveries.dev("sqs").get_queue_url(QueueName="states")["QueueUrl"]
    got = deliveries.dev("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
    details = [json.loads(message["Body"])["detail"] for message in got]
    assert details == [
        {"pipeline": "delivery", "execution-id": execution, "version": 1, "state": state}
        for state in ("STARTED", "SUCCEEDED")
    ]


@pytest.mark.parametrize(
    ("template", "made"),
    [
        ('{"a": <text>, "b": <list>, "c": <gone>}', '{"a": "say \\"x\\"", "b": [1, {"k": 2}], "c": null}'),
        ('"<text> and <list>"', '"say \\"x\\" and [1, {\\"k\\": 2}]"'),
        ('{"<unknown>": 1}', '{"<unknown>": 1}'),
    ],
)
def test_templates_of_inputs(template: str, made: str) -> None:
    assert filled(template, {"text": 'say "x"', "list": [1, {"k": 2}], "gone": None}) == made


def test_the_other_inputs() -> None:
    event = {"detail": {"a": {"b": 1}}}
    assert input_of({"Input": '{"x": 1}'}, event) == {"x": 1}
    assert input_of({"InputPath": "$.detail.a"}, event) == {"b": 1}
    assert input_of({}, event) == event
