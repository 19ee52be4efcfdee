"""A provisioned product of Service Catalog, its records, and how the API shows them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.launch_paths import LaunchPath
from sandbox.launches import Launch, identifier

Row = Mapping[str, Any]
Place = tuple[str, str]

_STATES = {"IN_PROGRESS": "UNDER_CHANGE", "SUCCEEDED": "AVAILABLE"}
_TERMINATION = "TERMINATE_PROVISIONED_PRODUCT"


@dataclass
class Record:
    """One request for a provisioned product and what became of it."""

    kind: str
    launch: Launch
    id: str = field(default_factory=lambda: identifier("rec"))


@dataclass
class Provisioned:
    """A provisioned product; `user` is the ARN of who launched it, `token` makes a repeated request the same one."""

    name: str
    place: Place
    product: str
    product_name: str
    version: str
    version_name: str
    path: LaunchPath
    user: str
    token: str
    parameters: dict[str, str]
    tags: dict[str, str]
    id: str = field(default_factory=lambda: identifier("pp"))
    records: list[Record] = field(default_factory=list)

    @property
    def stack_name(self) -> str:
        return f"SC-{self.place[0]}-{self.id}"

    @property
    def arn(self) -> str:
        return f"arn:aws:servicecatalog:{self.place[1]}:{self.place[0]}:stack/{self.name}/{self.id}"

    @property
    def last(self) -> Record:
        return self.records[-1]

    @property
    def status(self) -> str:
        """ERROR when it never came to be, TAINTED when a later change failed."""
        failed = "ERROR" if self.last.kind == "PROVISION_PRODUCT" else "TAINTED"
        return _STATES.get(self.last.launch.status, failed)


def detail(product: Provisioned) -> Row:
    """ProvisionedProductDetail."""
    provisions = [one for one in product.records if one.kind != _TERMINATION]
    good = [one.id for one in provisions if one.launch.status == "SUCCEEDED"]
    return {
        "Name": product.name,
        "Arn": product.arn,
        "Type": "CFN_STACK",
        "Id": product.id,
        "Status": product.status,
        "StatusMessage": product.last.launch.message,
        "CreatedTime": product.records[0].launch.began,
        "IdempotencyToken": product.token,
        "LastRecordId": product.last.id,
        "LastProvisioningRecordId": provisions[-1].id,
        **({"LastSuccessfulProvisioningRecordId": good[-1]} if good else {}),
        "ProductId": product.product,
        "ProvisioningArtifactId": product.version,
    }


def attributes(product: Provisioned) -> Row:
    """ProvisionedProductAttribute."""
    return {
        **detail(product),
        "PhysicalId": f"arn:aws:cloudformation:{product.place[1]}:{product.place[0]}:stack/{product.stack_name}/-",
        "ProductName": product.product_name,
        "ProvisioningArtifactName": product.version_name,
        "UserArn": product.user,
        "Tags": [{"Key": key, "Value": value} for key, value in product.tags.items()],
    }


def record_detail(product: Provisioned, record: Record) -> Row:
    """RecordDetail."""
    launch = record.launch
    errors = [{"Code": "ResourceFailure", "Description": launch.message}] if launch.message else []
    return {
        "RecordId": record.id,
        "ProvisionedProductName": product.name,
        "Status": launch.status,
        "CreatedTime": launch.began,
        "UpdatedTime": launch.ended or launch.began,
        "ProvisionedProductType": "CFN_STACK",
        "RecordType": record.kind,
        "ProvisionedProductId": product.id,
        "ProductId": product.product,
        "ProvisioningArtifactId": product.version,
        "PathId": product.path.id,
        "RecordErrors": errors,
        "RecordTags": [{"Key": key, "Value": value} for key, value in product.tags.items()],
        **({"LaunchRoleArn": product.path.role} if product.path.role else {}),
    }
