"""The VPC, its subnets and its ways out, as makers; `n` counts Availability Zones from 1."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from troposphere import GetAtt, Ref, Select, Sub, Tags
from troposphere.ec2 import (
    EIP,
    VPC,
    DHCPOptions,
    InternetGateway,
    NatGateway,
    Route,
    RouteTable,
    Subnet,
    SubnetRouteTableAssociation,
    VPCDHCPOptionsAssociation,
    VPCGatewayAttachment,
)

from generator.cfn.lint import guard_exception
from templates.parameters import environment_tags

ANYWHERE = "0.0.0.0/0"
ATTACHMENT = "VPCGatewayAttachment"
Naming = Callable[..., Tags]


def of_environment(what: str, **more: Any) -> Tags:
    """Tags of a part of an environment's network, its name included."""
    return environment_tags(Name=Sub(f"{what}-${{EnvName}}-${{EnvType}}"), **more)


def vpc(cidr: Any, named: Naming = of_environment) -> VPC:
    return VPC("VPC", CidrBlock=cidr, EnableDnsSupport=True, EnableDnsHostnames=True, Tags=named("vpc"))


def dhcp_options(domain: Any, named: Naming = of_environment) -> DHCPOptions:
    return DHCPOptions("DHCPOptions", DomainName=domain, DomainNameServers=["AmazonProvidedDNS"], Tags=named("dhcp"))


def dhcp_association() -> VPCDHCPOptionsAssociation:
    return VPCDHCPOptionsAssociation("VPCDHCPOptionsAssociation", VpcId=Ref("VPC"), DhcpOptionsId=Ref("DHCPOptions"))


def private_subnet(n: int, vpc_id: Any, zones: Any, cidr: Any, named: Naming = of_environment) -> list[Any]:
    """A private subnet, its own route table and their association."""
    title = f"PrivateSubnet{n}A"
    return [
        Subnet(
            title,
            VpcId=vpc_id,
            CidrBlock=cidr,
            AvailabilityZone=Select(n - 1, zones),
            MapPublicIpOnLaunch=False,
            Tags=named(f"private-sn-{n}a", DSWorkloadType="private"),
        ),
        RouteTable(f"{title}RouteTable", VpcId=vpc_id, Tags=named(f"private-rtb-{n}a")),
        SubnetRouteTableAssociation(
            f"{title}RouteTableAssociation", SubnetId=Ref(title), RouteTableId=Ref(f"{title}RouteTable")
        ),
    ]


def internet_access(vpc_id: Any, named: Naming = of_environment) -> list[Any]:
    """The internet gateway and the one route table that all public subnets share."""
    return [
        InternetGateway("InternetGateway", Tags=named("igw")),
        VPCGatewayAttachment(ATTACHMENT, VpcId=vpc_id, InternetGatewayId=Ref("InternetGateway")),
        RouteTable("PublicSubnetRouteTable", VpcId=vpc_id, Tags=named("public-rtb")),
        Route(
            "PublicSubnetRoute",
            DependsOn=[ATTACHMENT],
            RouteTableId=Ref("PublicSubnetRouteTable"),
            DestinationCidrBlock=ANYWHERE,
            GatewayId=Ref("InternetGateway"),
            Metadata=guard_exception(
                NO_UNRESTRICTED_ROUTE_TO_IGW="only NAT gateways stand in these subnets; the route is their way out"
            ),
        ),
    ]


def public_subnet(n: int, vpc_id: Any, zones: Any, cidr: Any, named: Naming = of_environment) -> list[Any]:
    """A public subnet with a NAT gateway, and the route to it from the private subnet of the same zone."""
    title = f"PublicSubnet{n}"
    return [
        Subnet(
            title,
            VpcId=vpc_id,
            CidrBlock=cidr,
            AvailabilityZone=Select(n - 1, zones),
            MapPublicIpOnLaunch=False,
            Tags=named(f"public-sn-{n}"),
        ),
        SubnetRouteTableAssociation(
            f"{title}RouteTableAssociation", SubnetId=Ref(title), RouteTableId=Ref("PublicSubnetRouteTable")
        ),
        EIP(f"NAT{n}EIP", DependsOn=[ATTACHMENT], Domain="vpc", Tags=named(f"nat-eip-{n}")),
        NatGateway(
            f"NATGateway{n}",
            DependsOn=[ATTACHMENT],
            AllocationId=GetAtt(f"NAT{n}EIP", "AllocationId"),
            SubnetId=Ref(title),
            Tags=named(f"nat-gtw-{n}"),
        ),
        Route(
            f"PrivateSubnet{n}ARoute",
            RouteTableId=Ref(f"PrivateSubnet{n}ARouteTable"),
            DestinationCidrBlock=ANYWHERE,
            NatGatewayId=Ref(f"NATGateway{n}"),
        ),
    ]
