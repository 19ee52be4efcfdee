"""VPC endpoints and what may pass through them; the services are listed in endpoints.toml."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from awacs.aws import Action, Principal, Statement
from troposphere import Equals, Join, Not, NoValue, Ref, Split, Sub
from troposphere.ec2 import VPCEndpoint

from generator.cfn import iam
from generator.cfn.arns import ACCOUNT, bucket_arn, objects_arn, role_arn
from generator.cfn.contract import Cond, Param
from templates.published import ENVIRONMENT, MODEL_TEST_ROLE

ORGANIZATION_ID = Param(
    "OrganizationId",
    "Id of the organization (o-...) whose principals and resources the endpoints let through; empty: this account only",
    default="",
    group="VPC Endpoints",
)
IN_ORGANIZATION = Cond("InOrganization", Not(Equals(ORGANIZATION_ID, "")))

_EVERYONE = Principal("*")
_WITHOUT_DASHES = "RegionWithoutDashes"


@dataclass(frozen=True)
class InterfaceService:
    """A service behind an interface endpoint."""

    name: str
    service: str
    policy: bool
    shared_reads: tuple[str, ...] = ()
    testers: bool = False


@cache
def _data() -> dict[str, Any]:
    return tomllib.loads((Path(__file__).parent.parent / "endpoints.toml").read_text())


def interface_service(key: str) -> InterfaceService:
    """The service of a block of endpoints.toml, such as `SageMakerAPI`."""
    entry = _data()["interface"][key]
    shared = tuple(entry.get("shared_reads", ()))
    return InterfaceService(key, entry["service"], entry["policy"], shared, entry.get("testers", False))


def interface_endpoint(title: str, service: InterfaceService, vpc: Any, subnets: Any, groups: list[Any]) -> VPCEndpoint:
    """An interface endpoint with private DNS, and a policy where the service supports one."""
    policy: dict[str, Any] = {"PolicyDocument": endpoint_policy(service)} if service.policy else {}
    return VPCEndpoint(
        title,
        VpcEndpointType="Interface",
        ServiceName=_in_region(service.service),
        VpcId=vpc,
        SubnetIds=subnets,
        SecurityGroupIds=groups,
        PrivateDnsEnabled=True,
        **policy,
    )


def codeartifact_regions() -> tuple[str, ...]:
    """The Regions that have CodeArtifact."""
    return tuple(_data()["codeartifact"]["asset_accounts"])


def s3_endpoint(title: str, vpc: Any, route_tables: Any, buckets: tuple[Param, ...], region: str) -> VPCEndpoint:
    """The S3 gateway: buckets of the organization or account, `buckets` by name, and the named buckets of AWS.

    `region` is the Region that the template is built for: CodeArtifact keeps packages in one bucket of AWS in each.
    """
    return VPCEndpoint(
        title,
        VpcEndpointType="Gateway",
        ServiceName=_in_region(_data()["gateway"]["S3"]["service"]),
        VpcId=vpc,
        RouteTableIds=route_tables,
        PolicyDocument=iam.policy_with_choices(
            _own("OwnBuckets", [Action("s3", "*")]),
            *_environment_buckets(buckets),
            *_aws_buckets(region, vpc),
        ),
    )


def shared_endpoint(title: str, service_name: Any, vpc: Any, subnets: Any, groups: list[Any]) -> VPCEndpoint:
    """An endpoint of somebody's endpoint service; such services take no policy and no private DNS by themselves."""
    return VPCEndpoint(
        title,
        VpcEndpointType="Interface",
        ServiceName=service_name,
        VpcId=vpc,
        SubnetIds=subnets,
        SecurityGroupIds=groups,
        PrivateDnsEnabled=False,
    )


def endpoint_policy(service: InterfaceService) -> dict[str, Any]:
    """Only own principals, on own resources; and reading what AWS shares, where the service has such things."""
    statements: list[Any] = [_own("OwnPrincipalsOnOwnResources", [Action("*")])]
    if service.shared_reads:
        statements.append(_own("OwnPrincipalsReadWhatAWSShares", _actions(service.shared_reads), resources_too=False))
    if service.testers:
        statements.append(_testers())
    return iam.policy_with_choices(*statements)


