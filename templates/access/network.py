"""Statements for the stacks that make a VPC: creation in this account and Region, changes to what carries our tag."""

from __future__ import annotations

from awacs.aws import Statement
from troposphere import Ref

from generator.cfn.arns import arn
from generator.cfn.iam import allow
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


def may_keep_network() -> list[Statement]:
    """Create network parts in this account and Region; change and delete those tagged with this environment's name."""
    everything = arn("ec2", "*")
    ours = {"StringEquals": {"aws:ResourceTag/EnvironmentName": Ref("EnvName")}}
    return [
        allow("CreateNetwork", of("ec2", *CREATE), everything),
        allow("ChangeNetwork", of("ec2", *CHANGE), everything, when=ours),
        # Security group rules and endpoints are resources of their own that get no tag from the stack.
        allow("ChangeRules", of("ec2", *CHANGE_RULES), arn("ec2", "security-group-rule/*")),
        allow(
            "ChangeEndpoints",
            of("ec2", "DeleteVpcEndpoints", "ModifyVpcEndpoint"),
            [arn("ec2", f"{kind}/*") for kind in ("route-table", "security-group", "subnet", "vpc", "vpc-endpoint")],
        ),
        allow("TagNetwork", of("ec2", "CreateTags", "DeleteTags"), everything),
        # Describe actions of EC2 have no resource types.
        allow("SeeNetwork", of("ec2", "Describe*", "GetSecurityGroupsForVpc")),
    ]
