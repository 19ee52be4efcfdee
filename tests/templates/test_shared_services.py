"""The shared services VPC and the package mirror, in Regions with and without CodeArtifact (B079, B080)."""

from __future__ import annotations

from typing import Any

import pytest

from generator.cfn.stack import Stack
from templates.core.package_mirror import proxy_configuration
from templates.core.shared_services_ecs import CoreSharedServicesEcs
from templates.core.shared_services_network import CoreSharedServicesNetwork
from templates.env.vpc import EnvVpc
from tests.templates.asking import allow_together
from tests.templates.deployed import ACCOUNT, Deployed
from tests.templates.release import FakeRelease

WITH_CODEARTIFACT, WITHOUT = "eu-west-1", "ca-central-1"
NETWORK = {
    "SharedServicesVPCId": "vpc-1",
    "SharedServicesPrivateSubnetIds": "subnet-a,subnet-b",
    "SharedServicesSecurityGroupId": "sg-1",
}


def deployed(stack: type[Stack], region: str, **parameters: str) -> Deployed:
    return Deployed(stack, region, StackSetName="core", **parameters)


def mirror(region: str, **parameters: str) -> Deployed:
    return deployed(CoreSharedServicesEcs, region, **(NETWORK | parameters))


def types(stack: Deployed) -> set[str]:
    known = ("AWS::CodeArtifact::Domain", "AWS::ECS::Service", "AWS::EC2::VPCEndpointService", "AWS::EC2::NatGateway")
    return {type_ for type_ in known if stack.resources(type_)}


@pytest.mark.parametrize(
    ("region", "kind", "found", "service_name"),
    [
        (WITH_CODEARTIFACT, "AUTO", {"AWS::CodeArtifact::Domain"}, "codeartifact"),
        (
            WITHOUT,
            "AUTO",
            {"AWS::ECS::Service", "AWS::EC2::VPCEndpointService"},
            "com.amazonaws.vpce.ca-central-1.MirrorEndpointService",
        ),
        (
            WITH_CODEARTIFACT,
            "FARGATE",
            {"AWS::ECS::Service", "AWS::EC2::VPCEndpointService"},
            "com.amazonaws.vpce.eu-west-1.MirrorEndpointService",
        ),
    ],
)
def test_codeartifact_where_it_exists_else_a_proxy(region: str, kind: str, found: set[str], service_name: str) -> None:
    stack = mirror(region, PackageMirror=kind)
    assert types(stack) == found
    assert stack.outputs()["PyPIMirrorEndpointServiceName"] == service_name


def test_where_codeartifact_is_unknown_its_types_are_not_even_named() -> None:
    resources = CoreSharedServicesEcs(FakeRelease(WITHOUT)).document()["Resources"]
    named = {body["Type"].split("::")[1] for body in resources.values()}
    assert "CodeArtifact" not in named and "ECS" in named
    assert mirror(WITHOUT).outputs()["PackageDomainName"] == ""


@pytest.mark.parametrize(
    ("published", "endpoints"),
    [
        ("codeartifact", {"VPCEndpointCodeArtifactAPI", "VPCEndpointCodeArtifactRepositories"}),
        ("com.amazonaws.vpce.eu-west-1.vpce-svc-1", {"VPCEndpointPyPIMirror"}),
        ("", set()),
    ],
)
def test_an_environment_understands_what_the_mirror_publishes(published: str, endpoints: set[str]) -> None:
    stack = Deployed(
        EnvVpc,
        EnvName="ml",
        AvailabilityZones="eu-west-1a,eu-west-1b",
        DataBucketName="data",
        ModelBucketName="models",
        PyPIMirrorEndpointServiceName=published,
    )
    mirrors = {"VPCEndpointCodeArtifactAPI", "VPCEndpointCodeArtifactRepositories", "VPCEndpointPyPIMirror"}
    assert mirrors & set(stack.resources("AWS::EC2::VPCEndpoint")) == endpoints


def test_packages_come_from_the_public_index_through_a_store() -> None:
    stack = mirror(WITH_CODEARTIFACT)
    repositories = stack.resources("AWS::CodeArtifact::Repository")
    assert repositories["PublicPackages"]["ExternalConnections"] == ["public:pypi"]
    assert repositories["Packages"]["Upstreams"] == ["PublicPackages.Name"]
    assert "ExternalConnections" not in repositories["Packages"]
    assert stack.outputs()["PackageRepositoryName"] == "Packages.Name"


