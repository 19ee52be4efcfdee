"""Change sets: what they show, when they fail, what executing them does."""

from __future__ import annotations

import pytest

from sandbox.cfn.model import Change, ChangeDetail

HERE = ("222222222222", "eu-west-1")
TEMPLATE = """
Parameters: {Name: {Type: String, Default: one}, Text: {Type: String, Default: hello}}
Resources:
  Group: {Type: AWS::ResourceGroups::Group, Properties: {Name: !Ref Name, Description: !Ref Text}}
  Repo: {Type: AWS::CodeCommit::Repository, Properties: {RepositoryName: r, RepositoryDescription: !Ref Group}}
"""


def change_set(host, template, name="c", stack="app", kind="UPDATE", include_nested=False, **more):
    return host.engine.create_change_set(
        host.request(template, stack, **more), name, kind=kind, include_nested=include_nested, wait=True
    )


def test_a_new_stack_waits_in_review_and_is_made_by_executing(host, history):
    made = change_set(host, TEMPLATE, kind="CREATE")
    stack = host.stack()
    assert (stack.status, made.status, made.execution_status) == ("REVIEW_IN_PROGRESS", "CREATE_COMPLETE", "AVAILABLE")
    assert [(change.action, change.logical_id, change.replacement) for change in made.changes] == [
        ("Add", "Group", None),
        ("Add", "Repo", None),
    ]
    host.engine.execute_change_set(*HERE, "c", "app", wait=True)
    assert (stack.status, made.execution_status, stack.change_sets) == ("CREATE_COMPLETE", "EXECUTE_COMPLETE", {})
    assert history(stack)[:2] == ["app REVIEW_IN_PROGRESS", "app CREATE_IN_PROGRESS"]
    assert stack.change_set_id == made.change_set_id


def test_a_replacement_and_what_follows_from_it(host):
    host.create(TEMPLATE)
    made = change_set(host, TEMPLATE, parameters={"Name": "two"})
    assert made.changes == (
        Change(
            "Modify", "Group", "one", "AWS::ResourceGroups::Group", "True", ("Properties",),
            (ChangeDetail("Properties", "Name", "Always", "Static", "ParameterReference", "Name", "one", "two"),),
            "ReplaceAndDelete",
        ),
        Change(
            "Modify", "Repo", host.stack().resources["Repo"].physical_id, "AWS::CodeCommit::Repository", "False",
            ("Properties",),
            (ChangeDetail("Properties", "RepositoryDescription", "Never", "Dynamic", "ResourceReference", "Group",
                          "one", "{{changeSet:KNOWN_AFTER_APPLY}}"),),
        ),
    )  # fmt: skip
    assert host.stack().status == "CREATE_COMPLETE"
    assert host.stack().resources["Group"].physical_id == "one"


def test_additions_removals_and_direct_changes(host):
    host.create(TEMPLATE)
    after = TEMPLATE.replace("Repo:", "Other:").replace("Description: !Ref Text", "Description: bye")
    made = change_set(host, after)
    assert [
        (change.action, change.logical_id, change.replacement, change.policy_action) for change in made.changes
    ] == [
        ("Modify", "Group", "False", None),
        ("Add", "Other", None, None),
        ("Remove", "Repo", None, "Delete"),
    ]
    assert made.changes[0].details == (
        ChangeDetail("Properties", "Description", "Never", "Static", "DirectModification", None, "hello", "bye"),
    )


def test_an_uncertain_replacement_is_conditional(host):
    template = """
Parameters: {Name: {Type: String, Default: one}}
Resources:
  Group: {Type: AWS::ResourceGroups::Group, Properties: {Name: !Ref Name}}
  Other: {Type: AWS::ResourceGroups::Group, Properties: {Name: !Sub '${Group}-x'}}
"""
    host.create(template)
    made = change_set(host, template, parameters={"Name": "two"})
    assert [(change.logical_id, change.replacement) for change in made.changes] == [
        ("Group", "True"),
        ("Other", "Conditional"),
    ]


def test_nothing_to_change_fails_with_aws_s_words(host):
    host.create(TEMPLATE)
    made = change_set(host, TEMPLATE)
    assert (made.status, made.execution_status, made.reason) == (
        "FAILED",
        "UNAVAILABLE",
        "The submitted information didn't contain changes. Submit different information to create a change set.",
    )


