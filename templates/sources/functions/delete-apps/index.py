"""Clears a SageMaker domain of the apps and spaces that its users left, so that the domain can be deleted."""

from __future__ import annotations

import time
from typing import Any

import boto3
from custom_resource import Properties, Refusal, Request, serve

POLL_SECONDS = 5
# An app that failed keeps neither its space nor the domain, and DeleteApp refuses all that are not in service.
OVER = ("Deleted", "Failed")
RUNNING = "InService"

App = dict[str, Any]


def handler(event: dict[str, Any], context: Any) -> None:
    """Properties: DomainId. Create and Update only remember it; Delete clears the domain. Attributes: DomainId."""
    serve(event, context, identify=_identity, apply=_remember, remove=_clear)


def _identity(properties: Properties) -> str:
    return str(properties["DomainId"])


def _remember(request: Request) -> dict[str, str]:
    return {"DomainId": request.physical_id}


def _clear(request: Request) -> None:
    client = boto3.client("sagemaker")
    if not domain_exists(client, request.physical_id):
        return
    delete_apps(client, request)
    delete_spaces(client, request)


def domain_exists(client: Any, domain: str) -> bool:
    pages = client.get_paginator("list_domains").paginate()
    return any(found["DomainId"] == domain for page in pages for found in page["Domains"])


def delete_apps(client: Any, request: Request) -> None:
    """Delete the apps of all kinds, of user profiles and of spaces, and wait until they are gone.

    Those that start are waited for, since they can be deleted only then.

    Raises Refusal when the time ends first: Delete can then be tried again and goes on where this one stopped.
    """
    asked: set[tuple[str, ...]] = set()
    while apps := living_apps(client, request.physical_id):
        for app in apps:
            if _key(app) not in asked and app["Status"] == RUNNING:
                asked.add(_key(app))
                client.delete_app(**_address(app))
        _wait(request, f"apps {', '.join(sorted(_label(app) for app in apps))}")


def living_apps(client: Any, domain: str) -> list[App]:
    pages = client.get_paginator("list_apps").paginate(DomainIdEquals=domain)
    return [app for page in pages for app in page["Apps"] if app["Status"] not in OVER]


def delete_spaces(client: Any, request: Request) -> None:
    """Delete all spaces and wait; raises Refusal when one cannot be deleted or the time ends."""
    asked: set[str] = set()
    while spaces := _spaces(client, request.physical_id):
        for space in spaces:
            name = space["SpaceName"]
            if name in asked and space["Status"] == "Delete_Failed":
                raise Refusal(f"{request.physical_id}: space {name} cannot be deleted. See it in the SageMaker console")
            if name not in asked and space["Status"] != "Deleting":
                asked.add(name)
                client.delete_space(DomainId=request.physical_id, SpaceName=name)
        _wait(request, f"spaces {', '.join(sorted(space['SpaceName'] for space in spaces))}")


def _spaces(client: Any, domain: str) -> list[dict[str, Any]]:
    pages = client.get_paginator("list_spaces").paginate(DomainIdEquals=domain)
    return [space for page in pages for space in page["Spaces"]]


def _wait(request: Request, what: str) -> None:
    if request.seconds_left() < POLL_SECONDS:
        raise Refusal(f"{request.physical_id}: {what} are still there. Delete the stack again to go on")
    time.sleep(POLL_SECONDS)


def _owner(app: App) -> dict[str, str]:
    if "SpaceName" in app:
        return {"SpaceName": app["SpaceName"]}
    return {"UserProfileName": app["UserProfileName"]}


def _address(app: App) -> dict[str, str]:
    return {"DomainId": app["DomainId"], "AppType": app["AppType"], "AppName": app["AppName"], **_owner(app)}


def _key(app: App) -> tuple[str, ...]:
    return tuple(_address(app).values())


def _label(app: App) -> str:
    return f"{app['AppType']} {app['AppName']} of {next(iter(_owner(app).values()))} ({app['Status']})"
