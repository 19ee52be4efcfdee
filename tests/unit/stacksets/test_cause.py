"""The first cause in a heap of events, its hint, and equal problems put together."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pytest

from stacksets.cause import NESTED, Cause, Event, Failure, accounts_failed, by_reason, first_cause, hint_of, signature
from stacksets.service import Result


def story(**stacks: Iterable[str]) -> Callable[[str], Iterable[Event]]:
    """Each stack's events, oldest first, as `Resource Type STATUS [physical] | reason`; read newest first."""

    def read(stack: str) -> Iterable[Event]:
        return [an_event(stack, line) for line in reversed(list(stacks[stack]))]

    return read


def an_event(stack: str, line: str) -> Event:
    what, _, reason = line.partition(" | ")
    resource, kind, status, *physical = what.split()
    is_stack = kind == "Stack"
    own = stack if is_stack and not physical else ""
    return Event(stack, resource, NESTED if is_stack else kind, physical[0] if physical else own, status, reason)


def test_the_first_failure_is_the_cause_and_cancellations_are_not() -> None:
    events = story(
        top=[
            "top Stack CREATE_IN_PROGRESS | User Initiated",
            "A AWS::S3::Bucket CREATE_FAILED | Resource creation cancelled",
            "B AWS::S3::Bucket CREATE_FAILED | x already exists",
            "C AWS::S3::Bucket CREATE_FAILED | Resource creation cancelled",
            "top Stack ROLLBACK_IN_PROGRESS | The following resource(s) failed to create: [A, B, C].",
            "top Stack ROLLBACK_COMPLETE",
        ]
    )
    assert first_cause(events, "top") == Cause(("B",), "AWS::S3::Bucket", "CREATE_FAILED", "x already exists")


def test_the_cause_in_a_nested_stack_has_its_path() -> None:
    events = story(
        top=[
            "top Stack UPDATE_IN_PROGRESS",
            "Core Stack UPDATE_FAILED mid | Embedded stack mid was not successfully updated",
        ],
        mid=[
            "mid Stack UPDATE_IN_PROGRESS",
            "Iam Stack CREATE_FAILED low | Embedded stack low was not successfully created",
        ],
        low=["low Stack CREATE_IN_PROGRESS", "Role AWS::IAM::Role CREATE_FAILED | denied"],
    )
    cause = first_cause(events, "top")
    assert str(cause) == "Core/Iam/Role (AWS::IAM::Role) CREATE_FAILED: denied"


def test_only_the_last_run_counts() -> None:
    events = story(
        top=[
            "top Stack UPDATE_IN_PROGRESS",
            "Old AWS::S3::Bucket UPDATE_FAILED | old",
            "top Stack UPDATE_ROLLBACK_COMPLETE",
            "top Stack UPDATE_IN_PROGRESS",
            "New AWS::S3::Bucket UPDATE_FAILED | new",
        ]
    )
    assert first_cause(events, "top") == Cause(("New",), "AWS::S3::Bucket", "UPDATE_FAILED", "new")


def test_a_stack_that_fails_before_any_resource_and_one_that_did_not_fail() -> None:
    refused = story(top=["top Stack CREATE_IN_PROGRESS", "top Stack ROLLBACK_IN_PROGRESS | hook failed"])
    assert first_cause(refused, "top") == Cause(("top",), NESTED, "ROLLBACK_IN_PROGRESS", "hook failed")
    assert first_cause(story(top=["top Stack CREATE_IN_PROGRESS", "top Stack CREATE_COMPLETE"]), "top") is None


@pytest.mark.parametrize(
    ("reason", "hint"),
    [
        (
            "Account 000000000001 should have 'exec' role with trust relationship to Role 'admin'.",
            "the execution role is missing or does not trust the administration role: mlz bootstrap",
        ),
        (
            "x is not authorized to perform: s3:PutBucketPolicy with an explicit deny in a service control policy",
            (
                "a service control policy denies it: exempt the execution role, or allow the action, "
                "in this organizational unit"
            ),
        ),
        (
            "The maximum number of VPCs has been reached. (Service: Ec2, Status Code: 400)",
            "raise the quota in this account, or remove what is unused",
        ),
        (
            "sm-role already exists in stack arn",
            "something of this name is there already: delete it, or import it into the stack",
        ),
        (
            "Region ap-east-1 is not enabled for account 000000000001",
            "enable the Region in this account (opt-in Regions are off by default)",
        ),
        ("Rate exceeded", "the account was throttled: wait a minute"),
        (
            "account gate: the owner said no",
            "the account's own gate (AWSCloudFormationStackSetAccountGate) said no: ask its owner",
        ),
        (
            "Account 000000000001 should have 'admin' role with trust relationship to CloudFormation service.",
            "the administration role is missing or does not trust CloudFormation: mlz deploy env",
        ),
        (
            "not authorized to perform: ec2:CreateVpc because no permissions boundary allows the ec2:CreateVpc action",
            "the role's permissions boundary does not allow it: update the set-up with mlz bootstrap",
        ),
        (
            "The bucket you tried to delete is not empty (Service: S3, Status Code: 409)",
            "empty the bucket, or let its template retain it",
        ),
        (
            "Stack:arn:aws:cloudformation:x is in UPDATE_ROLLBACK_FAILED state and can not be updated.",
            (
                "the stack's last rollback failed: repair the cause, then: "
                "aws cloudformation continue-update-rollback in that account"
            ),
        ),
        ("No export named x found.", "another stack uses or makes this export: deploy or change that one first"),
        ("something else", ""),
    ],
)
def test_hints(reason: str, hint: str) -> None:
    assert hint_of(reason) == hint


def test_a_signature_leaves_out_what_differs_by_account() -> None:
    one = "arn:aws:iam::000000000001:role/x exists (Request ID: 0d1f7c3e-1111-2222-3333-444455556666)"
    other = "arn:aws:iam::000000000002:role/x exists (Request ID: aaaaaaaa-1111-2222-3333-444455556666)"
    assert signature(one) == signature(other) == "arn:aws:iam::<account>:role/x exists (Request ID: <id>)"


def test_a_signature_leaves_out_networks() -> None:
    one = "The CIDR '10.0.0.0/16' conflicts with another subnet in vpc-0a1b2c3d4e5f60718"
    assert signature(one) == "The CIDR '<network>' conflicts with another subnet in <vpc>"


def test_equal_problems_are_told_once() -> None:
    results = tuple(Result(f"{n:012d}", "eu-west-1", "FAILED", f"role of {n:012d} is odd") for n in range(1, 8))
    failures = (*by_reason("a", results), Failure("b", "000000000009", "eu-west-1", "other", "do this"))
    error = accounts_failed(failures, ("prod",))
    assert error.message == (
        "a: 7 accounts failed (000000000001, 000000000002, 000000000003, 000000000004, 000000000005, …): "
        "role of 000000000001 is odd\n"
        "b: 1 account failed (000000000009): other\n"
        "not started because of this: prod"
    )
    assert error.hint == "do this; then run the same command again: it goes on with what is left"
    assert error.exit_code == 4
