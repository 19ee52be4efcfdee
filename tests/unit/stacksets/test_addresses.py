"""Address plans: no overlap, no move, deterministic, and clear errors."""

from __future__ import annotations

from ipaddress import IPv4Network
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from generator.errors import ToolError
from stacksets.addresses import allocate, held_by, subnets

ACCOUNTS = st.sets(st.integers(1, 10**12 - 1).map(lambda number: f"{number:012d}"), max_size=40)


def test_the_cut_is_that_of_the_template() -> None:
    assert subnets(IPv4Network("10.0.0.0/16")).overrides == {
        "VPCCIDR": "10.0.0.0/16",
        "PrivateSubnet1ACIDR": "10.0.0.0/19",
        "PrivateSubnet2ACIDR": "10.0.32.0/19",
        "PrivateSubnet3ACIDR": "10.0.64.0/19",
        "PrivateSubnet4ACIDR": "10.0.96.0/19",
        "PublicSubnet1CIDR": "10.0.128.0/20",
        "PublicSubnet2CIDR": "10.0.144.0/20",
        "PublicSubnet3CIDR": "10.0.160.0/20",
        "PublicSubnet4CIDR": "10.0.176.0/20",
    }


def test_new_accounts_take_what_is_free_and_the_others_stay() -> None:
    """B056."""
    plan = allocate(
        "10.0.0.0/8", 16, ["3", "1", "2"], {"2": "10.2.0.0/16"}, {"dev": "10.0.0.0/16", "office": "10.1.128.0/17"}
    )
    assert {account: str(one.vpc) for account, one in plan.items()} == {
        "1": "10.3.0.0/16",
        "2": "10.2.0.0/16",
        "3": "10.4.0.0/16",
    }


@settings(deadline=None)
@given(ACCOUNTS, ACCOUNTS, st.integers(16, 20))
def test_never_an_overlap_and_never_a_move(first: set[str], later: set[str], prefix: int) -> None:
    """B056."""
    before = allocate("10.0.0.0/8", prefix, first, reserved={"dev": "10.0.64.0/18"})
    held = held_by({account: one.overrides for account, one in before.items()})
    after = allocate("10.0.0.0/8", prefix, first | later, held, {"dev": "10.0.64.0/18"})
    assert {account: after[account] for account in first} == before
    assert after == allocate("10.0.0.0/8", prefix, first | later, held, {"dev": "10.0.64.0/18"})
    ordered = sorted([one.vpc for one in after.values()] + [IPv4Network("10.0.64.0/18")])
    assert not any(one.overlaps(other) for one, other in pairwise(ordered))
    assert all(vpc.subnet_of(IPv4Network("10.0.0.0/8")) for vpc in ordered)


@given(st.integers(16, 24))
def test_subnets_are_apart_and_inside(prefix: int) -> None:
    made = subnets(IPv4Network(f"10.0.0.0/{prefix}"))
    ordered = sorted((*made.private, *made.public))
    assert not any(one.overlaps(other) for one, other in pairwise(ordered))
    assert all(one.subnet_of(made.vpc) for one in ordered)
    assert max(one.prefixlen for one in ordered) <= 28


def test_the_pool_is_used_to_its_last_block() -> None:
    accounts = [str(number) for number in range(4)]
    assert [str(one.vpc) for one in allocate("10.0.0.0/22", 24, accounts).values()] == [
        "10.0.0.0/24",
        "10.0.1.0/24",
        "10.0.2.0/24",
        "10.0.3.0/24",
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("10.0.0.0/22", 24, "abcde"), "addresses: the pool 10.0.0.0/22 has no free /24 left for account e"),
        (("10.0.0.0/22", 20, "a"), "addresses: a VPC of /20 does not fit into the pool 10.0.0.0/22"),
        (("10.0.0.0/22", 25, "a"), "addresses: a VPC of /25 cannot hold eight subnets"),
        (("10.0.0.1/22", 24, "a"), "addresses: pool: 10.0.0.1/22 has host bits set"),
        (
            ("10.0.0.0/8", 16, "ab", {"a": "10.5.0.0/16", "b": "10.4.0.0/15"}),
            "addresses: 10.4.0.0/15 (account b) and 10.5.0.0/16 (account a) overlap",
        ),
        (
            ("10.0.0.0/8", 16, "a", {"a": "10.5.0.0/16"}, {"office": "10.5.128.0/24"}),
            "addresses: 10.5.0.0/16 (account a) and 10.5.128.0/24 (office) overlap",
        ),
    ],
)
def test_what_is_refused(arguments: tuple[object, ...], message: str) -> None:
    with pytest.raises(ToolError) as caught:
        allocate(*arguments)  # type: ignore[arg-type]
    assert caught.value.message == message
