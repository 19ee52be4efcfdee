"""Where FourEyes is YES, who approves a model package does not let it into production."""

from __future__ import annotations

from dataclasses import replace

import pytest

from generator.access import expectations
from generator.access.site import Site
from mlz.config.settings import Settings
from mlz.declared import world
from tests.access import mutants
from tests.access.templates import resolved

EXPECTED = mutants.FOLDER / "four_eyes.yml"


@pytest.fixture(scope="module")
def guarded(settings: Settings) -> Site:
    return resolved(settings, replace(world(settings), parameters={"env-main.yaml": {"FourEyes": "YES"}}))


def test_two_roles_let_a_model_into_production(guarded: Site) -> None:
    results = expectations.check(guarded, expectations.read(EXPECTED))
    assert [f"{one.expectation.where}: {one.problem}" for one in results if one.problem] == []


def test_each_refusal_of_it_is_noticed_when_it_goes(guarded: Site, site: Site) -> None:
    added = [one for one in mutants.mutants(guarded) if one not in mutants.mutants(site)]
    assert {one.sid for one in added} >= {"AnswersNoApproval", "ApprovesNoPackage", "PeopleWithSecondFactor"}
    assert mutants.survivors(guarded, expectations.read(EXPECTED), added) == []


def test_without_it_the_team_administrator_gives_both(site: Site) -> None:
    assert "model-approver@dev" not in {role.short for role in site.roles}
    (team,) = (role for role in site.roles if role.short == "team-administrator@dev")
    assert [document.name for document in team.identity] == ["DataScienceTeamAdministratorRole/Persona"]
