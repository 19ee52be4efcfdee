"""Statements for the stacks that make a VPC: creation in this account and Region, changes to what carries our tag."""

from __future__ import annotations

from dataclasses import dataclass

from awacs.aws import Statement
from troposphere import Ref

from generator.cfn.arns import arn
from generator.cfn.iam import Conditions, allow
from templates.access.actions import of

# Creating a part also touches the VPC, subnet or address that it belongs to; hence no tag condition on creation.
CREATE = (
    "AllocateAddress",
    "CreateDhcpOptions",
    "CreateFlowLogs",
    "CreateInternetGateway",
    "CreateNatGateway",
    "CreateRouteTable",
    "CreateSecurityGroup",
    "CreateSubnet",
    "CreateVpc",
    "CreateVpcEndpoint",
)
CHANGE_RULES = (
    "AuthorizeSecurityGroupEgress",
    "AuthorizeSecurityGroupIngress",
    "RevokeSecurityGroupEgress",
    "RevokeSecurityGroupIngress",
    "UpdateSecurityGroupRuleDescriptionsEgress",
    "UpdateSecurityGroupRuleDescriptionsIngress",
)
CHANGE = (
    *CHANGE_RULES,
    "AssociateDhcpOptions",
    "AssociateRouteTable",
    "AttachInternetGateway",
    "CreateRoute",
    "DeleteDhcpOptions",
    "DeleteFlowLogs",
    "DeleteInternetGateway",
    "DeleteNatGateway",
    "DeleteRoute",
    "DeleteRouteTable",
    "DeleteSecurityGroup",
    "DeleteSubnet",
    "DeleteVpc",
    "DetachInternetGateway",
    "DisassociateRouteTable",
    "ModifySubnetAttribute",
    "ModifyVpcAttribute",
    "ReleaseAddress",
    "ReplaceRoute",
    "ReplaceRouteTableAssociation",
)


@dataclass(frozen=True)
class Owner:
    """Whose network it is, as tags say: those that a part has, and those that a part without any is given."""

    ours: Conditions
    becomes_ours: Conditions


OWN_ENVIRONMENT = Owner(
    {"StringEquals": {"aws:ResourceTag/EnvironmentName": Ref("EnvName")}},
    {
        "StringEquals": {"aws:RequestTag/EnvironmentName": Ref("EnvName")},
        "Null": {"aws:ResourceTag/EnvironmentName": "true"},
    },
)
ANY_ENVIRONMENT = Owner(
    {"Null": {"aws:ResourceTag/EnvironmentName": "false"}}, {"Null": {"aws:RequestTag/EnvironmentName": "false"}}
)


def may_keep_network(owner: Owner = OWN_ENVIRONMENT) -> list[Statement]:
    """Create network parts in this account and Region; change, delete and tag those that tags say are the owner's."""
    everything = arn("ec2", "*")
    return [
        allow("CreateNetwork", of("ec2", *CREATE), everything),
        allow("ChangeNetwork", of("ec2", *CHANGE), everything, when=owner.ours),
        # A VPC that gives its options up takes `default` instead, which carries no tag; the VPC has to carry ours.
        allow("TakeDefaultOptions", of("ec2", "AssociateDhcpOptions"), arn("ec2", "dhcp-options/*")),
        # Security group rules and endpoints are resources of their own that get no tag from the stack.
        allow("ChangeRules", of("ec2", *CHANGE_RULES), arn("ec2", "security-group-rule/*")),
        allow(
            "ChangeEndpoints",
            of("ec2", "DeleteVpcEndpoints", "ModifyVpcEndpoint"),
            [arn("ec2", f"{kind}/*") for kind in ("route-table", "security-group", "subnet", "vpc", "vpc-endpoint")],
        ),
        # CloudFormation tags some parts only after it made them, so that tags at creation are not all that it needs.
        allow("TagNewParts", of("ec2", "CreateTags"), everything, when=owner.becomes_ours),
        allow("TagNetwork", of("ec2", "CreateTags", "DeleteTags"), everything, when=owner.ours),
        # Describe actions of EC2 have no resource types.
        allow("SeeNetwork", of("ec2", "Describe*", "GetSecurityGroupsForVpc")),
    ]
