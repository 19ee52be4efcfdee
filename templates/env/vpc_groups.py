"""Security groups that name each other: who may talk to whom, with closed ends everywhere else.

A group without rules of its own would keep EC2's default of egress to everywhere, hence `_CLOSED`. Rules that name
another group stand beside the groups, because CloudFormation cannot create two groups that refer to each other.
"""

from __future__ import annotations

from typing import Any

from troposphere import GetAtt
from troposphere.ec2 import SecurityGroup, SecurityGroupEgress, SecurityGroupIngress, SecurityGroupRule

from generator.cfn.lint import guard_exception
from templates.env.vpc_subnets import ANYWHERE, Naming, of_environment

HTTPS = 443
_ALL_PORTS = "distributed jobs and Studio choose their ports; only members of the group are meant"
_ANYWHERE = "an address range is all that a rule can say of gateways; the routes end at them"
_CLOSED = SecurityGroupRule(
    IpProtocol="-1", CidrIp="127.0.0.1/32", Description="Nothing leaves: this rule replaces the default one"
)


def closed_group(title: str, description: str, vpc_id: Any, name: str, named: Naming = of_environment) -> SecurityGroup:
    """A group from which nothing leaves but by rules that stand beside it."""
    return SecurityGroup(
        title,
        GroupDescription=description,
        VpcId=vpc_id,
        SecurityGroupEgress=[_CLOSED],
        Tags=named(name),
    )


def self_rules(group: str, name: str) -> list[Any]:
    """Members of a group talk to each other on all ports: distributed jobs and Studio need that."""
    text = "Between members of the group"
    own = GetAtt(group, "GroupId")
    return [
        SecurityGroupIngress(
            f"{name}SelfIngress",
            GroupId=own,
            SourceSecurityGroupId=own,
            IpProtocol="-1",
            Description=text,
            Metadata=guard_exception(SECURITY_GROUP_INGRESS_ALL_PROTOCOLS_RULE=_ALL_PORTS),
        ),
        SecurityGroupEgress(
            f"{name}SelfEgress",
            GroupId=own,
            DestinationSecurityGroupId=own,
            IpProtocol="-1",
            Description=text,
            Metadata=guard_exception(SECURITY_GROUP_EGRESS_ALL_PROTOCOLS_RULE=_ALL_PORTS),
        ),
    ]


def passage(name: str, source: str, target: str, port: int, what: str) -> list[Any]:
    """One TCP port from a group to another: the rule at each end."""
    return [
        SecurityGroupIngress(
            f"{name}Ingress",
            GroupId=GetAtt(target, "GroupId"),
            SourceSecurityGroupId=GetAtt(source, "GroupId"),
            IpProtocol="tcp",
            FromPort=port,
            ToPort=port,
            Description=what,
        ),
        SecurityGroupEgress(
            f"{name}Egress",
            GroupId=GetAtt(source, "GroupId"),
            DestinationSecurityGroupId=GetAtt(target, "GroupId"),
            IpProtocol="tcp",
            FromPort=port,
            ToPort=port,
            Description=what,
        ),
    ]


def egress_to_prefix_list(name: str, group: str, prefix_list: Any) -> SecurityGroupEgress:
    return SecurityGroupEgress(
        name,
        GroupId=GetAtt(group, "GroupId"),
        DestinationPrefixListId=prefix_list,
        IpProtocol="tcp",
        FromPort=HTTPS,
        ToPort=HTTPS,
        Description="HTTPS to S3 through its gateway endpoint",
    )


def egress_where_routes_lead(name: str, group: str) -> SecurityGroupEgress:
    return SecurityGroupEgress(
        name,
        GroupId=GetAtt(group, "GroupId"),
        CidrIp=ANYWHERE,
        IpProtocol="tcp",
        FromPort=HTTPS,
        ToPort=HTTPS,
        Description="HTTPS as far as the routes lead: S3 gateway, and NAT gateways where there are any",
        Metadata=guard_exception(EC2_SECURITY_GROUP_EGRESS_OPEN_TO_WORLD_RULE=_ANYWHERE),
    )
