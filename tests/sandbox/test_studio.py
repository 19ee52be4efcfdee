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
