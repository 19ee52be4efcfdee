from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

PROPERTIES = {
    "VPCId": "vpc-1",
    "AvailabilityZones": ["eu-west-1a", "eu-west-1b"],
    "SubnetCIDRBlocks": ["10.0.32.0/19", "10.0.0.0/19"],
}


def subnet(name: str, block: str, zone: str, vpc: str = "vpc-1") -> dict[str, str]:
    return {"SubnetId": name, "CidrBlock": block, "AvailabilityZone": zone, "VpcId": vpc}


def table(name: str, vpc: str, *subnets: str, main: bool = False) -> dict[str, Any]:
    associations: list[dict[str, Any]] = [{"SubnetId": one, "Main": False} for one in subnets]
    return {"RouteTableId": name, "VpcId": vpc, "Associations": associations + ([{"Main": True}] if main else [])}


@dataclass
class Network:
    """The subnets and route tables of a Region; an answer has two of them a page."""

    Pages: Any
    subnets: list[dict[str, str]]
    tables: list[dict[str, Any]]

    def get_paginator(self, operation: str) -> Any:
        key, items = {
            "describe_subnets": ("Subnets", self.subnets),
            "describe_route_tables": ("RouteTables", self.tables),
        }[operation]

        def found(Filters: list[dict[str, Any]]) -> list[Any]:
            (only,) = Filters
            assert only["Name"] == "vpc-id"
            return [item for item in items if item["VpcId"] in only["Values"]]

        return self.Pages(found, key, 2)


@pytest.fixture
def network(clients: dict[str, Any], Pages: Any) -> Network:
    """Two private subnets that match, in two AZs; public ones; and a twin of the first in another VPC."""
    clients["ec2"] = Network(
        Pages,
        [
            subnet("subnet-public", "10.0.128.0/20", "eu-west-1a"),
            subnet("subnet-twin", "10.0.0.0/19", "eu-west-1a", "vpc-2"),
            subnet("subnet-c", "10.0.64.0/19", "eu-west-1c"),
            subnet("subnet-a", "10.0.0.0/19", "eu-west-1a"),
            subnet("subnet-b", "10.0.32.0/19", "eu-west-1b"),
        ],
        [
            table("rtb-twin", "vpc-2", "subnet-twin", main=True),
            table("rtb-a", "vpc-1", "subnet-a"),
            table("rtb-public", "vpc-1", "subnet-public"),
            table("rtb-main", "vpc-1", main=True),
        ],
    )
    return clients["ec2"]


@pytest.fixture
def handler(load: Any) -> Any:
    return load("get-network-configuration").handler


@pytest.mark.usefixtures("network")
def test_create_and_update_give_what_lies_in_the_vpc(invoke: Any, handler: Any) -> None:
    """B011, B012, B023."""
    for kind, physical_id in (("Create", None), ("Update", "vpc-1-network")):
        answer = invoke(handler, kind, PROPERTIES, physical_id)
        assert answer["PhysicalResourceId"] == "vpc-1-network"
        assert answer["Data"] == {
            "SubnetIds": ["subnet-b", "subnet-a"],
            "RouteTableIds": ["rtb-a", "rtb-main"],
            "AvailabilityZones": ["eu-west-1a", "eu-west-1b"],
        }


def test_delete_asks_nothing(invoke: Any, handler: Any, clients: dict[str, Any]) -> None:
    assert clients == {}
    assert invoke(handler, "Delete", PROPERTIES, "vpc-1-network")["Status"] == "SUCCESS"


@pytest.mark.usefixtures("network")
def test_one_zone_is_refused(invoke: Any, handler: Any) -> None:
    """B023."""
    answer = invoke(handler, "Create", PROPERTIES | {"SubnetCIDRBlocks": ["10.0.0.0/19"]})
    assert (answer["Status"], answer["Reason"]) == (
        "FAILED",
        (
            "vpc-1: its subnets subnet-a lie in eu-west-1a, but 2 AZs are needed. "
            "Add a private subnet in another AZ, or name one that exists"
        ),
    )


@pytest.mark.usefixtures("network")
def test_no_subnet_is_refused(invoke: Any, handler: Any) -> None:
    answer = invoke(handler, "Create", PROPERTIES | {"VPCId": "vpc-3"})
    assert (answer["Status"], answer["Reason"]) == (
        "FAILED",
        (
            "vpc-3: has no subnet 10.0.32.0/19, 10.0.0.0/19 in eu-west-1a, eu-west-1b. "
            "Give the CIDR blocks and AZs of its private subnets"
        ),
    )


def test_an_unexpected_exception_is_answered(invoke: Any, handler: Any, network: Network) -> None:
    """B029."""
    del network.subnets[3]["AvailabilityZone"]
    answer = invoke(handler, "Create", PROPERTIES)
    assert (answer["Status"], answer["Reason"]) == ("FAILED", "KeyError: 'AvailabilityZone'")
