"""Creation: order, events, capabilities, names, tags, failures and what they leave."""

from __future__ import annotations

import threading
import time

import pytest

from sandbox.cfn.errors import CfnError

CHAIN = """
Resources:
  Third: {Type: AWS::CodeCommit::Repository, Properties: {RepositoryName: three, RepositoryDescription: !Ref Second}}
  Second: {Type: AWS::CodeCommit::Repository, Properties: {RepositoryName: two}, DependsOn: First}
  First: {Type: AWS::ResourceGroups::Group, Properties: {Name: one}}
"""
NAMED = frozenset({"CAPABILITY_NAMED_IAM"})


def test_events_of_a_creation_in_dependency_order(host, history):
    stack = host.create(CHAIN)
    assert history(stack) == [
        "app CREATE_IN_PROGRESS",
        "First CREATE_IN_PROGRESS",
        "First CREATE_IN_PROGRESS",
        "First CREATE_COMPLETE",
        "Second CREATE_IN_PROGRESS",
        "Second CREATE_IN_PROGRESS",
        "Second CREATE_COMPLETE",
        "Third CREATE_IN_PROGRESS",
        "Third CREATE_IN_PROGRESS",
        "Third CREATE_COMPLETE",
        "app CREATE_COMPLETE",
    ]
    reasons = [event.reason for event in stack.events]
    assert reasons[:4] == ["User Initiated", None, "Resource creation Initiated", None]
    times = [event.time for event in stack.events]
    assert times == sorted(times)
    assert len({event.event_id for event in stack.events}) == len(times)


def test_a_failure_rolls_back_in_reverse_order(host, history):
    host.faults["create", "Third"] = "no luck"
    stack = host.create(CHAIN)
    assert history(stack, 7) == [
        "Third CREATE_IN_PROGRESS",
        "Third CREATE_FAILED",
        "app ROLLBACK_IN_PROGRESS",
        "Second DELETE_IN_PROGRESS",
        "Second DELETE_COMPLETE",
        "First DELETE_IN_PROGRESS",
        "First DELETE_COMPLETE",
        "app ROLLBACK_COMPLETE",
    ]
    assert stack.events[9].reason == (
        "The following resource(s) failed to create: [Third]. Rollback requested by user."
    )
    assert stack.events[8].reason == "no luck"
    assert host.engine.inventory() == []


@pytest.mark.parametrize(
    ("options", "status", "left"),
    [
        ({"disable_rollback": True}, "CREATE_FAILED", ["First", "Second"]),
        ({"on_failure": "DO_NOTHING"}, "CREATE_FAILED", ["First", "Second"]),
        ({"on_failure": "DELETE"}, "DELETE_COMPLETE", []),
    ],
)
def test_what_a_failure_leaves_by_choice(options, status, left, host):
    host.faults["create", "Third"] = "no luck"
    stack = host.create(CHAIN, **options)
    assert stack.status == status
    assert sorted(row.logical_id for row in host.engine.inventory()) == left


def test_a_rollback_that_fails_says_what_is_left(host):
    host.faults["create", "Third"] = "no luck"
    host.faults["delete", "First"] = "in use"
    stack = host.create(CHAIN)
    assert (stack.status, stack.reason) == (
        "ROLLBACK_FAILED",
        "The following resource(s) failed to delete: [First]. ",
    )
    assert [row.logical_id for row in host.engine.inventory()] == ["First"]


def test_a_stack_in_rollback_complete_can_only_be_deleted(host, refusal):
    host.faults["create", "Third"] = "no luck"
    stack = host.create(CHAIN)
    assert refusal(lambda: host.update(CHAIN)) == (
        f"ValidationError: Stack:{stack.stack_id} is in ROLLBACK_COMPLETE state and can not be updated."
    )
    host.delete()
    assert stack.status == "DELETE_COMPLETE"


def test_a_name_is_taken_until_its_stack_is_deleted(host, refusal):
    first = host.create(CHAIN)
    assert refusal(lambda: host.create(CHAIN)) == "AlreadyExistsException: Stack [app] already exists"
    host.delete()
    second = host.create(CHAIN)
    assert host.stack().stack_id == second.stack_id != first.stack_id
    assert host.stack(first.stack_id).status == "DELETE_COMPLETE"


