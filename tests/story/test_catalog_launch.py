"""The third way to an environment: its administrator launches it from Service Catalog, with the launch role."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from mlz import cli
from mlz.stories import world
from sandbox.roles import role_named
from sandbox.server import Sandbox
from stacksets.client import connect

REGION, BUCKET, EACH = "eu-west-1", "catalog-bucket", 2
ADMINISTRATOR = f"sm-mlops-core-{REGION}-ds-administrator"
PRODUCT = "sm-mlops-core data science environment"


@dataclass(frozen=True)
class Office:
    """A development account with the core stack."""

    aws: Sandbox
    made: world.World

    def client(self, service: str, role: str = "") -> Any:
        """As a session of a role of the account (with a second factor, which STS here cannot check), or as its root."""
        keys = self.aws.credentials(self.made.development)
        if role:
            found = role_named(self.made.development, role)
            assert found is not None
            issued = self.aws.identity.issue(found, "chief")
            keys = {
                "aws_access_key_id": issued["AccessKeyId"],
                "aws_secret_access_key": issued["SecretAccessKey"],
                "aws_session_token": issued["SessionToken"],
            }
        return boto3.client(service, region_name=REGION, endpoint_url=self.aws.endpoint, **keys)

    def ended(self, catalog: Any, record: str) -> dict[str, Any]:
        while True:
            found: dict[str, Any] = catalog.describe_record(Id=record)
            if found["RecordDetail"]["Status"] != "IN_PROGRESS":
                return found
            time.sleep(0.2)


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    folder = tmp_path_factory.mktemp("office")
    with pytest.MonkeyPatch.context() as patch, Sandbox() as aws:
        patch.chdir(folder)
        keys = folder / "credentials"
        with world.environment(world.variables(keys, aws.endpoint, world.MANAGEMENT, REGION)):
            made = world.seed(connect("", REGION), EACH)
        Path("mlz.yaml").write_text(world.settings(made, BUCKET, REGION))
        with world.environment(world.variables(keys, aws.endpoint, made.development, REGION)):
            for words in (["package", "--no-lint"], ["bootstrap", "--yes"], ["deploy", "core", "--yes"]):
                assert cli.run([*words, "--quiet"]) == 0
        yield Office(aws, made)


def test_an_environment_from_the_catalog(office: Office) -> None:
    catalog = office.client("servicecatalog", ADMINISTRATOR)
    [product] = catalog.search_products()["ProductViewSummaries"]
    assert product["Name"] == PRODUCT
    [version] = catalog.describe_product(Id=product["ProductId"])["ProvisioningArtifacts"]
    given = {
        "EnvName": "sm-mlops",
        "EnvType": "dev",
        "AvailabilityZones": f"{REGION}a,{REGION}b",
        "SeedCodeS3BucketName": BUCKET,
        "OrganizationalUnitStagingId": office.made.staging,
        "OrganizationalUnitProdId": office.made.prod,
        "SetupStackSetExecutionRoleName": f"sm-mlops-dev-{REGION}-setup-stackset",
    }
    begun = catalog.provision_product(
        ProductId=product["ProductId"],
        ProvisioningArtifactId=version["Id"],
        ProvisionedProductName="team-a",
        ProvisioningParameters=[{"Key": key, "Value": value} for key, value in given.items()],
        ProvisionToken="once",
    )["RecordDetail"]
    done = office.ended(catalog, begun["RecordId"])
    assert done["RecordDetail"]["RecordErrors"] == []
    assert done["RecordDetail"]["LaunchRoleArn"].endswith(f"role/sm-mlops-core-{REGION}-sc-launch")
    outputs = {row["OutputKey"]: row["OutputValue"] for row in done["RecordOutputs"]}
    assert outputs["ModelBucketName"] == f"sm-mlops-dev-{REGION}-{office.made.development}-models"
    launched = catalog.describe_provisioned_product(Name="team-a")["ProvisionedProductDetail"]
    assert launched["Status"] == "AVAILABLE"
    cloudformation = office.client("cloudformation")
    name = f"SC-{office.made.development}-{launched['Id']}"
    assert cloudformation.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"] == "CREATE_COMPLETE"
    held = cloudformation.list_stack_instances(StackSetName="sm-mlops-dev-roles-prod")["Summaries"]
    assert {one["Account"] for one in held} == {office.made.accounts["prod-01"], office.made.accounts["prod-02"]}


def test_whom_the_portfolio_does_not_admit(office: Office) -> None:
    """Being the account's root user does not help: Service Catalog knows principals of portfolios only."""
    catalog = office.client("servicecatalog")
    assert catalog.search_products()["ProductViewSummaries"] == []
    found = [row["ProductViewSummary"] for row in catalog.search_products_as_admin()["ProductViewDetails"]]
    [identity] = [row["ProductId"] for row in found if row["Name"] == PRODUCT]
    with pytest.raises(ClientError, match=f"No launch paths found for resource: {identity}"):
        catalog.provision_product(
            ProductId=identity, ProvisioningArtifactName="any", ProvisionedProductName="x", ProvisionToken="once"
        )
