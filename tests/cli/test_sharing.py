"""The portfolio of environments in other accounts: bootstrap enables it, deploy core does it, status shows drift."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from generator.errors import ToolError
from mlz import cli
from mlz.config import configuration
from mlz.config.configuration import Overlay
from mlz.stacks import sharing
from mlz.stories import world
from sandbox.server import Sandbox
from stacksets.client import Cloud, connect

REGION, BUCKET = "eu-west-1", "sharing"


@dataclass(frozen=True)
class Desk:
    """The development account's folder, without target accounts' networks."""

    made: world.World
    own: Cloud
    capture: pytest.CaptureFixture[str]

    def run(self, *words: str, code: int = 0) -> tuple[str, str]:
        ended = cli.run([*words, "--no-color"])
        out, error = self.capture.readouterr()
        assert ended == code, f"mlz {' '.join(words)}: exit {ended}\n{out}{error}"
        return out, error

    def share_with(self, *units: str, principals: bool = False) -> None:
        text = Path("mlz.yaml").read_text().split("portfolios:")[0]
        flags = ", share_principals: true" if principals else ""
        Path("mlz.yaml").write_text(f"{text}portfolios: {{share_with: {json.dumps(units)}{flags}}}\n")

    def shares(self) -> dict[str, bool]:
        """Unit or organization -> whether its principals' names are shared."""
        catalog = self.own.client("servicecatalog")
        portfolio = catalog.list_portfolios()["PortfolioDetails"][0]["Id"]
        rows: list[Any] = []
        for kind in ("ORGANIZATION", "ORGANIZATIONAL_UNIT"):
            rows += catalog.describe_portfolio_shares(PortfolioId=portfolio, Type=kind)["PortfolioShareDetails"]
        return {row["PrincipalId"]: row["SharePrincipals"] for row in rows}


@pytest.fixture
def desk(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    monkeypatch.chdir(tmp_path)
    keys = tmp_path / "credentials"
    with Sandbox() as aws:
        with world.environment(world.variables(keys, aws.endpoint, world.MANAGEMENT, REGION)):
            made = world.seed(connect("", REGION), 2)
        Path("mlz.yaml").write_text(world.settings(made, BUCKET, REGION))
        with world.environment(world.variables(keys, aws.endpoint, made.development, REGION)):
            yield Desk(made, connect("", REGION), capsys)


def test_a_portfolio_is_shared_kept_and_taken_back(desk: Desk) -> None:
    staging, prod = desk.made.staging, desk.made.prod
    desk.share_with("Workloads/Staging")
    desk.run("package", "--no-lint")
    out, _ = desk.run("bootstrap", "--yes")
    assert "+ sharing of Service Catalog portfolios with units of the organization\n" in out
    assert f"+ {desk.made.development} as delegated administrator of Service Catalog\n" in out
    again, _ = desk.run("bootstrap", "--yes")
    assert "Service Catalog" not in again

    _, dry = desk.run("deploy", "core", "--dry-run")
    assert f"+ the portfolio is shared with {staging}\n" in dry
    desk.run("deploy", "core", "--yes")
    assert desk.shares() == {staging: False}
    _, twice = desk.run("deploy", "core", "--yes")
    assert "shared with" not in twice

    desk.share_with(prod, principals=True)
    out, _ = desk.run("status")
    assert [line.split(" is ")[1] for line in out.splitlines() if "shared with" in line] == [
        f"shared with {prod}, with its principals' names",
        f"no longer shared with {staging}",
    ]
    desk.run("deploy", "core", "--dry-run")
    assert desk.shares() == {staging: False}
    desk.run("deploy", "core", "--yes")
    assert desk.shares() == {prod: True}
    _, progress = desk.run("destroy", "core", "bootstrap", "--yes")
    assert f" is no longer shared with {prod}\n" in progress


def test_what_somebody_else_shares_is_told_and_left_alone(desk: Desk) -> None:
    desk.share_with(desk.made.units[""])
    desk.run("package", "--no-lint")
    desk.run("bootstrap", "--yes")
    desk.run("deploy", "core", "--yes")
    (organization,) = desk.shares()
    assert organization.startswith("o-")
    catalog = desk.own.client("servicecatalog")
    portfolio = catalog.list_portfolios()["PortfolioDetails"][0]["Id"]
    node = {"Type": "ORGANIZATIONAL_UNIT", "Value": desk.made.prod}
    catalog.create_portfolio_share(PortfolioId=portfolio, OrganizationNode=node)

    desk.share_with()
    _, progress = desk.run("deploy", "core", "--yes")
    assert f"! {portfolio} is shared with {desk.made.prod}, by somebody else: left alone\n" in progress
    assert desk.shares() == {desk.made.prod: False}
    settings = configuration.load(Path("mlz.yaml"), Overlay(), {})
    with pytest.raises(ToolError, match="by somebody else, and cannot be deleted"):
        sharing.withdrawn(settings, desk.own)
    catalog.delete_portfolio_share(PortfolioId=portfolio, OrganizationNode=node)
    assert sharing.withdrawn(settings, desk.own) == []


def test_without_bootstrap_the_way_is_told(desk: Desk) -> None:
    desk.share_with("Workloads/Staging")
    desk.run("package", "--no-lint")
    organizations = connect("management", REGION).client("organizations")
    organizations.enable_aws_service_access(ServicePrincipal="member.org.stacksets.cloudformation.amazonaws.com")
    organizations.register_delegated_administrator(
        AccountId=desk.made.development, ServicePrincipal="member.org.stacksets.cloudformation.amazonaws.com"
    )
    _, error = desk.run("deploy", "core", "--yes", code=1)
    assert "(OperationNotSupportedException)" in error
    assert "hint: mlz bootstrap makes this account a delegated administrator of Service Catalog\n" in error
