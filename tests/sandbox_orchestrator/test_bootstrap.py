"""The execution role goes into every target through the organization's access role; repeated, it does nothing."""

from __future__ import annotations

import json

import pytest

from generator.errors import AccountsFailed
from stacksets.bootstrap import Bootstrap, BootstrapPlan, BootstrapSpec
from stacksets.report import AccountDone, Event, silent
from stacksets.stacks import StackSpec
from tests.sandbox_orchestrator.fleet import BUCKET, Fleet

ROLE = {
    "Type": "AWS::IAM::Role",
    "Properties": {
        "RoleName": "bootstrapped",
        "AssumeRolePolicyDocument": {
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": "Allow", "Principal": {"AWS": {"Ref": "AdministratorAccountId"}}, "Action": "sts:AssumeRole"}
            ],
        },
    },
}


def bootstrap_spec(fleet: Fleet, accounts: tuple[str, ...]) -> BootstrapSpec:
    template = {"Parameters": {"AdministratorAccountId": {"Type": "String"}}, "Resources": {"Role": ROLE}}
    open_bucket(fleet)
    url, entry = fleet.publish("setup", template)
    known = type(entry)(
        entry.path, entry.sha256, entry.size, entry.key, "", entry.parameters, (), ("CAPABILITY_NAMED_IAM",)
    )
    stack = StackSpec(
        name="setup", template_url=url, template=known, parameters={"AdministratorAccountId": fleet.built.dev}
    )
    return BootstrapSpec(stack=stack, accounts=accounts, administrator=fleet.built.dev)


def open_bucket(fleet: Fleet) -> None:
    """Target accounts may read the templates, as the package bucket of an organization lets them."""
    statement = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{BUCKET}/*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    fleet.client("s3", fleet.built.dev).put_bucket_policy(Bucket=BUCKET, Policy=policy)


def test_every_account_gets_the_role_and_a_second_run_changes_nothing(fleet: Fleet) -> None:
    events: list[Event] = []
    accounts = fleet.built.active("workloads")
    spec = bootstrap_spec(fleet, accounts)
    work = Bootstrap(fleet.cloud_of(fleet.built.management), events.append)
    plan = work.plan(spec)
    assert plan == BootstrapPlan(accounts, (), (), enables_access=True, registers_administrator=False)
    work.apply(spec, plan)
    assert {event.account: event.outcome for event in events if isinstance(event, AccountDone)} == dict.fromkeys(
        accounts, "created"
    )
    arns = [fleet.client("iam", account).get_role(RoleName="bootstrapped")["Role"]["Arn"] for account in accounts]
    assert arns == [f"arn:aws:iam::{account}:role/bootstrapped" for account in accounts]
    events.clear()
    again = work.plan(spec)
    assert again == BootstrapPlan((), accounts, (), enables_access=False, registers_administrator=False)
    assert again.is_empty
    work.apply(spec, again)
    assert {event.outcome for event in events if isinstance(event, AccountDone)} == {"unchanged"}
    work.remove(spec)
    assert work.plan(spec).missing == accounts


def test_an_account_without_the_access_role_is_named_and_the_others_are_served(fleet: Fleet) -> None:
    events: list[Event] = []
    accounts = fleet.built.active("workloads/prod")
    iam = fleet.client("iam", accounts[1])
    iam.delete_role(RoleName="OrganizationAccountAccessRole")
    spec = bootstrap_spec(fleet, accounts)
    work = Bootstrap(fleet.cloud_of(fleet.built.management), events.append)
    plan = work.plan(spec)
    assert [account for account, _ in plan.unreachable] == [accounts[1]]
    with pytest.raises(AccountsFailed) as caught:
        work.apply(spec, plan)
    assert caught.value.message.startswith(f"account {accounts[1]}: ")
    outcomes = {event.account: event.outcome for event in events if isinstance(event, AccountDone)}
    assert outcomes == {account: "failed" if account == accounts[1] else "created" for account in accounts}


def test_the_management_account_as_administrator_is_not_registered(fleet: Fleet) -> None:
    spec = bootstrap_spec(fleet, ())
    spec = BootstrapSpec(stack=spec.stack, accounts=(), administrator=fleet.built.management)
    work = Bootstrap(fleet.cloud_of(fleet.built.management), silent)
    assert not work.plan(spec).registers_administrator
