"""What the others answered, so that they need not be there.

Generated requests are made again from the seed, and a digest shows that they are those which were asked. Requests on
emitted policies are known by a key each, so that a changed statement takes the record from requests that it is about.
"""

from __future__ import annotations

import hashlib
import json
from functools import cache
from typing import Any

from tests.access_oracle.answers import HERE
from tests.access_oracle.cases import cases
from tests.access_oracle.grid import operator_cases, principal_cases

RECORDED = HERE / "recorded.json"
EMITTED = HERE / "recorded_emitted.txt"
SEED = 20261121
COUNT = 20_000
CORPORA = ("operators", "principals", "random")
# Beside the letters of answers.py, in the recording of emitted requests
NOT_ASKED, NO_ANSWER = "-", "?"


@cache
def corpus(name: str) -> tuple[dict[str, Any], ...]:
    """The generated cases of one of CORPORA."""
    match name:
        case "operators":
            return tuple(operator_cases())
        case "principals":
            return tuple(principal_cases())
    return tuple(cases(SEED, COUNT))


def digest(asked: tuple[dict[str, Any], ...]) -> str:
    return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()


def recorded_emitted() -> dict[str, str]:
    """Key -> iam-simulate's letter and MiniStack's."""
    return dict(line.split() for line in EMITTED.read_text().splitlines())
