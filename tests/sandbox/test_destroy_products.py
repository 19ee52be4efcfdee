"""`mlz destroy` and what people launched from portfolios: of the environment, and of the core that others use too."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mlz import cli
from mlz.stories import world
from sandbox.server import Sandbox
from tests.sandbox.launching import ACCOUNT, REGION, Client, Shop, opened

SETTINGS = "environment: {{name: shop, type: dev}}\nregion: {region}\nrollout: {{poll_seconds: 0.05}}\n{stacks}\n"


@pytest.fixture
def shop(
    aws: Sandbox, client: Client, trusting: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Shop]:
    """The stack `shop` has the portfolio; commands are the account's administrator's."""
    monkeypatch.chdir(tmp_path)
    made = opened(client, trusting)
    with world.environment(world.variables(tmp_path / "credentials", aws.endpoint, ACCOUNT, REGION)):
        yield made


def settings(stacks: str) -> None:
    Path("mlz.yaml").write_text(SETTINGS.format(region=REGION, stacks=stacks))


def launched(shop: Shop, name: str, color: str = "blue") -> str:
    """The stack of a product that was launched."""
    catalog = shop.client("servicecatalog")
    [version] = catalog.describe_product(Id=shop.product)["ProvisioningArtifacts"]
    catalog.provision_product(
        ProductId=shop.product,
        ProvisioningArtifactId=version["Id"],
        ProvisionedProductName=name,
        ProvisioningParameters=[{"Key": "Color", "Value": color}],
        ProvisionToken=name,
    )
    while True:
        found = catalog.describe_provisioned_product(Name=name)["ProvisionedProductDetail"]
        if found["Status"] != "UNDER_CHANGE":
            return f"SC-{ACCOUNT}-{found['Id']}"
        time.sleep(0.02)


def destroyed(capture: pytest.CaptureFixture[str], *words: str, code: int = 0) -> tuple[str, str]:
    capture.readouterr()
    ended = cli.run(["destroy", *words, "--yes", "--no-color"])
    out, error = capture.readouterr()
    assert ended == code, f"{out}{error}"
    return out, error


def stacks(shop: Shop) -> list[str]:
    found: list[dict[str, Any]] = shop.client("cloudformation", admitted=False).describe_stacks()["Stacks"]
    return sorted(row["StackName"] for row in found)


def test_what_was_launched_from_the_environments_portfolio_goes_before_it(
    shop: Shop, capsys: pytest.CaptureFixture[str]
) -> None:
    settings("env: {stack_name: shop}")
    first, failed = launched(shop, "first"), launched(shop, "second", "red")
    _, told = destroyed(capsys, "env", code=1)
    assert told.splitlines()[-2:] == [
        "error: destroy env: 2 provisioned products still need it",
        "hint: take them down first: mlz destroy products env",
    ]
    _, told = destroyed(capsys, "--plan")
    assert {line for line in told.splitlines() if "product " in line} == {
        f"- the provisioned product first with its stack {first}",
        f"- the provisioned product second with its stack {failed}",
    }
    assert "shop" in stacks(shop)
    assert destroyed(capsys, "products", "env")[0] == "nothing is left in 1 account\n"
    assert stacks(shop) == []


def test_core_stays_while_somebody_needs_its_launch_role(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    """Nobody's environment is terminated because it came from the same portfolio."""
    settings("core: {stack_name: shop}")
    theirs = launched(shop, "team-b")
    _, told = destroyed(capsys, code=1)
    assert told.splitlines()[-2:] == [
        "error: destroy core: team-b was launched from its portfolio and needs its role",
        "hint: whoever launched it terminates it first; the other parts can go without: mlz destroy targets env",
    ]
    assert stacks(shop) == sorted([theirs, "shop"])


def test_an_environment_from_the_catalog_is_terminated(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    """A227: its stack belongs to Service Catalog, which would not know of a deletion."""
    ours = launched(shop, "team-a")
    settings(f"core: {{stack_name: shop}}\nenv: {{stack_name: {ours}}}")
    assert destroyed(capsys, "env", "core")[0] == "nothing is left in 1 account\n"
    catalog = shop.client("servicecatalog", admitted=False)
    everyone = {"Key": "Account", "Value": "self"}
    assert catalog.scan_provisioned_products(AccessLevelFilter=everyone)["ProvisionedProducts"] == []
    assert stacks(shop) == []
