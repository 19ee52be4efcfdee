"""Function code runs: invoked over HTTP, and behind custom resources."""

from __future__ import annotations

import base64
import io
import json
import time
import zipfile
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sandbox.server import Sandbox

CODE = """
import json, os, sys, time
import boto3

def handler(event, context):
    print("running", context.function_name, context.memory_limit_in_mb)
    if event.get("fail"):
        raise ValueError("told to fail")
    if event.get("exit"):
        os._exit(3)
    time.sleep(event.get("sleep", 0))
    identity = boto3.client("sts").get_caller_identity()
    return {
        "arn": identity["Arn"],
        "color": os.environ["COLOR"],
        "region": os.environ["AWS_REGION"],
        "left": context.get_remaining_time_in_millis() <= 2000,
        "home": "HOME" in os.environ,
    }
"""


def _zip(code: str, **others: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in {"index.py": code, **others}.items():
            archive.writestr(name, text)
    return buffer.getvalue()


@pytest.fixture
def function(client: Any, trusting: Any) -> Any:
    role = client("iam").create_role(
        RoleName="function", AssumeRolePolicyDocument=trusting(service="lambda.amazonaws.com")
    )["Role"]["Arn"]
    awslambda = client("lambda")

    def make(code: str = CODE, **more: Any) -> Any:
        options = {"Runtime": "python3.13", "Handler": "index.handler", "Timeout": 2, "Role": role, **more}
        environment = {"Variables": {"COLOR": "green"}}
        awslambda.create_function(FunctionName="f", Code={"ZipFile": _zip(code)}, Environment=environment, **options)
        return awslambda

    return make


def _invoke(awslambda: Any, event: Any, **more: Any) -> tuple[Any, dict[str, Any]]:
    answer = awslambda.invoke(FunctionName="f", Payload=json.dumps(event).encode(), **more)
    return json.loads(answer["Payload"].read() or b"null"), answer


def test_code_runs_as_its_role(function: Any) -> None:
    payload, answer = _invoke(function(), {})
    assert payload == {
        "arn": "arn:aws:sts::111111111111:assumed-role/function/f",
        "color": "green",
        "region": "eu-west-1",
        "left": True,
        "home": False,
    }
    assert (answer["StatusCode"], answer["ExecutedVersion"]) == (200, "$LATEST")
    assert "FunctionError" not in answer
    assert base64.b64decode(answer["LogResult"]).decode() == "running f 128\n"


def test_errors_are_unhandled_errors(function: Any) -> None:
    awslambda = function()
    payload, answer = _invoke(awslambda, {"fail": True})
    assert (answer["StatusCode"], answer["FunctionError"]) == (200, "Unhandled")
    assert (payload["errorType"], payload["errorMessage"]) == ("ValueError", "told to fail")
    payload, answer = _invoke(awslambda, {"exit": True})
    assert (payload["errorType"], answer["FunctionError"]) == ("Runtime.ExitError", "Unhandled")
    payload, answer = _invoke(awslambda, {"sleep": 30})
    assert payload["errorMessage"].endswith("Task timed out after 2.00 seconds")
    assert _invoke(awslambda, {})[0]["color"] == "green"


@pytest.mark.parametrize(
    ("options", "code", "kind"),
    [
        ({"Handler": "other.handler"}, CODE, "ModuleNotFoundError"),
        ({"Handler": "index.other"}, CODE, "AttributeError"),
        ({}, "def handler(:", "SyntaxError"),
        ({}, "def handler(event, context): return object()", "TypeError"),
    ],
)
def test_code_that_cannot_run(function: Any, options: dict[str, Any], code: str, kind: str) -> None:
    payload, answer = _invoke(function(code, **options), {})
    assert (payload["errorType"], answer["FunctionError"]) == (kind, "Unhandled")


PUT = """
import boto3

def handler(event, context):
    boto3.client("ssm").put_parameter(Name="/e", Value="1", Type="String")
"""


def _statement(effect: str, action: str, **more: Any) -> dict[str, Any]:
    return {"Effect": effect, "Action": action, "Resource": "*", **more}


def test_code_needs_the_permissions_of_its_role(function: Any, client: Any) -> None:
    awslambda = function(PUT, Timeout=30)
    payload, _ = _invoke(awslambda, {})
    assert payload["errorMessage"] == (
        "An error occurred (AccessDeniedException) when calling the PutParameter operation: "
        "User: arn:aws:sts::111111111111:assumed-role/function/f is not authorized to perform: ssm:PutParameter "
        "because no identity-based policy allows the ssm:PutParameter action"
    )
    _permit(client, "ssm:Put*")
    assert _invoke(awslambda, {})[0] is None


@pytest.mark.parametrize(
    ("boundary", "reason"),
    [
        ([_statement("Allow", "ssm:Get*")], "because no permissions boundary allows the ssm:PutParameter action"),
        (
            [_statement("Allow", "ssm:*"), _statement("Deny", "ssm:PutParameter")],
            "with an explicit deny in a permissions boundary",
        ),
        ([_statement("Allow", "ssm:Put*"), _statement("Deny", "ssm:Put*", Resource="arn:aws:ssm:*:*:parameter/x")], ""),
        ([_statement("Allow", "ssm:Put*"), _statement("Deny", "ssm:*", Condition={"Null": {"a": "true"}})], ""),
    ],
)
def test_code_needs_the_permissions_of_its_roles_boundary_too(
    function: Any, client: Any, boundary: list[dict[str, Any]], reason: str
) -> None:
    awslambda = function(PUT, Timeout=30)
    _permit(client, "ssm:*")
    document = json.dumps({"Version": "2012-10-17", "Statement": boundary})
    arn = client("iam").create_policy(PolicyName="boundary", PolicyDocument=document)["Policy"]["Arn"]
    client("iam").put_role_permissions_boundary(RoleName="function", PermissionsBoundary=arn)
    payload, _ = _invoke(awslambda, {})
    refused = (
        "An error occurred (AccessDeniedException) when calling the PutParameter operation: "
        "User: arn:aws:sts::111111111111:assumed-role/function/f is not authorized to perform: "
        f"ssm:PutParameter {reason}"
    )
    assert (payload or {}).get("errorMessage") == (refused if reason else None)


def _permit(client: Any, action: str) -> None:
    document = json.dumps({"Version": "2012-10-17", "Statement": [_statement("Allow", action)]})
    client("iam").put_role_policy(RoleName="function", PolicyName="p", PolicyDocument=document)


def test_events_and_dry_runs_answer_at_once(function: Any, client: Any) -> None:
    awslambda = function(PUT, Timeout=30)
    _permit(client, "ssm:PutParameter")
    assert awslambda.invoke(FunctionName="f", InvocationType="DryRun")["StatusCode"] == 204
    assert client("ssm").describe_parameters()["Parameters"] == []
    assert awslambda.invoke(FunctionName="f", InvocationType="Event")["StatusCode"] == 202
    ends = time.monotonic() + 10
    while not client("ssm").describe_parameters()["Parameters"]:
        assert time.monotonic() < ends
        time.sleep(0.02)


def test_what_cannot_be_invoked(function: Any, client: Any, trusting: Any) -> None:
    awslambda = function()
    with pytest.raises(ClientError, match="Function not found: arn:aws:lambda:eu-west-1:111111111111:function:none"):
        awslambda.invoke(FunctionName="none")
    document = trusting(service="ec2.amazonaws.com")
    client("iam").update_assume_role_policy(RoleName="function", PolicyDocument=document)
    with pytest.raises(ClientError, match="The role defined for the function cannot be assumed by Lambda"):
        _invoke(awslambda, {})


CUSTOM = """
import cfnresponse

def handler(event, context):
    properties = event["ResourceProperties"]
    if properties["Mode"] == "raise":
        raise RuntimeError("not caught")
    if properties["Mode"] == "fail" and event["RequestType"] != "Delete":
        cfnresponse.send(event, context, cfnresponse.FAILED, {}, "id", reason="on purpose")
        return
    data = {"Doubled": str(2 * int(properties["Number"])), "Request": event["RequestType"]}
    cfnresponse.send(event, context, cfnresponse.SUCCESS, data, "custom-id")
"""


def _template(mode: str, number: int = 1) -> str:
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}
        ],
    }
    resources = {
        "Role": {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": trust}},
        "Function": {
            "Type": "AWS::Lambda::Function",
            "Properties": {
                "Runtime": "python3.13",
                "Handler": "index.handler",
                "Timeout": 10,
                "Role": {"Fn::GetAtt": ["Role", "Arn"]},
                "Code": {"ZipFile": CUSTOM},
            },
        },
        "Custom": {
            "Type": "Custom::Doubler",
            "Properties": {"ServiceToken": {"Fn::GetAtt": ["Function", "Arn"]}, "Number": number, "Mode": mode},
        },
    }
    outputs = {key: {"Value": {"Fn::GetAtt": ["Custom", key]}} for key in ("Doubled", "Request")}
    return json.dumps({"Resources": resources, "Outputs": outputs})


def _settled(cfn: Any) -> dict[str, Any]:
    while True:
        stack = cfn.describe_stacks(StackName="stack")["Stacks"][0]
        if not stack["StackStatus"].endswith("_IN_PROGRESS"):
            return stack  # type: ignore[no-any-return]
        time.sleep(0.02)


def test_a_custom_resource_is_created_updated_and_deleted(aws: Sandbox, client: Any) -> None:
    cfn = client("cloudformation")
    iam = ["CAPABILITY_IAM"]
    cfn.create_stack(StackName="stack", TemplateBody=_template("ok", 4), Capabilities=iam)
    stack = _settled(cfn)
    assert stack["StackStatus"] == "CREATE_COMPLETE"
    assert {o["OutputKey"]: o["OutputValue"] for o in stack["Outputs"]} == {"Doubled": "8", "Request": "Create"}
    resource = cfn.describe_stack_resource(StackName="stack", LogicalResourceId="Custom")["StackResourceDetail"]
    assert resource["PhysicalResourceId"] == "custom-id"
    cfn.update_stack(StackName="stack", TemplateBody=_template("ok", 5), Capabilities=iam)
    assert {o["OutputKey"]: o["OutputValue"] for o in _settled(cfn)["Outputs"]} == {
        "Doubled": "10",
        "Request": "Update",
    }
    cfn.delete_stack(StackName="stack")
    cfn.get_waiter("stack_delete_complete").wait(StackName="stack", WaiterConfig={"Delay": 0.02})
    assert aws.inventory() == []


@pytest.mark.parametrize(
    ("mode", "reason"),
    [("fail", "on purpose"), ("raise", "The function's error: not caught")],
)
def test_a_custom_resource_that_fails_rolls_back(client: Any, mode: str, reason: str) -> None:
    cfn = client("cloudformation")
    cfn.create_stack(StackName="stack", TemplateBody=_template(mode), Capabilities=["CAPABILITY_IAM"])
    assert _settled(cfn)["StackStatus"].startswith("ROLLBACK_")
    events = cfn.describe_stack_events(StackName="stack")["StackEvents"]
    failed = [e for e in events if e["LogicalResourceId"] == "Custom" and e["ResourceStatus"] == "CREATE_FAILED"]
    assert reason in failed[0]["ResourceStatusReason"]


LISTING = """
import pathlib

def handler(event, context):
    own = pathlib.Path(__file__).parent
    return {
        "inside": sorted(str(one.relative_to(own)) for one in own.rglob("*.txt")),
        "outside": sorted(str(one) for folder in own.parents for one in folder.glob("escaped*.txt")),
    }
"""


def test_code_stays_in_its_folder_whatever_its_entries_are_called(function: Any) -> None:
    awslambda = function()
    names = {"../escaped1.txt": "", "a/../../../escaped2.txt": "", "/tmp/escaped3.txt": ""}
    awslambda.update_function_code(FunctionName="f", ZipFile=_zip(LISTING, **names))
    found, _ = _invoke(awslambda, {})
    assert found == {"inside": ["a/escaped2.txt", "escaped1.txt", "tmp/escaped3.txt"], "outside": []}
