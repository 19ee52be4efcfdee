"""One SageMaker project, and how the API shows it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sandbox.launches import Launch, identifier
from sandbox.provisioned import Place, Provisioned

Row = dict[str, Any]

_ENDS = {"IN_PROGRESS": "InProgress", "SUCCEEDED": "Completed", "FAILED": "Failed"}
# SageMaker's ids have twelve characters after the prefix, and templates allow fifteen in all.
_ID = 14


@dataclass
class Project:
    """`template` is TemplateProviders' entry of a project from S3, `details` the provisioning details of one from a
    catalog, which then has `provisioned`; `verb` is Create, Update or Delete, the one that `launch` is of.
    """

    name: str
    place: Place
    creator: str
    description: str = ""
    tags: dict[str, str] = field(default_factory=dict)
    details: Mapping[str, Any] | None = None
    template: Mapping[str, Any] | None = None
    provisioned: Provisioned | None = None
    launch: Launch | None = None
    verb: str = "Create"
    id: str = field(default_factory=lambda: identifier("p")[:_ID])
    created: datetime = field(default_factory=lambda: datetime.now(UTC))
    modified: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def arn(self) -> str:
        return f"arn:aws:sagemaker:{self.place[1]}:{self.place[0]}:project/{self.name}"

    @property
    def status(self) -> str:
        return "Pending" if self.launch is None else f"{self.verb}{_ENDS[self.launch.status]}"

    @property
    def stack_name(self) -> str:
        """Of a project from S3: SageMaker begins it so, the rest is the sandbox's choice."""
        return f"SP-{self.place[0]}-{self.id}"

    def summary(self) -> Row:
        """ProjectSummary."""
        return {
            "ProjectName": self.name,
            "ProjectDescription": self.description,
            "ProjectArn": self.arn,
            "ProjectId": self.id,
            "CreationTime": self.created,
            "ProjectStatus": self.status,
        }

    def described(self, stack_id: str) -> Row:
        """DescribeProject's answer; `stack_id` is that of a project from S3, empty while there is none."""
        by = {"IamIdentity": {"Arn": self.creator}}
        shown = {**self.summary(), "CreatedBy": by, "LastModifiedBy": by, "LastModifiedTime": self.modified}
        message = self.launch.message if self.launch else ""
        if self.template is not None:
            stack = {"StackDetail": {"Name": self.stack_name, "Id": stack_id, "StatusMessage": message or self.status}}
            return {**shown, "TemplateProviderDetails": [{"CfnTemplateProviderDetail": {**self.template, **stack}}]}
        product = {"ProvisionedProductId": self.provisioned.id} if self.provisioned else {}
        return {
            **shown,
            "ServiceCatalogProvisioningDetails": self.details,
            "ServiceCatalogProvisionedProductDetails": {**product, "ProvisionedProductStatusMessage": message},
        }
