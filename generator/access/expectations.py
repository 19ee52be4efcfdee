"""Expectations as data: who must or must not be able to do what, each with its reason, held against a site.

A file is a YAML list. An entry has `name`, `who`, `action`, `expect` (allowed, denied, unknown) and `reason`; it may
have `resource`, `owner`, `through`, `context`, `by` (the Sid or the policy that must decide, or the kind of policy that
must lack an Allow), `guardrails` (true: the organization's policies are attached) and `open` (true: the resource is of
another maker, and its policy leaves it to IAM) and `unbridled` (true: the role's own policies allow everything, which
tries the ceilings). `who`, `action` and `resource` may be lists: one case for each.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import yaml

from generator.access.decision import Decision, Outcome
from generator.access.evaluate import evaluate
from generator.access.question import Question, case
from generator.access.site import Site
from generator.errors import ToolError

NEEDED = ("name", "who", "action", "expect", "reason")
OPTIONAL = ("resource", "owner", "through", "context", "by", "guardrails", "open", "unbridled")
LIMIT_BYTES = 1_000_000
LIMIT_DEPTH = 8


@dataclass(frozen=True)
class Expectation:
    """One case; `where` is file and name for people."""

    where: str
    question: Question
    expect: Outcome
    reason: str
    by: str = ""


@dataclass(frozen=True)
class Result:
    """An expectation with what was found; `problem` is empty where both agree."""

    expectation: Expectation
    decision: Decision
    problem: str


def read(path: Path) -> list[Expectation]:
    """The expectations of a file; ToolError names file, entry and key."""
    try:
        text = path.read_text()
        entries = yaml.safe_load(text) if len(text) <= LIMIT_BYTES and _is_flat(text) else None
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as problem:
        what = str(problem).splitlines()[0]
        raise ToolError(f"{path}: cannot be read: {what}", "see docs/security.md for the form") from None
    if not isinstance(entries, list):
        raise ToolError(f"{path}: not a list of expectations", "see docs/security.md for the form")
    return [one for number, entry in enumerate(entries, 1) for one in _expanded(path, number, entry)]


def _is_flat(text: str) -> bool:
    """Without aliases, which can make a small file enormous, and without depth, which the parser cannot climb."""
    depth = 0
    for event in yaml.parse(text, yaml.SafeLoader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if isinstance(event, yaml.AliasEvent) or depth > LIMIT_DEPTH:
            return False
    return True


def _expanded(path: Path, number: int, entry: Any) -> Iterator[Expectation]:
    where = f"{path.name}:{number}"
    if not isinstance(entry, dict):
        raise ToolError(f"{where}: not a mapping", f"it needs: {', '.join(NEEDED)}")
    lacking = [key for key in NEEDED if not entry.get(key)]
    unknown = [key for key in entry if key not in (*NEEDED, *OPTIONAL)]
    if lacking or unknown:
        what = f"lacks {', '.join(lacking)}" if lacking else f"has {', '.join(map(str, unknown))}"
        raise ToolError(f"{where}: {what}", f"keys: {', '.join((*NEEDED, *OPTIONAL))}")
    try:
        expect = Outcome(entry["expect"])
    except ValueError:
        raise ToolError(f"{where}: expect: {entry['expect']}", "one of: allowed, denied, unknown") from None
    context = _context(where, entry.get("context", {}))
    parts = (_listed(entry["who"]), _listed(entry["action"]), _listed(entry.get("resource", "*")))
    for who, action, resource in product(*parts):
        question = Question(
            who,
            action,
            resource,
            str(entry.get("owner", "")),
            str(entry.get("through", "")),
            context,
            guardrails=bool(entry.get("guardrails", False)),
            is_open=bool(entry.get("open", False)),
            is_unbridled=bool(entry.get("unbridled", False)),
        )
        yield Expectation(f"{where} {entry['name']}", question, expect, str(entry["reason"]), str(entry.get("by", "")))


def _context(where: str, given: Any) -> Mapping[str, Any]:
    if not isinstance(given, dict):
        raise ToolError(f"{where}: context: not a mapping", "such as: context: {aws:SecureTransport: 'false'}")
    return given


def _listed(value: Any) -> list[str]:
    return [str(one) for one in value] if isinstance(value, list) else [str(value)]


def check(site: Site, expectations: Iterable[Expectation]) -> list[Result]:
    """Every expectation against the site."""
    return [_checked(site, one) for one in expectations]


def _checked(site: Site, expectation: Expectation) -> Result:
    asked = case(site, expectation.question)
    decision = evaluate(asked.request, asked.policies)
    return Result(expectation, decision, problem(expectation, decision))


def problem(expectation: Expectation, decision: Decision) -> str:
    """What differs, or nothing."""
    if decision.outcome is not expectation.expect:
        return f"is {decision.outcome}{by(decision)}, expected {expectation.expect}"
    if expectation.by and expectation.by not in deciders(decision):
        return f"is {decision.outcome}{by(decision)}, expected by {expectation.by}"
    return ""


def deciders(decision: Decision) -> tuple[str, ...]:
    """Names of what decided: the statement's Sid and its policy, or the kind of policy that allows nothing."""
    if decision.statement:
        return (decision.statement.sid, decision.statement.source)
    return (decision.kind.value,) if decision.kind else ()


def by(decision: Decision) -> str:
    """` by Sid of policy`, or ` since no … allows it`, or what is missing."""
    if decision.outcome is Outcome.UNKNOWN:
        return f" without {', '.join(decision.missing)}" if decision.missing else ""
    if decision.statement:
        return f" by {decision.statement.sid} of {decision.statement.source}"
    return f": no {decision.kind.value} allows it" if decision.kind else ""
