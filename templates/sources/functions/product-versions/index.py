"""Versions of a Service Catalog product: a changed template is a new version, and earlier ones stay, deprecated."""

from __future__ import annotations

import time
from typing import Any

import boto3
from custom_resource import Properties, Refusal, Request, serve

FIRST = "Custom::FirstProductVersion"
# Older ones are hidden from people; what was launched from them stays as it is.
SHOWN = 10
POLL_SECONDS = 2.0

Artifact = dict[str, Any]


def handler(event: dict[str, Any], context: Any) -> None:
    """Both types have the properties Name (the template's digest) and Url.

    Custom::FirstProductVersion remembers those that it was created with, in its physical id, and answers with them for
    ever: attributes Name and Url. So the list of versions in the product's own resource never changes, and
    CloudFormation never deletes what it made of it.
    Custom::ProductVersion, with ProductId, makes sure that the product has this version, that it is the one to launch,
    and that all others are deprecated: attributes VersionId and VersionName. It deletes nothing.
    """
    if event["ResourceType"] == FIRST:
        remembered = str(event.get("PhysicalResourceId") or "")
        serve(event, context, identify=lambda given: remembered or _first_id(given), apply=_first)
    else:
        serve(event, context, identify=lambda given: f"{given['ProductId']}-version", apply=_publish)


def _first_id(properties: Properties) -> str:
    return f"{properties['Name']} {properties['Url']}"


def _first(request: Request) -> dict[str, str]:
    name, url = request.physical_id.split(" ")
    return {"Name": name, "Url": url}


def _publish(request: Request) -> dict[str, str]:
    """The new version can be launched before the former ones no longer can."""
    catalog = boto3.client("servicecatalog")
    product, name = request.properties["ProductId"], request.properties["Name"]
    known = catalog.list_provisioning_artifacts(ProductId=product)["ProvisioningArtifactDetails"]
    current = next((one for one in known if one["Name"] == name), None) or _created(catalog, request)
    _await_available(catalog, request, current["Id"])
    _mark(catalog, product, current, "DEFAULT", is_active=True)
    former = [one for one in known if one["Id"] != current["Id"]]
    for place, one in enumerate(sorted(former, key=_age, reverse=True)):
        _mark(catalog, product, one, "DEPRECATED", is_active=place < SHOWN)
    return {"VersionId": current["Id"], "VersionName": name}


def _age(artifact: Artifact) -> tuple[Any, str]:
    return artifact["CreatedTime"], artifact["Id"]


def _created(catalog: Any, request: Request) -> Artifact:
    """The token makes a repeated call, such as a retry of the function, the same version."""
    product, name = request.properties["ProductId"], request.properties["Name"]
    try:
        made = catalog.create_provisioning_artifact(
            ProductId=product,
            Parameters={
                "Name": name,
                "Description": f"Template with digest {name}",
                "Type": "CLOUD_FORMATION_TEMPLATE",
                "Info": {"LoadTemplateFromURL": request.properties["Url"]},
            },
            IdempotencyToken=f"{product}-{name}",
        )
    except catalog.exceptions.LimitExceededException as problem:
        raise Refusal(
            f"product {product} has as many versions as AWS allows: delete some that nothing was launched from"
        ) from problem
    artifact: Artifact = made["ProvisioningArtifactDetail"]
    return artifact


def _await_available(catalog: Any, request: Request, version: str) -> None:
    product = request.properties["ProductId"]
    while request.seconds_left() > 0:
        seen = catalog.describe_provisioning_artifact(ProductId=product, ProvisioningArtifactId=version)
        if seen["Status"] == "AVAILABLE":
            return
        if seen["Status"] == "FAILED":
            raise Refusal(f"version {version} of product {product} could not be made of {request.properties['Url']}")
        time.sleep(POLL_SECONDS)
    raise Refusal(f"version {version} of product {product} is not available yet: update the stack again")


def _mark(catalog: Any, product: str, artifact: Artifact, guidance: str, *, is_active: bool) -> None:
    if (artifact.get("Guidance", "DEFAULT"), artifact.get("Active", True)) == (guidance, is_active):
        return
    catalog.update_provisioning_artifact(
        ProductId=product, ProvisioningArtifactId=artifact["Id"], Guidance=guidance, Active=is_active
    )
