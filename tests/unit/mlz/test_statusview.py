"""Accounts by stack set."""

from __future__ import annotations

from mlz.fleet.statusview import Column, document, lines, standings
from stacksets.state import Instance, SetState, State

COLUMNS = [
    Column("roles-staging", "roles", "staging"),
    Column("network-staging", "network", "staging"),
    Column("roles-prod", "roles", "prod"),
    Column("network-prod", "network", "prod"),
]
NAMES = {"200000000001": "b-account", "200000000002": "a-account"}
STATE = State(
    {
        "roles-staging": SetState(
            name="roles-staging",
            template=("x",),
            instances=(Instance("200000000001", "eu-west-1"), Instance("200000000002", "eu-west-1")),
        ),
        "network-staging": SetState(
            name="network-staging",
            template=("x",),
            instances=(Instance("200000000001", "eu-west-1", "OUTDATED", "FAILED", "limit reached"),),
        ),
    }
)


def test_the_table() -> None:
    found = standings(STATE, COLUMNS, NAMES)
    assert [line.text for line in lines(found, ["roles-prod", "network-prod"])] == [
        "account       name       stage    roles    network            reason",
        "200000000002  a-account  staging  CURRENT  -",
        "200000000001  b-account  staging  CURRENT  OUTDATED (FAILED)  limit reached",
        "roles-prod: does not exist",
        "network-prod: does not exist",
        "2 accounts: 0 as the stack sets say, 2 not.",
    ]


def test_nothing_deployed() -> None:
    assert [line.text for line in lines([], ["a"])] == [
        "a: does not exist",
        "0 accounts: 0 as the stack sets say, 0 not.",
    ]


def test_for_programs() -> None:
    assert document(standings(STATE, COLUMNS, NAMES)[1:], []) == {
        "accounts": [
            {
                "account": "200000000001",
                "name": "b-account",
                "stage": "staging",
                "layers": {"roles": "CURRENT", "network": "OUTDATED (FAILED)"},
                "reason": "limit reached",
            }
        ],
        "missing_stack_sets": [],
    }
