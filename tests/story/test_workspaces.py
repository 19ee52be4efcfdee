"""A data scientist launches a notebook and a profile; a changed product is a new version beside the old one."""

from __future__ import annotations

import shutil
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
from templates.products.notebook import ProductNotebook

REGION, BUCKET = "eu-west-1", "workspaces"
ENVIRONMENT = {"EnvName": "sm-mlops", "EnvType": "dev"}


@dataclass(frozen=True)
class Office:
    """The development account with its environment."""

    aws: Sandbox
    account: str

    def client(self, service: str, who: str = "") -> Any:
        """As a session of a role of the environment, or as the account's root."""
        keys = self.aws.credentials(self.account)
        if who:
            found = role_named(self.account, f"sm-mlops-dev-{REGION}-{who}")
            assert found is not None
            issued = self.aws.identity.issue(found, "anna")
            keys = {
                "aws_access_key_id": issued["AccessKeyId"],
                "aws_secret_access_key": issued["SecretAccessKey"],
                "aws_session_token": issued["SessionToken"],
            }
        return boto3.client(service, region_name=REGION, endpoint_url=self.aws.endpoint, **keys)

    def product(self, catalog: Any, name: str) -> str:
        found = catalog.search_products()["ProductViewSummaries"]
        return next(str(row["ProductId"]) for row in found if row["Name"] == f"sm-mlops-dev {name}")

    def launched(self, catalog: Any, name: str, **given: str) -> dict[str, Any]:
        """The record of a launch of the product's present version, when it has ended."""
        product = self.product(catalog, name)
        versions = catalog.describe_product(Id=product)["ProvisioningArtifacts"]
        [version] = [one["Id"] for one in versions if one["Guidance"] == "DEFAULT"]
        record = catalog.provision_product(
            ProductId=product,
            ProvisioningArtifactId=version,
            ProvisionedProductName=name.replace(" ", "-"),
            ProvisioningParameters=[{"Key": k, "Value": v} for k, v in {**ENVIRONMENT, **given}.items()],
            ProvisionToken=name,
        )["RecordDetail"]
        while (found := catalog.describe_record(Id=record["RecordId"]))["RecordDetail"]["Status"] == "IN_PROGRESS":
            time.sleep(0.05)
        return dict(found)


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    folder = tmp_path_factory.mktemp("office")
    with pytest.MonkeyPatch.context() as patch, Sandbox() as aws:
        patch.chdir(folder)
        keys = folder / "credentials"
        with world.environment(world.variables(keys, aws.endpoint, world.MANAGEMENT, REGION)):
            made = world.seed(connect("", REGION), 2)
        Path("mlz.yaml").write_text(world.settings(made, BUCKET, REGION))
        with world.environment(world.variables(keys, aws.endpoint, made.development, REGION)):
            deploy("package --no-lint", "bootstrap --yes", "deploy core --yes", "deploy env --yes")
            yield Office(aws, made.development)


def released() -> None:
    """Built anew: what is patched here is no change of a source that a build would notice."""
    shutil.rmtree("build")
    deploy("package --no-lint", "deploy env --yes")


def deploy(*commands: str) -> None:
    for command in commands:
        assert cli.run([*command.split(), "--quiet"]) == 0, command


def test_people_launch_what_they_cannot_make(office: Office) -> None:
    catalog = office.client("servicecatalog", "data-scientist")
    notebook = office.launched(catalog, "notebook instance", NotebookName="anna")
    assert notebook["RecordDetail"]["RecordErrors"] == []
    assert notebook["RecordDetail"]["LaunchRoleArn"].endswith(f"role/sm-mlops-dev-{REGION}-workspace-launch")
    outputs = {row["OutputKey"]: row["OutputValue"] for row in notebook["RecordOutputs"]}
    assert outputs["NotebookInstanceName"] == "sm-mlops-dev-anna"
    profile = office.launched(catalog, "Studio user profile", UserName="anna", CreatePrivateSpace="YES")
    assert profile["RecordDetail"]["RecordErrors"] == []


def test_who_is_not_admitted_sees_no_workspace(office: Office) -> None:
    """Studio's role sees project templates, and no workspace: they have no place there."""
    names = [
        row["Name"] for row in office.client("servicecatalog", "sm-execution").search_products()["ProductViewSummaries"]
    ]
    assert sorted(names) == ["sm-mlops-dev MLOps model build and train", "sm-mlops-dev MLOps model deploy"]
    assert office.client("servicecatalog").search_products()["ProductViewSummaries"] == []


def test_a_changed_product_is_a_new_version(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """B031: what was launched keeps its version, which stays, deprecated; going back makes it the present one."""
    catalog = office.client("servicecatalog", "data-scientist")
    product = office.product(catalog, "notebook instance")

    def versions() -> dict[str, str]:
        found = catalog.describe_product(Id=product)["ProvisioningArtifacts"]
        return {one["Id"]: one["Guidance"] for one in found}

    [first] = versions()
    with monkeypatch.context() as patch:
        patch.setattr(ProductNotebook, "DESCRIPTION", "Another template")
        released()
    [second] = set(versions()) - {first}
    assert versions() == {first: "DEPRECATED", second: "DEFAULT"}
    launched = catalog.search_provisioned_products()["ProvisionedProducts"]
    kept = {row["Name"]: row["ProvisioningArtifactId"] for row in launched}
    assert kept["notebook-instance"] == first
    released()
    assert versions() == {first: "DEFAULT", second: "DEPRECATED"}


def test_a_deprecated_version_launches_nothing_new(office: Office) -> None:
    catalog = office.client("servicecatalog", "data-scientist")
    product = office.product(catalog, "notebook instance")
    versions = catalog.describe_product(Id=product)["ProvisioningArtifacts"]
    [old] = [one["Id"] for one in versions if one["Guidance"] == "DEPRECATED"]
    with pytest.raises(ClientError, match="deprecated"):
        catalog.provision_product(
            ProductId=product, ProvisioningArtifactId=old, ProvisionedProductName="late", ProvisionToken="late"
        )