def test_an_unknown_stack(host, refusal):
    assert refusal(lambda: host.stack("ghost")) == "ValidationError: Stack with id ghost does not exist"


ROLE = "Resources: {R: {Type: AWS::IAM::Role, Properties: {%s AssumeRolePolicyDocument: {Statement: []}}}}"


@pytest.mark.parametrize(
    ("name", "given", "wanted"),
    [
        ("", set(), "CAPABILITY_IAM"),
        ("RoleName: r,", {"CAPABILITY_IAM"}, "CAPABILITY_NAMED_IAM"),
    ],
)
def test_capabilities(name, given, wanted, host, refusal):
    assert refusal(lambda: host.create(ROLE % name, capabilities=frozenset(given))) == (
        f"InsufficientCapabilitiesException: Requires capabilities : [{wanted}]"
    )
    assert host.create(ROLE % name, capabilities=NAMED).status == "CREATE_COMPLETE"


def test_a_transform_needs_auto_expand(host, refusal):
    template = f"Transform: AWS::LanguageExtensions\n{CHAIN}"
    assert refusal(lambda: host.create(template)) == (
        "InsufficientCapabilitiesException: Requires capabilities : [CAPABILITY_AUTO_EXPAND]"
    )
    assert host.create(template, capabilities=frozenset({"CAPABILITY_AUTO_EXPAND"})).status == "CREATE_COMPLETE"


def test_generated_role_names_keep_within_64_characters(host):
    stack = host.create(ROLE % "", "a-stack-name-that-is-really-rather-long-for-a-role-" + "x" * 40, capabilities=NAMED)
    name = stack.resources["R"].physical_id
    assert len(name) <= 64
    assert name.startswith("a-stack-name-that-is-really-rather-long-for-a-r")
    assert name.split("-")[-2] == "R"


def test_a_role_name_over_64_characters_is_refused(host):
    name = "n" * 65
    stack = host.create(ROLE % f"RoleName: {name},", capabilities=NAMED)
    assert stack.status == "ROLLBACK_COMPLETE"
    assert stack.events[2].reason == (
        "Properties validation failed for resource R with message:\n[#/RoleName: expected maxLength: 64, actual: 65]"
    )


def test_properties_are_checked_by_the_schema(host):
    stack = host.create("Resources: {A: {Type: AWS::EC2::VPC, Properties: {CidrBlock: 10.0.0.0/16, Colour: red}}}")
    assert stack.events[2].reason == "Encountered unsupported property Colour"
    stack = host.create("Resources: {A: {Type: AWS::EC2::Subnet, Properties: {MapPublicIpOnLaunch: maybe}}}", "second")
    assert stack.events[2].reason == (
        "Properties validation failed for resource A with message:\n"
        "[#: required key [VpcId] not found, #/MapPublicIpOnLaunch: expected type: Boolean, found: String]"
    )


def test_scalars_are_brought_into_the_schema_s_types(host):
    stack = host.create(
        "Parameters: {D: {Type: Number, Default: 7}}\n"
        "Resources: {A: {Type: AWS::Logs::LogGroup, Properties: {LogGroupName: 5, RetentionInDays: !Ref D}}}"
    )
    assert stack.resources["A"].properties == {"LogGroupName": "5", "RetentionInDays": 7}


def test_stack_tags_reach_resources_and_own_tags_win(host):
    stack = host.create(
        "Resources: {A: {Type: AWS::CodeCommit::Repository, Properties: "
        "{RepositoryName: r, Tags: [{Key: team, Value: own}]}}}",
        tags={"team": "stack", "cost": "1"},
    )
    assert stack.tags == {"team": "stack", "cost": "1"}
    assert stack.resources["A"].tags == {"team": "own", "cost": "1"}


def test_conditional_resources_are_absent(host):
    stack = host.create(
        "Parameters: {Env: {Type: String, Default: dev}}\n"
        "Conditions: {Dev: !Equals [!Ref Env, dev], NotDev: !Not [!Condition Dev]}\nResources:\n"
        "  A: {Type: AWS::SNS::Topic, Condition: Dev}\n"
        "  B: {Type: AWS::SNS::Topic, Condition: NotDev}\n"
        "  C: {Type: AWS::SNS::Topic, DependsOn: [A, B]}\n"
        "Outputs: {O: {Condition: NotDev, Value: !Ref B}}"
    )
    assert sorted(stack.resources) == ["A", "C"]
    assert stack.outputs == ()


