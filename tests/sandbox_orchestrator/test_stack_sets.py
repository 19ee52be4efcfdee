"""The real client over HTTP against the sandbox: accounts join, leave, move, fail; nothing is done twice."""

from __future__ import annotations

import time

import pytest

from generator.errors import AccountsFailed
from sandbox.faults import Fault
from stacksets.plan import destroy
from stacksets.report import AccountFailed, OperationStarted
from tests.sandbox_orchestrator.fleet import ADMINISTRATION, EXECUTION, Fleet, template


def fact(text: str, stage: str, account: str) -> str:
    return f"{text} {stage} 10.{int(account) % 200}.0.0/16"


def expected(fleet: Fleet, text: str = "v1") -> dict[str, str]:
    members = fleet.resolution().stages
    return {account: fact(text, stage, account) for stage in members for account in members[stage].accounts}


def move(fleet: Fleet, account: str, source: str, destination: str) -> None:
    fleet.client("organizations", fleet.built.management).move_account(
        AccountId=account, SourceParentId=fleet.built.units[source], DestinationParentId=fleet.built.units[destination]
    )


def test_from_nothing_to_every_account_then_nothing_to_do(fleet: Fleet) -> None:
    fleet.converge()
    assert fleet.facts("network") == expected(fleet)
    assert sorted(fleet.facts("roles")) == sorted(expected(fleet))
    assert fleet.plan(fleet.specs()).is_empty


def test_a_plan_without_changes_makes_the_least_calls_that_show_it(fleet: Fleet) -> None:
    fleet.converge()
    specs = fleet.specs()
    fleet.cloud.calls.clear()
    assert fleet.plan(specs).is_empty
    assert fleet.calls() == {
        "cloudformation:DescribeStackSet": 4,
        "cloudformation:ListStackInstances": 4,
        "organizations:ListAccounts": 1,
    }


def test_a_template_changes_in_staging_before_prod(fleet: Fleet) -> None:
    fleet.converge()
    fleet.events.clear()
    fleet.converge("v2")
    assert fleet.facts("network") == expected(fleet, "v2")
    started = [event.stack_set for event in fleet.events if isinstance(event, OperationStarted)]
    assert started == ["fleet-roles-staging", "fleet-network-staging", "fleet-roles-prod", "fleet-network-prod"]


def test_an_account_moves_to_prod(fleet: Fleet) -> None:
    fleet.converge()
    mover = fleet.built.accounts["workloads/staging/europe"][0]
    move(fleet, mover, "workloads/staging/europe", "workloads/prod")
    fleet.converge()
    assert fleet.facts("network")[mover] == fact("v1", "prod", mover)
    assert fleet.facts("network") == expected(fleet)
    assert fleet.plan(fleet.specs()).is_empty


def test_an_account_leaves_and_another_joins(fleet: Fleet) -> None:
    fleet.converge()
    leaver = fleet.built.accounts["workloads/prod"][0]
    move(fleet, leaver, "workloads/prod", "workloads")
    fleet.converge()
    assert leaver not in fleet.facts("network")
    move(fleet, leaver, "workloads", "workloads/prod")
    fleet.converge()
    assert fleet.facts("network") == expected(fleet)


def test_a_failing_account_is_named_with_its_cause_and_prod_stays_untouched(fleet: Fleet) -> None:
    broken = fleet.built.accounts["workloads/staging"][0]
    fleet.sandbox.faults.order(Fault("failing_account", account=broken, reason="Parameter x already exists", times=1))
    with pytest.raises(AccountsFailed) as caught:
        fleet.converge()
    cause = "Fact (AWS::SSM::Parameter) CREATE_FAILED: Parameter x already exists"
    assert caught.value.message.splitlines() == [
        f"fleet-roles-staging: 1 account failed ({broken}): {cause}",
        "not started because of this: fleet-network-staging, prod",
    ]
    assert [event.cause for event in fleet.events if isinstance(event, AccountFailed)] == [cause]
    assert set(fleet.facts("roles")) <= set(fleet.resolution().stages["staging"].accounts)
    behind = [one.account for one in fleet.service.instances("fleet-roles-staging") if one.status != "CURRENT"]
    assert broken in behind
    fleet.events.clear()
    fleet.converge()
    assert fleet.facts("network") == expected(fleet)
    again = next(event for event in fleet.events if isinstance(event, OperationStarted))
    assert (again.stack_set, again.accounts) == ("fleet-roles-staging", len(behind))
    api = fleet.client("cloudformation", fleet.built.dev)
    results = api.list_stack_set_operation_results(StackSetName=again.stack_set, OperationId=again.operation)
    assert sorted(entry["Account"] for entry in results["Summaries"]) == sorted(behind)


