"""The private subnets and route tables of an existing VPC that an environment is to use."""

from __future__ import annotations

from typing import Any

import boto3
from custom_resource import Properties, Refusal, Request, serve

Subnet = dict[str, Any]


def handler(event: dict[str, Any], context: Any) -> None:
    """Properties: VPCId, AvailabilityZones (list), SubnetCIDRBlocks (list), MinimumAZs (default 2).

    Attributes: SubnetIds (list, in the order of the CIDR blocks), RouteTableIds (list), AvailabilityZones (list).
    """
    serve(event, context, identify=_identity, apply=_look_up)


def _identity(properties: Properties) -> str:
    return f"{properties['VPCId']}-network"


def _look_up(request: Request) -> dict[str, Any]:
    properties = request.properties
    vpc: str = properties["VPCId"]
    client = boto3.client("ec2")
    subnets = _chosen(_subnets(client, vpc), properties)
    _refuse_unfit(subnets, vpc, properties)
    ids = [subnet["SubnetId"] for subnet in subnets]
    return {
        "SubnetIds": ids,
        "RouteTableIds": route_tables(client, vpc, ids),
        "AvailabilityZones": sorted({subnet["AvailabilityZone"] for subnet in subnets}),
    }


def _subnets(client: Any, vpc: str) -> list[Subnet]:
    pages = client.get_paginator("describe_subnets").paginate(Filters=[{"Name": "vpc-id", "Values": [vpc]}])
    return [subnet for page in pages for subnet in page["Subnets"]]


def _chosen(subnets: list[Subnet], properties: Properties) -> list[Subnet]:
    blocks = [block for block in properties["SubnetCIDRBlocks"] if block]
    zones = properties["AvailabilityZones"]
    found = [one for one in subnets if one["CidrBlock"] in blocks and one["AvailabilityZone"] in zones]
    return sorted(found, key=lambda one: (blocks.index(one["CidrBlock"]), one["SubnetId"]))


def _refuse_unfit(subnets: list[Subnet], vpc: str, properties: Properties) -> None:
    asked = f"{', '.join(properties['SubnetCIDRBlocks'])} in {', '.join(properties['AvailabilityZones'])}"
    if not subnets:
        raise Refusal(f"{vpc}: has no subnet {asked}. Give the CIDR blocks and AZs of its private subnets")
    spread = {subnet["AvailabilityZone"] for subnet in subnets}
    minimum = int(properties.get("MinimumAZs", 2))
    if len(spread) < minimum:
        raise Refusal(
            f"{vpc}: its subnets {', '.join(one['SubnetId'] for one in subnets)} lie in {', '.join(sorted(spread))}, "
            f"but {minimum} AZs are needed. Add a private subnet in another AZ, or name one that exists"
        )


def route_tables(client: Any, vpc: str, subnets: list[str]) -> list[str]:
    """Route tables of the subnets; one without a table of its own uses the VPC's main table."""
    pages = client.get_paginator("describe_route_tables").paginate(Filters=[{"Name": "vpc-id", "Values": [vpc]}])
    own: dict[str, str] = {}
    main = ""
    for table in (table for page in pages for table in page["RouteTables"]):
        for association in table["Associations"]:
            if association.get("Main"):
                main = table["RouteTableId"]
            elif "SubnetId" in association:
                own[association["SubnetId"]] = table["RouteTableId"]
    return sorted({own.get(subnet, main) for subnet in subnets} - {""})
