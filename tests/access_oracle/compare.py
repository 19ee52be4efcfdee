"""Asks the other evaluators: `python -m tests.access_oracle.compare [--count N] [--record]`; 1 if they disagree.

The first is the npm package of package.json, run with node. The second, MiniStack's, is asked where MINISTACK_PYTHON
names a Python that has it; it knows fewer kinds of policies, so that only some of the requests are for it.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime
from typing import Any

from tests.access_oracle.answers import HERE, oracle_answers, own_answer
from tests.access_oracle.cases import cases
from tests.access_oracle.disagreements import DISAGREEMENTS
from tests.access_oracle.grid import operator_cases, principal_cases
from tests.access_oracle.recorded import RECORDED, RECORDED_COUNT, SEED, corpora, digest
from tests.access_oracle.world import HOME

Case = dict[str, Any]

# MiniStack resolves no variables, fills in these keys by itself, and cannot leave some of them out.
_UNCOMPARABLE = ("${", "currenttime", "epochtime", "principalarn", "resourceaccount", "principaltype", "notprincipal")
_ALWAYS_THERE = ("aws:SourceIp", "aws:SecureTransport", "aws:RequestedRegion", "aws:username", "aws:TagKeys")
_ITS_KINDS = {"IDENTITY", "BOUNDARY", "SESSION", "RESOURCE", "KEY"}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--count", type=int, default=25_000)
    parser.add_argument("--record", action="store_true", help="write the answers that `make test` replays")
    options = parser.parse_args()
    asked = {"operators": list(operator_cases()), "principals": list(principal_cases())}
    asked["random"] = cases(options.seed, options.count)
    differing = sum(_compare("iam-simulate", name, some, oracle_answers(some)) for name, some in asked.items())
    differing += _known_disagreements()
    if python := os.environ.get("MINISTACK_PYTHON"):
        for name, some in asked.items():
            fitting = [case for case in some if _fits_ministack(case)]
            differing += _compare("MiniStack", name, fitting, _ministack_answers(python, fitting))
    if options.record and not differing:
        _record()
    return 1 if differing else 0


def _compare(evaluator: str, name: str, asked: list[Case], answers: list[str]) -> int:
    """Print the counts and the first disagreements; how many there are."""
    own = [own_answer(case) for case in asked]
    pairs = Counter(zip(own, (answer[0] for answer in answers), strict=True))
    differing = [(case, o, a) for case, o, a in zip(asked, own, answers, strict=True) if o != a]
    print(f"{evaluator}, {name}: {len(asked) - len(differing)} of {len(asked)} equal; {dict(sorted(pairs.items()))}")
    for case, mine, answer in differing[:3]:
        print(f"  own {mine}, {evaluator} {answer}: {json.dumps(case)}")
    return len(differing)


def _known_disagreements() -> int:
    """Those whose documentation no longer describes the oracle."""
    answers = oracle_answers([known.case for known in DISAGREEMENTS])
    changed = [
        k.name for k, a in zip(DISAGREEMENTS, answers, strict=True) if (own_answer(k.case), a) != (k.own, k.oracle)
    ]
    print(
        f"iam-simulate, documented disagreements: {len(answers) - len(changed)} of {len(answers)} as described",
        *changed,
    )
    return len(changed)


def _fits_ministack(case: Case) -> bool:
    text = json.dumps(case["policies"]).lower()
    kinds = {policy["kind"] for policy in case["policies"]}
    return (
        case["principal"].startswith("arn:")
        and not case["principal"].endswith((":root", "federated-user/Fay"))
        and case["owner"] == HOME
        and kinds <= _ITS_KINDS
        and not any(word in text for word in (*_UNCOMPARABLE, '["true", "false"]', '["false", "true"]'))
        and (":key/" not in case["resource"] or "KEY" in kinds)
        # A boundary limits what it grants to everybody; see disagreements.md.
        and not (('"principal": "*"' in text or '{"aws": "*"}' in text) and ("BOUNDARY" in kinds or "SESSION" in kinds))
        and not any(key.lower() in text and key not in case["context"] for key in _ALWAYS_THERE)
        and case["context"].get("aws:SecureTransport") != "TRUE"
    )


def _ministack_answers(python: str, asked: list[Case]) -> list[str]:
    lines = "".join(json.dumps(case) + "\n" for case in asked)
    done = subprocess.run(
        [python, HERE / "ministack_opinion.py"], input=lines, capture_output=True, text=True, check=True
    )
    return done.stdout.splitlines()


def _record() -> None:
    recorded = {
        "program": json.loads((HERE / "package.json").read_text())["devDependencies"],
        "asked": datetime.now(UTC).date().isoformat(),
        "corpora": {
            name: {"digest": digest(asked), "answers": _wrapped("".join(oracle_answers(asked)))}
            for name, asked in corpora(RECORDED_COUNT).items()
        },
    }
    RECORDED.write_text(json.dumps(recorded, indent=1) + "\n")


def _wrapped(text: str) -> list[str]:
    return [text[n : n + 100] for n in range(0, len(text), 100)]


if __name__ == "__main__":
    sys.exit(main())