def test_a_missing_execution_role_says_what_to_do(fleet: Fleet) -> None:
    broken = fleet.built.accounts["workloads/staging"][1]
    iam = fleet.client("iam", broken)
    iam.delete_role_policy(RoleName=EXECUTION, PolicyName="all")
    iam.delete_role(RoleName=EXECUTION)
    with pytest.raises(AccountsFailed) as caught:
        fleet.converge()
    assert caught.value.message.splitlines()[0] == (
        f"fleet-roles-staging: 1 account failed ({broken}): Account {broken} should have '{EXECUTION}' role "
        "with trust relationship to Role 'fleet-administration'."
    )
    assert caught.value.hint.startswith("the execution role is missing or does not trust the administration role")


@pytest.mark.parametrize("operation", ["CreateStackInstances", "UpdateStackSet", "DeleteStackInstances"])
def test_a_lost_answer_submits_nothing_twice(fleet: Fleet, operation: str) -> None:
    fleet.converge(layers=("roles",))
    leaver = fleet.built.accounts["workloads/prod"][0]
    move(fleet, leaver, "workloads/prod", "workloads")
    newcomer = fleet.built.accounts["workloads/staging/europe"][0]
    move(fleet, newcomer, "workloads/staging/europe", "workloads/prod")
    fleet.sandbox.faults.order(Fault("lost_response", service="cloudformation", operation=operation, times=1))
    fleet.converge("v2", layers=("roles",))
    assert sorted(fleet.facts("roles")) == sorted(expected(fleet))
    api = fleet.client("cloudformation", fleet.built.dev)
    found = api.list_stack_set_operations(StackSetName="fleet-roles-prod")["Summaries"]
    assert sorted(entry["Action"] for entry in found) == ["CREATE", "CREATE", "DELETE", "UPDATE"]
    assert fleet.plan(fleet.specs("v2", layers=("roles",))).is_empty


def test_throttling_is_waited_out(fleet: Fleet) -> None:
    fleet.sandbox.faults.order(Fault("throttle", service="cloudformation", probability=0.15, seed=7))
    fleet.converge(layers=("roles",))
    fleet.sandbox.faults.clear()
    assert sorted(fleet.facts("roles")) == sorted(expected(fleet))


def update_by_hand(fleet: Fleet, text: str) -> str:
    """Somebody else changes the template of a set; the id of the operation."""
    url, _ = fleet.publish("roles", template("roles", text))
    made = fleet.client("cloudformation", fleet.built.dev).update_stack_set(
        StackSetName="fleet-roles-staging",
        TemplateURL=url,
        Parameters=[{"ParameterKey": "Stage", "ParameterValue": "staging"}],
        AdministrationRoleARN=f"arn:aws:iam::{fleet.built.dev}:role/{ADMINISTRATION}",
        ExecutionRoleName=EXECUTION,
    )
    return str(made["OperationId"])


def test_an_operation_of_somebody_else_is_waited_for(fleet: Fleet) -> None:
    fleet.converge(layers=("roles",))
    fleet.sandbox.set_latency(0.5)
    theirs = update_by_hand(fleet, "theirs")
    waiting = fleet.plan(fleet.specs("v2", layers=("roles",)))
    assert [type(action).__name__ for action in waiting.actions] == ["AwaitOperation"]
    assert waiting.actions[0].operation == theirs  # type: ignore[union-attr]
    fleet.apply(waiting)
    fleet.sandbox.set_latency(0)
    fleet.converge("v2", layers=("roles",))
    assert {value.split()[0] for value in fleet.facts("roles").values()} == {"v2"}


def test_a_change_made_by_hand_is_seen_and_undone(fleet: Fleet) -> None:
    fleet.converge(layers=("roles",))
    operation = update_by_hand(fleet, "theirs")
    specs = fleet.specs(layers=("roles",))
    while (found := fleet.service.operation("fleet-roles-staging", operation)) and found.is_active:
        time.sleep(0.05)
    plan = fleet.plan(specs)
    assert [(type(action).__name__, action.stack_set) for action in plan.actions] == [
        ("UpdateSet", "fleet-roles-staging")
    ]
    fleet.apply(plan)
    assert {value.split()[0] for value in fleet.facts("roles").values()} == {"v1"}


def test_destroy_leaves_nothing(fleet: Fleet) -> None:
    fleet.converge()
    specs = fleet.specs()
    fleet.apply(destroy(specs, fleet.state(specs)))
    assert fleet.facts("network") == fleet.facts("roles") == {}
    assert fleet.state(specs).sets == {}
    assert fleet.sandbox.inventory() == []
