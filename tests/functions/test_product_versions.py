from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

FIRST = {"Name": "aaaa", "Url": "https://bucket/aaaa/notebook.yaml"}
NEXT = {"Name": "bbbb", "Url": "https://bucket/bbbb/notebook.yaml"}
START = datetime(2026, 1, 1, tzinfo=UTC)


class LimitExceededException(Exception):
    pass


class Exceptions:
    LimitExceededException = LimitExceededException


@dataclass
class Catalog:
    """One product's versions; a new one needs `waits` looks until it is available, or has `outcome`."""

    exceptions: type[Exceptions] = Exceptions
    artifacts: list[dict[str, Any]] = field(default_factory=list)
    waits: int = 0
    outcome: str = "AVAILABLE"
    quota: int = 100
    tokens: list[str] = field(default_factory=list)

    def add(self, name: str) -> dict[str, Any]:
        number = len(self.artifacts)
        created = START + timedelta(days=number)
        made = {"Id": f"pa-{number}", "Name": name, "CreatedTime": created, "Active": True, "Guidance": "DEFAULT"}
        self.artifacts.append(made)
        return made

    def list_provisioning_artifacts(self, ProductId: str) -> dict[str, Any]:
        assert ProductId == "prod-1"
        return {"ProvisioningArtifactDetails": [dict(one) for one in self.artifacts]}

    def create_provisioning_artifact(
        self, ProductId: str, Parameters: dict[str, Any], IdempotencyToken: str
    ) -> dict[str, Any]:
        if len(self.artifacts) >= self.quota:
            raise LimitExceededException
        self.tokens.append(IdempotencyToken)
        assert Parameters == {
            "Name": "bbbb",
            "Description": "Template with digest bbbb",
            "Type": "CLOUD_FORMATION_TEMPLATE",
            "Info": {"LoadTemplateFromURL": NEXT["Url"]},
        }
        return {"ProvisioningArtifactDetail": dict(self.add(Parameters["Name"])), "Status": "CREATING"}

    def describe_provisioning_artifact(self, ProductId: str, ProvisioningArtifactId: str) -> dict[str, Any]:
        self.waits -= 1
        return {"Status": "CREATING" if self.waits >= 0 else self.outcome}

    def update_provisioning_artifact(
        self, ProductId: str, ProvisioningArtifactId: str, Guidance: str, Active: bool
    ) -> None:
        one = next(one for one in self.artifacts if one["Id"] == ProvisioningArtifactId)
        if one["Guidance"] == Guidance and one["Active"] == Active:
            raise AssertionError("nothing to change")
        one.update(Guidance=Guidance, Active=Active)

    def standing(self) -> list[tuple[str, str, bool]]:
        return [(one["Name"], one["Guidance"], one["Active"]) for one in self.artifacts]


@pytest.fixture
def catalog(clients: dict[str, Any]) -> Catalog:
    """A product as CloudFormation made it, with its first version."""
    world = Catalog()
    world.add("aaaa")
    clients["servicecatalog"] = world
    return world


@pytest.fixture
def module(load: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    loaded = load("product-versions")
    monkeypatch.setattr(loaded, "POLL_SECONDS", 0.001)
    return loaded


def of(module: Any, kind: str) -> Any:
    return lambda event, context: module.handler({**event, "ResourceType": f"Custom::{kind}"}, context)


@pytest.fixture
def publish(invoke: Any, module: Any) -> Any:
    """Publish a version, as CloudFormation asks for it."""

    def run(given: dict[str, str], kind: str = "Update", **options: Any) -> Any:
        properties = {**given, "ProductId": "prod-1"}
        return invoke(of(module, "ProductVersion"), kind, properties, "prod-1-version", **options)

    return run


def test_the_first_version_is_remembered_for_ever(invoke: Any, module: Any) -> None:
    """The product's own resource never changes, so CloudFormation deletes none of its versions."""
    first = of(module, "FirstProductVersion")
    made = invoke(first, "Create", FIRST)
    assert made["Data"] == FIRST
    later = invoke(first, "Update", NEXT, made["PhysicalResourceId"])
    assert (later["Data"], later["PhysicalResourceId"]) == (FIRST, made["PhysicalResourceId"])
    assert invoke(first, "Delete", NEXT, made["PhysicalResourceId"])["Status"] == "SUCCESS"


def test_the_version_of_a_new_product_is_already_there(publish: Any, catalog: Catalog) -> None:
    assert publish(FIRST, "Create")["Data"] == {"VersionId": "pa-0", "VersionName": "aaaa"}
    assert catalog.standing() == [("aaaa", "DEFAULT", True)]


def test_a_changed_template_is_a_new_version_and_the_old_one_stays(publish: Any, catalog: Catalog) -> None:
    """B031."""
    catalog.waits = 2
    for _ in range(2):
        answer = publish(NEXT)
        assert (answer["Data"], answer["PhysicalResourceId"]) == (
            {"VersionId": "pa-1", "VersionName": "bbbb"},
            "prod-1-version",
        )
        assert catalog.standing() == [("aaaa", "DEPRECATED", True), ("bbbb", "DEFAULT", True)]
    assert catalog.tokens == ["prod-1-bbbb"]


def test_a_roll_back_makes_the_former_version_the_one_to_launch(publish: Any, catalog: Catalog) -> None:
    publish(NEXT)
    assert publish(FIRST)["Data"] == {"VersionId": "pa-0", "VersionName": "aaaa"}
    assert catalog.standing() == [("aaaa", "DEFAULT", True), ("bbbb", "DEPRECATED", True)]


def test_only_ten_earlier_versions_are_shown(publish: Any, catalog: Catalog) -> None:
    for number in range(1, 12):
        catalog.add(f"{number:04}")
    publish(NEXT)
    hidden = [name for name, _, is_shown in catalog.standing() if not is_shown]
    assert (hidden, len(catalog.artifacts)) == (["aaaa", "0001"], 13)


def test_delete_deletes_no_version(publish: Any, catalog: Catalog) -> None:
    assert publish(FIRST, "Delete")["Status"] == "SUCCESS"
    assert catalog.standing() == [("aaaa", "DEFAULT", True)]


def test_a_full_product_is_refused(publish: Any, catalog: Catalog) -> None:
    catalog.quota = 1
    assert publish(NEXT)["Reason"] == (
        "product prod-1 has as many versions as AWS allows: delete some that nothing was launched from"
    )


@pytest.mark.parametrize(
    ("outcome", "reason"),
    [
        ("FAILED", f"version pa-1 of product prod-1 could not be made of {NEXT['Url']}"),
        ("CREATING", "version pa-1 of product prod-1 is not available yet: update the stack again"),
    ],
)
def test_a_version_that_does_not_come_leaves_the_former_to_launch(
    publish: Any, catalog: Catalog, outcome: str, reason: str
) -> None:
    catalog.outcome = outcome
    answer = publish(NEXT, seconds=8.05)
    assert (answer["Status"], answer["Reason"]) == ("FAILED", reason)
    assert catalog.standing()[0] == ("aaaa", "DEFAULT", True)


def test_an_unexpected_exception_is_answered(publish: Any, catalog: Catalog) -> None:
    """B029."""
    del catalog.artifacts[0]["Name"]
    assert publish(NEXT)["Reason"] == "KeyError: 'Name'"
