"""Nested stacks: outputs, updates, failures and what they leave."""

from __future__ import annotations

import pytest

CHILD = """
Parameters: {Name: {Type: String}, Items: {Type: CommaDelimitedList, Default: x}}
Resources: {Group: {Type: AWS::ResourceGroups::Group, Properties: {Name: !Ref Name}}}
Outputs: {Name: {Value: !Ref Group}, Joined: {Value: !Join [+, !Ref Items]}}
"""
PARENT = """
Parameters: {Name: {Type: String, Default: one}, Fails: {Type: String, Default: ok}}
Resources:
  Child:
    Type: AWS::CloudFormation::Stack
    Properties: {TemplateURL: https://b/child, Parameters: {Name: !Ref Name, Items: [a, b]}}
  Repo:
    Type: AWS::CodeCommit::Repository
    Properties: {RepositoryName: !Ref Fails, RepositoryDescription: !GetAtt Child.Outputs.Name}
Outputs: {Id: {Value: !Ref Child}, Joined: {Value: !GetAtt Child.Outputs.Joined}}
"""


@pytest.fixture
def nested(host):
    host.templates["https://b/child"] = CHILD
    return host


def child_of(host, name="app"):
    return host.engine.stack("222222222222", "eu-west-1", host.stack(name).resources["Child"].physical_id)


def test_ref_is_the_arn_and_outputs_flow(nested, history):
    stack = nested.create(PARENT, tags={"team": "ml"})
    child = child_of(nested)
    assert stack.status == child.status == "CREATE_COMPLETE"
    assert stack.output("Id") == child.stack_id
    assert stack.output("Joined") == "a+b"
    assert stack.resources["Repo"].properties["RepositoryDescription"] == "one"
    assert child.name.startswith("app-Child-")
    assert (child.parent_id, child.root_id, child.tags) == (stack.stack_id, stack.stack_id, {"team": "ml"})
    assert history(child)[-1] == f"{child.name} CREATE_COMPLETE"
    nested.delete()
    assert (stack.status, child.status, nested.engine.inventory()) == ("DELETE_COMPLETE", "DELETE_COMPLETE", [])


def test_an_unknown_output_of_the_child_is_refused(nested):
    stack = nested.create(PARENT.replace("Outputs.Joined", "Outputs.Nope"))
    assert stack.status == "ROLLBACK_COMPLETE"
    assert [event.reason for event in stack.events if event.status == "ROLLBACK_IN_PROGRESS"] == [
        (
            "Template error: resource Child does not support attribute type Outputs.Nope in Fn::GetAtt "
            "Rollback requested by user."
        )
    ]


def test_the_child_s_failure_is_told_and_undone(nested):
    nested.faults["create", "Group"] = "no luck"
    stack = nested.create(PARENT)
    child_id = next(event.physical_id for event in stack.events if event.status == "CREATE_FAILED")
    child = nested.stack(child_id)
    assert [event.reason for event in stack.events if event.status == "CREATE_FAILED"] == [
        f"Embedded stack {child_id} was not successfully created: The following resource(s) failed to create: [Group]."
    ]
    assert (stack.status, child.status) == ("ROLLBACK_COMPLETE", "DELETE_COMPLETE")
    assert nested.engine.inventory() == []


def test_a_child_with_a_missing_parameter(nested):
    stack = nested.create(PARENT.replace("Name: !Ref Name, ", ""))
    assert [event.reason for event in stack.events if event.status == "CREATE_FAILED"] == [
        "Parameters: [Name] must have values"
    ]


def test_an_unreadable_template(nested):
    stack = nested.create(PARENT.replace("https://b/child", "https://b/none"))
    assert [event.reason for event in stack.events if event.status == "CREATE_FAILED"] == ["S3 error: Access Denied"]


def test_a_child_needs_the_parent_s_capabilities(nested):
    nested.templates["https://b/child"] = CHILD.replace(
        "Resources: {", "Resources: {R: {Type: AWS::IAM::Role, Properties: {AssumeRolePolicyDocument: {}}}, "
    )
    stack = nested.create(PARENT)
    assert [event.reason for event in stack.events if event.status == "CREATE_FAILED"] == [
        "Requires capabilities : [CAPABILITY_IAM]"
    ]


def test_an_update_reaches_the_child(nested):
    stack = nested.create(PARENT)
    child = child_of(nested)
    nested.update(PARENT, parameters={"Name": "two"})
    assert child_of(nested) is child
    assert (stack.status, child.status, child.output("Name")) == ("UPDATE_COMPLETE", "UPDATE_COMPLETE", "two")
    assert stack.resources["Repo"].properties["RepositoryDescription"] == "two"
    assert [row.physical_id for row in nested.engine.inventory() if row.logical_id == "Group"] == ["two"]


def test_a_new_child_template_behind_the_same_address_is_seen(nested):
    nested.create(PARENT)
    nested.templates["https://b/child"] = CHILD.replace("[+,", "['/',")
    assert nested.update(PARENT).output("Joined") == "a/b"


