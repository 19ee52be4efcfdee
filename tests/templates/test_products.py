"""Workspaces: user profiles (A066) and notebook instances (A067), as people get them."""

from __future__ import annotations

import base64
import importlib.util
import json
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import templates.products.notebook
from generator.cfn.stack import Stack
from templates.env.iam import EnvIam
from templates.env.sc_workspaces import EnvScWorkspaces
from templates.facts import facts
from templates.products.notebook import ProductNotebook
from templates.products.user_profile import ProductUserProfile
from tests.product.test_rights import actions, lacking, types
from tests.templates.deployed import Deployed
from tests.templates.release import DIGEST, FakeRelease
from tests.templates.roles import Rendered

ENVIRONMENT = {"EnvName": "sm-mlops", "EnvType": "dev"}
LAUNCH = "arn:aws:iam::222222222222:role/launch"
SETUP = "arn:aws:iam::222222222222:role/setup"
TEMPLATES = f"https://my-bucket.s3.eu-west-1.amazonaws.com/sagemaker-mlops/templates/{DIGEST}"
LIFECYCLE = Path(templates.products.notebook.__file__).parents[1] / "sources" / "lifecycle"
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


class Product(Deployed):
    """A product whose look-up answers with lists."""

    def attribute(self, logical_id: str, attribute: str) -> Any:
        lists = {"SubnetIds": ["subnet-1", "subnet-2"], "SecurityGroups": ["sg-1"]}
        return lists.get(attribute) or super().attribute(logical_id, attribute)


def product(stack: type[Stack], **parameters: str) -> Product:
    return Product(stack, **ENVIRONMENT, **parameters)


def test_a_notebook_is_the_platforms_in_all_but_size() -> None:
    """A067: network, role, key, no internet, no root, IMDSv2."""
    made = product(ProductNotebook, NotebookName="anna").resources("AWS::SageMaker::NotebookInstance")
    given = made["NotebookInstance"]
    tags = {tag["Key"]: tag["Value"] for tag in given.pop("Tags")}
    assert tags == {"EnvironmentName": "sm-mlops", "EnvironmentType": "dev"}
    assert given == {
        "NotebookInstanceName": "sm-mlops-dev-anna",
        "InstanceType": "ml.t3.medium",
        "PlatformIdentifier": "notebook-al2023-v1",
        "RoleArn": "GetEnvironmentConfiguration.ExecutionRole",
        "SubnetId": "subnet-1",
        "SecurityGroupIds": ["sg-1"],
        "DirectInternetAccess": "Disabled",
        "RootAccess": "Disabled",
        "KmsKeyId": "GetEnvironmentConfiguration.EbsKeyArn",
        "VolumeSizeInGB": "20",
        "InstanceMetadataServiceConfiguration": {"MinimumInstanceMetadataServiceVersion": "2"},
        "LifecycleConfigName": "sm-mlops-dev-anna",
    }


def test_people_choose_among_the_types_that_the_launch_role_allows() -> None:
    declared = ProductNotebook(FakeRelease()).document()["Parameters"]["InstanceType"]["AllowedValues"]
    statements = Rendered(EnvIam).statements("SCWorkspaceLaunchRole")
    create = next(s for s in statements if s["Sid"] == "CreateNotebooks")
    types, safe = {"sagemaker:InstanceTypes": declared}, {"sagemaker:MinimumInstanceMetadataServiceVersion": "2"}
    key = "arn:aws:kms:eu-west-1:111111111111:key/*"
    assert create["Condition"] == {
        "ForAllValues:StringEquals": types,
        "StringEquals": safe,
        "ArnLikeIfExists": {"sagemaker:VolumeKmsKey": key, "sagemaker:VolumeKmsKeyArn": key},
    }
    update = next(s for s in statements if "sagemaker:UpdateNotebookInstance" in s["Action"])
    assert update["Action"] == ["sagemaker:UpdateNotebookInstance"]
    assert update["Condition"] == {
        "ForAllValues:StringEquals": types,
        "StringEqualsIfExists": {**safe, "sagemaker:RootAccess": "Disabled"},
    }
    assert declared == facts()["notebook"]["types"]


