"""The core stack and the quickstart: what they wire, export and leave to others."""

from __future__ import annotations

from typing import Any

from templates.core.main import CoreMain
from templates.env.quickstart import DataScienceEnvironmentQuickstart
from templates.published import PRIVATE_SUBNETS
from tests.templates.deployed import ACCOUNT, PSEUDO, Deployed, statement
from tests.templates.release import FakeRelease

ROLE = f"arn:aws:iam::{ACCOUNT}:role/own"
OWN_ROLES = {
    "CreateIAMRoles": "NO",
    "DSAdministratorRoleArn": f"{ROLE}-admin",
    "SCLaunchRoleArn": f"{ROLE}-launch",
    "SecurityControlExecutionRoleArn": f"{ROLE}-control",
}


def deployed(**parameters: str) -> Deployed:
    return Deployed(CoreMain, StackSetName="core", **parameters)


def children(stack: Deployed) -> dict[str, dict[str, Any]]:
    return {title: body["Parameters"] for title, body in stack.resources("AWS::CloudFormation::Stack").items()}


def test_children_by_default() -> None:
    assert children(deployed()) == {
        "IAMSCSageMakerProjectRoles": {
            "AmazonSageMakerServiceCatalogProductsLaunchRoleName": "CheckIfSageMakerSCProductsRolesExist"
            ".AmazonSageMakerServiceCatalogProductsLaunchRole",
            "AmazonSageMakerServiceCatalogProductsUseRoleName": "CheckIfSageMakerSCProductsRolesExist"
            ".AmazonSageMakerServiceCatalogProductsUseRole",
        },
        "IAMSharedRoles": {
            "DSAdministratorRoleName": "core-eu-west-1-ds-administrator",
            "SCLaunchRoleName": "core-eu-west-1-sc-launch",
            "SageMakerDetectiveControlExecutionRoleName": "core-eu-west-1-security-control",
        },
        "SharedServiceCatalogPortfolio": {
            "StackSetName": "core",
            "SharedPrincipalName": "",
            "SCProductLocalLaunchRoleName": "",
            "SCPortfolioPrincipalRoleArn": "IAMSharedRoles.Outputs.DSAdministratorRoleArn",
            "SCProductLaunchRoleArn": "IAMSharedRoles.Outputs.SCLaunchRoleArn",
            "VersionFunctionRoleArn": "ProductVersionsRole.Arn",
        },
        "DSSecurityControls": {
            "StackSetName": "core",
            "CorrectiveActions": "NO",
            "CreateConfigRules": "NO",
            "ScanSchedule": "rate(1 hour)",
            "NotificationEmail": "",
            "SecurityControlExecutionRoleArn": "IAMSharedRoles.Outputs.SageMakerDetectiveControlExecutionRoleArn",
        },
    }


def test_role_names_stay_within_64_characters() -> None:
    stack = Deployed(CoreMain, region="ap-southeast-1", StackSetName="x" * 28)
    names = children(stack)["IAMSharedRoles"].values()
    assert max(len(name) for name in names) == 60


def test_roles_of_another_process() -> None:
    stack = deployed(**OWN_ROLES)
    assert stack.rules_broken() == []
    assert set(children(stack)) == {"SharedServiceCatalogPortfolio", "DSSecurityControls"}
    assert children(stack)["DSSecurityControls"]["SecurityControlExecutionRoleArn"] == f"{ROLE}-control"
    assert stack.resources("AWS::IAM::Role") == {}
    assert stack.resources("AWS::Lambda::Function") == {}
    outputs = stack.outputs()
    assert (outputs["SCLaunchRoleArn"], outputs["AssumeDSAdministratorRole"]) == (f"{ROLE}-launch", "")


def test_roles_of_another_process_answer_projects_when_they_bring_a_role_for_it() -> None:
    stack = deployed(EnvironmentConfigurationRoleArn=f"{ROLE}-look-up", **OWN_ROLES)
    assert stack.resources("AWS::Lambda::Function")["GetEnvironmentConfigurationFunction"]["Role"] == f"{ROLE}-look-up"


def test_rules_name_the_missing_role() -> None:
    assert deployed(CreateIAMRoles="NO").rules_broken() == [
        "DSAdministratorRoleArn is needed when CreateIAMRoles is NO",
        "SCLaunchRoleArn is needed when CreateIAMRoles is NO",
        "SecurityControlExecutionRoleArn is needed when CreateIAMRoles is NO",
    ]


