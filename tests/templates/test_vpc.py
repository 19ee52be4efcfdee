"""The network in each of its shapes: subnets, ways out, groups, endpoints and what they let through (B046-B060)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from templates.env.vpc import EnvVpc
from templates.env.vpc_endpoints import codeartifact_regions, interface_service
from tests.templates.asking import allow_together
from tests.templates.deployed import ACCOUNT, Deployed
from tests.templates.release import FakeRelease

ROLE = f"arn:aws:iam::{ACCOUNT}:role/execution"
OWN = {"aws:PrincipalAccount": ACCOUNT, "aws:ResourceAccount": ACCOUNT}
ALL_OFF = {f"Create{key}VPCEndpoint": "NO" for key, _ in EnvVpc.INTERFACES if not key.startswith("CodeArtifact")}


def deployed(**parameters: str) -> Deployed:
    given = {
        "EnvName": "ml",
        "AvailabilityZones": "eu-west-1a,eu-west-1b,eu-west-1c,eu-west-1d",
        "DataBucketName": "data",
        "ModelBucketName": "models",
    }
    return Deployed(EnvVpc, **(given | parameters))


def existing(**parameters: str) -> Deployed:
    given = {
        "CreateVPC": "NO",
        "ExistingVPCId": "vpc-1",
        "CreatePrivateSubnets": "NO",
        "CreateNATGateways": "NO",
        "ExistingPrivateSubnetIds": "subnet-a,subnet-b",
        "ExistingPrivateRouteTableIds": "rtb-a,rtb-b",
    }
    return deployed(**(given | parameters))


def may(document: dict[str, Any], action: str, resource: str = "*", **context: str) -> bool:
    return allow_together([document], action, resource, role=ROLE, context=context)


def endpoint_policy(key: str, **parameters: str) -> dict[str, Any]:
    found: dict[str, Any] = deployed(**parameters).resources("AWS::EC2::VPCEndpoint")[f"VPCEndpoint{key}"]
    policy: dict[str, Any] = found["PolicyDocument"]
    return policy


@pytest.mark.parametrize("zones", [1, 2, 3, 4])
def test_each_zone_has_a_private_subnet_a_route_table_and_a_nat_gateway(zones: int) -> None:
    stack = deployed(NumberOfAZs=str(zones))
    subnets = [title for title in stack.resources("AWS::EC2::Subnet") if title.startswith("Private")]
    assert subnets == [f"PrivateSubnet{n}A" for n in range(1, zones + 1)]
    assert stack.outputs()["PrivateSubnetIds"] == ",".join(subnets)
    assert len(stack.resources("AWS::EC2::NatGateway")) == zones
    assert stack.resources("AWS::EC2::VPCEndpoint")["VPCEndpointS3"]["RouteTableIds"] == [
        f"PrivateSubnet{n}ARouteTable" for n in range(1, zones + 1)
    ]


def test_without_nat_nothing_leads_to_the_internet() -> None:
    """B058."""
    stack = deployed(CreateNATGateways="NO")
    for type_ in ("InternetGateway", "VPCGatewayAttachment", "NatGateway", "EIP", "Route"):
        assert stack.resources(f"AWS::EC2::{type_}") == {}, type_


def test_every_address_waits_for_the_gateway() -> None:
    """B058: an address is allocated only once the VPC has its internet gateway."""
    resources = EnvVpc(FakeRelease()).document()["Resources"]
    waiting = {title: body.get("DependsOn") for title, body in resources.items() if body["Type"] == "AWS::EC2::EIP"}
    assert waiting == {f"NAT{n}EIP": ["VPCGatewayAttachment"] for n in (1, 2, 3, 4)}


def test_existing_subnets_are_used_as_given() -> None:
    stack = existing()
    assert stack.rules_broken() == []
    assert stack.resources("AWS::EC2::Subnet") == {} and stack.resources("AWS::EC2::VPC") == {}
    endpoints = stack.resources("AWS::EC2::VPCEndpoint")
    assert endpoints["VPCEndpointS3"]["RouteTableIds"] == ["rtb-a", "rtb-b"]
    assert endpoints["VPCEndpointSSM"]["SubnetIds"] == ["subnet-a", "subnet-b"]
    assert stack.resources("AWS::EC2::SecurityGroup")["SageMakerSecurityGroup"]["VpcId"] == "vpc-1"


@pytest.mark.parametrize(
    ("parameters", "broken"),
    [
        ({}, []),
        ({"CreateVPC": "NO"}, ["ExistingVPCId is needed when CreateVPC is NO"]),
        (
            {"CreatePrivateSubnets": "NO", "CreateNATGateways": "NO"},
            [
                "CreatePrivateSubnets NO needs an existing VPC",
                "ExistingPrivateSubnetIds is needed when CreatePrivateSubnets is NO",
                "ExistingPrivateRouteTableIds is needed with existing subnets",
            ],
        ),
        ({"CreateS3VPCEndpoint": "NO"}, ["ExistingS3VPCEndpointId is needed when CreateS3VPCEndpoint is NO"]),
    ],
)
def test_rules_speak_before_anything_is_created(parameters: dict[str, str], broken: list[str]) -> None:
    """B058."""
    assert sorted(deployed(**parameters).rules_broken()) == sorted(broken)


def test_nothing_empty_is_published() -> None:
    """B005: SSM refuses an empty value, so what does not exist has no parameter."""
    for stack in (deployed(), deployed(**ALL_OFF, NumberOfAZs="1"), existing(**ALL_OFF)):
        values = {p["Name"]: p["Value"] for p in stack.resources("AWS::SSM::Parameter").values()}
        assert all(values.values()), values
    assert "ml-dev-kms-vpce-id" not in values
    assert deployed(**ALL_OFF).outputs()["VPCEndpointKMSId"] == ""


def test_published_names() -> None:
    names = {p["Name"] for p in deployed(NumberOfAZs="2").resources("AWS::SSM::Parameter").values()}
    assert names == {
        "ml-dev-vpc-id",
        "ml-dev-private-sn-1a-id",
        "ml-dev-private-sn-2a-id",
        "ml-dev-private-subnet-ids",
        "ml-dev-sagemaker-sg-ids",
        "ml-dev-s3-vpce-id",
        "ml-dev-kms-vpce-id",
    }


def test_groups_admit_each_other_on_single_ports() -> None:
    """B054: no CIDR, HTTPS to endpoints, NFS on a group of its own."""
    rules = deployed().resources("AWS::EC2::SecurityGroupIngress").values()
    assert not any("CidrIp" in rule for rule in rules)
    found = {(r["SourceSecurityGroupId"], r["GroupId"], r.get("FromPort"), r["IpProtocol"]) for r in rules}
    sagemaker = "SageMakerSecurityGroup.GroupId"
    assert found == {
        (sagemaker, sagemaker, None, "-1"),
        (sagemaker, "VPCEndpointsSecurityGroup.GroupId", 443, "tcp"),
        (sagemaker, "SharedServicesVPCEndpointSecurityGroup.GroupId", 80, "tcp"),
        (sagemaker, "FileSystemSecurityGroup.GroupId", 2049, "tcp"),
    }


def test_no_group_keeps_the_default_egress() -> None:
    """B055."""
    groups = deployed().resources("AWS::EC2::SecurityGroup")
    assert len(groups) == 4
    for title, group in groups.items():
        assert [rule["CidrIp"] for rule in group["SecurityGroupEgress"]] == ["127.0.0.1/32"], title


@pytest.mark.parametrize(
    ("nat", "prefix_list", "rules"),
    [
        ("YES", "", {"SageMakerHTTPSEgress"}),
        ("NO", "", {"SageMakerHTTPSEgress"}),
        ("NO", "pl-1", {"SageMakerS3Egress"}),
        ("YES", "pl-1", {"SageMakerS3Egress", "SageMakerHTTPSEgress"}),
    ],
)
def test_https_leaves_to_s3_only_where_the_prefix_list_is_known(nat: str, prefix_list: str, rules: set[str]) -> None:
    egress = deployed(CreateNATGateways=nat, S3PrefixListId=prefix_list).resources("AWS::EC2::SecurityGroupEgress")
    assert {title for title in egress if title.startswith("SageMaker") and "Self" not in title} == rules
    assert all(rule.get("FromPort") == 443 for title, rule in egress.items() if title in rules)


@pytest.mark.parametrize("key", [key for key, _ in EnvVpc.INTERFACES if interface_service(key).policy])
def test_an_endpoint_lets_own_principals_reach_own_resources_only(key: str) -> None:
    """B047, B062."""
    policy = endpoint_policy(key, CreateCodeArtifactVPCEndpoints="YES")
    assert may(policy, "any:Action", **OWN)
    assert not may(policy, "any:Action", **(OWN | {"aws:ResourceAccount": "999999999999"}))
    assert not may(policy, "any:Action", **(OWN | {"aws:PrincipalAccount": "999999999999"}))


def test_in_an_organization_the_endpoints_let_the_organization_through() -> None:
    policy = endpoint_policy("STS", OrganizationId="o-abc")
    assert may(policy, "sts:AssumeRole", **{"aws:PrincipalOrgID": "o-abc", "aws:ResourceOrgID": "o-abc"})
    assert not may(policy, "sts:AssumeRole", **{"aws:PrincipalOrgID": "o-abc", "aws:ResourceOrgID": "o-other"})
    assert not may(policy, "sts:AssumeRole", **{"aws:PrincipalOrgID": "o-abc"})


def test_without_an_organization_the_test_roles_of_targets_can_be_assumed() -> None:
    """Tests run in builds inside the VPC, and listed accounts need not be of an organization."""
    theirs = OWN | {"aws:ResourceAccount": "999999999999"}
    tester = "arn:aws:iam::999999999999:role/sm-mlops-staging-eu-west-1-model-test"
    assert may(endpoint_policy("STS"), "sts:AssumeRole", tester, **theirs)
    assert not may(endpoint_policy("STS"), "sts:AssumeRole", "arn:aws:iam::999999999999:role/other", **theirs)
    assert not may(endpoint_policy("STS", OrganizationId="o-abc"), "sts:AssumeRole", tester, **theirs)


def test_images_of_aws_can_be_pulled_but_not_pushed_elsewhere() -> None:
    policy = endpoint_policy("ECR")
    theirs = OWN | {"aws:ResourceAccount": "763104351884"}
    assert may(policy, "ecr:BatchGetImage", **theirs)
    assert not may(policy, "ecr:PutImage", **theirs)


def test_s3_endpoint_reaches_own_and_named_buckets_only() -> None:
    """B046."""
    policy = endpoint_policy("S3")
    foreign = OWN | {"aws:ResourceAccount": "999999999999"}
    assert may(policy, "s3:PutObject", "arn:aws:s3:::mine/k", **OWN)
    assert not may(policy, "s3:PutObject", "arn:aws:s3:::sagemaker-of-a-stranger/k", **foreign)
    assert not may(policy, "s3:GetObject", "arn:aws:s3:::sagemaker-of-a-stranger/k", **foreign)
    assert may(policy, "s3:GetObject", "arn:aws:s3:::models/m", **foreign)
    assert not may(policy, "s3:PutObject", "arn:aws:s3:::models/m", **foreign)
    assert may(policy, "s3:GetObject", "arn:aws:s3:::jumpstart-cache-prod-eu-west-1/m", **foreign)


def test_what_aws_signed_passes_for_this_vpc() -> None:
    policy = endpoint_policy("S3")
    here = {"aws:SourceVpc": "SageMakerSecurityGroup.VpcId"}
    answer = "arn:aws:s3:::cloudformation-custom-resource-response-euwest1/x"
    assert may(policy, "s3:GetObject", "arn:aws:s3:::prod-eu-west-1-starport-layer-bucket/x", **here)
    assert may(policy, "s3:GetObject", "arn:aws:s3:::assets-438097961670-eu-west-1/x", **here)
    assert may(policy, "s3:PutObject", answer, **here)
    assert not may(policy, "s3:GetObject", answer, **here)


def test_no_resource_of_the_s3_endpoint_is_a_pattern_of_bucket_names() -> None:
    for statement in endpoint_policy("S3")["Statement"]:
        if statement["Sid"] != "OwnBuckets":  # bound by the owner instead
            assert not any("*" in arn.removesuffix("/*") for arn in statement["Resource"]), statement["Sid"]


def test_a_service_without_endpoint_policies_gets_none() -> None:
    endpoints = deployed().resources("AWS::EC2::VPCEndpoint")
    without = [title for title, endpoint in endpoints.items() if "PolicyDocument" not in endpoint]
    assert without == ["VPCEndpointServiceCatalog", "VPCEndpointCodePipeline"]


def test_each_switch_makes_its_endpoint() -> None:
    off = deployed(**ALL_OFF, CreateS3VPCEndpoint="NO", ExistingS3VPCEndpointId="vpce-1")
    assert off.resources("AWS::EC2::VPCEndpoint") == {}
    assert off.outputs()["VPCEndpointS3Id"] == "vpce-1"
    assert len(deployed().resources("AWS::EC2::VPCEndpoint")) == 16


def test_endpoint_services_are_named_for_the_region() -> None:
    endpoints = deployed().resources("AWS::EC2::VPCEndpoint")
    assert endpoints["VPCEndpointSageMakerNotebook"]["ServiceName"] == "aws.sagemaker.eu-west-1.notebook"
    assert endpoints["VPCEndpointCodeCommit"]["ServiceName"] == "com.amazonaws.eu-west-1.git-codecommit"
    assert all(e["PrivateDnsEnabled"] for e in endpoints.values() if e["VpcEndpointType"] == "Interface")


def test_package_mirror_endpoint_by_service_name() -> None:
    stack = deployed(PyPIMirrorEndpointServiceName="com.amazonaws.vpce.eu-west-1.vpce-svc-1")
    mirror = stack.resources("AWS::EC2::VPCEndpoint")["VPCEndpointPyPIMirror"]
    assert mirror["ServiceName"] == "com.amazonaws.vpce.eu-west-1.vpce-svc-1"
    assert mirror["SecurityGroupIds"] == ["SharedServicesVPCEndpointSecurityGroup.GroupId"]
    assert stack.outputs()["PyPIMirrorEndpointDNS"] == "mirror.example"
    assert deployed().outputs()["PyPIMirrorEndpointDNS"] == ""


def test_flow_logs_with_and_without_a_key() -> None:
    """B057."""
    role = "arn:aws:iam::222222222222:role/flow-logs"
    key = "arn:aws:kms:eu-west-1:222222222222:key/01234567-0123-0123-0123-0123456789ab"
    stack = deployed(CreateVPCFlowLogsToCloudWatch="YES", VPCFlowLogsRoleArn=role, VPCFlowLogsCloudWatchKMSKey=key)
    group = stack.resources("AWS::Logs::LogGroup")["VPCFlowLogsLogGroup"]
    assert (group["LogGroupName"], group["KmsKeyId"]) == ("/vpcflowlogs/ml-dev-vpc-flow-logs", key)
    flow_log = stack.resources("AWS::EC2::FlowLog")["VPCFlowLogsToCloudWatch"]
    assert (flow_log["DeliverLogsPermissionArn"], flow_log["TrafficType"]) == (role, "REJECT")
    plain = deployed(CreateVPCFlowLogsToCloudWatch="YES", VPCFlowLogsRoleArn=role)
    assert "KmsKeyId" not in plain.resources("AWS::Logs::LogGroup")["VPCFlowLogsLogGroup"]


def test_flow_logs_take_the_accounts_own_role_where_none_is_given() -> None:
    stack = deployed(CreateVPCFlowLogsToCloudWatch="YES")
    flow_log = stack.resources("AWS::EC2::FlowLog")["VPCFlowLogsToCloudWatch"]
    assert flow_log["DeliverLogsPermissionArn"] == "arn:aws:iam::222222222222:role/ml-dev-eu-west-1-vpc-flow-logs"


def test_two_environments_share_no_name() -> None:
    """B024, B025: all names of the template begin with the environment's."""
    fixed = json.dumps(deployed(EnvName="one").resources()).replace("one-dev", "two-dev").replace('"one"', '"two"')
    assert json.loads(fixed) == deployed(EnvName="two").resources()


def test_codeartifact_regions_are_known() -> None:
    assert "eu-west-1" in codeartifact_regions() and "us-west-1" not in codeartifact_regions()