def _own(sid: str, actions: list[Action], resources: Any = "*", *, resources_too: bool = True) -> Any:
    """Allow principals of the organization, or of the account outside one; `resources_too` binds the resources as well.

    A resource outside any organization has no aws:ResourceOrgID: without IfExists it stays out of reach.
    """

    def statement(principal: str, resource: str, value: Any) -> Statement:
        when: dict[str, dict[str, Any]] = {"StringEquals": {principal: value}}
        if resources_too:
            when["StringEquals"][resource] = value
        return iam.allow(sid, actions, resources, principal=_EVERYONE, when=when)

    return IN_ORGANIZATION.then(
        statement("aws:PrincipalOrgID", "aws:ResourceOrgID", ORGANIZATION_ID),
        statement("aws:PrincipalAccount", "aws:ResourceAccount", ACCOUNT),
    )


def _testers() -> Any:
    """Without an organization, the name of a role is all that tells the targets' test roles from a stranger's."""
    roles = role_arn(MODEL_TEST_ROLE.replace(ENVIRONMENT, "*"), account="*")
    when = {"StringEquals": {"aws:PrincipalAccount": ACCOUNT}}
    statement = iam.allow("TestRolesOfTargets", _actions(("sts:AssumeRole",)), roles, principal=_EVERYONE, when=when)
    return IN_ORGANIZATION.then(NoValue, statement)


def _environment_buckets(buckets: tuple[Param, ...]) -> list[Statement]:
    """Data and models live in the development account: targets outside an organization reach them by name."""
    if not buckets:
        return []
    arns = [make(f"${{{bucket.name}}}") for bucket in buckets for make in (bucket_arn, objects_arn)]
    reads = (*iam.LIST_BUCKET, *iam.READ_OBJECTS)
    when = {"StringEquals": {"aws:PrincipalAccount": ACCOUNT}}
    return [iam.allow("EnvironmentBuckets", reads, arns, principal=_EVERYONE, when=when)]


def _aws_buckets(region: str, vpc: Any) -> list[Any]:
    """Reading what AWS shares, by own principals; and what ECR, CodeArtifact and CloudFormation signed for this VPC."""
    named = _data()["aws_buckets"]
    reads = (*iam.LIST_BUCKET, *iam.READ_OBJECTS)
    signed = [*named["read_signed"], *_package_buckets(region)]
    here = {"StringEquals": {"aws:SourceVpc": vpc}}
    answers = [_aws_arn(name, "/*") for name in named["write_signed"]]
    layers = [_aws_arn(name, "/*") for name in signed]
    shared = [arn for name in named["read"] for arn in (_aws_arn(name, ""), _aws_arn(name, "/*"))]
    return [
        _own("BucketsOfAWS", list(reads), shared, resources_too=False),
        iam.allow("LayersAndPackages", _actions(("s3:GetObject",)), layers, principal=_EVERYONE, when=here),
        iam.allow("AnswersToCloudFormation", _actions(("s3:PutObject",)), answers, principal=_EVERYONE, when=here),
    ]


def _package_buckets(region: str) -> list[str]:
    account = _data()["codeartifact"]["asset_accounts"].get(region)
    return [f"assets-{account}-{{region}}"] if account else []


def _aws_arn(name: str, tail: str) -> Sub:
    text = "arn:${AWS::Partition}:s3:::" + name.format(
        region="${AWS::Region}", regionwithoutdashes=f"${{{_WITHOUT_DASHES}}}"
    )
    if _WITHOUT_DASHES not in text:
        return Sub(text + tail)
    return Sub(text + tail, {_WITHOUT_DASHES: Join("", Split("-", Ref("AWS::Region")))})


def _actions(names: tuple[str, ...]) -> list[Action]:
    return [Action(*name.split(":")) for name in names]


def _in_region(service: str) -> Sub:
    return Sub(service.format(region="${AWS::Region}"))