def test_the_look_up_is_for_the_products_environment() -> None:
    for stack, name in ((ProductNotebook, "NotebookName"), (ProductUserProfile, "UserName")):
        found = product(stack, **{name: "anna"}).resources("Custom::GetEnvironmentConfiguration")
        assert found["GetEnvironmentConfiguration"] == {
            "ServiceToken": "ds-get-environment-configuration-lambda-arn",
            "SageMakerProjectName": "anna",
            "EnvName": "sm-mlops",
            "EnvType": "dev",
            "SSMParams": [{"VariableName": "EbsKeyArn", "ParameterName": "kms-ebs-key-arn"}],
        }


def test_a_profile_runs_with_the_environments_role_and_groups() -> None:
    """A066."""
    made = product(ProductUserProfile, UserName="anna")
    assert made.resources("AWS::SageMaker::Space") == {}
    profile = made.resources("AWS::SageMaker::UserProfile")["UserProfile"]
    assert {"Key": "Persona", "Value": "data-scientist"} in profile.pop("Tags")
    assert profile == {
        "DomainId": "GetEnvironmentConfiguration.DomainId",
        "UserProfileName": "sm-mlops-dev-anna",
        "UserSettings": {"ExecutionRole": "GetEnvironmentConfiguration.ExecutionRole", "SecurityGroups": ["sg-1"]},
    }


def test_a_private_space_is_its_owners() -> None:
    made = product(ProductUserProfile, UserName="anna", CreatePrivateSpace="YES", VolumeGB="50")
    space = made.resources("AWS::SageMaker::Space")["PrivateSpace"]
    assert (space["OwnershipSettings"], space["SpaceSharingSettings"]) == (
        {"OwnerUserProfileName": "sm-mlops-dev-anna"},
        {"SharingType": "Private"},
    )
    assert space["SpaceSettings"]["SpaceStorageSettings"] == {"EbsStorageSettings": {"EbsVolumeSizeInGb": "50"}}


@pytest.mark.parametrize(("stack", "parameter"), [(ProductNotebook, "NotebookName"), (ProductUserProfile, "UserName")])
def test_the_longest_name_fits_into_sagemakers(stack: type[Stack], parameter: str) -> None:
    longest = 16 + 1 + 10 + 1 + stack(FakeRelease()).document()["Parameters"][parameter]["MaxLength"]
    assert longest <= 63


def workspaces(**parameters: str) -> Deployed:
    return Deployed(EnvScWorkspaces, **ENVIRONMENT, WorkspaceLaunchRoleArn=LAUNCH, **parameters)


def test_people_of_the_environment_are_admitted_by_name() -> None:
    def admitted(**parameters: str) -> list[tuple[str, str]]:
        found = workspaces(**parameters).resources("AWS::ServiceCatalog::PortfolioPrincipalAssociation")
        return [(one["PrincipalARN"], one["PrincipalType"]) for one in found.values()]

    own = [
        (f"arn:aws:iam:::role/sm-mlops-dev-eu-west-1-{who}", "IAM_PATTERN")
        for who in ("data-scientist", "team-administrator")
    ]
    assert admitted() == own
    pattern = "aws-reserved/sso.amazonaws.com/*/AWSReservedSSO_DataScience_*"
    assert admitted(WorkspacePrincipalName=pattern) == [*own, (f"arn:aws:iam:::role/{pattern}", "IAM_PATTERN")]


def test_workspaces_are_launched_with_their_role_and_no_project_templates_of_studio() -> None:
    stack = workspaces()
    constraints = stack.resources("AWS::ServiceCatalog::LaunchRoleConstraint")
    assert [one["RoleArn"] for one in constraints.values()] == [LAUNCH, LAUNCH]
    products = stack.resources("AWS::ServiceCatalog::CloudFormationProduct")
    keys = [sorted(tag["Key"] for tag in one["Tags"]) for one in products.values()]
    assert keys == [["EnvironmentName", "EnvironmentType"]] * 2