def test_two_recorded_things_cannot_have_one_identifier(host):
    host.create(CHAIN)
    stack = host.create("Resources: {X: {Type: AWS::ResourceGroups::Group, Properties: {Name: one}}}", "other")
    assert stack.events[2].reason == (
        "Resource of type 'AWS::ResourceGroups::Group' with identifier 'one' already exists."
    )


def test_an_operation_goes_on_in_its_thread_and_refuses_a_second(host, refusal, monkeypatch):
    gate = threading.Event()

    def before(*_):
        gate.wait(10)

    monkeypatch.setattr(host, "before", before)
    stack = host.engine.create_stack(host.request(CHAIN))
    assert stack.status == "CREATE_IN_PROGRESS"
    assert refusal(lambda: host.update(CHAIN)) == (
        f"ValidationError: Stack:{stack.stack_id} is in CREATE_IN_PROGRESS state and can not be updated."
    )
    gate.set()
    assert host.engine.wait(stack).status == "CREATE_COMPLETE"


def test_deleting_a_stack_under_way_stops_it(host, monkeypatch):
    def before(_account, _region, action, *_):
        if action == "create":
            time.sleep(0.2)

    monkeypatch.setattr(host, "before", before)
    stack = host.engine.create_stack(host.request(CHAIN))
    host.delete()
    assert stack.status == "DELETE_COMPLETE"
    assert "Resource creation cancelled" in [event.reason for event in stack.events]
    assert host.engine.inventory() == []


def test_a_defect_in_a_handler_fails_its_resource(host, monkeypatch):
    from sandbox.cfn import naming

    monkeypatch.setattr(naming, "physical_id", lambda *_: {}["x"])
    stack = host.create(CHAIN)
    assert stack.status == "ROLLBACK_COMPLETE"
    assert [event.reason for event in stack.events if event.status == "CREATE_FAILED"] == [
        "Internal failure of the sandbox: KeyError: 'x'"
    ]


def test_a_defect_in_the_engine_fails_the_stack(host, monkeypatch):
    from sandbox.cfn.deployment import Deployment

    monkeypatch.setattr(Deployment, "apply", lambda _: {}["x"])
    with pytest.raises(KeyError):
        host.create(CHAIN)
    assert (host.stack().status, host.stack().reason) == ("CREATE_FAILED", "Internal failure of the sandbox")


def test_of_two_updates_at_once_one_is_refused(host, monkeypatch):
    stack = host.create(CHAIN)
    gate = threading.Event()
    monkeypatch.setattr(host, "before", lambda *_: gate.wait(10))
    changed = CHAIN.replace("three", "four")
    host.engine.update_stack(host.request(changed))
    with pytest.raises(CfnError) as refused:
        host.update(changed)
    gate.set()
    assert refused.value.message == (f"Stack:{stack.stack_id} is in UPDATE_IN_PROGRESS state and can not be updated.")
    assert host.engine.wait(stack).status == "UPDATE_COMPLETE"


def test_a_fault_ordered_as_a_service_error_fails_its_resource(host, monkeypatch):
    def before(_account, _region, action, *_):
        if action == "create":
            raise CfnError("ThrottlingException", "Rate exceeded")

    monkeypatch.setattr(host, "before", before)
    stack = host.create(CHAIN)
    assert stack.status == "ROLLBACK_COMPLETE"
    assert [event.reason for event in stack.events if event.status == "CREATE_FAILED"] == ["Rate exceeded"]


def test_the_same_text_is_parsed_once(host, monkeypatch):
    from sandbox.cfn import template

    host.create(CHAIN.replace("one", "uno"), "first")
    monkeypatch.setattr(template, "_load", lambda _: pytest.fail("parsed again"))
    stack = host.create(CHAIN.replace("one", "uno"), "again", account="333333333333")
    assert stack.status == "CREATE_COMPLETE"
