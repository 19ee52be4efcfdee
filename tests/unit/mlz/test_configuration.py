"""Flags over environment over file over defaults; rules between settings."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from generator.errors import ToolError
from mlz.config.configuration import Overlay, load
from mlz.config.document import parse, typed
from mlz.config.settings import Settings, schema

OU = "ou-ab12-34cdefgh"
OTHER = "ou-ab12-99cdefgh"


def write(folder: Path, text: str) -> Path:
    path = folder / "mlz.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def refusal(folder: Path, text: str) -> str:
    path = write(folder, text)
    with pytest.raises(ToolError) as caught:
        load(path, Overlay(), {})
    return str(caught.value).replace(str(path), "mlz.yaml")


def test_order_of_sources(tmp_path: Path) -> None:
    path = write(tmp_path, "region: eu-west-1\npackage: {bucket: of-file}\n")
    settings = load(path, Overlay(bucket="of-flag", prefix="a/b/"), {"AWS_REGION": "us-east-1"})
    assert (settings.region, settings.package.bucket, settings.package.prefix) == ("eu-west-1", "of-flag", "a/b")


def test_the_region_of_the_shell_is_the_last_resort(tmp_path: Path) -> None:
    settings = load(write(tmp_path, "tags: {a: b}\n"), Overlay(), {"AWS_DEFAULT_REGION": "ap-south-1"})
    assert settings.region == "ap-south-1"


def test_without_a_file_defaults_hold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    settings = load(None, Overlay(bucket="b-1", region="eu-west-1"), {})
    assert settings.env_stack_name == "sm-mlops-dev"
    assert [stage.name for stage in settings.targets.stages] == ["staging", "prod"]


def test_a_named_file_must_exist(tmp_path: Path) -> None:
    with pytest.raises(ToolError, match=r"none\.yaml: No such file or directory"):
        load(tmp_path / "none.yaml", Overlay(), {})


def test_a_flag_is_checked_too() -> None:
    with pytest.raises(ToolError) as caught:
        load(None, Overlay(region="Ireland"), {})
    assert str(caught.value) == "--region: 'Ireland' is not a Region name\nhint: such as eu-west-1"


def test_the_example_is_valid() -> None:
    root = Path(__file__).parents[3]
    settings = load(root / "mlz.example.yaml", Overlay(), {})
    assert settings.targets.staging.organizational_units == ("ou-ab12-stagingx",)
    assert settings.core.parameters == {"CreateSharedServices": "NO"}


def test_the_example_has_every_setting_and_its_optional_lines_are_valid() -> None:
    text = (Path(__file__).parents[3] / "mlz.example.yaml").read_text()
    whole = re.sub(r"^(\s*)# (?=\s*(?:- |[a-z_]+:))", r"\1", text, flags=re.MULTILINE)
    typed(parse(whole, "mlz.example.yaml"), Settings)
    known = {name for kind in schema()["$defs"].values() for name in kind["properties"]}
    named = {match.group(1) for match in re.finditer(r"(?:^|[ {#-]) *([a-z_]+):", whole, flags=re.MULTILINE)}
    assert known - named == set()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            f"targets:\n  staging:\n    organizational_units: [{OU}]\n    accounts: [111122223333]\n",
            "mlz.yaml:2: targets.staging: has both organizational_units and accounts\nhint: use one of the two ways",
        ),
        (
            f"targets:\n  staging: {{organizational_units: [{OU}]}}\n",
            "mlz.yaml:1: targets.prod: this stage has no accounts, the other has\nhint: declare both stages, or none",
        ),
        (
            f"targets:\n  staging: {{organizational_units: [{OU}]}}\n  prod: {{accounts: [111122223333]}}\n",
            (
                "mlz.yaml:1: targets: one stage uses organizational_units, the other accounts\n"
                "hint: use the same way for both"
            ),
        ),
        (
            "targets:\n  staging: {accounts: [111122223333]}\n  prod:\n    accounts: [111122223333]\n",
            "mlz.yaml:4: targets.prod.accounts[0]: 111122223333 is in staging too\nhint: an account has one stage",
        ),
        (
            (
                f"targets:\n  staging: {{name: same, organizational_units: [{OU}]}}\n"
                f"  prod: {{name: same, organizational_units: [{OTHER}]}}\n"
            ),
            "mlz.yaml:3: targets.prod.name: both stages are named same\nhint: give each its own name",
        ),
        (
            "targets:\n  staging: {accounts: [111122223333], exclude: [111122223333]}\n",
            "mlz.yaml:2: targets.staging.exclude: has no meaning without organizational_units\nhint: remove it",
        ),
        (
            "env: {availability_zones: [eu-west-1a]}\n",
            (
                "mlz.yaml:1: env.availability_zones: 1 zone given, at least 2 are needed\n"
                "hint: add a zone, or remove the setting"
            ),
        ),
        (
            "region: eu-west-1\nenv:\n  availability_zones:\n  - eu-west-1a\n  - us-east-1a\n",
            "mlz.yaml:5: env.availability_zones[1]: us-east-1a is not in eu-west-1\nhint: such as eu-west-1a",
        ),
        (
            "env:\n  parameters:\n    EnvName: x\n",
            "mlz.yaml:3: env.parameters.EnvName: comes from environment.name\nhint: remove it here",
        ),
        (
            "network: {pool: 10.64.0.1/12}\n",
            (
                "mlz.yaml:1: network.pool: 10.64.0.1/12 is not an IPv4 block: 10.64.0.1/12 has host bits set\n"
                "hint: did you mean 10.64.0.0/12?"
            ),
        ),
        (
            "network: {pool: 10.64.0.0/22}\n",
            "mlz.yaml:1: network.pool: 10.64.0.0/22 is smaller than one /20\nhint: use a larger pool or vpc_prefix",
        ),
        (
            "network:\n  pins:\n    111122223333: 10.64.0.0/20\n    111122224444: 10.64.0.0/20\n",
            (
                "mlz.yaml:4: network.pins.111122224444: 10.64.0.0/20 overlaps 10.64.0.0/20, of another account\n"
                "hint: choose a free block"
            ),
        ),
        (
            "network:\n  reserved: [10.64.0.0/16]\n  pins:\n    111122223333: 10.64.16.0/20\n",
            (
                "mlz.yaml:4: network.pins.111122223333: 10.64.16.0/20 overlaps 10.64.0.0/16 (network.reserved[0])\n"
                "hint: choose a free block"
            ),
        ),
        (
            "network:\n  pins: {111122223333: 10.64.0.0/24}\n",
            (
                "mlz.yaml:2: network.pins.111122223333: 10.64.0.0/24 is not a /20\n"
                "hint: network.vpc_prefix gives every account the same size"
            ),
        ),
        (
            "env:\n  parameters:\n    VPCCIDR: 10.0.0.0/16\n    PrivateSubnet1ACIDR: 10.1.0.0/20\n",
            (
                "mlz.yaml:4: env.parameters.PrivateSubnet1ACIDR: 10.1.0.0/20 is not inside VPCCIDR 10.0.0.0/16\n"
                "hint: choose a block inside it"
            ),
        ),
        (
            "env:\n  parameters:\n    PrivateSubnet1ACIDR: 10.0.0.0/19\n    PrivateSubnet2ACIDR: 10.0.16.0/20\n",
            (
                "mlz.yaml:4: env.parameters.PrivateSubnet2ACIDR: 10.0.16.0/20 overlaps 10.0.0.0/19 "
                "(PrivateSubnet1ACIDR)\n"
                "hint: subnets may not overlap"
            ),
        ),
        (
            "tags: {aws:x: y}\n",
            "mlz.yaml:1: tags.aws:x: tag keys that begin with aws: belong to AWS\nhint: choose another key",
        ),
    ],
)
def test_a_broken_rule(tmp_path: Path, text: str, expected: str) -> None:
    assert refusal(tmp_path, text) == expected
