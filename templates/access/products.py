"""Statements over Service Catalog's products: their versions."""

from __future__ import annotations

from awacs.aws import Statement

from generator.cfn.arns import arn, objects_arn
from generator.cfn.iam import allow
from templates.access.actions import of


def may_keep_versions(bucket: str, prefix: str) -> list[Statement]:
    """Add versions to products and deprecate those before; none is deleted. The templates are the release's own."""
    keep = of("servicecatalog", "CreateProvisioningArtifact", "DescribeProvisioningArtifact")
    keep += of("servicecatalog", "ListProvisioningArtifacts", "UpdateProvisioningArtifact")
    return [
        allow("KeepVersions", keep, arn("catalog", "product/*")),
        # Service Catalog reads and checks a template in the name of whoever makes a version of it.
        allow("ReadTemplates", of("s3", "GetObject"), objects_arn(bucket, f"{prefix}/templates/*")),
        # A template that is only looked at belongs to no stack.
        allow("CheckTemplates", of("cloudformation", "ValidateTemplate")),
    ]
