"""What the oracle answered, so that it need not be there: its letters for cases that the seed makes again.

A digest of the cases shows that they are those which were asked.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

from tests.access_oracle.answers import HERE
from tests.access_oracle.cases import cases
from tests.access_oracle.grid import operator_cases, principal_cases

RECORDED = HERE / "recorded.json"
SEED = 20261121
RECORDED_COUNT = 4_000


def corpora(count: int) -> dict[str, list[dict[str, Any]]]:
    """The cases that are recorded, by the names that recorded.json has for them."""
    return {"operators": list(operator_cases()), "principals": list(principal_cases()), "random": cases(SEED, count)}


def digest(asked: list[dict[str, Any]]) -> str:
    return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()
