"""The same expectations where targets are accounts instead of units, without an organization's id in any policy."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from generator.access import expectations
from generator.access.decision import Outcome
from generator.access.expectations import Expectation
from generator.access.question import Question
from generator.access.site import Site
from mlz.config.configuration import Overlay, load
from mlz.declared import site as declared
from tests.access import mutants
from tests.access.conftest import ROOT

UNITS = re.compile(r"organizational_units: \[ou-ab12-(staging|prod)x+\]")
LISTS = {"staging": "333333333333", "prod": "444444444444"}
EXCEPTIONS = mutants.FOLDER / "account_lists.yml"


def name(one: Expectation) -> str:
    """`perimeter.yaml:6 Models through a target's network` without the place."""
    return one.where.partition(" ")[2]


@pytest.fixture(scope="module")
def listed(tmp_path_factory: pytest.TempPathFactory) -> Site:
    text, replaced = UNITS.subn(
        lambda found: f'accounts: ["{LISTS[found[1]]}"]', (ROOT / "mlz.example.yaml").read_text()
    )
    assert replaced == len(LISTS)
    path: Path = tmp_path_factory.mktemp("listed") / "mlz.yaml"
    path.write_text(text)
    return declared(load(path, Overlay("", "", "", ""), {}))


def test_what_holds_for_units_holds_for_lists_of_accounts(listed: Site) -> None:
    """Guardrails are left out: they stand over units."""
    asked = [one for one in mutants.expectations() if not one.question.guardrails]
    missed = {name(one.expectation) for one in expectations.check(listed, asked) if one.problem}
    assert missed == set(yaml.safe_load(EXCEPTIONS.read_text()))


def test_closed_without_an_organization_means_denied_or_by_its_own_administrators(listed: Site) -> None:
    """Where another statement decides than with units, the answer stays; the few that open are the account's own."""
    names = set(yaml.safe_load(EXCEPTIONS.read_text()))
    closed = [one for one in mutants.expectations() if name(one) in names and one.expect == "denied"]
    results = expectations.check(listed, [replace(one, by="") for one in closed])
    assert {name(one.expectation) for one in results if one.problem} == {
        "A role of the right name and path in another organization",
        "The right name and path in another organization does not decrypt",
        "The set-up role trusts its organization only",
    }


# The product's endpoint of a target lets nobody through to keys of other accounts; one of another maker may.
THROUGH_ANOTHER_ENDPOINT = Expectation(
    "the bucket key through an endpoint of another maker in a listed account",
    Question(
        "model-execution@prod",
        "kms:Decrypt",
        "{S3BucketKMSKey}",
        context={
            "kms:ViaService": "s3.{region}.{suffix}",
            "aws:SourceVpce": "vpce-theirs",
            "aws:VpceAccount": "{prod}",
        },
    ),
    Outcome.ALLOWED,
    "B020. Models are decrypted where they run.",
    "ReadModelsWithKey",
)


def test_what_repeats_another_with_units_only_is_noticed_with_lists(listed: Site) -> None:
    """Of the names in redundant.yml: the network's account decides where there is no unit to ask for."""
    exceptions = set(yaml.safe_load(EXCEPTIONS.read_text()))
    held = [one for one in mutants.expectations() if not one.question.guardrails and name(one) not in exceptions]
    meant = [one for one in mutants.mutants(listed) if one.name in mutants.redundant() and one.key == "aws:VpceAccount"]
    assert {one.template for one in meant} == {"env-kms.yaml", "env-s3.yaml"}
    assert mutants.survivors(listed, [*held, THROUGH_ANOTHER_ENDPOINT], meant) == []
