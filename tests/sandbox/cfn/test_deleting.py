"""Deletion, exports and import locks."""

from __future__ import annotations

import pytest

CHAIN = """
Resources:
  B: {Type: AWS::CodeCommit::Repository, Properties: {RepositoryName: b, RepositoryDescription: !Ref A}}
  A: {Type: AWS::ResourceGroups::Group, Properties: {Name: a}}
  C: {Type: AWS::CodeCommit::Repository, Properties: {RepositoryName: c}, DependsOn: B}
"""


def test_dependents_go_first(host, history):
    stack = host.create(CHAIN)
    since = len(stack.events)
    host.delete()
    assert history(stack, since) == [
        "app DELETE_IN_PROGRESS",
        "C DELETE_IN_PROGRESS",
        "C DELETE_COMPLETE",
        "B DELETE_IN_PROGRESS",
        "B DELETE_COMPLETE",
        "A DELETE_IN_PROGRESS",
        "A DELETE_COMPLETE",
        "app DELETE_COMPLETE",
    ]
    assert host.engine.stacks("222222222222", "eu-west-1") == []
    assert host.engine.stacks("222222222222", "eu-west-1", deleted=True) == [stack]


def test_deleting_what_does_not_exist_is_nothing(host):
    host.delete("ghost")
    assert host.engine.stacks("222222222222", "eu-west-1", deleted=True) == []


def test_what_fails_stays_with_all_that_it_needs(host):
    stack = host.create(CHAIN)
    host.faults["delete", "B"] = "in use"
    host.delete()
    assert (stack.status, stack.reason) == ("DELETE_FAILED", "The following resource(s) failed to delete: [B]. ")
    assert [row.logical_id for row in host.engine.inventory()] == ["B", "A"]
    host.delete(retain=frozenset({"B"}))
    assert stack.status == "DELETE_COMPLETE"
    assert [(row.logical_id, row.retained) for row in host.engine.inventory()] == [("B", True)]


def test_retain_resources_only_after_a_failure(host, refusal):
    host.create(CHAIN)
    assert refusal(lambda: host.delete(retain=frozenset({"B"}))) == (
        "ValidationError: Invalid operation on stack. "
        "RetainResources is only valid for stacks in the DELETE_FAILED state"
    )


def test_termination_protection(host, refusal):
    stack = host.create(CHAIN, termination_protection=True)
    assert refusal(host.delete) == (
        "ValidationError: Stack [app] cannot be deleted while TerminationProtection is enabled"
    )
    host.engine.set_termination_protection("222222222222", "eu-west-1", "app", False)
    host.delete()
    assert stack.status == "DELETE_COMPLETE"


@pytest.mark.parametrize(
    ("policy", "after_failure", "after_delete"),
    [("Retain", ["keep"], ["keep"]), ("RetainExceptOnCreate", [], ["keep"]), ("Delete", [], [])],
)
def test_deletion_policies(policy, after_failure, after_delete, host):
    template = (
        f"Resources:\n  K: {{Type: AWS::ResourceGroups::Group, DeletionPolicy: {policy}, Properties: {{Name: keep}}}}\n"
        "  Z: {Type: AWS::SNS::Topic, DependsOn: K, Properties: {TopicName: z}}\n"
    )
    host.faults["create", "Z"] = "no"
    host.create(template, "failing")
    assert [row.physical_id for row in host.engine.inventory()] == after_failure
    host.faults.clear()
    host.create(template.replace("keep", "keep2"))
    host.delete()
    assert [row.physical_id for row in host.engine.inventory()] == after_failure + [f"{name}2" for name in after_delete]


EXPORT = """
Parameters: {V: {Type: String, Default: one}}
Resources: {G: {Type: AWS::ResourceGroups::Group, Properties: {Name: !Ref V}}}
Outputs: {O: {Value: !Ref G, Export: {Name: shared}}}
"""
IMPORT = """
Resources:
  T: {Type: AWS::CodeCommit::Repository, Properties: {RepositoryName: t, RepositoryDescription: !ImportValue shared}}
"""


def test_exports_and_imports(host, refusal):
    exporter = host.create(EXPORT, "exporter")
    assert [(row.name, row.value, row.stack_id) for row in host.engine.exports("222222222222", "eu-west-1")] == [
        ("shared", "one", exporter.stack_id)
    ]
    unused = "ValidationError: Export 'shared' is not imported by any stack."
    assert refusal(lambda: host.engine.imports("222222222222", "eu-west-1", "shared")) == unused
    importer = host.create(IMPORT, "importer")
    assert importer.resources["T"].properties["RepositoryDescription"] == "one"
    assert host.engine.imports("222222222222", "eu-west-1", "shared") == ["importer"]
    assert host.engine.exports("222222222222", "us-east-1") == []


def test_an_export_s_name_is_taken_once(host):
    host.create(EXPORT, "exporter")
    stack = host.create(EXPORT, "second", parameters={"V": "two"})
    assert stack.status == "ROLLBACK_COMPLETE"
    assert [event.reason for event in stack.events if event.status == "ROLLBACK_IN_PROGRESS"] == [
        "Export with name shared is already exported by stack exporter. Rollback requested by user."
    ]
    assert host.engine.exports("222222222222", "eu-west-1")[0].stack_name == "exporter"


def test_an_imported_export_locks_its_stack(host, refusal):
    exporter = host.create(EXPORT, "exporter")
    host.create(IMPORT, "importer")
    assert refusal(lambda: host.delete("exporter")) == (
        "ValidationError: Export shared cannot be deleted as it is in use by importer"
    )
    host.update(EXPORT, "exporter", parameters={"V": "two"})
    assert exporter.status == "UPDATE_ROLLBACK_COMPLETE"
    host.update(EXPORT.split("Outputs")[0], "exporter")
    assert [event.reason for event in exporter.events if event.status == "UPDATE_ROLLBACK_IN_PROGRESS"] == [
        "Export shared cannot be updated as it is in use by importer",
        "Export shared cannot be deleted as it is in use by importer",
    ]
    assert [(row.name, row.value) for row in host.engine.exports("222222222222", "eu-west-1")] == [("shared", "one")]
    host.delete("importer")
    host.delete("exporter")
    assert (exporter.status, host.engine.exports("222222222222", "eu-west-1")) == ("DELETE_COMPLETE", [])
