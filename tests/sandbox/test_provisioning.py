"""Launching products: who may, with which role, in which version, and what becomes of it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.sandbox.launching import ACCOUNT, LAUNCH_ROLE, URL, USER_ROLE, Client, Shop, opened, role_of_people


@pytest.fixture
def shop(client: Client, trusting: Callable[..., str]) -> Shop:
    return opened(client, trusting)


def launched(shop: Shop, name: str = "mine", **given: Any) -> dict[str, Any]:
    """The record of a launch, when it has ended."""
    catalog = shop.client("servicecatalog")
    wanted = {"ProductId": shop.product, "ProvisioningArtifactName": "v1", "ProvisionToken": name, **given}
    return ended(catalog, catalog.provision_product(ProvisionedProductName=name, **wanted))


def ended(catalog: Any, begun: dict[str, Any]) -> dict[str, Any]:
    while True:
        found: dict[str, Any] = catalog.describe_record(Id=begun["RecordDetail"]["RecordId"])
        if found["RecordDetail"]["Status"] != "IN_PROGRESS":
            return found
        time.sleep(0.02)


def parameters(**values: str) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in values.items()]


def refused(call: Callable[[], Any]) -> str:
    with pytest.raises(ClientError) as problem:
        call()
    error = problem.value.response["Error"]
    return f"{error['Code']}: {error['Message']}"


def test_a_product_becomes_a_stack_under_its_launch_role(shop: Shop) -> None:
    done = launched(shop, Tags=[{"Key": "team", "Value": "a"}], ProvisioningParameters=parameters(Color="green"))
    detail = done["RecordDetail"]
    assert (detail["Status"], detail["RecordType"], detail["RecordErrors"]) == ("SUCCEEDED", "PROVISION_PRODUCT", [])
    assert detail["LaunchRoleArn"] == LAUNCH_ROLE
    assert [(row["OutputKey"], row["OutputValue"]) for row in done["RecordOutputs"]] == [("Color", "green")]
    catalog = shop.client("servicecatalog")
    product = catalog.describe_provisioned_product(Name="mine")["ProvisionedProductDetail"]
    assert (product["Status"], product["LastRecordId"]) == ("AVAILABLE", detail["RecordId"])
    stack = shop.client("cloudformation").describe_stacks(StackName=f"SC-{ACCOUNT}-{product['Id']}")["Stacks"][0]
    assert (stack["StackStatus"], stack["RoleARN"]) == ("CREATE_COMPLETE", LAUNCH_ROLE)
    assert stack["Tags"] == [{"Key": "team", "Value": "a"}]
    found = catalog.search_provisioned_products(Filters={"SearchQuery": [f"productId:{shop.product}"]})
    assert [(row["Name"], row["UserArn"]) for row in found["ProvisionedProducts"]] == [
        ("mine", f"arn:aws:sts::{ACCOUNT}:assumed-role/science/ann")
    ]


def test_who_may_launch(shop: Shop) -> None:
    """Admission is what counts, and the root user has none."""
    root, user = shop.client("servicecatalog", admitted=False), shop.client("servicecatalog")
    missing = f"ResourceNotFoundException: No launch paths found for resource: {shop.product}"
    assert root.search_products()["ProductViewSummaries"] == []
    assert refused(lambda: root.describe_product(Id=shop.product)) == missing
    assert refused(lambda: root.list_launch_paths(ProductId=shop.product)) == missing
    paths = user.list_launch_paths(ProductId=shop.product)["LaunchPathSummaries"]
    assert [(row["Name"], row["ConstraintSummaries"]) for row in paths] == [("paint", [{"Type": "LAUNCH"}])]
    admitted = root.list_principals_for_portfolio(PortfolioId=shop.portfolio)["Principals"]
    assert admitted == [{"PrincipalARN": USER_ROLE, "PrincipalType": "IAM"}]


@pytest.mark.parametrize(("pattern", "is_admitted"), [("sci*", True), ("art*", False)])
def test_a_pattern_admits_roles_by_name(
    shop: Shop, trusting: Callable[..., str], pattern: str, is_admitted: bool
) -> None:
    role_of_people(shop.make("iam", ACCOUNT), "scientist", trusting(ACCOUNT))
    role = f"arn:aws:iam::{ACCOUNT}:role/scientist"
    session = shop.make("sts", ACCOUNT).assume_role(RoleArn=role, RoleSessionName="bob")["Credentials"]
    given = {"PrincipalARN": f"arn:aws:iam:::role/{pattern}", "PrincipalType": "IAM_PATTERN"}
    shop.make("servicecatalog", ACCOUNT).associate_principal_with_portfolio(PortfolioId=shop.portfolio, **given)
    seen = shop.make("servicecatalog", ACCOUNT, credentials=session).search_products()["ProductViewSummaries"]
    assert [row["ProductId"] for row in seen] == ([shop.product] if is_admitted else [])


def test_a_launch_role_that_does_not_trust_service_catalog(shop: Shop, trusting: Callable[..., str]) -> None:
    iam = shop.make("iam", ACCOUNT)
    iam.update_assume_role_policy(RoleName="launch", PolicyDocument=trusting(service="ec2.amazonaws.com"))
    problem = f"InvalidParametersException: Access denied while assuming the role {LAUNCH_ROLE}."
    assert refused(lambda: launched(shop)) == problem
    assert shop.client("servicecatalog").scan_provisioned_products()["ProvisionedProducts"] == []


def test_a_name_is_taken_and_a_token_repeats(shop: Shop) -> None:
    first = launched(shop)
    assert launched(shop)["RecordDetail"]["RecordId"] == first["RecordDetail"]["RecordId"]
    problem = (
        "InvalidParametersException: A stack with name mine already exists. "
        "Please choose a different name and try again."
    )
    assert refused(lambda: launched(shop, ProvisionToken="other")) == problem


def test_a_launch_that_fails_says_why_and_can_be_terminated(shop: Shop) -> None:
    done = launched(shop, ProvisioningParameters=parameters(Color="red"))["RecordDetail"]
    why = "The following resource(s) failed to create: [Red]. Rollback requested by user."
    assert (done["Status"], done["RecordErrors"]) == ("FAILED", [{"Code": "ResourceFailure", "Description": why}])
    catalog = shop.client("servicecatalog")
    product = catalog.describe_provisioned_product(Name="mine")["ProvisionedProductDetail"]
    assert (product["Status"], product["StatusMessage"]) == ("ERROR", why)
    terminated(shop)


def test_parameters_that_cloudformation_refuses_are_a_failed_launch(shop: Shop) -> None:
    done = launched(shop, ProvisioningParameters=parameters(Color="brown"))["RecordDetail"]
    assert done["Status"] == "FAILED"
    assert "Color" in done["RecordErrors"][0]["Description"]
    terminated(shop)


def terminated(shop: Shop) -> None:
    """Terminate it, and see that nothing is left of it but its records."""
    catalog = shop.client("servicecatalog")
    begun = catalog.terminate_provisioned_product(ProvisionedProductName="mine", TerminateToken="end")
    detail = ended(catalog, begun)["RecordDetail"]
    assert (detail["Status"], detail["RecordType"]) == ("SUCCEEDED", "TERMINATE_PROVISIONED_PRODUCT")
    assert catalog.scan_provisioned_products()["ProvisionedProducts"] == []
    gone = refused(lambda: catalog.describe_provisioned_product(Name="mine"))
    assert gone == "ResourceNotFoundException: Provisioned product not found: mine"
    names = [row["StackName"] for row in shop.client("cloudformation").describe_stacks()["Stacks"]]
    assert names == ["shop"]


def test_an_update_to_a_new_version_keeps_parameters(shop: Shop) -> None:
    launched(shop, ProvisioningParameters=parameters(Color="green"))
    catalog, given = shop.client("servicecatalog"), {"Name": "v2", "Info": {"LoadTemplateFromURL": URL}}
    made = catalog.create_provisioning_artifact(ProductId=shop.product, Parameters=given, IdempotencyToken="v2")
    version = made["ProvisioningArtifactDetail"]["Id"]
    begun = catalog.update_provisioned_product(
        ProvisionedProductName="mine", ProvisioningArtifactId=version, UpdateToken="next"
    )
    done = ended(catalog, begun)
    assert done["RecordDetail"]["Status"] == "SUCCEEDED"
    assert [row["OutputValue"] for row in done["RecordOutputs"]] == ["green"]
    product = catalog.describe_provisioned_product(Name="mine")["ProvisionedProductDetail"]
    assert product["ProvisioningArtifactId"] == version


def test_versions_are_added_deprecated_and_hidden(shop: Shop) -> None:
    catalog, given = shop.client("servicecatalog"), {"Name": "v2", "Info": {"LoadTemplateFromURL": URL}}
    for _ in range(2):
        catalog.create_provisioning_artifact(ProductId=shop.product, Parameters=given, IdempotencyToken="v2")
    first, second = catalog.list_provisioning_artifacts(ProductId=shop.product)["ProvisioningArtifactDetails"]
    assert [(one["Name"], one["Guidance"], one["Active"]) for one in (first, second)] == [
        ("v1", "DEFAULT", True),
        ("v2", "DEFAULT", True),
    ]
    catalog.update_provisioning_artifact(
        ProductId=shop.product, ProvisioningArtifactId=first["Id"], Guidance="DEPRECATED", Active=False
    )
    shown = catalog.describe_product(Id=shop.product)["ProvisioningArtifacts"]
    assert [(one["Name"], one["Guidance"]) for one in shown] == [("v2", "DEFAULT")]
    problem = refused(lambda: launched(shop, ProvisioningArtifactId=first["Id"]))
    assert problem == f"ResourceNotFoundException: Provisioning artifact {first['Id']} not found."


def test_provisioned_products_come_in_pages(shop: Shop) -> None:
    for number in range(3):
        launched(shop, f"product-{number}")
    catalog = shop.client("servicecatalog")
    pages = catalog.get_paginator("scan_provisioned_products").paginate(PaginationConfig={"PageSize": 2})
    assert [[row["Name"] for row in page["ProvisionedProducts"]] for page in pages] == [
        ["product-0", "product-1"],
        ["product-2"],
    ]


def test_the_form_of_a_product(shop: Shop) -> None:
    catalog = shop.client("servicecatalog")
    form = catalog.describe_provisioning_parameters(ProductId=shop.product, ProvisioningArtifactName="v1")
    [color] = [row for row in form["ProvisioningArtifactParameters"] if row["ParameterKey"] == "Color"]
    assert (color["DefaultValue"], color["ParameterConstraints"]) == (
        "blue",
        {"AllowedValues": ["blue", "green", "red"]},
    )
