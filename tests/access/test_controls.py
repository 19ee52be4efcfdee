"""The page of controls is that of its data, and names what exists."""

from __future__ import annotations

from tests.access import controls
from tests.access.conftest import ROOT


def test_the_committed_page_is_that_of_the_data() -> None:
    assert (ROOT / "docs" / "controls.md").read_text() == controls.text()


def test_every_test_that_answers_exists() -> None:
    assert controls.missing() == []


def test_no_control_is_answered_and_excepted() -> None:
    found = controls.controls()
    assert set(found["passes"]) & set(found["excepted"]) == set()