def test_a_parent_s_failure_takes_the_child_back(nested):
    stack = nested.create(PARENT)
    child = child_of(nested)
    nested.create("Resources: {X: {Type: AWS::ResourceGroups::Group, Properties: {Name: other}}}", "other")
    clash = PARENT.replace("Repo:", "Clash:\n    Type: AWS::ResourceGroups::Group\n"
                           "    Properties: {Name: other}\n    DependsOn: Child\n  Repo:")  # fmt: skip
    nested.update(clash, parameters={"Name": "two"})
    assert (stack.status, child.status) == ("UPDATE_ROLLBACK_COMPLETE", "UPDATE_ROLLBACK_COMPLETE")
    assert (child.output("Name"), child.parameters["Name"]) == ("one", "one")
    assert sorted(row.physical_id for row in nested.engine.inventory() if row.logical_id == "Group") == ["one"]
    nested.delete()
    assert [row.stack for row in nested.engine.inventory()] == ["other"]


def test_a_child_s_failed_update_is_told_and_undone(nested):
    stack = nested.create(PARENT)
    child = child_of(nested)
    nested.create("Resources: {X: {Type: AWS::ResourceGroups::Group, Properties: {Name: taken}}}", "other")
    nested.update(PARENT, parameters={"Name": "taken"})
    assert [event.reason for event in stack.events if event.status == "UPDATE_FAILED"] == [
        (
            f"Embedded stack {child.stack_id} was not successfully updated. "
            "The following resource(s) failed to update: [Group]."
        )
    ]
    assert (stack.status, child.status) == ("UPDATE_ROLLBACK_COMPLETE", "UPDATE_ROLLBACK_COMPLETE")
    assert [row.physical_id for row in nested.engine.inventory() if row.stack == child.name] == ["one"]


def test_children_beside_each_other_are_made_together(nested, monkeypatch):
    import threading

    both = threading.Barrier(2, timeout=5)

    def before(_account, _region, action, _type, logical_id):
        if (action, logical_id) == ("create", "Group"):
            both.wait()

    monkeypatch.setattr(nested, "before", before)
    one = "{Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: https://b/child, Parameters: {Name: %s}}}"
    stack = nested.create(f"Resources:\n  A: {one % 'a'}\n  B: {one % 'b'}\n")
    assert stack.status == "CREATE_COMPLETE"


TAKEN = "Resources: {X: {Type: AWS::ResourceGroups::Group, Properties: {Name: taken}}}"
CLASH = "  Clash: {Type: AWS::ResourceGroups::Group, DependsOn: %s, Properties: {Name: taken}}\n"
ONE = "{Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: https://b/%s, Parameters: {Name: %s}}}\n"


def groups(host):
    return sorted(row.physical_id for row in host.engine.inventory() if row.logical_id == "Group")


def test_a_child_that_leaves_the_template_is_deleted_in_the_cleanup(nested):
    stack = nested.create(f"Resources:\n  A: {ONE % ('child', 'a')}  B: {ONE % ('child', 'b')}")
    gone = nested.stack(stack.resources["B"].physical_id)
    nested.update(f"Resources:\n  A: {ONE % ('child', 'a')}")
    assert (stack.status, gone.status, groups(nested)) == ("UPDATE_COMPLETE", "DELETE_COMPLETE", ["a"])


def test_a_child_made_by_a_failed_update_is_deleted(nested):
    nested.create(TAKEN, "other")
    stack = nested.create(f"Resources:\n  A: {ONE % ('child', 'a')}")
    nested.update(f"Resources:\n  A: {ONE % ('child', 'a')}  B: {ONE % ('child', 'b')}{CLASH % 'B'}")
    made = next(
        event.physical_id for event in stack.events if (event.logical_id, event.status) == ("B", "CREATE_COMPLETE")
    )
    assert (stack.status, nested.stack(made).status, groups(nested)) == (
        "UPDATE_ROLLBACK_COMPLETE",
        "DELETE_COMPLETE",
        ["a"],
    )


def test_grandchildren_are_taken_back_and_committed_with_the_root(nested):
    nested.templates["https://b/middle"] = (
        "Parameters: {Name: {Type: String}}\n"
        f"Resources:\n  Child: {ONE % ('child', '!Ref Name')}"
        "Outputs: {Name: {Value: !GetAtt Child.Outputs.Name}}\n"
    )
    nested.create(TAKEN, "other")
    root = "Parameters: {Name: {Type: String, Default: one}}\nResources:\n  Middle: " + ONE % ("middle", "!Ref Name")
    stack = nested.create(root)
    nested.update(root + CLASH % "Middle", parameters={"Name": "two"})
    assert (stack.status, groups(nested)) == ("UPDATE_ROLLBACK_COMPLETE", ["one"])
    nested.update(root, parameters={"Name": "three"})
    assert (stack.status, groups(nested)) == ("UPDATE_COMPLETE", ["three"])
    statuses = {other.status for other in nested.engine.stacks("222222222222", "eu-west-1") if other.root_id}
    assert statuses == {"UPDATE_COMPLETE"}
    nested.delete()
    assert groups(nested) == []