def test_a_product_launches_into_its_own_environment_only() -> None:
    rules = workspaces().resources("AWS::ServiceCatalog::LaunchTemplateConstraint")
    assert [json.loads(one["Rules"]) for one in rules.values()] == [
        {
            "Environment": {
                "Assertions": [
                    {
                        "Assert": {"Fn::Equals": [{"Ref": name}, value]},
                        "AssertDescription": f"{name} is {value} for this product",
                    }
                    for name, value in ENVIRONMENT.items()
                ]
            }
        }
    ] * 2


def test_versions_are_kept_where_there_is_a_role_for_it() -> None:
    """B031: the product's own list is what it was at first; the function adds to it."""
    kept = workspaces(VersionFunctionRoleArn=SETUP)
    listed = [
        one["ProvisioningArtifactParameters"][0]
        for one in kept.resources("AWS::ServiceCatalog::CloudFormationProduct").values()
    ]
    assert [(one["Name"], one["Info"]["LoadTemplateFromURL"]) for one in listed] == [
        (f"{title}FirstVersion.Name", f"{title}FirstVersion.Url") for title in ("UserProfile", "Notebook")
    ]
    assert kept.resources("Custom::ProductVersion")["NotebookVersion"] == {
        "ServiceToken": "ProductVersionsFunction.Arn",
        "ProductId": "NotebookProduct",
        "ListedIds": "NotebookProduct.ProvisioningArtifactIds",
        "Name": DIGEST,
        "Url": f"{TEMPLATES}/product-notebook.yaml",
    }
    assert workspaces().resources("Custom::ProductVersion") == {}


def test_the_launch_role_may_do_all_that_workspaces_take() -> None:
    allowed = actions(Rendered(EnvIam).statements("SCWorkspaceLaunchRole"))
    assert lacking(allowed, types(ProductNotebook, ProductUserProfile)) == {}


@pytest.fixture(scope="module")
def idle() -> ModuleType:
    spec = importlib.util.spec_from_file_location("notebook_idle_stop", LIFECYCLE / "notebook_idle_stop.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def used(minutes_ago: int, state: str = "idle") -> dict[str, str]:
    moment = NOW - timedelta(minutes=minutes_ago)
    return {"execution_state": state, "last_activity": moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")}


@pytest.mark.parametrize(
    ("kernels", "terminals", "up", "is_idle"),
    [
        ([], [], 61, True),
        ([], [], 59, False),
        ([used(61)], [], 90, True),
        ([used(61), used(59)], [], 90, False),
        ([used(61)], [used(30)], 90, False),
        ([used(300, "busy")], [], 301, False),
    ],
)
def test_an_instance_is_idle_when_nothing_works_and_nobody_does(
    idle: ModuleType, kernels: list[Any], terminals: list[Any], up: int, is_idle: bool
) -> None:
    assert idle.is_idle(kernels, terminals, NOW - timedelta(minutes=up), NOW, 60) is is_idle


def test_the_script_at_start_is_whole(tmp_path: Path) -> None:
    """As the instance runs it: the program written out is the tested one, and a timer is set for it."""
    made = product(ProductNotebook, NotebookName="anna", IdleTimeoutMinutes="45")
    hook = made.resources("AWS::SageMaker::NotebookInstanceLifecycleConfig")["IdleStop"]["OnStart"][0]
    script = base64.b64decode(hook["Content"]).decode()
    assert len(hook["Content"]) <= 16384
    (tmp_path / "systemd-run").write_text('#!/bin/bash\necho "$@"\n')
    (tmp_path / "systemd-run").chmod(0o755)
    program = tmp_path / "program.py"
    here = script.replace("/opt/ml/notebook_idle_stop.py", str(program))
    done = subprocess.run(
        ["bash", "-c", here], env={"PATH": f"{tmp_path}:/usr/bin:/bin"}, capture_output=True, text=True, check=True
    )
    assert done.stdout == (
        "--unit=notebook-idle-stop --on-active=5min --on-unit-active=5min "
        f"/usr/bin/env IDLE_MINUTES=45 python3 {program}\n"
    )
    assert program.read_text() == (LIFECYCLE / "notebook_idle_stop.py").read_text()
