"""SageMaker projects of both providers: statuses, tags, refusals in SageMaker's words, pages."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.sandbox.launching import ACCOUNT, REGION, URL, Client, Shop, opened


@pytest.fixture
def shop(client: Client, trusting: Callable[..., str]) -> Shop:
    return opened(client, trusting)


def made(shop: Shop, name: str = "abalone", **given: Any) -> dict[str, Any]:
    """The project when SageMaker has finished with it; from the product unless providers are given."""
    sagemaker = shop.client("sagemaker")
    if "TemplateProviders" not in given:
        given = {"ServiceCatalogProvisioningDetails": {"ProductId": shop.product}, **given}
    sagemaker.create_project(ProjectName=name, **given)
    return settled(sagemaker, name)


def settled(sagemaker: Any, name: str) -> dict[str, Any]:
    while True:
        found: dict[str, Any] = sagemaker.describe_project(ProjectName=name)
        if not found["ProjectStatus"].endswith(("InProgress", "Pending")):
            return found
        time.sleep(0.02)


def from_s3(**given: Any) -> dict[str, Any]:
    provider = {"TemplateName": "paint", "TemplateURL": URL, **given}
    return {"TemplateProviders": [{"CfnTemplateProvider": provider}]}


def refused(call: Callable[[], Any]) -> str:
    with pytest.raises(ClientError) as problem:
        call()
    error = problem.value.response["Error"]
    return f"{error['Code']}: {error['Message']}"


def stack(shop: Shop, name: str) -> dict[str, Any]:
    found: dict[str, Any] = shop.client("cloudformation").describe_stacks(StackName=name)["Stacks"][0]
    return found


def test_a_project_of_a_product(shop: Shop) -> None:
    project = made(shop, ProjectDescription="shells", Tags=[{"Key": "team", "Value": "a"}])
    assert (project["ProjectStatus"], project["ProjectDescription"]) == ("CreateCompleted", "shells")
    assert project["CreatedBy"] == {"IamIdentity": {"Arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/science/ann"}}
    assert project["ServiceCatalogProvisioningDetails"] == {"ProductId": shop.product}
    provisioned = project["ServiceCatalogProvisionedProductDetails"]["ProvisionedProductId"]
    found = stack(shop, f"SC-{ACCOUNT}-{provisioned}")
    identity = project["ProjectId"]
    assert {row["ParameterKey"]: row["ParameterValue"] for row in found["Parameters"]} == {
        "SageMakerProjectName": "abalone",
        "SageMakerProjectId": identity,
        "Color": "blue",
    }
    assert {row["Key"]: row["Value"] for row in found["Tags"]} == {
        "team": "a",
        "sagemaker:project-name": "abalone",
        "sagemaker:project-id": identity,
    }
    assert identity.startswith("p-")
    assert len(identity) <= 15
    product = shop.client("servicecatalog").describe_provisioned_product(Id=provisioned)["ProvisionedProductDetail"]
    assert product["Name"] == f"abalone-{identity}"


def test_a_project_of_a_template(shop: Shop, trusting: Callable[..., str]) -> None:
    role = f"arn:aws:iam::{ACCOUNT}:role/cloudformation"
    iam = shop.make("iam", ACCOUNT)
    problem = f"ValidationException: Access denied while assuming the role {role}."
    assert refused(lambda: made(shop, **from_s3(RoleARN=role))) == problem
    iam.create_role(
        RoleName="cloudformation", AssumeRolePolicyDocument=trusting(service="cloudformation.amazonaws.com")
    )
    project = made(shop, **from_s3(RoleARN=role, Parameters=[{"Key": "Color", "Value": "green"}]))
    [provider] = project["TemplateProviderDetails"]
    detail = provider["CfnTemplateProviderDetail"]
    assert (detail["TemplateName"], detail["TemplateURL"], detail["RoleARN"]) == ("paint", URL, role)
    found = stack(shop, detail["StackDetail"]["Id"])
    assert (found["StackStatus"], found["RoleARN"]) == ("CREATE_COMPLETE", role)
    assert {row["OutputValue"] for row in found["Outputs"]} == {"green"}


def test_deletion(shop: Shop) -> None:
    """A deleted project stays described until another takes its name; its stack is gone."""
    sagemaker = shop.client("sagemaker")
    for given in ({}, from_s3()):
        first = made(shop, **given)
        sagemaker.delete_project(ProjectName="abalone")
        assert settled(sagemaker, "abalone")["ProjectStatus"] == "DeleteCompleted"
        again = refused(lambda: sagemaker.delete_project(ProjectName="abalone"))
        assert again == "ValidationException: Cannot delete Project in DeleteCompleted status"
        assert made(shop, **given)["ProjectId"] != first["ProjectId"]
        sagemaker.delete_project(ProjectName="abalone")
        settled(sagemaker, "abalone")
    stacks = shop.client("cloudformation").describe_stacks()["Stacks"]
    assert [row["StackName"] for row in stacks] == ["shop"]
    assert shop.client("servicecatalog").scan_provisioned_products()["ProvisionedProducts"] == []


def test_failures(shop: Shop) -> None:
    red = [{"Key": "Color", "Value": "red"}]
    why = "The following resource(s) failed to create: [Red]. Rollback requested by user."
    of_product = made(
        shop, "one", ServiceCatalogProvisioningDetails={"ProductId": shop.product, "ProvisioningParameters": red}
    )
    detail = of_product["ServiceCatalogProvisionedProductDetails"]
    assert (of_product["ProjectStatus"], detail["ProvisionedProductStatusMessage"]) == ("CreateFailed", why)
    of_template = made(shop, "two", **from_s3(Parameters=red))
    told = of_template["TemplateProviderDetails"][0]["CfnTemplateProviderDetail"]["StackDetail"]["StatusMessage"]
    assert (of_template["ProjectStatus"], told) == ("CreateFailed", why)
    shop.client("sagemaker").delete_project(ProjectName="one")
    assert settled(shop.client("sagemaker"), "one")["ProjectStatus"] == "DeleteCompleted"


def test_refusals(shop: Shop) -> None:
    sagemaker, root = shop.client("sagemaker"), shop.client("sagemaker", admitted=False)
    product = {"ServiceCatalogProvisioningDetails": {"ProductId": shop.product}}
    assert refused(lambda: root.create_project(ProjectName="a", **product)) == (
        f"ValidationException: Product {shop.product} does not exist or access was denied."
    )
    assert refused(lambda: sagemaker.create_project(ProjectName="a_b", **product)) == (
        "ValidationException: 1 validation error detected: Value 'a_b' at 'projectName' failed to satisfy constraint: "
        "Member must satisfy regular expression pattern: [a-zA-Z0-9](-*[a-zA-Z0-9]){0,31}"
    )
    one_provider = "Provide exactly one of ServiceCatalogProvisioningDetails and TemplateProviders."
    for given in ({}, {**product, **from_s3()}):
        problem = refused(partial(sagemaker.create_project, ProjectName="a", **given))
        assert problem == f"ValidationException: {one_provider}"
    made(shop, "a")
    assert refused(lambda: made(shop, "a")) == "ValidationException: Project a already exists."
    unknown = "ValidationException: Project b does not exist."
    assert refused(lambda: sagemaker.describe_project(ProjectName="b")) == unknown
    assert refused(lambda: sagemaker.list_tags(ResourceArn=arn("b"))) == unknown


def arn(name: str) -> str:
    return f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:project/{name}"


def test_listing_comes_in_pages_newest_first(shop: Shop) -> None:
    sagemaker = shop.client("sagemaker")
    for number in range(3):
        made(shop, f"project-{number}")
    pages = sagemaker.get_paginator("list_projects").paginate(PaginationConfig={"PageSize": 2})
    assert [[row["ProjectName"] for row in page["ProjectSummaryList"]] for page in pages] == [
        ["project-2", "project-1"],
        ["project-0"],
    ]
    named = sagemaker.list_projects(SortBy="Name", SortOrder="Ascending", NameContains="ject-1")
    assert [row["ProjectName"] for row in named["ProjectSummaryList"]] == ["project-1"]
    assert shop.make("sagemaker", "333333333333").list_projects()["ProjectSummaryList"] == []


def test_updates(shop: Shop) -> None:
    sagemaker = shop.client("sagemaker")
    for name, given in (("one", {}), ("two", from_s3())):
        made(shop, name, **given)
    green = [{"Key": "Color", "Value": "green"}]
    sagemaker.update_project(
        ProjectName="one", ServiceCatalogProvisioningUpdateDetails={"ProvisioningParameters": green}
    )
    changed = {"TemplateName": "paint", "TemplateURL": URL, "Parameters": green}
    sagemaker.update_project(ProjectName="two", TemplateProvidersToUpdate=[{"CfnTemplateProvider": changed}])
    provisioned = settled(sagemaker, "one")["ServiceCatalogProvisionedProductDetails"]["ProvisionedProductId"]
    two = settled(sagemaker, "two")
    stacks = (f"SC-{ACCOUNT}-{provisioned}", f"SP-{ACCOUNT}-{two['ProjectId']}")
    assert [stack(shop, name)["Outputs"][0]["OutputValue"] for name in stacks] == ["green", "green"]
    assert two["ProjectStatus"] == "UpdateCompleted"


def test_tags(shop: Shop) -> None:
    """Those of projects are kept here, those of everything else are still moto's."""
    sagemaker = shop.client("sagemaker")
    project = made(shop, Tags=[{"Key": "team", "Value": "a"}])
    sagemaker.add_tags(ResourceArn=project["ProjectArn"], Tags=[{"Key": "cost", "Value": "1"}])
    sagemaker.delete_tags(ResourceArn=project["ProjectArn"], TagKeys=["team"])
    assert sagemaker.list_tags(ResourceArn=project["ProjectArn"])["Tags"] == [{"Key": "cost", "Value": "1"}]
    group = sagemaker.create_model_package_group(ModelPackageGroupName="g", Tags=[{"Key": "team", "Value": "b"}])
    sagemaker.add_tags(ResourceArn=group["ModelPackageGroupArn"], Tags=[{"Key": "cost", "Value": "2"}])
    sagemaker.delete_tags(ResourceArn=group["ModelPackageGroupArn"], TagKeys=["team"])
    assert sagemaker.list_tags(ResourceArn=group["ModelPackageGroupArn"])["Tags"] == [{"Key": "cost", "Value": "2"}]