def test_the_organization_reads_packages_and_nobody_else() -> None:
    assert "PermissionsPolicyDocument" not in mirror(WITH_CODEARTIFACT).resources()["Packages"]
    assert mirror(WITH_CODEARTIFACT).outputs()["PackageReaders"] == ACCOUNT
    assert mirror(WITH_CODEARTIFACT, OrganizationId="o-abc").outputs()["PackageReaders"] == "o-abc"
    policy = mirror(WITH_CODEARTIFACT, OrganizationId="o-abc").resources()["Packages"]["PermissionsPolicyDocument"]

    def may(action: str, organization: str) -> bool:
        context = {"aws:PrincipalOrgID": organization}
        return allow_together([policy], f"codeartifact:{action}", context=context)

    assert may("ReadFromRepository", "o-abc")
    assert not may("ReadFromRepository", "o-other")
    assert not may("PublishPackageVersion", "o-abc")


def test_the_proxy_is_reached_through_its_endpoint_service_only() -> None:
    stack = mirror(WITHOUT)
    balancer = stack.resources("AWS::ElasticLoadBalancingV2::LoadBalancer")["MirrorBalancer"]
    assert balancer["Scheme"] == "internal"
    rules = stack.resources("AWS::EC2::SecurityGroupIngress")
    assert [(r["SourceSecurityGroupId"], r["GroupId"], r["FromPort"]) for r in rules.values()] == [
        ("MirrorBalancerSecurityGroup.GroupId", "MirrorTaskSecurityGroup.GroupId", 8080)
    ]
    service = stack.resources("AWS::ECS::Service")["MirrorService"]
    assert service["NetworkConfiguration"]["AwsvpcConfiguration"] == {
        "Subnets": ["subnet-a", "subnet-b"],
        "SecurityGroups": ["sg-1", "MirrorTaskSecurityGroup.GroupId"],
        "AssignPublicIp": "DISABLED",
    }


@pytest.mark.parametrize(
    ("given", "allowed"),
    [
        ("", [f"arn:aws:iam::{ACCOUNT}:root"]),
        ("arn:aws:iam::1:root,arn:aws:iam::2:root", ["arn:aws:iam::1:root", "arn:aws:iam::2:root"]),
    ],
)
def test_who_may_connect_to_the_proxy(given: str, allowed: list[str]) -> None:
    permissions = mirror(WITHOUT, PackageMirrorConsumerArns=given).resources("AWS::EC2::VPCEndpointServicePermissions")
    assert permissions["MirrorEndpointPermissions"]["AllowedPrincipals"] == allowed


def test_the_container_has_a_read_only_root_and_the_whole_configuration() -> None:
    task = mirror(WITHOUT).resources("AWS::ECS::TaskDefinition")["MirrorTask"]
    (container,) = task["ContainerDefinitions"]
    assert container["ReadonlyRootFilesystem"] is True
    assert container["Environment"] == [{"Name": "CONFIGURATION", "Value": proxy_configuration()}]
    assert "TaskRoleArn" not in task
    for needed in ("listen 8080;", "location = /health", "sub_filter 'https://files.pythonhosted.org/' '/';"):
        assert needed in proxy_configuration()


def test_a_proxy_without_a_network_is_refused() -> None:
    stack = deployed(CoreSharedServicesEcs, WITHOUT, PackageMirror="FARGATE")
    assert stack.rules_broken() == [f"{name} is needed when PackageMirror is FARGATE" for name in NETWORK]
    assert mirror(WITHOUT, PackageMirror="FARGATE").rules_broken() == []


def endpoint_titles(stack: Deployed) -> set[str]:
    return {title.removeprefix("VPCEndpoint") for title in stack.resources("AWS::EC2::VPCEndpoint")}


def test_the_network_leads_to_the_internet_only_for_a_proxy() -> None:
    closed = deployed(CoreSharedServicesNetwork, WITH_CODEARTIFACT)
    assert closed.resources("AWS::EC2::InternetGateway") == {} and types(closed) == set()
    assert endpoint_titles(closed) == {"S3", "CWL", "CodeArtifactAPI", "CodeArtifactRepositories"}
    open_ = deployed(CoreSharedServicesNetwork, WITHOUT)
    assert types(open_) == {"AWS::EC2::NatGateway"}
    assert endpoint_titles(open_) == {"S3", "CWL", "ECRAPI", "ECR"}


def test_the_network_gives_what_the_mirror_takes() -> None:
    outputs = deployed(CoreSharedServicesNetwork, WITHOUT).outputs()
    assert outputs == {
        "SharedServicesVPCId": "VPC",
        "SharedServicesPrivateSubnetIds": "PrivateSubnet1A,PrivateSubnet2A",
        "SharedServicesSecurityGroupId": "ServiceSecurityGroup.GroupId",
    }
    assert set(outputs) == set(NETWORK)


def test_subnets_share_the_block_without_overlap() -> None:
    stack = deployed(CoreSharedServicesNetwork, WITHOUT)
    blocks: list[Any] = [subnet["CidrBlock"] for subnet in stack.resources("AWS::EC2::Subnet").values()]
    assert len(blocks) == len(set(blocks)) == 4
