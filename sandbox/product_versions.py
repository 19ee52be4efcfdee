"""Versions of Service Catalog products: those of their resources, those made by call, and which may be launched."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from sandbox.api.errors import AwsError
from sandbox.cfn.handlers.catalog import listed_versions, version_id
from sandbox.cfn.model import Resource

Row = dict[str, Any]


@dataclass(frozen=True)
class Version:
    """One provisioning artifact; `guidance` is DEFAULT or DEPRECATED, one that is not active cannot be launched."""

    id: str
    name: str
    url: str
    description: str
    created: datetime
    guidance: str = "DEFAULT"
    active: bool = True

    def detail(self) -> Row:
        """ProvisioningArtifactDetail."""
        marks = {"Type": "CLOUD_FORMATION_TEMPLATE", "Active": self.active, "Guidance": self.guidance}
        return {**summary_of(self), **marks}


def summary_of(version: Version) -> Row:
    """ProvisioningArtifactSummary."""
    return {
        "Id": version.id,
        "Name": version.name,
        "Description": version.description,
        "CreatedTime": version.created,
    }


@dataclass
class ProductVersions:
    """By product id; `_changed` has what UpdateProvisioningArtifact said of a version, whoever made it."""

    _made: dict[str, list[Version]] = field(default_factory=dict)
    _changed: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    _tokens: dict[str, str] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def of(self, product: Resource) -> list[Version]:
        """Every version of the product, the resource's own first."""
        own = [
            Version(identity, name, url, "", product.time)
            for identity, name, url in listed_versions(product.physical_id, product.properties)
        ]
        return [self._current(version) for version in (*own, *self._made.get(product.physical_id, ()))]

    def found(self, product: Resource, identity: str | None, name: str | None = None) -> Version:
        """By id or name; the only one that may be launched where neither is given."""
        versions = self.of(product)
        if not identity and not name:
            versions = [version for version in versions if version.active and version.guidance == "DEFAULT"]
            if len(versions) == 1:
                return versions[0]
            raise AwsError(
                "InvalidParametersException", "Provide either a ProvisioningArtifactId or a ProvisioningArtifactName."
            )
        for version in versions:
            if identity == version.id or (name and name == version.name):
                return version
        raise AwsError("ResourceNotFoundException", f"Provisioning artifact {identity or name} not found.")

    def add(self, product: Resource, given: Mapping[str, Any], token: str) -> Version:
        """A new version; the same token is the same version."""
        url, name = given["Info"]["LoadTemplateFromURL"], given.get("Name", "v1")
        identity = version_id(product.physical_id, name, url)
        with self._lock:
            known = self._tokens.setdefault(token, identity)
            made = self._made.setdefault(product.physical_id, [])
            if known == identity and all(version.id != identity for version in self.of(product)):
                made.append(Version(identity, name, url, given.get("Description", ""), datetime.now(UTC)))
        return self.found(product, known)

    def change(self, product: Resource, identity: str, given: Mapping[str, Any]) -> Version:
        self.found(product, identity)
        kept = {key: given[key] for key in ("Name", "Description", "Active", "Guidance") if key in given}
        with self._lock:
            self._changed[identity] = {**self._changed.get(identity, {}), **kept}
        return self.found(product, identity)

    def _current(self, version: Version) -> Version:
        said = self._changed.get(version.id, {})
        return replace(version, **{key.lower(): value for key, value in said.items()})
