"""Studio's spaces and apps, as code that cleans a domain up meets them."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from botocore.exceptions import ClientError


@pytest.fixture
def domain(client: Any) -> str:
    template = {
        "Resources": {
            "Domain": {
                "Type": "AWS::SageMaker::Domain",
                "Properties": {
                    "DomainName": "studio",
                    "AuthMode": "IAM",
                    "HomeEfsFileSystemCreation": "Disabled",
                    "VpcId": "vpc-1",
                    "SubnetIds": ["subnet-1"],
                    "DefaultUserSettings": {"ExecutionRole": "arn:aws:iam::111111111111:role/service-role/studio"},
                },
            }
        },
        "Outputs": {"Id": {"Value": {"Ref": "Domain"}}},
    }
    cfn = client("cloudformation")
    cfn.create_stack(StackName="studio", TemplateBody=json.dumps(template))
    while (stack := cfn.describe_stacks()["Stacks"][0])["StackStatus"] == "CREATE_IN_PROGRESS":
        time.sleep(0.02)
    return str(stack["Outputs"][0]["OutputValue"])


def test_a_space_goes_after_its_apps(client: Any, domain: str) -> None:
    sagemaker = client("sagemaker")
    sagemaker.create_space(DomainId=domain, SpaceName="mine")
    app = {"DomainId": domain, "SpaceName": "mine", "AppType": "JupyterLab", "AppName": "default"}
    sagemaker.create_app(**app)
    listed = sagemaker.list_apps(DomainIdEquals=domain)["Apps"][0]
    assert {key: listed[key] for key in (*app, "Status")} == {**app, "Status": "InService"}
    assert sagemaker.list_apps(DomainIdEquals="d-other")["Apps"] == []
    with pytest.raises(ClientError, match="ResourceInUse"):
        sagemaker.delete_space(DomainId=domain, SpaceName="mine")
    sagemaker.delete_app(**app)
    assert sagemaker.describe_app(**app)["Status"] == "Deleted"
    sagemaker.delete_space(DomainId=domain, SpaceName="mine")
    assert sagemaker.list_spaces(DomainIdEquals=domain)["Spaces"] == []
    with pytest.raises(ClientError, match="ResourceNotFound"):
        sagemaker.describe_space(DomainId=domain, SpaceName="mine")


def test_a_domain_must_exist(client: Any) -> None:
    with pytest.raises(ClientError, match=r"Domain \[d-none\] does not exist"):
        client("sagemaker").create_space(DomainId="d-none", SpaceName="mine")


@pytest.fixture
def home(client: Any) -> tuple[str, str]:
    """A domain with the usual file system, made by a stack with its network: id and ARN."""
    domain = {
        "DomainName": "shared",
        "AuthMode": "IAM",
        "VpcId": {"Ref": "Vpc"},
        "SubnetIds": [{"Ref": "Subnet"}],
        "DefaultUserSettings": {"ExecutionRole": "arn:aws:iam::111111111111:role/service-role/studio"},
    }
    subnet = {"VpcId": {"Ref": "Vpc"}, "CidrBlock": "10.0.0.0/24"}
    profile = {"DomainId": {"Ref": "Domain"}, "UserProfileName": "ann"}
    template = {
        "Resources": {
            "Vpc": {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.0.0.0/16"}},
            "Subnet": {"Type": "AWS::EC2::Subnet", "Properties": subnet},
            "Domain": {"Type": "AWS::SageMaker::Domain", "Properties": domain},
            "Profile": {"Type": "AWS::SageMaker::UserProfile", "Properties": profile},
        },
    }
    client("cloudformation").create_stack(StackName="home", TemplateBody=json.dumps(template))
    while not client("sagemaker").list_user_profiles()["UserProfiles"]:
        time.sleep(0.02)
    found = client("sagemaker").list_domains()["Domains"][0]
    return str(found["DomainId"]), str(found["DomainArn"])


def marked(client: Any, arn: str) -> list[str]:
    tag = {"Key": "ManagedByAmazonSageMakerResource", "Values": [arn]}
    found = client("resourcegroupstaggingapi").get_resources(TagFilters=[tag])["ResourceTagMappingList"]
    return sorted(row["ResourceARN"].split(":")[5].split("/")[0] for row in found)


def test_a_domain_goes_when_it_is_empty_and_leaves_what_its_policy_retains(client: Any, home: tuple[str, str]) -> None:
    sagemaker, (domain, arn) = client("sagemaker"), home
    assert marked(client, arn) == ["file-system", "security-group", "security-group"]
    with pytest.raises(ClientError, match="ResourceInUse"):
        sagemaker.delete_domain(DomainId=domain)
    sagemaker.delete_user_profile(DomainId=domain, UserProfileName="ann")
    assert sagemaker.list_user_profiles(DomainIdEquals=domain)["UserProfiles"] == []
    sagemaker.delete_domain(DomainId=domain)
    assert marked(client, arn) == ["file-system", "security-group", "security-group"]


def test_a_domain_takes_its_file_system_with_it_when_told_to(client: Any, home: tuple[str, str]) -> None:
    sagemaker, (domain, arn) = client("sagemaker"), home
    sagemaker.delete_user_profile(DomainId=domain, UserProfileName="ann")
    sagemaker.delete_domain(DomainId=domain, RetentionPolicy={"HomeEfsFileSystem": "Delete"})
    assert marked(client, arn) == ["security-group", "security-group"]
    groups = client("ec2").describe_security_groups(
        Filters=[{"Name": "tag:ManagedByAmazonSageMakerResource", "Values": [arn]}]
    )
    for group in groups["SecurityGroups"]:
        with pytest.raises(ClientError, match="DependencyViolation"):
            client("ec2").delete_security_group(GroupId=group["GroupId"])


def test_an_app_that_failed_cannot_be_deleted_and_is_not_in_the_way(client: Any, aws: Any, domain: str) -> None:
    sagemaker = client("sagemaker")
    sagemaker.create_space(DomainId=domain, SpaceName="mine")
    app = {"DomainId": domain, "SpaceName": "mine", "AppType": "JupyterLab", "AppName": "default"}
    sagemaker.create_app(**app)
    aws.studio.fail_app("default")
    with pytest.raises(ClientError, match="cannot be deleted"):
        sagemaker.delete_app(**app)
    sagemaker.delete_space(DomainId=domain, SpaceName="mine")
    assert sagemaker.list_spaces(DomainIdEquals=domain)["Spaces"] == []
