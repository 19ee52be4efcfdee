"""Updates: what changes, what is replaced, what a failure takes back."""

from __future__ import annotations

from sandbox.cfn.errors import ResourceError

REPO = """
Parameters: {Name: {Type: String, Default: one}, Text: {Type: String, Default: hello}}
Resources:
  Group: {Type: AWS::ResourceGroups::Group, Properties: {Name: !Ref Name, Description: !Sub 'says ${Text}'}}
  Repo:
    Type: AWS::CodeCommit::Repository
    Properties: {RepositoryName: fixed, RepositoryDescription: !Ref Group}
Outputs: {O: {Value: !Ref Group}}
"""
NO_UPDATES = "ValidationError: No updates are to be performed."


def test_a_parameter_seen_only_through_sub_is_applied(host, history):
    stack = host.create(REPO)
    since = len(stack.events)
    host.update(REPO, parameters={"Text": "bye"})
    assert history(stack, since) == [
        "app UPDATE_IN_PROGRESS",
        "Group UPDATE_IN_PROGRESS",
        "Group UPDATE_COMPLETE",
        "app UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
        "app UPDATE_COMPLETE",
    ]
    assert stack.resources["Group"].properties["Description"] == "says bye"
    assert stack.shown_parameters()[1].value == "bye"


def test_replacement_makes_the_new_before_the_old_goes_and_refreshes_dependents(host, history):
    stack = host.create(REPO)
    since = len(stack.events)
    host.update(REPO, parameters={"Name": "two"})
    assert history(stack, since) == [
        "app UPDATE_IN_PROGRESS",
        "Group UPDATE_IN_PROGRESS",
        "Group UPDATE_IN_PROGRESS",
        "Group UPDATE_COMPLETE",
        "Repo UPDATE_IN_PROGRESS",
        "Repo UPDATE_COMPLETE",
        "app UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
        "Group DELETE_IN_PROGRESS",
        "Group DELETE_COMPLETE",
        "app UPDATE_COMPLETE",
    ]
    assert stack.events[since + 1].reason == (
        "Requested update requires the creation of a new physical resource; hence creating one."
    )
    assert stack.events[since + 7].physical_id == "one"
    assert stack.output("O") == "two"
    assert stack.resources["Repo"].properties["RepositoryDescription"] == "two"


def test_nothing_to_update(host, refusal):
    host.create(REPO)
    assert refusal(lambda: host.update(REPO)) == NO_UPDATES
    assert refusal(lambda: host.update(None)) == NO_UPDATES


def test_previous_template_previous_values_and_defaults(host):
    stack = host.create(REPO, parameters={"Name": "kept", "Text": "first"})
    host.update(None, previous=frozenset({"Name"}), parameters={"Text": "second"})
    assert stack.parameters == {"Name": "kept", "Text": "second"}
    host.update(None, previous=frozenset({"Name"}))
    assert stack.parameters == {"Name": "kept", "Text": "hello"}


def test_previous_value_of_a_new_parameter_is_refused(host, refusal):
    host.create(REPO)
    new = REPO.replace("Parameters: {", "Parameters: {New: {Type: String}, ")
    assert refusal(lambda: host.update(new, previous=frozenset({"New"}))) == (
        "ValidationError: Invalid input for parameter key New. Cannot specify usePreviousValue as true for a "
        "parameter key not in the previous template"
    )


def test_removed_resources_go_in_the_cleanup_dependents_first(host, history):
    stack = host.create(REPO)
    since = len(stack.events)
    host.update("Resources: {Other: {Type: AWS::SNS::Topic, Properties: {TopicName: t}}}")
    assert history(stack, since) == [
        "app UPDATE_IN_PROGRESS",
        "Other CREATE_IN_PROGRESS",
        "Other CREATE_IN_PROGRESS",
        "Other CREATE_COMPLETE",
        "app UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
        "Repo DELETE_IN_PROGRESS",
        "Repo DELETE_COMPLETE",
        "Group DELETE_IN_PROGRESS",
        "Group DELETE_COMPLETE",
        "app UPDATE_COMPLETE",
    ]
    assert list(stack.resources) == ["Other"]
    assert stack.outputs == ()


def test_a_failed_update_takes_everything_back(host, history, monkeypatch):
    stack = host.create(REPO)
    since = len(stack.events)
    added = REPO.replace("Resources:\n", "Resources:\n  Extra: {Type: AWS::SNS::Topic, Properties: {TopicName: e}}\n")
    before = [(row.logical_id, row.physical_id) for row in host.engine.inventory()]
    failures = iter(["refused"])

    def once(_account, _region, action, _type, logical_id):
        if (action, logical_id) == ("update", "Repo") and next(failures, None):
            raise ResourceError("refused")

    monkeypatch.setattr(host, "before", once)
    host.update(added, parameters={"Name": "two"})
    assert history(stack, since) == [
        "app UPDATE_IN_PROGRESS",
        "Extra CREATE_IN_PROGRESS",
        "Extra CREATE_IN_PROGRESS",
        "Extra CREATE_COMPLETE",
        "Group UPDATE_IN_PROGRESS",
        "Group UPDATE_IN_PROGRESS",
        "Group UPDATE_COMPLETE",
        "Repo UPDATE_IN_PROGRESS",
        "Repo UPDATE_FAILED",
        "app UPDATE_ROLLBACK_IN_PROGRESS",
        "Repo UPDATE_IN_PROGRESS",
        "Repo UPDATE_COMPLETE",
        "Group UPDATE_IN_PROGRESS",
        "Group UPDATE_COMPLETE",
        "app UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS",
        "Extra DELETE_IN_PROGRESS",
        "Extra DELETE_COMPLETE",
        "Group DELETE_IN_PROGRESS",
        "Group DELETE_COMPLETE",
        "app UPDATE_ROLLBACK_COMPLETE",
    ]
    assert stack.events[since + 9].reason == "The following resource(s) failed to update: [Repo]. "
    assert [(row.logical_id, row.physical_id) for row in host.engine.inventory()] == before
    assert (stack.parameters["Name"], stack.output("O")) == ("one", "one")
    assert stack.template_body == REPO


