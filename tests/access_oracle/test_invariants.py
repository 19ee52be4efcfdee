"""What holds of every decision, on requests that hypothesis makes with the dice of the recorded ones."""

from __future__ import annotations

import copy
import random
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.access_oracle.answers import own_answer
from tests.access_oracle.cases import Case, Dice, case_of

requests = st.randoms(use_true_random=False).map(lambda source: case_of(Dice(source)))
thoroughly = settings(max_examples=200, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
NEVER = "iam:NoSuchAction"


def _statements(case: Case) -> list[dict[str, Any]]:
    found = (policy["document"]["Statement"] for policy in case["policies"])
    return [one for some in found for one in (some if isinstance(some, list) else [some])]


def _without(case: Case, effect: str, chosen: int) -> Case:
    """One statement of that effect made to speak of nothing; the policies stay, since that they exist counts."""
    changed = copy.deepcopy(case)
    fitting = [one for one in _statements(changed) if one["Effect"] == effect]
    if fitting:
        statement = fitting[chosen % len(fitting)]
        statement.pop("NotAction", None)
        statement["Action"] = NEVER
    return changed


@thoroughly
@given(requests, st.randoms(use_true_random=False))
def test_the_order_of_policies_and_statements_decides_nothing(case: Case, source: random.Random) -> None:
    shuffled = copy.deepcopy(case)
    source.shuffle(shuffled["policies"])
    for policy in shuffled["policies"]:
        if isinstance(policy["document"]["Statement"], list):
            source.shuffle(policy["document"]["Statement"])
    assert own_answer(shuffled) == own_answer(case)


@thoroughly
@given(requests, st.integers(0, 20))
def test_a_deny_less_forbids_nothing_and_an_allow_less_allows_nothing(case: Case, chosen: int) -> None:
    before = own_answer(case)
    if before == "a":
        assert own_answer(_without(case, "Deny", chosen)) == "a"
    else:
        assert own_answer(_without(case, "Allow", chosen)) == before
