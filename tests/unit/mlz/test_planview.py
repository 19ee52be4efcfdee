"""What a person reads before agreeing to a plan, whole."""

from __future__ import annotations

from mlz.fleet.planview import document, lines, summary, totals
from stacksets.actions import (
    AwaitOperation,
    CreateInstances,
    CreateSet,
    DeleteInstances,
    Group,
    Plan,
    RetryInstances,
    Step,
    Unchanged,
    UpdateSet,
)
from stacksets.spec import Definition, Preferences

NAMES = {f"2000000000{n:02}": f"staging-{n:02}" for n in range(1, 31)} | {"300000000001": "prod-01"}
ACCOUNTS = tuple(sorted(NAMES))[:9]
DEFINITION = Definition("sm-mlops-dev-roles-staging", "https://example.com/t.yaml", "0" * 64)
REGIONS = ("eu-west-1",)


def plan() -> Plan:
    leave = DeleteInstances(
        "sm-mlops-dev-network-staging",
        (Group(("200000000007",), REGIONS, "aaa"),),
        Preferences(),
        False,
        "moved to prod",
    )
    network = tuple(
        Group((account,), REGIONS, f"op{n}", {"VPCCIDR": f"10.64.{n * 16}.0/20"})
        for n, account in enumerate(ACCOUNTS[:2])
    )
    staging = (
        CreateSet(DEFINITION, "does not exist"),
        CreateInstances(DEFINITION.name, (Group(ACCOUNTS, REGIONS, "bbb"),), Preferences(), "first deployment"),
        CreateInstances("sm-mlops-dev-network-staging", network, Preferences(), "joined"),
    )
    prod = (
        UpdateSet(
            Definition("sm-mlops-dev-roles-prod", "u", "1" * 64),
            ("300000000001",),
            Preferences(),
            "ccc",
            ("template: 000000000000 → 111111111111",),
            "template changed",
        ),
        RetryInstances(
            Definition("sm-mlops-dev-network-prod", "u", "1" * 64),
            (Group(("300000000001",), REGIONS, "ddd"),),
            Preferences(),
            "failed before",
        ),
    )
    steps = (Step("leave", (leave,), is_gate=False), Step("staging", staging), Step("prod", prod))
    return Plan(steps, (Unchanged("sm-mlops-dev-network-staging", ("200000000008",), "as wanted"),), "digest")


EXPECTED = """\
leave  accounts that are no longer wanted
  - sm-mlops-dev-network-staging: remove 1 account: moved to prod
      - 200000000007  staging-07

staging  (a gate: a failure here stops what follows)
  + sm-mlops-dev-roles-staging: create the stack set: does not exist
  + sm-mlops-dev-roles-staging: add 9 accounts: first deployment
      + 200000000001  staging-01
      + 200000000002  staging-02
      + 200000000003  staging-03
      + 200000000004  staging-04
      + 200000000005  staging-05
      + 200000000006  staging-06
        … and 3 others: staging-07, staging-08, staging-09
  + sm-mlops-dev-network-staging: add 2 accounts: joined
      + 200000000001  staging-01  10.64.0.0/20
      + 200000000002  staging-02  10.64.16.0/20

prod
  ~ sm-mlops-dev-roles-prod: update the stack set and 1 account: template changed
      ~ template: 000000000000 → 111111111111
      ~ 300000000001  prod-01
  ~ sm-mlops-dev-network-prod: try 1 account again: failed before
      ~ 300000000001  prod-01

Warning: the stacks of 1 account will be deleted, with what they hold.
Plan: 11 to add, 2 to change, 1 to remove, 1 unchanged in 4 stack sets."""


def test_a_plan_as_text() -> None:
    assert "\n".join(line.text for line in lines(plan(), NAMES)) == EXPECTED


def test_removals_are_red_and_warned_of() -> None:
    shown = lines(plan(), NAMES)
    assert [line.style for line in shown if line.text.lstrip().startswith("- ")] == ["remove", "remove"]
    assert [line.text for line in shown if line.style == "error"] == [
        "Warning: the stacks of 1 account will be deleted, with what they hold."
    ]


def test_every_account_on_request() -> None:
    text = "\n".join(line.text for line in lines(plan(), NAMES, detailed=True))
    assert "      + 200000000009  staging-09" in text
    assert "more" not in text


def test_nothing_to_do() -> None:
    empty = Plan((), (Unchanged("a", ("1", "2"), "as wanted"), Unchanged("b", ("1",), "as wanted")), "d")
    assert summary(empty) == "No changes: 3 unchanged in 2 stack sets."


def test_an_operation_of_somebody_else_is_waited_for() -> None:
    wait = AwaitOperation("a", "op-1", ("200000000001",), "UPDATE is RUNNING: started earlier, waited for")
    shown = [line.text for line in lines(Plan((Step("settle", (wait,)),), (), "d"), NAMES)]
    assert shown[:2] == [
        "settle  started earlier, waited for",
        "  . a: wait for operation op-1: UPDATE is RUNNING: started earlier, waited for",
    ]


def test_a_plan_for_programs() -> None:
    data = document(plan(), NAMES)
    assert data["totals"] == {"add": 11, "change": 2, "remove": 1, "unchanged": 1}
    assert totals(plan()).sets == 4
    steps = data["steps"]
    assert isinstance(steps, list)
    assert steps[1]["actions"][2] == {
        "kind": "CreateInstances",
        "stack_set": "sm-mlops-dev-network-staging",
        "reason": "joined",
        "accounts": [
            {"id": "200000000001", "name": "staging-01"},
            {"id": "200000000002", "name": "staging-02"},
        ],
        "changes": [],
        "addresses": {"200000000001": "10.64.0.0/20", "200000000002": "10.64.16.0/20"},
    }
