"""Live types: what a stack makes is what clients see over HTTP; and services' refusals reach its events."""

from __future__ import annotations

from pathlib import Path

import boto3
import pytest

ACCOUNT = "123456789012"
REGION = "eu-west-1"
TEMPLATES = Path(__file__).parent / "templates"
NAMED = frozenset({"CAPABILITY_NAMED_IAM"})


@pytest.fixture(scope="module")
def endpoint():
    from sandbox.cfn import services  # noqa: F401 - sets what moto reads when it is imported
    from moto.server import ThreadedMotoServer  # isort: skip

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def client(endpoint):
    session = boto3.Session(aws_access_key_id="x", aws_secret_access_key="x", region_name=REGION)
    return lambda service: session.client(service, endpoint_url=endpoint)


@pytest.fixture
def here(host):
    """Stacks go to the account that moto's server takes calls for."""
    plain = host.request
    host.request = lambda template, name="app", **more: plain(
        template, name, **{"account": ACCOUNT, "capabilities": NAMED, **more}
    )
    host.stack = lambda name="app": host.engine.stack(ACCOUNT, REGION, name)
    host.delete = lambda name="app", **more: host.engine.delete_stack(ACCOUNT, REGION, name, wait=True, **more)
    return host


def failures(stack, status="CREATE_FAILED"):
    return [row.reason for row in stack.events if row.status == status and row.logical_id != stack.name]


ROLE = (TEMPLATES / "role.yaml").read_text()


def test_roles_and_policies(here, client):
    stack = here.create(ROLE)
    iam = client("iam")
    role = iam.get_role(RoleName="runner")["Role"]
    assert stack.output("Arn") == role["Arn"] == f"arn:aws:iam::{ACCOUNT}:role/runner"
    assert stack.output("Policy") == f"arn:aws:iam::{ACCOUNT}:policy/own"
    assert role["Tags"] == [{"Key": "team", "Value": "ml"}]
    assert sorted(p["PolicyName"] for p in iam.list_attached_role_policies(RoleName="runner")["AttachedPolicies"]) == [
        "ReadOnlyAccess",
        "own",
    ]
    assert sorted(iam.list_role_policies(RoleName="runner")["PolicyNames"]) == ["inline", "more"]
    here.update(ROLE, parameters={"Action": "s3:PutObject"})
    inline = iam.get_role_policy(RoleName="runner", PolicyName="inline")["PolicyDocument"]
    assert inline["Statement"][0]["Action"] == "s3:PutObject"
    version = iam.get_policy(PolicyArn=stack.output("Policy"))["Policy"]["DefaultVersionId"]
    assert version == "v2"
    here.delete()
    assert (stack.status, iam.list_roles()["Roles"], here.engine.inventory()) == ("DELETE_COMPLETE", [], [])
    assert iam.list_policies(Scope="Local")["Policies"] == []


def test_a_role_name_that_is_taken(here):
    here.create(ROLE)
    stack = here.create(ROLE.replace("ManagedPolicyName: own", "ManagedPolicyName: other"), "second")
    assert failures(stack) == [
        (
            'Resource handler returned message: "Role with name runner already exists. '
            '(Service: Iam, Status Code: 409)" (HandlerErrorCode: AlreadyExists)'
        )
    ]
    assert stack.status == "ROLLBACK_COMPLETE"
    assert here.stack().status == "CREATE_COMPLETE"


def test_a_role_half_made_is_removed(here, client):
    stack = here.create(ROLE.replace("policy/ReadOnlyAccess", "policy/NoSuchPolicy"))
    assert stack.status == "ROLLBACK_COMPLETE"
    assert client("iam").list_roles()["Roles"] == []


def test_a_role_in_use_elsewhere_cannot_be_deleted(here, client):
    stack = here.create(ROLE)
    client("iam").put_role_policy(
        RoleName="runner",
        PolicyName="foreign",
        PolicyDocument='{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"s3:*","Resource":"*"}]}',
    )
    here.delete()
    assert stack.status == "DELETE_FAILED"
    assert failures(stack, "DELETE_FAILED")[0] == (
        'Resource handler returned message: "Cannot delete entity, must delete policies first. '
        '(Service: Iam, Status Code: 409)" (HandlerErrorCode: InvalidRequest)'
    )


