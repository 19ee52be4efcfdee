"""Products whose versions are their content (B031), launched with a role of their own."""

from __future__ import annotations

import pytest

from generator.cfn.stack import Stack
from templates.core.sc_shared_portfolio import CoreScSharedPortfolio
from templates.env.sc_portfolio import EnvScPortfolio
from tests.templates.deployed import Deployed
from tests.templates.release import DIGEST

ROLES = "arn:aws:iam::222222222222:role"
TEMPLATES = f"https://my-bucket.s3.eu-west-1.amazonaws.com/sagemaker-mlops/templates/{DIGEST}"
CORE = {
    "StackSetName": "core",
    "SCPortfolioPrincipalRoleArn": f"{ROLES}/admin",
    "SCProductLaunchRoleArn": f"{ROLES}/launch",
}
ENV = {
    "EnvName": "sm-mlops",
    "SCMLOpsPortfolioPrincipalRoleArn": f"{ROLES}/execution",
    "SCMLOpsProductLaunchRoleArn": f"{ROLES}/launch",
}
BOTH = [(CoreScSharedPortfolio, CORE, ["env-main.yaml"])]
BOTH += [(EnvScPortfolio, ENV, ["project-model-build-train.yaml", "project-model-deploy.yaml"])]


@pytest.mark.parametrize(("stack", "parameters", "files"), BOTH)
def test_a_version_is_named_by_its_templates_digest(
    stack: type[Stack], parameters: dict[str, str], files: list[str]
) -> None:
    products = Deployed(stack, **parameters).resources("AWS::ServiceCatalog::CloudFormationProduct")
    assert [product["ProvisioningArtifactParameters"] for product in products.values()] == [
        [
            {
                "Name": DIGEST,
                "Description": "Named by the digest of its template",
                "Info": {"LoadTemplateFromURL": f"{TEMPLATES}/{file}"},
            }
        ]
        for file in files
    ]


@pytest.mark.parametrize(("stack", "parameters", "files"), BOTH)
def test_every_product_is_launched_with_the_launch_role(
    stack: type[Stack], parameters: dict[str, str], files: list[str]
) -> None:
    constraints = Deployed(stack, **parameters).resources("AWS::ServiceCatalog::LaunchRoleConstraint")
    assert [body["RoleArn"] for body in constraints.values()] == [f"{ROLES}/launch"] * len(files)


@pytest.mark.parametrize(
    ("stack", "parameters", "principal"),
    [(CoreScSharedPortfolio, CORE, f"{ROLES}/admin"), (EnvScPortfolio, ENV, f"{ROLES}/execution")],
)
def test_one_role_may_use_the_portfolio(stack: type[Stack], parameters: dict[str, str], principal: str) -> None:
    admitted = Deployed(stack, **parameters).resources("AWS::ServiceCatalog::PortfolioPrincipalAssociation")
    assert [(body["PrincipalARN"], body["PrincipalType"]) for body in admitted.values()] == [(principal, "IAM")]


def test_studio_shows_project_templates() -> None:
    products = Deployed(EnvScPortfolio, **ENV).resources("AWS::ServiceCatalog::CloudFormationProduct")
    visible = {"Key": "sagemaker:studio-visibility", "Value": "true"}
    assert [visible in product["Tags"] for product in products.values()] == [True, True]


def test_two_environments_have_products_of_their_own() -> None:
    def names(name: str) -> list[str]:
        stack = Deployed(EnvScPortfolio, **{**ENV, "EnvName": name})
        return [product["Name"] for product in stack.resources("AWS::ServiceCatalog::CloudFormationProduct").values()]

    assert names("one") == ["one-dev MLOps model build and train", "one-dev MLOps model deploy"]
    assert set(names("one")) & set(names("two")) == set()


def test_the_environments_portfolio_can_be_shared() -> None:
    """M050: a launch role of the same name in every account instead of an ARN, and principals by name."""
    alone = Deployed(CoreScSharedPortfolio, **CORE)
    shared = Deployed(
        CoreScSharedPortfolio,
        **CORE,
        SharedPrincipalName="platform/ds-admin-*",
        SCProductLocalLaunchRoleName="environment-launch",
    )

    def launched(stack: Deployed) -> dict[str, str]:
        constraint = stack.resources("AWS::ServiceCatalog::LaunchRoleConstraint")["DataScienceLaunchRole"]
        return {name: value for name, value in constraint.items() if name.endswith(("RoleArn", "RoleName"))}

    assert launched(alone) == {"RoleArn": f"{ROLES}/launch"}
    assert launched(shared) == {"LocalRoleName": "environment-launch"}
    admitted = shared.resources("AWS::ServiceCatalog::PortfolioPrincipalAssociation")
    assert [(one["PrincipalARN"], one["PrincipalType"]) for one in admitted.values()] == [
        (f"{ROLES}/admin", "IAM"),
        ("arn:aws:iam:::role/platform/ds-admin-*", "IAM_PATTERN"),
    ]


def test_the_outputs_are_of_the_version_to_launch() -> None:
    """B031: without a role for the function, of the only version that there is."""

    def told(**parameters: str) -> list[str]:
        outputs = Deployed(CoreScSharedPortfolio, **CORE, **parameters).outputs()
        return [outputs[name] for name in ("ProvisioningArtifactIds", "ProvisioningArtifactNames")]

    assert told() == ["DataScienceProduct.ProvisioningArtifactIds", "DataScienceProduct.ProvisioningArtifactNames"]
    kept = told(VersionFunctionRoleArn=f"{ROLES}/versions")
    assert kept == ["DataScienceVersion.VersionId", "DataScienceVersion.VersionName"]
