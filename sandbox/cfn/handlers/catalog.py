"""Service Catalog products: recorded, with the versions that their resource lists."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from ..handler import Handler, Made, Task
from ..model import JSON
from . import recorded


def version_id(product: str, name: str, url: str) -> str:
    """The id of a version: the same name and address stay the same version."""
    return f"pa-{hashlib.sha256(f'{product}|{name}|{url}'.encode()).hexdigest()[:13]}"


def listed_versions(product: str, properties: Mapping[str, JSON]) -> list[tuple[str, str, str]]:
    """(id, name, address) of each version in the product's own properties, in their order."""
    found = []
    for number, entry in enumerate(properties.get("ProvisioningArtifactParameters") or (), 1):
        name, url = entry.get("Name", f"v{number}"), str(entry["Info"].get("LoadTemplateFromURL", ""))
        found.append((version_id(product, name, url), name, url))
    return found


def _made(task: Task, physical_id: str) -> Made:
    versions = listed_versions(physical_id, task.properties)
    return Made(physical_id, {
        "ProductName": task.properties["Name"],
        "ProvisioningArtifactIds": ",".join(version for version, _, _ in versions),
        "ProvisioningArtifactNames": ",".join(name for _, name, _ in versions),
    })  # fmt: skip


HANDLERS: Mapping[str, Handler] = {
    "AWS::ServiceCatalog::CloudFormationProduct": Handler(
        create=lambda task: _made(task, recorded.HANDLER.create(task).physical_id),
        delete=recorded.HANDLER.delete,
        update=lambda task: _made(task, task.physical_id),
        kind="recorded",
    ),
}