NETWORK = (TEMPLATES / "network.yaml").read_text()


def test_a_network(here, client):
    stack = here.create(NETWORK)
    assert failures(stack) == []
    ec2 = client("ec2")
    vpc = stack.resources["Vpc"].physical_id
    mine = [{"Name": "vpc-id", "Values": [vpc]}]
    assert ec2.describe_vpcs(VpcIds=[vpc])["Vpcs"][0]["Tags"] == [{"Key": "Name", "Value": "net"}]
    assert ec2.describe_vpc_attribute(VpcId=vpc, Attribute="enableDnsHostnames")["EnableDnsHostnames"] == {
        "Value": True
    }
    zones = [row["AvailabilityZone"] for row in ec2.describe_subnets(Filters=mine)["Subnets"]]
    assert sorted(zones) == ["eu-west-1a", "eu-west-1b"]
    assert not any(row["MapPublicIpOnLaunch"] for row in ec2.describe_subnets(Filters=mine)["Subnets"])
    table = ec2.describe_route_tables(RouteTableIds=[stack.resources["Table"].physical_id])["RouteTables"][0]
    assert [row["NatGatewayId"] for row in table["Routes"] if "NatGatewayId" in row] == [
        stack.resources["Nat"].physical_id
    ]
    address = ec2.describe_addresses(PublicIps=[stack.output("Address")])["Addresses"][0]
    assert address["AllocationId"] == stack.output("Allocation")
    kinds = {row["VpcEndpointType"] for row in ec2.describe_vpc_endpoints(Filters=mine)["VpcEndpoints"]}
    assert kinds == {"Interface", "Gateway"}
    group = ec2.describe_security_groups(GroupIds=[stack.resources["Group"].physical_id])["SecurityGroups"][0]
    assert len(group["IpPermissions"]) == 2
    assert [rule["FromPort"] for rule in group["IpPermissionsEgress"]] == [443]
    here.update(NETWORK, parameters={"Dns": "false", "Port": "8443"})
    assert stack.status == "UPDATE_COMPLETE"
    assert ec2.describe_vpc_attribute(VpcId=vpc, Attribute="enableDnsHostnames")["EnableDnsHostnames"] == {
        "Value": False
    }
    group = ec2.describe_security_groups(GroupIds=[stack.resources["Group"].physical_id])["SecurityGroups"][0]
    assert sorted(rule.get("FromPort", 0) for rule in group["IpPermissions"]) == [0, 8443]
    here.delete()
    assert failures(stack, "DELETE_FAILED") == []
    assert (stack.status, here.engine.inventory()) == ("DELETE_COMPLETE", [])
    assert ec2.describe_subnets(Filters=mine)["Subnets"] == []
    assert [row["VpcId"] for row in ec2.describe_vpcs()["Vpcs"] if not row["IsDefault"]] == []


def test_a_vpc_is_replaced_with_all_that_lives_in_it(here, client):
    template = (
        "Parameters: {Cidr: {Type: String, Default: 10.1.0.0/16}}\nResources:\n"
        "  Vpc: {Type: AWS::EC2::VPC, Properties: {CidrBlock: !Ref Cidr}}\n"
        "  A:\n    Type: AWS::EC2::Subnet\n"
        "    Properties: {VpcId: !Ref Vpc, CidrBlock: !Select [0, !Cidr [!Ref Cidr, 1, 8]]}\n"
    )
    stack = here.create(template)
    old = stack.resources["Vpc"].physical_id
    here.update(template, parameters={"Cidr": "10.2.0.0/16"})
    ec2 = client("ec2")
    blocks = [row["CidrBlock"] for row in ec2.describe_vpcs()["Vpcs"] if not row["IsDefault"]]
    assert (stack.status, blocks) == ("UPDATE_COMPLETE", ["10.2.0.0/16"])
    assert stack.resources["Vpc"].physical_id != old
    subnet = ec2.describe_subnets(SubnetIds=[stack.resources["A"].physical_id])["Subnets"][0]
    assert subnet["VpcId"] == stack.resources["Vpc"].physical_id


