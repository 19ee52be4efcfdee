from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

DOMAIN = "d-example1"
PROPERTIES = {"DomainId": DOMAIN}


def app(kind: str, name: str, status: str = "InService", **owner: str) -> dict[str, str]:
    return {"DomainId": DOMAIN, "AppType": kind, "AppName": name, "Status": status, **owner}


@dataclass
class Studio:
    """A domain; what is asked to be deleted is gone at the next listing but one, and what starts is in service then."""

    Pages: Any
    domains: list[str] = field(default_factory=lambda: ["d-other", DOMAIN])
    apps: list[dict[str, str]] = field(default_factory=list)
    spaces: list[dict[str, str]] = field(default_factory=list)
    calls: list[tuple[str, str]] = field(default_factory=list)

    def get_paginator(self, operation: str) -> Any:
        match operation:
            case "list_domains":
                return self.Pages(lambda: [{"DomainId": one} for one in self.domains], "Domains", 1)
            case "list_apps":
                return self.Pages(self._listed_apps, "Apps", 2)
            case "list_spaces":
                return self.Pages(self._listed_spaces, "Spaces", 2)
        raise AssertionError(operation)

    def _listed_apps(self, DomainIdEquals: str) -> list[dict[str, str]]:
        assert DomainIdEquals == DOMAIN
        shown = [dict(one) for one in self.apps]
        for one in self.apps:
            one["Status"] = {"Deleting": "Deleted", "Pending": "InService"}.get(one["Status"], one["Status"])
        return shown

    def _listed_spaces(self, DomainIdEquals: str) -> list[dict[str, str]]:
        assert DomainIdEquals == DOMAIN
        shown = [dict(one) for one in self.spaces]
        self.spaces = [one for one in self.spaces if one["Status"] != "Deleting"]
        return shown

    def delete_app(self, **address: str) -> None:
        (found,) = [one for one in self.apps if address.items() <= one.items()]
        assert len(address) == 4
        assert found["Status"] == "InService", "DeleteApp refuses it"
        self.calls.append(("app", address["AppName"]))
        found["Status"] = "Deleting"

    def delete_space(self, DomainId: str, SpaceName: str) -> None:
        assert DomainId == DOMAIN
        assert all(one["Status"] in ("Deleted", "Failed") for one in self.apps)
        self.calls.append(("space", SpaceName))
        for one in self.spaces:
            if one["SpaceName"] == SpaceName and one["Status"] != "Delete_Failed":
                one["Status"] = "Deleting"


@pytest.fixture
def studio(clients: dict[str, Any], Pages: Any) -> Studio:
    clients["sagemaker"] = Studio(Pages)
    return clients["sagemaker"]


@pytest.fixture
def handler(load: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    module = load("delete-apps")
    monkeypatch.setattr(module, "POLL_SECONDS", 0.01)
    return module.handler


def test_create_and_update_only_remember_the_domain(invoke: Any, handler: Any, clients: dict[str, Any]) -> None:
    """B011, B012."""
    assert clients == {}
    for kind, physical_id in (("Create", None), ("Update", DOMAIN)):
        answer = invoke(handler, kind, PROPERTIES, physical_id)
        assert (answer["PhysicalResourceId"], answer["Data"]) == (DOMAIN, {"DomainId": DOMAIN})


def test_delete_clears_apps_of_all_kinds_and_then_spaces(invoke: Any, handler: Any, studio: Studio) -> None:
    """B027."""
    studio.apps = [
        app("JupyterLab", "default", SpaceName="space-1"),
        app("CodeEditor", "default-2", SpaceName="space-2"),
        app("KernelGateway", "kernel", UserProfileName="user"),
        app("JupyterServer", "server", "Failed", UserProfileName="user"),
        app("Canvas", "canvas", "Pending", UserProfileName="user"),
        app("KernelGateway", "going", "Deleting", UserProfileName="user"),
        app("KernelGateway", "gone", "Deleted", UserProfileName="user"),
    ]
    studio.spaces = [
        {"SpaceName": "space-1", "Status": "InService"},
        {"SpaceName": "space-2", "Status": "Failed"},
        {"SpaceName": "space-3", "Status": "Deleting"},
    ]
    assert invoke(handler, "Delete", PROPERTIES, DOMAIN)["Status"] == "SUCCESS"
    assert studio.calls == [
        ("app", "default"),
        ("app", "default-2"),
        ("app", "kernel"),
        ("app", "canvas"),
        ("space", "space-1"),
        ("space", "space-2"),
    ]
    assert studio.spaces == []


def test_delete_of_a_domain_that_is_gone_has_nothing_to_do(invoke: Any, handler: Any, studio: Studio) -> None:
    studio.domains = ["d-other"]
    assert invoke(handler, "Delete", PROPERTIES, DOMAIN)["Status"] == "SUCCESS"
    assert studio.calls == []


def test_an_app_that_stays_ends_with_its_name_before_the_time_does(
    invoke: Any, handler: Any, studio: Studio, custom_resource: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """B027."""
    studio.apps = [app("JupyterLab", "default", SpaceName="space-1")]
    monkeypatch.setattr(Studio, "delete_app", lambda self, **address: self.calls.append(("app", address["AppName"])))
    answer = invoke(handler, "Delete", PROPERTIES, DOMAIN, seconds=custom_resource.ANSWER_SECONDS + 0.2)
    assert (answer["Status"], answer["Reason"]) == (
        "FAILED",
        "d-example1: apps JupyterLab default of space-1 (InService) are still there. Delete the stack again to go on",
    )
    assert studio.calls == [("app", "default")]


def test_a_space_that_cannot_be_deleted_is_named(invoke: Any, handler: Any, studio: Studio) -> None:
    """B027."""
    studio.spaces = [{"SpaceName": "stuck", "Status": "Delete_Failed"}]
    answer = invoke(handler, "Delete", PROPERTIES, DOMAIN)
    assert (answer["Status"], answer["Reason"]) == (
        "FAILED",
        "d-example1: space stuck cannot be deleted. See it in the SageMaker console",
    )
    assert studio.calls == [("space", "stuck")]


def test_an_unexpected_exception_is_answered(invoke: Any, handler: Any, studio: Studio) -> None:
    """B029."""
    studio.apps = [app("JupyterLab", "default")]
    assert invoke(handler, "Delete", PROPERTIES, DOMAIN)["Reason"] == "KeyError: 'UserProfileName'"
