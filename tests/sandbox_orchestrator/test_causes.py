"""Each known kind of failure, brought about in the sandbox: its first cause, grouped across accounts, and the hint."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from generator.errors import AccountsFailed
from sandbox.faults import Fault
from stacksets.spec import Preferences, StackSetSpec
from tests.sandbox_orchestrator.fleet import ADMINISTRATION, EXECUTION, Fleet, add_execution

AGAIN = "then run the same command again: it goes on with what is left"
BOOTSTRAP = "the execution role is missing or does not trust the administration role: mlz bootstrap"


def staging(fleet: Fleet) -> tuple[str, ...]:
    return fleet.resolution().stages["staging"].accounts


def failed(fleet: Fleet) -> tuple[str, str]:
    """The first line of the message and the hint, where no failure keeps other accounts from being tried."""
    everyone = Preferences(failure_tolerance_percent=100)
    with pytest.raises(AccountsFailed) as caught:
        fleet.apply(fleet.plan(fleet.specs(layers=("roles",), preferences=everyone)))
    return caught.value.message.splitlines()[0], caught.value.hint


def drop_role(fleet: Fleet, account: str) -> None:
    iam = fleet.client("iam", account)
    iam.delete_role_policy(RoleName=EXECUTION, PolicyName="all")
    iam.delete_role(RoleName=EXECUTION)


def distrust(fleet: Fleet, account: str) -> None:
    drop_role(fleet, account)
    add_execution(fleet, account, trusted=f"arn:aws:iam::{fleet.built.management}:root")


@pytest.mark.parametrize("breaking", [drop_role, distrust])
def test_the_role_is_missing_or_its_trust_is_wrong(fleet: Fleet, breaking: Callable[[Fleet, str], None]) -> None:
    account = staging(fleet)[0]
    breaking(fleet, account)
    reason = f"Account {account} should have '{EXECUTION}' role with trust relationship to Role '{ADMINISTRATION}'."
    assert failed(fleet) == (f"fleet-roles-staging: 1 account failed ({account}): {reason}", f"{BOOTSTRAP}; {AGAIN}")


def test_the_administration_role_does_not_trust_the_service(fleet: Fleet) -> None:
    statement = {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam = fleet.client("iam", fleet.built.dev)
    iam.update_assume_role_policy(RoleName=ADMINISTRATION, PolicyDocument=document)
    accounts = staging(fleet)
    role = f"'{ADMINISTRATION}' role with trust relationship to CloudFormation service."
    reason = f"Account {fleet.built.dev} should have {role}"
    hint = "the administration role is missing or does not trust CloudFormation: mlz deploy env"
    assert failed(fleet) == (
        f"fleet-roles-staging: {len(accounts)} accounts failed ({', '.join(accounts)}): {reason}",
        f"{hint}; {AGAIN}",
    )


def test_a_name_is_taken(fleet: Fleet) -> None:
    account = staging(fleet)[0]
    fleet.client("ssm", account).put_parameter(Name="/fleet/roles", Value="theirs", Type="String")
    message, hint = failed(fleet)
    assert message.startswith(
        f"fleet-roles-staging: 1 account failed ({account}): Fact (AWS::SSM::Parameter) CREATE_FAILED: "
    )
    assert hint == f"something of this name is there already: delete it, or import it into the stack; {AGAIN}"


@pytest.mark.parametrize(
    ("reason", "hint"),
    [
        (
            "The maximum number of parameters has been reached (Service: Ssm, Status Code: 400)",
            "raise the quota in this account, or remove what is unused",
        ),
        (
            "is not authorized to perform: ssm:PutParameter with an explicit deny in a service control policy",
            (
                "a service control policy denies it: exempt the execution role, or allow the action, "
                "in this organizational unit"
            ),
        ),
        (
            "The security token included in the request is invalid (Service: Ssm, Status Code: 403)",
            "enable the Region in this account (opt-in Regions are off by default)",
        ),
        ("Rate exceeded (Service: Ssm, Status Code: 400)", "the account was throttled: wait a minute"),
    ],
)
def test_what_a_service_says_in_every_account_is_told_once(fleet: Fleet, reason: str, hint: str) -> None:
    fleet.sandbox.faults.order(Fault("failing_account", reason=reason))
    accounts = staging(fleet)
    cause = f"Fact (AWS::SSM::Parameter) CREATE_FAILED: {reason}"
    message, told = failed(fleet)
    assert message == f"fleet-roles-staging: {len(accounts)} accounts failed ({', '.join(accounts)}): {cause}"
    assert told == f"{hint}; {AGAIN}"


def test_the_cause_lies_in_a_nested_stack(fleet: Fleet) -> None:
    url, _ = fleet.publish("inner", nested_template())
    open_bucket(fleet)
    fleet.sandbox.faults.order(Fault("failing_account", resource_type="AWS::SSM::Parameter", reason="limit exceeded"))
    outer, entry = fleet.publish("outer", {"Resources": {"Inner": nested(url)}})
    with pytest.raises(AccountsFailed) as caught:
        fleet.apply(fleet.plan([outer_set(fleet, outer, entry.sha256)]))
    cause = "Inner/Fact (AWS::SSM::Parameter) CREATE_FAILED: limit exceeded"
    assert caught.value.message.splitlines()[0].endswith(f": {cause}")
    assert caught.value.hint == f"raise the quota in this account, or remove what is unused; {AGAIN}"


def nested_template() -> dict[str, object]:
    properties = {"Name": "/fleet/nested", "Type": "String", "Value": "x"}
    return {"Resources": {"Fact": {"Type": "AWS::SSM::Parameter", "Properties": properties}}}


def nested(url: str) -> dict[str, object]:
    return {"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": url}}


def open_bucket(fleet: Fleet) -> None:
    from tests.sandbox_orchestrator.test_bootstrap import open_bucket as opened

    opened(fleet)


def outer_set(fleet: Fleet, url: str, digest: str) -> StackSetSpec:
    from dataclasses import replace

    from msgspec.structs import replace as changed

    spec = fleet.specs(layers=("roles",))[0]
    definition = changed(spec.definition, template_url=url, template_sha256=digest, parameters={})
    template = changed(spec.template, sha256=digest, parameters={})
    return replace(spec, definition=definition, template=template)