def test_a_vpc_with_a_stranger_in_it_cannot_be_deleted(here, client):
    stack = here.create("Resources: {Vpc: {Type: AWS::EC2::VPC, Properties: {CidrBlock: 10.3.0.0/16}}}")
    vpc = stack.resources["Vpc"].physical_id
    client("ec2").create_subnet(VpcId=vpc, CidrBlock="10.3.0.0/24")
    here.delete()
    assert stack.status == "DELETE_FAILED"
    assert failures(stack, "DELETE_FAILED") == [
        (
            f"Resource handler returned message: \"The vpc '{vpc}' has dependencies and cannot be deleted. "
            '(Service: Ec2, Status Code: 400)" (HandlerErrorCode: InvalidRequest)'
        )
    ]


def test_a_subnet_outside_its_vpc(here):
    stack = here.create(
        "Resources:\n  V: {Type: AWS::EC2::VPC, Properties: {CidrBlock: 10.4.0.0/16}}\n"
        "  A: {Type: AWS::EC2::Subnet, Properties: {VpcId: !Ref V, CidrBlock: 10.5.0.0/24}}\n"
    )
    assert failures(stack) == [
        (
            "Resource handler returned message: \"The CIDR '10.5.0.0/24' is invalid. "
            '(Service: Ec2, Status Code: 400)" (HandlerErrorCode: InvalidRequest)'
        )
    ]


STORE = (TEMPLATES / "store.yaml").read_text()


