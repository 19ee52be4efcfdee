"""The matrix and the expectations, on the emitted policies, as two other evaluators answered them."""

from __future__ import annotations

import pytest

from generator.access.site import Site
from tests.access_oracle.disagreements import explanation
from tests.access_oracle.emitted import Emitted, emitted
from tests.access_oracle.recorded import NO_ANSWER, NOT_ASKED, recorded_emitted

AGAIN = "record again: make access-oracle ARGS=--record"


@pytest.fixture(scope="module")
def asked(site: Site) -> dict[str, list[Emitted]]:
    return emitted(site)


@pytest.fixture(scope="module")
def answers() -> dict[str, str]:
    return recorded_emitted()


@pytest.mark.parametrize("name", ["matrix", "expectations"])
def test_nobody_disagrees_without_a_reason(asked: dict[str, list[Emitted]], answers: dict[str, str], name: str) -> None:
    decided = [(one, answers[one.key]) for one in asked[name] if one.own != "u" and one.key in answers]
    second = [one.case for one, answer in decided if answer[0] not in (one.own, NO_ANSWER)]
    assert [case for case in second if name == "matrix" or not explanation(case)] == []
    assert [one.case for one, answer in decided if answer[1] not in (one.own, NOT_ASKED)] == []


@pytest.mark.parametrize(("name", "second", "third"), [("matrix", 1.0, 0.5), ("expectations", 0.85, 0.5)])
def test_enough_of_them_is_recorded(
    asked: dict[str, list[Emitted]], answers: dict[str, str], name: str, second: float, third: float
) -> None:
    """A changed statement takes the record from its requests; of those that have one, most must have an answer."""
    found = [answers[one.key] for one in asked[name] if one.key in answers]
    assert len(found) >= 0.9 * len(asked[name]), AGAIN
    assert sum(answer[0] != NO_ANSWER for answer in found) >= second * len(found)
    assert sum(answer[1] != NOT_ASKED for answer in found) >= third * len(found)