def test_new_tags_or_outputs_alone_are_changes(host):
    host.create(TEMPLATE)
    tagged = change_set(host, TEMPLATE, tags={"a": "1"})
    assert [(change.logical_id, change.scope) for change in tagged.changes] == [
        ("Group", ("Tags",)),
        ("Repo", ("Tags",)),
    ]
    output = change_set(host, TEMPLATE + "Outputs: {O: {Value: !Ref Group}}", "d")
    assert (output.status, output.changes) == ("CREATE_COMPLETE", ())
    host.engine.execute_change_set(*HERE, "d", "app", wait=True)
    assert host.stack().output("O") == "one"


def test_executing_applies_and_drops_the_others(host):
    stack = host.create(TEMPLATE)
    change_set(host, TEMPLATE, "first", parameters={"Text": "a"})
    change_set(host, TEMPLATE, "second", parameters={"Text": "b"})
    assert [row.name for row in host.engine.change_sets(*HERE, "app")] == ["first", "second"]
    host.engine.execute_change_set(*HERE, "second", "app", wait=True)
    assert stack.resources["Group"].properties["Description"] == "b"
    assert host.engine.change_sets(*HERE, "app") == []


def test_refusals(host, refusal):
    assert refusal(lambda: change_set(host, TEMPLATE)) == "ValidationError: Stack with id app does not exist"
    host.create(TEMPLATE)
    made = change_set(host, TEMPLATE)
    assert refusal(lambda: change_set(host, TEMPLATE)) == "AlreadyExistsException: ChangeSet c already exists"
    assert refusal(lambda: host.engine.execute_change_set(*HERE, "c", "app")) == (
        f"InvalidChangeSetStatus: ChangeSet [{made.change_set_id}] cannot be executed in its current status of [FAILED]"
    )
    host.engine.delete_change_set(*HERE, "c", "app")
    assert refusal(lambda: host.engine.change_set(*HERE, "c", "app")) == (
        "ChangeSetNotFound: ChangeSet [c] does not exist"
    )
    assert refusal(lambda: change_set(host, TEMPLATE, kind="CREATE")).startswith(
        "ValidationError: Stack [app] already exists and cannot be created again with the changeSet"
    )
    assert refusal(lambda: change_set(host, TEMPLATE, "1c")) == (
        "ValidationError: 1 validation error detected: Value '1c' at 'changeSetName' failed to satisfy constraint: "
        "Member must satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*"
    )


def test_a_refused_creation_leaves_no_stack(host, refusal):
    assert refusal(lambda: change_set(host, "Resources: {}", kind="CREATE")).startswith("ValidationError: ")
    assert host.engine.stacks(*HERE) == []


CHILD = """
Parameters: {Text: {Type: String}}
Resources: {Group: {Type: AWS::ResourceGroups::Group, Properties: {Name: g, Description: !Ref Text}}}
Outputs: {Name: {Value: !Ref Group}}
"""
PARENT = """
Parameters: {Text: {Type: String, Default: hello}, Own: {Type: String, Default: x}}
Resources:
  Child: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: u, Parameters: {Text: !Ref Text}}}
  Repo:
    Type: AWS::CodeCommit::Repository
    Properties: {RepositoryName: r, RepositoryDescription: !Sub '${Child.Outputs.Name} ${Own}'}
"""


@pytest.fixture
def nested(host):
    host.templates["u"] = CHILD
    host.create(PARENT)
    return host


def test_without_looking_inside_a_nested_stack_is_always_listed(nested):
    made = change_set(nested, PARENT)
    assert (made.changes[0].logical_id, made.changes[0].details[0].source) == ("Child", "Automatic")


def test_with_nested_stacks_nothing_is_nothing(nested):
    assert change_set(nested, PARENT, include_nested=True).status == "FAILED"


def test_with_nested_stacks_each_has_a_change_set_of_its_own(nested):
    made = change_set(nested, PARENT, include_nested=True, parameters={"Text": "bye"})
    assert [(change.action, change.logical_id) for change in made.changes] == [("Modify", "Child")]
    child = nested.engine.change_set(*HERE, made.changes[0].change_set_id)
    assert (child.parent_id, child.root_id) == (made.change_set_id, made.change_set_id)
    assert [(change.logical_id, change.details[0].after) for change in child.changes] == [("Group", "bye")]


def test_only_the_parent_changes(nested):
    made = change_set(nested, PARENT, include_nested=True, parameters={"Own": "y"})
    assert [(change.logical_id, change.details[0].after) for change in made.changes] == [("Repo", "g y")]


def test_new_nested_stacks_show_what_they_would_add(host):
    host.templates["u"] = CHILD
    made = change_set(host, PARENT, kind="CREATE", include_nested=True)
    child = host.engine.change_set(*HERE, made.changes[0].change_set_id)
    assert [(change.action, change.logical_id) for change in child.changes] == [("Add", "Group")]
    assert child.type == "CREATE"
