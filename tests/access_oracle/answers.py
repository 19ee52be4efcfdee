"""Answers to cases: the evaluator's own, and those of the oracle."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from generator.access.context import Missing
from generator.access.decision import Decision, Outcome
from generator.access.evaluate import evaluate
from generator.access.policy import Kind, Policy
from generator.access.principal import principal_of, session
from generator.access.request import Request

HERE = Path(__file__).parent


def own_answer(case: dict[str, Any]) -> str:
    """a, i (implicit deny), e (explicit deny), u (unknown)."""
    return letter(decision(case))


def letter(decided: Decision) -> str:
    if decided.outcome is Outcome.DENIED:
        return "e" if decided.is_explicit_deny else "i"
    return "a" if decided.outcome is Outcome.ALLOWED else "u"


def decision(case: dict[str, Any], **changes: Any) -> Decision:
    return evaluate(request(case, **changes), policies(case))


def request(case: dict[str, Any], **changes: Any) -> Request:
    """The case's request, in which keys that it does not name are absent."""
    name = case["principal"]
    caller = session(case["role"], name.rsplit("/", 1)[-1]) if case["role"] else principal_of(name)
    context = {key: tuple(value) if isinstance(value, list) else value for key, value in case["context"].items()}
    given: dict[str, Any] = {"context": context, "others": Missing.ABSENT, **changes}
    return Request(caller, case["action"], case["resource"], case["owner"], **given)


def policies(case: dict[str, Any]) -> list[Policy]:
    return [
        Policy(f"{p['kind']}-{n}", Kind[p["kind"]], p["document"], p["level"]) for n, p in enumerate(case["policies"])
    ]


def oracle_answers(cases: Sequence[dict[str, Any]]) -> list[str]:
    """iam-simulate's letters, or `?` and why it has no answer."""
    return _asked(["node", "oracle.mjs"], cases)


def ministack_answers(python: str, cases: Sequence[dict[str, Any]]) -> list[str]:
    """MiniStack's letters; `python` has it installed, and every case fits (expressible.py)."""
    return _asked([python, "ministack_opinion.py"], cases)


def _asked(program: Sequence[str], cases: Sequence[dict[str, Any]]) -> list[str]:
    lines = "".join(json.dumps(case) + "\n" for case in cases)
    done = subprocess.run(program, input=lines, cwd=HERE, stdout=subprocess.PIPE, text=True, check=True, timeout=900)
    return done.stdout.splitlines()
