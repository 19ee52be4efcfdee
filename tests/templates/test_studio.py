"""The domain: new Studio only (B001), private, encrypted, idle apps stopped, deletable."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from templates.env.sagemaker_studio import EnvSagemakerStudio
from tests.templates.deployed import Deployed
from tests.templates.release import FakeRelease

REQUIRED = {
    "EnvName": "sm-mlops",
    "VPCId": "vpc-1",
    "SageMakerStudioSubnetIds": "subnet-1,subnet-2",
    "SageMakerSecurityGroupIds": "sg-1",
    "SageMakerStudioStorageKMSKeyId": "key-1",
    "SageMakerExecutionRoleArn": "arn:aws:iam::222222222222:role/execution",
    "SetupLambdaExecutionRoleArn": "arn:aws:iam::222222222222:role/setup",
}
IDLE = {
    "IdleSettings": {
        "LifecycleManagement": "ENABLED",
        "IdleTimeoutInMinutes": "120",
        "MinIdleTimeoutInMinutes": 60,
        "MaxIdleTimeoutInMinutes": 1440,
    }
}
# Where Studio finds project templates in S3 (M012)
TEMPLATES = "s3://my-bucket/sagemaker-mlops/project-templates/"
TAGS = [{"Key": "EnvironmentName", "Value": "sm-mlops"}, {"Key": "EnvironmentType", "Value": "dev"}]
STORAGE = {"DefaultEbsStorageSettings": {"DefaultEbsVolumeSizeInGb": 20, "MaximumEbsVolumeSizeInGb": 100}}


def deployed(**parameters: str) -> Deployed:
    return Deployed(EnvSagemakerStudio, **{**REQUIRED, **parameters})


def of_type(stack: Deployed, kind: str) -> list[dict[str, Any]]:
    return list(stack.resources(kind).values())


def test_the_whole_domain() -> None:
    assert of_type(deployed(), "AWS::SageMaker::Domain") == [
        {
            "DomainName": "sm-mlops-dev-eu-west-1-sagemaker-domain",
            "AuthMode": "IAM",
            "AppNetworkAccessType": "VpcOnly",
            "VpcId": "vpc-1",
            "SubnetIds": ["subnet-1", "subnet-2"],
            "KmsKeyId": "key-1",
            "HomeEfsFileSystemCreation": "Disabled",
            "DomainSettings": {"ExecutionRoleIdentityConfig": "USER_PROFILE_NAME"},
            "DefaultUserSettings": {
                "ExecutionRole": "arn:aws:iam::222222222222:role/execution",
                "SecurityGroups": ["sg-1"],
                "DefaultLandingUri": "studio::",
                "StudioWebPortal": "ENABLED",
                "StudioWebPortalSettings": {"HiddenAppTypes": ["JupyterServer"]},
                "AutoMountHomeEFS": "Disabled",
                "JupyterLabAppSettings": {
                    "AppLifecycleManagement": IDLE,
                    "DefaultResourceSpec": {"LifecycleConfigArn": "JupyterLabDefaults.StudioLifecycleConfigArn"},
                    "LifecycleConfigArns": ["JupyterLabDefaults.StudioLifecycleConfigArn"],
                },
                "CodeEditorAppSettings": {
                    "AppLifecycleManagement": IDLE,
                    "DefaultResourceSpec": {"LifecycleConfigArn": "CodeEditorDefaults.StudioLifecycleConfigArn"},
                    "LifecycleConfigArns": ["CodeEditorDefaults.StudioLifecycleConfigArn"],
                },
                "SpaceStorageSettings": STORAGE,
            },
            "DefaultSpaceSettings": {
                "ExecutionRole": "arn:aws:iam::222222222222:role/execution",
                "SecurityGroups": ["sg-1"],
                "JupyterLabAppSettings": {"AppLifecycleManagement": IDLE},
                "SpaceStorageSettings": STORAGE,
            },
            "TagPropagation": "ENABLED",
            "Tags": [*TAGS, {"Key": "sagemaker:projectS3TemplatesLocation", "Value": TEMPLATES}],
        }
    ]


@pytest.mark.parametrize("start", ["YES", "NO"])
def test_no_app_is_ever_created(start: str) -> None:
    stack = deployed(StartKernelGatewayApps=start)
    assert of_type(stack, "AWS::SageMaker::App") == []
    assert len(of_type(stack, "AWS::SageMaker::Space")) == (1 if start == "YES" else 0)


def test_the_prepared_space_belongs_to_the_first_user() -> None:
    stack = deployed(StartKernelGatewayApps="YES", UserProfileName="ana")
    assert [body["UserProfileName"] for body in of_type(stack, "AWS::SageMaker::UserProfile")] == ["ana"]
    assert of_type(stack, "AWS::SageMaker::Space") == [
        {
            "DomainId": "SageMakerStudioDomain.DomainId",
            "SpaceName": "jupyterlab",
            "OwnershipSettings": {"OwnerUserProfileName": "ana"},
            "SpaceSharingSettings": {"SharingType": "Private"},
            "SpaceSettings": {
                "AppType": "JupyterLab",
                "SpaceStorageSettings": {"EbsStorageSettings": {"EbsVolumeSizeInGb": 20}},
            },
            "Tags": TAGS,
        }
    ]


def test_with_identity_center_people_bring_their_profiles() -> None:
    stack = deployed(AuthMode="SSO", StartKernelGatewayApps="YES")
    assert of_type(stack, "AWS::SageMaker::UserProfile") == []
    assert of_type(stack, "AWS::SageMaker::Space") == []


def test_without_a_key_of_its_own_aws_encrypts() -> None:
    assert "KmsKeyId" not in of_type(deployed(SageMakerStudioStorageKMSKeyId=""), "AWS::SageMaker::Domain")[0]


def test_the_domain_is_cleared_before_profile_and_space_go() -> None:
    assert of_type(deployed(StartKernelGatewayApps="YES"), "Custom::DeleteKernelGatewayApps") == [
        {
            "ServiceToken": "DeleteAppsFunction.Arn",
            "DomainId": "SageMakerStudioDomain.DomainId",
            "After": ["SageMakerUserProfile", "JupyterLabSpace"],
        }
    ]


def test_clearing_has_all_the_time_that_a_function_can_have() -> None:
    timeouts = {title: body["Timeout"] for title, body in deployed().resources("AWS::Lambda::Function").items()}
    assert timeouts == {"DeleteAppsFunction": 900, "EnableProjectsFunction": 120}


def test_a_script_that_changes_gets_a_new_name_because_it_cannot_change_in_place() -> None:
    resources = EnvSagemakerStudio(FakeRelease()).document()["Resources"]
    scripts = [resources[f"{kind}Defaults"]["Properties"] for kind in ("JupyterLab", "CodeEditor")]
    digest = scripts[0]["StudioLifecycleConfigName"]["Fn::Sub"].rsplit("-", 1)[1]
    assert [script["StudioLifecycleConfigName"]["Fn::Sub"] for script in scripts] == [
        f"${{EnvName}}-${{EnvType}}-jupyterlab-{digest}",
        f"${{EnvName}}-${{EnvType}}-codeeditor-{digest}",
    ]
    assert scripts[0]["StudioLifecycleConfigContent"]["Fn::Base64"].startswith("#!/bin/bash\n")
    # StudioLifecycleConfigContent has at most 16,384 characters.
    assert len(base64.b64encode(scripts[0]["StudioLifecycleConfigContent"]["Fn::Base64"].encode())) < 16384


def test_the_domain_is_published_under_the_environments_name() -> None:
    stack = deployed()
    (told,) = of_type(stack, "AWS::SSM::Parameter")
    assert (told["Name"], told["Value"]) == ("sm-mlops-dev-sagemaker-domain-id", "SageMakerStudioDomain.DomainId")
    export = EnvSagemakerStudio(FakeRelease()).document()["Outputs"]["SageMakerDomainId"]["Export"]["Name"]
    assert export == {"Fn::Sub": "${EnvName}-${EnvType}-sagemaker-domain-id"}
