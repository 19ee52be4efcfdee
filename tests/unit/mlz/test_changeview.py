"""What a person reads before a stack changes."""

from __future__ import annotations

from mlz.stacks.changeview import document, lines
from stacksets.changeset import ChangeSetView, ResourceChange

ROLE, BUCKET = "AWS::IAM::Role", "AWS::S3::Bucket"


def view(kind: str, *changes: ResourceChange) -> ChangeSetView:
    return ChangeSetView("sm-mlops-dev", kind, "arn:change-set" if changes else "", "arn:stack", changes)


def test_an_update_names_every_change() -> None:
    update = view(
        "UPDATE",
        ResourceChange(("Iam", "Execution"), ROLE, "Modify", "", ("Policies", "Tags"), True),
        ResourceChange(("S3", "Model"), BUCKET, "Modify", "always", ("BucketName",), False),
        ResourceChange(("S3", "Old"), BUCKET, "Remove", "", (), False),
        ResourceChange(("New",), BUCKET, "Add", "", (), False),
    )
    assert [line.text for line in lines(update)] == [
        "sm-mlops-dev: update",
        "  ~ Iam/Execution (AWS::IAM::Role): Policies, Tags  (gives access)",
        "  ~ S3/Model (AWS::S3::Bucket), replaced: BucketName",
        "  - S3/Old (AWS::S3::Bucket)",
        "  + New (AWS::S3::Bucket)",
        "Warning: replaced means deleted and made anew: S3/Model.",
        "Warning: removed: S3/Old.",
        "Change set: 1 to add, 2 to change (1 replaced), 1 to remove; 1 give access.",
    ]


def test_a_creation_is_summed_up_by_nested_stack() -> None:
    creation = view(
        "CREATE",
        ResourceChange(("Iam", "A"), ROLE, "Add", "", (), True),
        ResourceChange(("Iam", "B"), ROLE, "Add", "", (), True),
        ResourceChange(("Parameter",), "AWS::SSM::Parameter", "Add", "", (), False),
    )
    assert [line.text for line in lines(creation)] == [
        "sm-mlops-dev: create",
        "  + Iam: 2 resources: 2 IAM Role",
        "  + sm-mlops-dev: 1 resource: SSM Parameter",
        "Change set: 3 to add, 0 to change, 0 to remove; 2 give access.",
    ]
    assert "  + Iam/A (AWS::IAM::Role)  (gives access)" in [line.text for line in lines(creation, detailed=True)]


def test_an_update_without_resources() -> None:
    only_outputs = ChangeSetView("sm-mlops-dev", "UPDATE", "arn:change-set", "arn:stack", ())
    assert [line.text for line in lines(only_outputs)] == [
        "sm-mlops-dev: update",
        "  ~ outputs or tags only",
        "Change set: 0 to add, 0 to change, 0 to remove.",
    ]


def test_nothing_to_change() -> None:
    assert [line.text for line in lines(view("UPDATE"))] == ["sm-mlops-dev: nothing to change"]
    assert document(view("UPDATE")) == {"stack": "sm-mlops-dev", "kind": "UPDATE", "changes": []}