def test_a_rollback_that_fails_can_be_continued(host):
    stack = host.create(REPO)
    host.faults["update", "Repo"] = "stuck"
    host.update(REPO, parameters={"Name": "two"})
    assert (stack.status, stack.reason) == (
        "UPDATE_ROLLBACK_FAILED",
        "The following resource(s) failed to update: [Repo]. ",
    )
    host.faults.clear()
    host.engine.continue_update_rollback("222222222222", "eu-west-1", "app", wait=True)
    assert stack.status == "UPDATE_ROLLBACK_COMPLETE"
    assert sorted(row.physical_id for row in host.engine.inventory() if row.logical_id == "Group") == ["one"]


def test_a_rollback_can_go_on_without_a_resource(host):
    stack = host.create(REPO)
    host.faults["update", "Repo"] = "stuck"
    host.update(REPO, parameters={"Name": "two"})
    host.engine.continue_update_rollback("222222222222", "eu-west-1", "app", skip=frozenset({"Repo"}), wait=True)
    assert stack.status == "UPDATE_ROLLBACK_COMPLETE"


def test_without_rollback_the_stack_stays_and_can_be_updated(host):
    stack = host.create(REPO)
    host.faults["update", "Repo"] = "stuck"
    host.update(REPO, parameters={"Name": "two"}, disable_rollback=True)
    assert stack.status == "UPDATE_FAILED"
    host.faults.clear()
    host.update(REPO, parameters={"Name": "two"})
    assert (stack.status, stack.resources["Repo"].properties["RepositoryDescription"]) == ("UPDATE_COMPLETE", "two")


def test_a_named_resource_that_must_be_replaced_keeps_the_stack(host):
    template = "Resources: {K: {Type: AWS::SSM::Document, Properties: {Name: doc, DocumentType: %s, Content: {a: b}}}}"
    stack = host.create(template % "Command")
    host.update(template % "Policy")
    assert stack.status == "UPDATE_ROLLBACK_COMPLETE"
    assert [event.reason for event in stack.events if event.status == "UPDATE_FAILED"] == [
        (
            "CloudFormation cannot update a stack when a custom-named resource requires replacing. "
            "Rename doc and update the stack again."
        )
    ]


def test_a_type_cannot_change(host, refusal):
    host.create(REPO)
    assert refusal(lambda: host.update(REPO.replace("AWS::ResourceGroups::Group", "AWS::SNS::Topic"))) == (
        "ValidationError: Update of resource type is not permitted. The new template modifies resource type of the "
        "following resources: [Group]"
    )


def test_replaced_and_removed_things_stay_by_policy(host, history):
    kept = "{Type: AWS::ResourceGroups::Group, UpdateReplacePolicy: Retain, DeletionPolicy: Retain, Properties: {Name: %s}}"  # noqa: E501
    stack = host.create(f"Resources: {{G: {kept % 'one'}}}")
    host.update(f"Resources: {{G: {kept % 'two'}}}")
    host.update("Resources: {T: {Type: AWS::SNS::Topic, Properties: {TopicName: t}}}")
    assert [event for event in history(stack) if "DELETE" in event] == ["G DELETE_SKIPPED", "G DELETE_SKIPPED"]
    left = [(row.physical_id, row.retained) for row in host.engine.inventory() if row.logical_id == "G"]
    assert left == [("one", True), ("two", True)]


def test_new_tags_alone_are_an_update(host):
    stack = host.create(REPO, tags={"a": "1"})
    host.update(REPO, tags={"a": "2"})
    assert (stack.status, stack.resources["Group"].tags) == ("UPDATE_COMPLETE", {"a": "2"})


def test_tags_stay_when_none_are_given(host, refusal):
    host.create(REPO, tags={"a": "1"})
    assert refusal(lambda: host.update(REPO)) == NO_UPDATES


def test_a_failed_cleanup_leaves_the_thing_and_completes(host):
    stack = host.create(REPO)
    host.faults["delete", "Group"] = "in use"
    host.update(REPO, parameters={"Name": "two"})
    assert stack.status == "UPDATE_COMPLETE"
    left = [(row.physical_id, row.retained) for row in host.engine.inventory() if row.logical_id == "Group"]
    assert left == [("one", False), ("two", False)]
