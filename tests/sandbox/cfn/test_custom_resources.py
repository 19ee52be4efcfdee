"""Custom resources: requests, answers, and the rules about physical ids."""

from __future__ import annotations

import pytest

ARN = "arn:aws:lambda:eu-west-1:222222222222:function:f"
TEMPLATE = f"""
Parameters: {{Count: {{Type: Number, Default: 3}}}}
Resources:
  Look:
    Type: Custom::Look
    Properties: {{ServiceToken: '{ARN}', Count: !Ref Count, Deep: {{Flag: true, List: [1, b]}}}}
  Repo:
    Type: AWS::CodeCommit::Repository
    Properties: {{RepositoryName: r, RepositoryDescription: !GetAtt Look.Answer}}
Outputs: {{Id: {{Value: !Ref Look}}, Inner: {{Value: !GetAtt Look.Deep.Er}}}}
"""


def success(request, physical_id="thing", **data):
    data = data or {"Answer": f"count {request['ResourceProperties']['Count']}", "Deep": {"Er": "x"}}
    return {"Status": "SUCCESS", "PhysicalResourceId": physical_id, "Data": data}


def failed_reasons(stack):
    return [event.reason for event in stack.events if event.status == "CREATE_FAILED"]


def test_create_update_delete(host):
    host.functions[ARN] = success
    stack = host.create(TEMPLATE)
    assert (stack.status, stack.output("Id"), stack.output("Inner")) == ("CREATE_COMPLETE", "thing", "x")
    assert stack.resources["Repo"].properties["RepositoryDescription"] == "count 3"
    host.update(TEMPLATE, parameters={"Count": "4"})
    assert stack.resources["Repo"].properties["RepositoryDescription"] == "count 4"
    host.delete()
    assert [request["RequestType"] for request in host.requests] == ["Create", "Update", "Delete"]
    create, update, delete = host.requests
    assert create == {
        "RequestType": "Create",
        "ServiceToken": ARN,
        "ResponseURL": f"https://answers.test/{create['RequestId']}",
        "StackId": stack.stack_id,
        "RequestId": create["RequestId"],
        "LogicalResourceId": "Look",
        "ResourceType": "Custom::Look",
        "ResourceProperties": {"ServiceToken": ARN, "Count": "3", "Deep": {"Flag": "true", "List": ["1", "b"]}},
    }
    assert update["PhysicalResourceId"] == delete["PhysicalResourceId"] == "thing"
    assert update["OldResourceProperties"]["Count"] == "3"
    assert delete["ResourceProperties"]["Count"] == "4"


def test_a_new_physical_id_is_a_replacement(host):
    host.functions[ARN] = lambda request: success(request, f"id-{request['ResourceProperties']['Count']}")
    stack = host.create(TEMPLATE)
    host.update(TEMPLATE, parameters={"Count": "4"})
    assert [(r["RequestType"], r.get("PhysicalResourceId")) for r in host.requests] == [
        ("Create", None),
        ("Update", "id-3"),
        ("Delete", "id-3"),
    ]
    assert stack.output("Id") == "id-4"


def test_a_failed_answer_rolls_back_and_asks_for_deletion(host):
    def answer(request):
        if request["RequestType"] == "Create":
            return {"Status": "FAILED", "Reason": "not today", "PhysicalResourceId": "half"}
        return success(request, "half")

    host.functions[ARN] = answer
    stack = host.create(TEMPLATE)
    token = host.requests[0]["RequestId"]
    assert failed_reasons(stack) == [
        f"Received response status [FAILED] from custom resource. Message returned: not today (RequestId: {token})"
    ]
    assert [(r["RequestType"], r.get("PhysicalResourceId")) for r in host.requests] == [
        ("Create", None),
        ("Delete", "half"),
    ]
    assert stack.status == "ROLLBACK_COMPLETE"


def test_a_failed_update_is_taken_back_by_another(host):
    host.functions[ARN] = success
    stack = host.create(TEMPLATE)

    def refuse_five(request):
        if request["ResourceProperties"]["Count"] == "5":
            return {"Status": "FAILED", "Reason": "five", "PhysicalResourceId": "thing"}
        return success(request)

    host.functions[ARN] = refuse_five
    host.update(TEMPLATE, parameters={"Count": "5"})
    assert stack.status == "UPDATE_ROLLBACK_COMPLETE"
    assert [(r["RequestType"], r["ResourceProperties"]["Count"]) for r in host.requests] == [
        ("Create", "3"),
        ("Update", "5"),
        ("Update", "3"),
    ]


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ({"Status": "SUCCESS"}, "Invalid PhysicalResourceId"),
        ({"Status": "SUCCESS", "PhysicalResourceId": "p", "Data": {"x": "y" * 5000}}, "Response object is too long."),
        ({"PhysicalResourceId": "p"}, "Invalid response status: it must be SUCCESS or FAILED"),
        ({"Status": "SUCCESS", "PhysicalResourceId": "p", "Data": "x"}, "Invalid response: Data must be an object"),
    ],
)
def test_answers_that_are_not_accepted(answer, reason, host):
    host.functions[ARN] = lambda request: answer if request["RequestType"] == "Create" else success(request)
    assert failed_reasons(host.create(TEMPLATE)) == [reason]


def test_an_attribute_that_the_answer_lacks(host):
    host.functions[ARN] = lambda request: success(request, Other="x")
    stack = host.create(TEMPLATE)
    assert failed_reasons(stack) == [
        (
            "CustomResource attribute error: Vendor response doesn't contain Answer attribute in object "
            f"{stack.stack_id}|Look|thing"
        )
    ]


def test_a_function_that_does_not_exist(host):
    stack = host.create(TEMPLATE)
    assert failed_reasons(stack) == [f"Function not found: {ARN}"]
    assert stack.status == "ROLLBACK_COMPLETE"


def test_silence_ends_at_the_service_timeout(host):
    host.functions[ARN] = lambda request: None if request["RequestType"] == "Create" else success(request)
    stack = host.create(TEMPLATE.replace("Count: !Ref Count", "Count: 1, ServiceTimeout: 1"))
    assert failed_reasons(stack)[0].startswith(
        "CloudFormation did not receive a response from your Custom Resource. Please check your logs for requestId ["
    )
    assert stack.status == "ROLLBACK_COMPLETE"


def test_an_answer_that_nobody_waits_for(host):
    assert host.engine.signal("0000", b"{}") is False


def test_its_function_is_made_before_and_deleted_after(host, history):
    host.functions[ARN] = success
    template = TEMPLATE.replace(
        "  Repo:", "  Fn: {Type: AWS::SNS::Topic, Properties: {TopicName: t}}\n  Repo:"
    ).replace("Count: !Ref Count", "Count: 1, After: !Ref Fn")
    stack = host.create(template)
    host.delete()
    order = history(stack)
    assert order.index("Fn CREATE_COMPLETE") < order.index("Look CREATE_IN_PROGRESS")
    assert order.index("Look DELETE_COMPLETE") < order.index("Fn DELETE_IN_PROGRESS")


def test_a_stack_set_resource_is_the_host_s_business(host):
    stack = host.create(
        "Resources: {S: {Type: AWS::CloudFormation::StackSet, Properties: {StackSetName: set, PermissionModel: "
        "SELF_MANAGED, TemplateBody: t, Description: a}}}\nOutputs: {O: {Value: !Ref S}}"
    )
    host.update(stack.template_body.replace("Description: a", "Description: b"))
    host.delete()
    assert stack.output("O") == "set:0000"
    assert host.stack_sets == [("create", None), ("update", "set:0000"), ("delete", "set:0000")]
