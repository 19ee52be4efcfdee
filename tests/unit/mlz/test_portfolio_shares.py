"""What is to be shared with whom, from what is wanted, what is there and what is ours."""

from __future__ import annotations

import pytest

from mlz.stacks.portfolio_shares import Share, SharePlan, lines, planned

A, B, C = "ou-ab12-aaaaaaaa", "ou-ab12-bbbbbbbb", "o-abcdefghij"


@pytest.mark.parametrize(
    ("wanted", "actual", "ours", "plan"),
    [
        ([], [], [], SharePlan("p")),
        ([Share(A), Share(C)], [], [], SharePlan("p", missing=(Share(C), Share(A)))),
        ([Share(A)], [Share(A)], [A], SharePlan("p", kept=(A,))),
        ([Share(A, principals=True)], [Share(A)], [A], SharePlan("p", changed=(Share(A, True),), kept=(A,))),
        ([Share(A)], [Share(B), Share(C)], [C], SharePlan("p", missing=(Share(A),), ended=(C,), foreign=(B,))),
        ([], [], [A], SharePlan("p")),
    ],
)
def test_only_what_is_ours_is_ended(wanted: list[Share], actual: list[Share], ours: list[str], plan: SharePlan) -> None:
    assert planned("p", wanted, actual, ours) == plan


def test_what_would_be_done_is_told() -> None:
    plan = SharePlan(
        "port-1", (Share(A, principals=True, tag_options=True),), (Share(B),), kept=(B,), ended=(C,), foreign=(A,)
    )
    assert lines(plan) == [
        f"+ port-1 is shared with {A}, with its principals' names and tag options",
        f"~ port-1 stays shared with {B}",
        f"- port-1 is no longer shared with {C}",
        f"! port-1 is shared with {A}, by somebody else: left alone",
    ]


def test_what_others_share_is_nothing_to_do() -> None:
    assert SharePlan("p", foreign=(A,)).is_empty
    assert not SharePlan("p", ended=(A,)).is_empty
