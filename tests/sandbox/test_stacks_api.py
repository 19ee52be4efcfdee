"""The query API for stacks, change sets and templates, as boto3 and the AWS CLI see it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sandbox.server import Sandbox

TEMPLATE = """
AWSTemplateFormatVersion: "2010-09-09"
Description: one parameter
Parameters:
  Name: {Type: String, Default: one, Description: the value}
Resources:
  Parameter:
    Type: AWS::SSM::Parameter
    Properties: {Name: /sandbox/name, Type: String, Value: !Ref Name}
Outputs:
  Value: {Value: !Ref Name, Export: {Name: exported}}
"""
FAST = {"Delay": 0.02, "MaxAttempts": 500}


def _create(cfn: Any, name: str = "stack", template: str = TEMPLATE, **more: Any) -> str:
    stack_id = cfn.create_stack(StackName=name, TemplateBody=template, **more)["StackId"]
    cfn.get_waiter("stack_create_complete").wait(StackName=name, WaiterConfig=FAST)
    return str(stack_id)


def _settled(cfn: Any) -> str:
    while (status := cfn.describe_stacks(StackName="stack")["Stacks"][0]["StackStatus"]).endswith("_IN_PROGRESS"):
        time.sleep(0.02)
    return str(status)


def test_a_stacks_life(client: Any) -> None:
    cfn, ssm = client("cloudformation"), client("ssm")
    stack_id = _create(cfn, Tags=[{"Key": "a", "Value": "b"}])
    stack = cfn.describe_stacks(StackName="stack")["Stacks"][0]
    assert stack["Outputs"] == [{"OutputKey": "Value", "OutputValue": "one", "ExportName": "exported"}]
    assert (stack["StackId"], stack["Description"], stack["Tags"]) == (
        stack_id,
        "one parameter",
        [{"Key": "a", "Value": "b"}],
    )
    assert ssm.get_parameter(Name="/sandbox/name")["Parameter"]["Value"] == "one"
    assert [e["Name"] for e in cfn.list_exports()["Exports"]] == ["exported"]
    parameters = [{"ParameterKey": "Name", "ParameterValue": "two"}]
    cfn.update_stack(StackName="stack", UsePreviousTemplate=True, Parameters=parameters)
    cfn.get_waiter("stack_update_complete").wait(StackName="stack", WaiterConfig=FAST)
    assert ssm.get_parameter(Name="/sandbox/name")["Parameter"]["Value"] == "two"
    with pytest.raises(ClientError, match="No updates are to be performed"):
        cfn.update_stack(StackName="stack", UsePreviousTemplate=True, Parameters=parameters)
    cfn.delete_stack(StackName="stack")
    cfn.get_waiter("stack_delete_complete").wait(StackName="stack", WaiterConfig=FAST)
    with pytest.raises(ClientError, match="Stack with id stack does not exist"):
        cfn.describe_stacks(StackName="stack")
    assert cfn.describe_stacks(StackName=stack_id)["Stacks"][0]["StackStatus"] == "DELETE_COMPLETE"
    deleted = cfn.list_stacks(StackStatusFilter=["DELETE_COMPLETE"])["StackSummaries"]
    assert [row["StackId"] for row in deleted] == [stack_id]


def test_resources_and_events(client: Any) -> None:
    cfn = client("cloudformation")
    _create(cfn)
    summary = cfn.list_stack_resources(StackName="stack")["StackResourceSummaries"][0]
    assert (summary["LogicalResourceId"], summary["PhysicalResourceId"], summary["ResourceStatus"]) == (
        "Parameter",
        "/sandbox/name",
        "CREATE_COMPLETE",
    )
    detail = cfn.describe_stack_resource(StackName="stack", LogicalResourceId="Parameter")["StackResourceDetail"]
    assert detail["ResourceType"] == "AWS::SSM::Parameter"
    by_id = cfn.describe_stack_resources(PhysicalResourceId="/sandbox/name")["StackResources"]
    assert [row["StackName"] for row in by_id] == ["stack"]
    with pytest.raises(ClientError, match="Resource None does not exist for stack stack"):
        cfn.describe_stack_resource(StackName="stack", LogicalResourceId="None")
    events = cfn.describe_stack_events(StackName="stack")["StackEvents"]
    assert (events[0]["LogicalResourceId"], events[0]["ResourceStatus"]) == ("stack", "CREATE_COMPLETE")
    assert events[-1]["ResourceStatus"] == "CREATE_IN_PROGRESS"


def test_failed_events_by_describe_events(client: Any) -> None:
    cfn = client("cloudformation")
    client("ssm").put_parameter(Name="/sandbox/name", Value="taken", Type="String")
    cfn.create_stack(StackName="stack", TemplateBody=TEMPLATE)
    assert _settled(cfn) == "ROLLBACK_COMPLETE"
    failed = cfn.describe_events(StackName="stack", Filters={"FailedEvents": True})["OperationEvents"]
    assert [(e["EventType"], e["LogicalResourceId"]) for e in failed if e["LogicalResourceId"] != "stack"] == [
        ("PROVISIONING_ERROR", "Parameter")
    ]


def test_stacks_are_listed_in_pages_of_a_hundred(client: Any) -> None:
    cfn = client("cloudformation")
    body = json.dumps({"Resources": {"T": {"Type": "AWS::SNS::Topic"}}})
    for number in range(101):
        cfn.create_stack(StackName=f"s{number}", TemplateBody=body)
    pages = list(cfn.get_paginator("describe_stacks").paginate())
    assert [len(page["Stacks"]) for page in pages] == [100, 1]


def test_accounts_and_regions_do_not_see_each_other(client: Any) -> None:
    _create(client("cloudformation"))
    assert client("cloudformation", "222222222222").describe_stacks()["Stacks"] == []
    assert client("cloudformation", region="us-east-1").describe_stacks()["Stacks"] == []


def test_change_sets(client: Any) -> None:
    cfn = client("cloudformation")
    made = cfn.create_change_set(
        StackName="stack", ChangeSetName="first", ChangeSetType="CREATE", TemplateBody=TEMPLATE
    )
    cfn.get_waiter("change_set_create_complete").wait(ChangeSetName=made["Id"], WaiterConfig=FAST)
    described = cfn.describe_change_set(StackName="stack", ChangeSetName="first")
    assert [c["ResourceChange"]["Action"] for c in described["Changes"]] == ["Add"]
    assert (described["ExecutionStatus"], described["StackName"]) == ("AVAILABLE", "stack")
    assert [s["ChangeSetName"] for s in cfn.list_change_sets(StackName="stack")["Summaries"]] == ["first"]
    cfn.execute_change_set(ChangeSetName=made["Id"])
    cfn.get_waiter("stack_create_complete").wait(StackName="stack", WaiterConfig=FAST)
    cfn.create_change_set(StackName="stack", ChangeSetName="none", UsePreviousTemplate=True)
    with pytest.raises(Exception, match="Waiter ChangeSetCreateComplete failed"):
        cfn.get_waiter("change_set_create_complete").wait(StackName="stack", ChangeSetName="none", WaiterConfig=FAST)
    empty = cfn.describe_change_set(StackName="stack", ChangeSetName="none")
    assert empty["Status"] == "FAILED"
    assert "didn't contain changes" in empty["StatusReason"]
    cfn.delete_change_set(StackName="stack", ChangeSetName="none")
    with pytest.raises(ClientError) as caught:
        cfn.describe_change_set(StackName="stack", ChangeSetName="none")
    assert caught.value.response["Error"]["Code"] == "ChangeSetNotFound"
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 404


def test_property_values_of_a_change_only_when_asked(client: Any) -> None:
    cfn = client("cloudformation")
    _create(cfn)
    parameters = [{"ParameterKey": "Name", "ParameterValue": "two"}]
    cfn.create_change_set(StackName="stack", ChangeSetName="c", UsePreviousTemplate=True, Parameters=parameters)
    cfn.get_waiter("change_set_create_complete").wait(StackName="stack", ChangeSetName="c", WaiterConfig=FAST)
    plain = cfn.describe_change_set(StackName="stack", ChangeSetName="c")["Changes"][0]["ResourceChange"]
    shown = cfn.describe_change_set(StackName="stack", ChangeSetName="c", IncludePropertyValues=True)
    target = shown["Changes"][0]["ResourceChange"]["Details"][0]["Target"]
    assert (plain["Action"], plain["Replacement"]) == ("Modify", "False")
    assert "BeforeValue" not in plain["Details"][0]["Target"]
    assert (target["Name"], target["BeforeValue"], target["AfterValue"]) == ("Value", "one", "two")


def test_templates_are_shown_and_summed_up(client: Any) -> None:
    cfn = client("cloudformation")
    _create(cfn)
    assert cfn.get_template(StackName="stack")["TemplateBody"] == TEMPLATE
    summary = cfn.get_template_summary(TemplateBody=TEMPLATE)
    assert summary["ResourceTypes"] == ["AWS::SSM::Parameter"]
    assert [(p["ParameterKey"], p["DefaultValue"], p["NoEcho"]) for p in summary["Parameters"]] == [
        ("Name", "one", False)
    ]
    validated = cfn.validate_template(TemplateBody=TEMPLATE)
    assert validated["Parameters"] == [
        {"ParameterKey": "Name", "DefaultValue": "one", "NoEcho": False, "Description": "the value"}
    ]
    with pytest.raises(ClientError, match="ValidationError"):
        cfn.validate_template(TemplateBody="Resources: {A: {Type: AWS::SSM::Parameter, Properties: {Value: !Ref B}}}")


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({}, "Either Template URL or Template Body must be specified."),
        (
            {"TemplateBody": TEMPLATE, "TemplateURL": "https://b.s3.amazonaws.com/k"},
            "You must specify only one of TemplateBody, TemplateURL or UsePreviousTemplate.",
        ),
        (
            {"TemplateBody": TEMPLATE, "Parameters": [{"ParameterKey": "Name"}]},
            "Parameter Name must have a value or usePreviousValue",
        ),
        (
            {"TemplateBody": TEMPLATE, "OnFailure": "EXPLODE"},
            (
                "1 validation error detected: Value 'EXPLODE' at 'onFailure' failed to satisfy constraint: "
                "Member must satisfy enum value set: [DO_NOTHING, ROLLBACK, DELETE]"
            ),
        ),
    ],
)
def test_bad_requests(client: Any, params: dict[str, Any], message: str) -> None:
    with pytest.raises(ClientError) as caught:
        client("cloudformation").create_stack(StackName="stack", **params)
    assert caught.value.response["Error"] == {"Type": "Sender", "Code": "ValidationError", "Message": message}


def test_termination_protection(client: Any) -> None:
    cfn = client("cloudformation")
    _create(cfn, EnableTerminationProtection=True)
    with pytest.raises(ClientError, match="TerminationProtection is enabled"):
        cfn.delete_stack(StackName="stack")
    cfn.update_termination_protection(StackName="stack", EnableTerminationProtection=False)
    cfn.delete_stack(StackName="stack")
    cfn.get_waiter("stack_delete_complete").wait(StackName="stack", WaiterConfig=FAST)


def test_a_failing_account_fails_stacks_there(aws: Sandbox, client: Any) -> None:
    from sandbox.faults import Fault

    aws.faults.order(Fault("failing_account", account="222222222222", reason="quota exceeded"))
    cfn = client("cloudformation", "222222222222")
    cfn.create_stack(StackName="stack", TemplateBody=TEMPLATE)
    assert _settled(cfn) == "ROLLBACK_COMPLETE"
    reasons = [e.get("ResourceStatusReason") for e in cfn.describe_stack_events(StackName="stack")["StackEvents"]]
    assert "quota exceeded" in reasons
    _create(client("cloudformation"))


def test_the_inventory_lists_what_is_left(aws: Sandbox, client: Any) -> None:
    cfn = client("cloudformation")
    _create(cfn)
    assert [(p.account, p.stack, p.type, p.physical_id, p.kind) for p in aws.inventory()] == [
        ("111111111111", "stack", "AWS::SSM::Parameter", "/sandbox/name", "live")
    ]
    cfn.delete_stack(StackName="stack")
    cfn.get_waiter("stack_delete_complete").wait(StackName="stack", WaiterConfig=FAST)
    assert aws.inventory() == []


def test_the_aws_cli_deploys_from_a_url(aws: Sandbox, client: Any, tmp_path: Path) -> None:
    s3 = client("s3")
    s3.create_bucket(Bucket="templates", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    s3.put_object(Bucket="templates", Key="t.yaml", Body=TEMPLATE.encode())
    environment = {"PATH": os.environ["PATH"], **aws.environment("111111111111", "eu-west-1")}

    def cli(*arguments: str) -> Any:
        command = [str(Path(sys.executable).with_name("aws")), "cloudformation", *arguments, "--output", "json"]
        done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout or "{}")

    url = "https://templates.s3.eu-west-1.amazonaws.com/t.yaml"
    parameters = ("--parameters", "ParameterKey=Name,ParameterValue=x")
    made = cli("create-stack", "--stack-name", "cli", "--template-url", url, *parameters)
    client("cloudformation").get_waiter("stack_create_complete").wait(StackName="cli", WaiterConfig=FAST)
    described = cli("describe-stacks", "--stack-name", "cli")["Stacks"][0]
    assert (described["StackId"], described["Outputs"][0]["OutputValue"]) == (made["StackId"], "x")
