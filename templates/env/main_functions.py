"""Makers of what the environment looks up while it is created: target accounts, and the subnets of an existing VPC."""

from __future__ import annotations

from typing import Any

from troposphere import AWSObject, GetAtt, Join, Split
from troposphere.awslambda import Function

from templates.functions import token


class GetOUAccounts(AWSObject):
    """Custom::GetOUAccounts. Attributes: AccountList, Count, OrganizationId, OrganizationalUnitPaths."""

    resource_type = "Custom::GetOUAccounts"
    props = {  # noqa: RUF012 - troposphere's own form
        "ServiceToken": (str, True),
        "OUIds": (list, True),
        "IncludeAccounts": (str, True),
        "OrganizationId": (str, True),
        "LookUp": (str, True),
    }


class GetNetworkConfiguration(AWSObject):
    """Custom::GetNetworkConfiguration. Attributes: SubnetIds, RouteTableIds, AvailabilityZones."""

    resource_type = "Custom::GetNetworkConfiguration"
    props = {  # noqa: RUF012 - troposphere's own form
        "ServiceToken": (str, True),
        "VPCId": (str, True),
        "AvailabilityZones": (list, True),
        "SubnetCIDRBlocks": (list, True),
        "MinimumAZs": (str, True),
    }


def unit_accounts(
    title: str, look_up: Function, units: Any, *, include: Any, organization: Any, again: Any
) -> GetOUAccounts:
    """The accounts below `units` (comma-separated), and their organization paths.

    `include` is YES or NO. CloudFormation looks up again only when a property changes: `again` is there to be changed.
    """
    return GetOUAccounts(
        title,
        ServiceToken=token(look_up),
        OUIds=Split(",", units),
        IncludeAccounts=include,
        OrganizationId=organization,
        LookUp=again,
    )


def existing_subnets(
    look_up: Function, vpc: Any, zones: Any, blocks: list[Any], minimum_zones: Any
) -> GetNetworkConfiguration:
    """The subnets of `vpc` with these address blocks in these zones."""
    return GetNetworkConfiguration(
        "GetNetworkConfiguration",
        ServiceToken=token(look_up),
        VPCId=vpc,
        AvailabilityZones=zones,
        SubnetCIDRBlocks=blocks,
        MinimumAZs=minimum_zones,
    )


def joined(found: GetNetworkConfiguration, attribute: str) -> Join:
    """A list attribute as text, for a child's parameter."""
    return Join(",", GetAtt(found, attribute))