def test_keys_buckets_and_parameters(here, client):
    stack = here.create(STORE)
    assert failures(stack) == []
    bucket, s3, kms = stack.output("Bucket"), client("s3"), client("kms")
    assert stack.output("Domain") == f"{bucket}.s3.eu-west-1.amazonaws.com"
    assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    rule = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"][0]
    assert rule["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "aws:kms"
    assert all(s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"].values())
    assert "aws:SecureTransport" in s3.get_bucket_policy(Bucket=bucket)["Policy"]
    key = kms.describe_key(KeyId="alias/data")["KeyMetadata"]
    assert (key["KeyId"], key["Description"]) == (stack.output("Key"), "data")
    assert kms.get_key_rotation_status(KeyId=key["KeyId"])["KeyRotationEnabled"] is True
    assert client("ssm").get_parameter(Name="/data/bucket")["Parameter"]["Value"] == bucket
    here.delete()
    assert (stack.status, here.engine.inventory(), s3.list_buckets()["Buckets"]) == ("DELETE_COMPLETE", [], [])
    assert kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"]["KeyState"] == "PendingDeletion"


def test_tags_of_a_stack_reach_what_stands_already(here, client):
    """One value changes, one goes, one comes: keys, buckets and functions follow."""
    before, wanted = {"team": "a", "old": "1"}, {"team": "b", "new": "2"}
    here.create(STORE, tags=before)
    here.create(COMPUTE, "work", tags=before)
    stack, work = here.update(STORE, tags=wanted), here.update(COMPUTE, "work", tags=wanted)
    assert (failures(stack, "UPDATE_FAILED"), failures(work, "UPDATE_FAILED")) == ([], [])
    key = client("kms").list_resource_tags(KeyId=stack.output("Key"))["Tags"]
    bucket = client("s3").get_bucket_tagging(Bucket=stack.output("Bucket"))["TagSet"]
    functions = client("lambda")
    arn = functions.get_function(FunctionName="look")["Configuration"]["FunctionArn"]
    assert {tag["TagKey"]: tag["TagValue"] for tag in key} == {"a": "b"} | wanted
    assert {tag["Key"]: tag["Value"] for tag in bucket} == wanted
    assert functions.list_tags(Resource=arn)["Tags"] == wanted


def test_a_bucket_that_is_not_empty_stays(here, client):
    stack = here.create(STORE)
    client("s3").put_object(Bucket=stack.output("Bucket"), Key="k", Body=b"v")
    here.delete()
    assert stack.status == "DELETE_FAILED"
    assert failures(stack, "DELETE_FAILED") == [
        (
            'Resource handler returned message: "The bucket you tried to delete is not empty (Service: S3, '
            f'Status Code: 409)" (BucketName: {stack.output("Bucket")}, HandlerErrorCode: GeneralServiceException)'
        )
    ]


def test_a_bucket_name_is_taken_in_all_accounts(here):
    named = "Resources: {B: {Type: AWS::S3::Bucket, Properties: {BucketName: everybodys}}}"
    here.create(named)
    stack = here.create(named, "two", account="333333333333")
    assert failures(stack) == ["everybodys already exists"]


COMPUTE = (TEMPLATES / "compute.yaml").read_text()


def test_functions_rules_topics_and_queues(here, client):
    stack = here.create(COMPUTE)
    assert failures(stack) == []
    functions = client("lambda")
    found = functions.get_function(FunctionName="look")["Configuration"]
    assert (found["Timeout"], found["Environment"]) == (60, {"Variables": {"LEVEL": "INFO"}})
    assert '"Service": "events.amazonaws.com"' in functions.get_policy(FunctionName="look")["Policy"]
    targets = client("events").list_targets_by_rule(Rule=stack.output("Rule"))["Targets"]
    assert [target["Arn"] for target in targets] == [found["FunctionArn"]]
    assert (stack.output("Topic"), stack.output("Name")) == (f"arn:aws:sns:{REGION}:{ACCOUNT}:news", "news")
    assert stack.output("Queue").startswith(f"arn:aws:sqs:{REGION}:{ACCOUNT}:app-Queue-")
    here.update(COMPUTE, parameters={"Level": "DEBUG"})
    found = functions.get_function(FunctionName="look")["Configuration"]
    assert found["Environment"] == {"Variables": {"LEVEL": "DEBUG"}}
    here.delete()
    assert failures(stack, "DELETE_FAILED") == []
    assert (stack.status, functions.list_functions()["Functions"]) == ("DELETE_COMPLETE", [])


def test_a_studio_domain(here, client):
    stack = here.create(
        "Resources:\n  D:\n    Type: AWS::SageMaker::Domain\n    Properties:\n      DomainName: studio\n"
        "      AuthMode: IAM\n      DefaultUserSettings: {ExecutionRole: 'arn:aws:iam::123456789012:role/x'}\n"
        "      VpcId: vpc-1\n      SubnetIds: [subnet-1]\n      HomeEfsFileSystemCreation: Disabled\n"
        "  U: {Type: AWS::SageMaker::UserProfile, Properties: {DomainId: !Ref D, UserProfileName: ann}}\n"
        "Outputs: {D: {Value: !Ref D}, Arn: {Value: !GetAtt D.DomainArn}, U: {Value: !GetAtt U.UserProfileArn}}"
    )
    assert failures(stack) == []
    domains = client("sagemaker").list_domains()["Domains"]
    assert [(row["DomainId"], row["DomainArn"]) for row in domains] == [(stack.output("D"), stack.output("Arn"))]
    assert stack.resources["U"].kind == "recorded"
    here.delete()
    assert client("sagemaker").list_domains()["Domains"] == []


def test_what_is_live_and_what_is_recorded_is_said(here):
    here.create(
        "Resources:\n  P: {Type: AWS::ServiceCatalog::Portfolio, Properties: {DisplayName: d, ProviderName: p}}\n"
        "  T: {Type: AWS::SNS::Topic, Properties: {TopicName: t}}\n"
    )
    assert [(row.type, row.kind, row.account, row.region) for row in here.engine.inventory()] == [
        ("AWS::SNS::Topic", "live", ACCOUNT, REGION),
        ("AWS::ServiceCatalog::Portfolio", "recorded", ACCOUNT, REGION),
    ]