def test_shared_services_on_request() -> None:
    given = children(deployed(CreateSharedServices="YES"))["SharedServicesPyPIMirror"]
    assert {name: given[name] for name in given if name.startswith("SharedServices")} == {
        "SharedServicesVPCId": "SharedServicesNetwork.Outputs.SharedServicesVPCId",
        "SharedServicesPrivateSubnetIds": "SharedServicesNetwork.Outputs.SharedServicesPrivateSubnetIds",
        "SharedServicesSecurityGroupId": "SharedServicesNetwork.Outputs.SharedServicesSecurityGroupId",
    }


def test_exports_have_the_references_names_unless_a_second_core_takes_others() -> None:
    outputs = CoreMain(FakeRelease()).document()["Outputs"]
    exports = {name: body["Export"]["Name"] for name, body in outputs.items() if "Export" in body}
    assert exports == {
        "SCLaunchRoleArn": {"Fn::Sub": "${ExportPrefix}-service-catalog-launch-role-arn"},
        "GetEnvironmentConfigurationLambdaArn": {"Fn::Sub": "${ExportPrefix}-get-environment-configuration-lambda-arn"},
    }
    assert CoreMain.EXPORT_PREFIX.properties["Default"] == "ds"


def test_roles_that_this_stack_creates_are_known_again() -> None:
    stack = deployed()
    (check,) = stack.resources("Custom::CheckIfIAMRolesExist").values()
    assert check["Owner"] == PSEUDO["AWS::StackId"]
    tags = stack.resources("AWS::CloudFormation::Stack")["IAMSCSageMakerProjectRoles"]["Tags"]
    assert tags == [{"Key": "Owner", "Value": PSEUDO["AWS::StackId"]}]


def test_the_function_that_projects_ask_reads_only_what_environments_publish() -> None:
    role = deployed().resources("AWS::IAM::Role")["GetEnvironmentConfigurationRole"]
    read = statement(role["Policies"][0]["PolicyDocument"], "ReadPublished")
    assert read["Action"] == ["ssm:GetParameter"]
    prefix = f"arn:aws:ssm:eu-west-1:{ACCOUNT}:parameter/*-"
    assert all(arn.startswith(prefix) for arn in read["Resource"])
    assert f"{prefix}sagemaker-domain-id" in read["Resource"]
    assert {f"{prefix}{subnet.key}" for subnet in PRIVATE_SUBNETS} <= set(read["Resource"])


def test_the_quickstart_asks_for_eleven_parameters() -> None:
    assert list(DataScienceEnvironmentQuickstart.contract().parameters) == [
        "EnvName",
        "EnvType",
        "CreateSharedServices",
        "SeedCodeS3BucketName",
        "VPCCIDR",
        "PrivateSubnet1ACIDR",
        "PrivateSubnet2ACIDR",
        "PrivateSubnet3ACIDR",
        "PublicSubnet1CIDR",
        "PublicSubnet2CIDR",
        "PublicSubnet3CIDR",
    ]


def test_the_quickstart_takes_the_zones_that_the_region_has() -> None:
    """B059."""
    stack = Deployed(DataScienceEnvironmentQuickstart, EnvName="trial", SeedCodeS3BucketName="my-bucket")
    given = children(stack)["Environment"]
    assert (given["AvailabilityZones"], given["NumberOfAZs"]) == ("eu-west-1a,eu-west-1b", "2")
    assert children(stack)["Core"] == {
        "CreateSharedServices": "NO",
        "StackSetName": "trial-dev",
        "CreateSCPortfolio": "NO",
    }
    resources = DataScienceEnvironmentQuickstart(FakeRelease()).document()["Resources"]
    assert resources["Environment"]["DependsOn"] == ["Core"]


def test_the_quickstart_refuses_the_same_addresses_twice() -> None:
    stack = Deployed(
        DataScienceEnvironmentQuickstart,
        EnvName="trial",
        SeedCodeS3BucketName="my-bucket",
        PrivateSubnet2ACIDR="10.0.0.0/19",
    )
    assert stack.rules_broken() == ["PrivateSubnet1ACIDR and PrivateSubnet2ACIDR are the same addresses"]
