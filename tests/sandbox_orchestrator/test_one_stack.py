"""One stack by change set over HTTP: shown before it runs, followed while it runs, finished after interruptions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from generator.errors import ToolError
from sandbox.faults import Fault
from stacksets.changeset import ChangeSetView, Deployer
from stacksets.report import Event, StackEvent, StackStep
from stacksets.stacks import StackSpec, find
from tests.sandbox_orchestrator.fleet import BUCKET, PACE, REGION, Fleet

TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}


def parameter(name: str, value: object) -> dict[str, Any]:
    return {"Type": "AWS::SSM::Parameter", "Properties": {"Name": name, "Type": "String", "Value": value}}


def role(*actions: str) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
    policy = {"PolicyName": "own", "PolicyDocument": {"Version": "2012-10-17", "Statement": [statement]}}
    return {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": TRUST, "Policies": [policy]}}


def document(**resources: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "Parameters": {"Color": {"Type": "String", "AllowedValues": ["red", "blue"]}},
        "Resources": resources,
        "Outputs": {"Color": {"Value": {"Ref": "Color"}}},
    }


def stack(fleet: Fleet, made: Mapping[str, Any], color: str = "red", **more: Any) -> StackSpec:
    url, entry = fleet.publish("one", made)
    allowed = {"Color": replace_allowed(entry.parameters["Color"])}
    known = replace_entry(entry, allowed)
    return StackSpec(name="one", template_url=url, template=known, parameters={"Color": color}, **more)


def replace_allowed(entry: Any) -> Any:
    return type(entry)(entry.type, entry.default, ("red", "blue"))


def replace_entry(entry: Any, parameters: Mapping[str, Any]) -> Any:
    return type(entry)(
        entry.path, entry.sha256, entry.size, entry.key, "", dict(parameters), (), ("CAPABILITY_NAMED_IAM",)
    )


def deployer(fleet: Fleet, events: list[Event] | None = None) -> Deployer:
    report = (events if events is not None else []).append
    return Deployer(cloud=fleet.cloud, report=report, pace=PACE)


def changes(view: ChangeSetView) -> list[tuple[str, str, str, bool]]:
    return [("/".join(c.path), c.action, c.replacement, c.widens_access) for c in view.changes]


def test_it_is_shown_then_run_then_nothing_is_left_to_do(fleet: Fleet) -> None:
    events: list[Event] = []
    work, spec = deployer(fleet, events), stack(fleet, document(A=parameter("/one/a", "1"), R=role("s3:GetObject")))
    view = work.prepare(spec)
    assert view.kind == "CREATE"
    assert sorted(changes(view)) == [("A", "Add", "", False), ("R", "Add", "", True)]
    assert work.execute(view, spec) == {"Color": "red"}
    seen = {(event.resource, event.status) for event in events if isinstance(event, StackEvent)}
    assert {("A", "CREATE_COMPLETE"), ("R", "CREATE_COMPLETE"), ("one", "CREATE_COMPLETE")} <= seen
    again = work.prepare(spec)
    assert again.is_empty
    assert work.execute(again, spec) == {"Color": "red"}
    assert events[-1] == StackStep("one", "nothing to change")


def test_replacements_removals_and_wider_access_are_marked(fleet: Fleet) -> None:
    work = deployer(fleet)
    work.deploy(stack(fleet, document(A=parameter("/one/a", "1"), B=parameter("/one/b", "1"), R=role("s3:GetObject"))))
    wider = role("s3:GetObject", "s3:PutObject")
    view = work.prepare(stack(fleet, document(A=parameter("/one/other", "1"), C=parameter("/one/c", "1"), R=wider)))
    assert sorted(changes(view)) == [
        ("A", "Modify", "always", False),
        ("B", "Remove", "", False),
        ("C", "Add", "", False),
        ("R", "Modify", "", True),
    ]
    work.discard(view)
    assert find(fleet.cloud, "one") is not None


def test_an_unwanted_first_change_set_leaves_nothing(fleet: Fleet) -> None:
    work = deployer(fleet)
    work.discard(work.prepare(stack(fleet, document(A=parameter("/one/a", "1")))))
    assert find(fleet.cloud, "one") is None


def test_a_change_set_that_was_left_behind_is_cleared(fleet: Fleet) -> None:
    work, spec = deployer(fleet), stack(fleet, document(A=parameter("/one/a", "1")))
    work.prepare(spec)
    work.deploy(spec)
    work.prepare(replace(spec, parameters={"Color": "blue"}))
    assert work.deploy(replace(spec, parameters={"Color": "blue"})) == {"Color": "blue"}
    api = fleet.client("cloudformation", fleet.built.dev)
    assert [s for s in api.list_change_sets(StackName="one")["Summaries"] if s["ExecutionStatus"] == "AVAILABLE"] == []


def nested(fleet: Fleet, inner: Mapping[str, Any]) -> dict[str, Any]:
    url, _ = fleet.publish("inner", {"Resources": inner})
    return document(Inner={"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": url}})


def test_a_failure_in_a_nested_stack_is_told_with_its_path_and_a_rerun_finishes(fleet: Fleet) -> None:
    fault = Fault("failing_account", account=fleet.built.dev, resource_type="AWS::SSM::Parameter", reason="no, thanks")
    fleet.sandbox.faults.order(fault)
    events: list[Event] = []
    spec = stack(fleet, nested(fleet, {"Deep": parameter("/one/deep", "1")}))
    with pytest.raises(ToolError) as caught:
        deployer(fleet).deploy(spec)
    assert caught.value.message == "one: Inner/Deep (AWS::SSM::Parameter) CREATE_FAILED: no, thanks"
    fleet.sandbox.faults.clear()
    with pytest.raises(ToolError) as caught:
        deployer(fleet).prepare(spec, may_delete=False)
    assert caught.value.message == "one: it is ROLLBACK_COMPLETE and has to be deleted first"
    work = deployer(fleet, events)
    assert work.deploy(spec) == {"Color": "red"}
    assert StackStep("one", "it is ROLLBACK_COMPLETE: what is left of it is deleted first") in events
    assert ("Inner",) in {event.path for event in events if isinstance(event, StackEvent)}


def test_changes_inside_nested_stacks_are_shown(fleet: Fleet) -> None:
    work = deployer(fleet)
    work.deploy(stack(fleet, nested(fleet, {"Deep": parameter("/one/deep", "1")})))
    view = work.prepare(stack(fleet, nested(fleet, {"Deep": parameter("/one/deep", "2")})))
    assert changes(view) == [("Inner/Deep", "Modify", "", False)]


def test_bad_parameters_fail_before_any_call(fleet: Fleet) -> None:
    spec = stack(fleet, document(A=parameter("/one/a", "1")))
    fleet.cloud.calls.clear()
    cases = {
        "one: one.yaml has no parameter Colour": {"Colour": "red", "Color": "red"},
        "one: one.yaml needs Color": {},
        "one: Color cannot be 'green'": {"Color": "green"},
    }
    for message, values in cases.items():
        with pytest.raises(ToolError) as caught:
            deployer(fleet).prepare(replace(spec, parameters=values))
        assert caught.value.message == message
    assert not fleet.cloud.calls


def test_termination_protection(fleet: Fleet) -> None:
    work, spec = deployer(fleet), stack(fleet, document(A=parameter("/one/a", "1")), is_protected=True)
    work.deploy(spec)
    with pytest.raises(ToolError) as caught:
        work.delete("one")
    assert caught.value.message == "one: termination protection is on"
    assert work.delete("one", unprotect=True)
    assert find(fleet.cloud, "one") is None
    assert not work.delete("one")


def test_a_stack_that_somebody_works_on_is_waited_for(fleet: Fleet) -> None:
    spec = stack(fleet, document(A=parameter("/one/a", "1")))
    slow = Fault("slow_account", account=fleet.built.dev, resource_type="AWS::SSM::Parameter", seconds=0.6, times=1)
    fleet.sandbox.faults.order(slow)
    url = spec.template_url
    assert url.startswith(f"https://{BUCKET}.s3.{REGION}.")
    api = fleet.client("cloudformation", fleet.built.dev)
    api.create_stack(StackName="one", TemplateURL=url, Parameters=[{"ParameterKey": "Color", "ParameterValue": "red"}])
    assert deployer(fleet).deploy(replace(spec, parameters={"Color": "blue"})) == {"Color": "blue"}


def test_what_cannot_be_deleted_is_told(fleet: Fleet) -> None:
    bucket = {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "bucket-that-is-not-empty"}}
    work = deployer(fleet)
    work.deploy(stack(fleet, document(B=bucket)))
    s3 = fleet.client("s3", fleet.built.dev)
    s3.put_object(Bucket="bucket-that-is-not-empty", Key="k", Body=b"1")
    with pytest.raises(ToolError) as caught:
        work.delete("one")
    assert caught.value.message.startswith("one: B (AWS::S3::Bucket) DELETE_FAILED: ")
    s3.delete_object(Bucket="bucket-that-is-not-empty", Key="k")
    assert work.delete("one")


def test_a_dry_run_leaves_somebody_elses_change_set(fleet: Fleet) -> None:
    """Both wait on a stack that does not exist yet; discarding ours must not take theirs along."""
    cloudformation = fleet.client("cloudformation", fleet.built.dev)
    body = '{"Resources": {"T": {"Type": "AWS::SNS::Topic"}}}'
    cloudformation.create_change_set(StackName="one", ChangeSetName="theirs", ChangeSetType="CREATE", TemplateBody=body)
    work = deployer(fleet)
    work.discard(work.prepare(stack(fleet, document(A=parameter("/one/a", "1"))), may_delete=False))
    left = cloudformation.list_change_sets(StackName="one")["Summaries"]
    assert [entry["ChangeSetName"] for entry in left] == ["theirs"]


def test_a_template_that_was_not_published(fleet: Fleet) -> None:
    spec = stack(fleet, document(A=parameter("/one/a", "1")))
    absent = replace(spec, template_url=spec.template_url.replace("/one.yaml", "/two.yaml"))
    with pytest.raises(ToolError) as caught:
        deployer(fleet).prepare(absent)
    assert caught.value.message.startswith("one: S3 error: ")
    assert "\n" not in caught.value.message
    assert caught.value.hint == "publish this build, then run the same command: mlz package"


def test_a_stack_that_somebody_else_began_to_change(fleet: Fleet) -> None:
    """Between the look at the change set and its run."""
    cloudformation = fleet.client("cloudformation", fleet.built.dev)
    first = stack(fleet, document(A=parameter("/one/a", "1")))
    deployer(fleet).deploy(first)
    view = deployer(fleet).prepare(stack(fleet, document(A=parameter("/one/a", "2"))))
    fleet.sandbox.faults.order(Fault("slow_account", account=fleet.built.dev, seconds=1.0))
    cloudformation.update_stack(
        StackName="one",
        TemplateURL=first.template_url,
        Parameters=[{"ParameterKey": "Color", "ParameterValue": "blue"}],
        Tags=[{"Key": "their", "Value": "tag"}],
    )
    with pytest.raises(ToolError) as caught:
        deployer(fleet).execute(view, first)
    fleet.sandbox.faults.clear()
    assert caught.value.message == "one: the change set is no longer valid"
    assert caught.value.hint == "the stack changed while you looked at it: run the same command again"
