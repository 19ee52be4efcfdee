"""Bad input against the embedded AWS: one error with its hint, exit 1, and no call that changes anything."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from mlz import cli
from mlz.stories import world
from sandbox.server import Sandbox
from stacksets.client import connect

REGION = "eu-west-1"
READS = ("Describe", "List", "Get", "AssumeRole", "Head")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Sandbox, world.World, Path]]:
    """A sandbox with a small organization, and a folder with settings and a published build."""
    folder = tmp_path_factory.mktemp("refusals")
    keys = folder / "credentials"
    with pytest.MonkeyPatch.context() as patch, Sandbox() as aws:
        patch.chdir(folder)
        with world.environment(world.variables(keys, aws.endpoint, world.MANAGEMENT, REGION)):
            built = world.seed(connect("", REGION), 2)
        Path("good.yaml").write_text(world.settings(built, "refusals", REGION))
        Path("mlz.yaml").write_text(Path("good.yaml").read_text())
        with world.environment(world.variables(keys, aws.endpoint, built.development, REGION)):
            assert cli.run(["package", "--no-lint", "--quiet"]) == 0
            yield aws, built, folder


def refused(made: tuple[Sandbox, world.World, Path], capsys: pytest.CaptureFixture[str], *words: str) -> list[str]:
    """The lines of stderr of a command that must fail without having written anything."""
    capsys.readouterr()
    made[0].calls.reset()
    assert cli.run([*words, "--no-color"]) == 1
    writes = [name for name in made[0].calls.shown() if not name.split(".")[1].startswith(READS)]
    assert writes == []
    return capsys.readouterr().err.splitlines()


def change(made: tuple[Sandbox, world.World, Path], old: str, new: str) -> None:
    text = (made[2] / "good.yaml").read_text()
    assert old in text
    (made[2] / "mlz.yaml").write_text(text.replace(old, new))


def test_an_organizational_unit_that_does_not_exist(
    made: tuple[Sandbox, world.World, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    staging = made[1].staging
    absent = staging[:-8] + "aaaaaaaa"
    change(made, staging, absent)
    management = ["--profile", "management"]
    assert refused(made, capsys, "deploy", "env", "--yes", *management) == [
        (
            f"error: organizational unit {absent}: You specified an organizational unit that doesn't exist. "
            "(OrganizationalUnitNotFoundException)"
        ),
        "hint: list them: aws organizations list-organizational-units-for-parent",
    ]


def test_a_zone_that_does_not_exist(
    made: tuple[Sandbox, world.World, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    change(made, "region:", f"env: {{availability_zones: [{REGION}a, {REGION}z]}}\nregion:")
    assert refused(made, capsys, "deploy", "env", "--yes") == [
        f"error: env.availability_zones: {REGION}z is not available to {made[1].development}",
        f"hint: available: {REGION}a, {REGION}b, {REGION}c",
    ]


def test_the_management_account_is_not_taken_for_the_holder_of_the_stack_sets(
    made: tuple[Sandbox, world.World, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    change(made, "access: {management_profile: management}", "access: {}")
    account = world.MANAGEMENT
    assert refused(made, capsys, "bootstrap", "--yes", "--profile", "management") == [
        f"error: bootstrap: {account} is the management account, and nothing says which account holds the stack sets",
        "hint: call it as the development account, with access.management_profile set; or pass --administrator ACCOUNT",
    ]


def test_bootstrap_for_programs(made: tuple[Sandbox, world.World, Path], capsys: pytest.CaptureFixture[str]) -> None:
    change(made, "", "")
    capsys.readouterr()
    assert cli.run(["bootstrap", "--dry-run", "--output", "json"]) == 0
    plan = json.loads(capsys.readouterr().out)
    wanted = {made[1].accounts[name] for name in ("staging-01", "prod-01", "prod-02")}
    assert (set(plan["missing"]), plan["registers_administrator"]) == (wanted, True)
