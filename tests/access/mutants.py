"""Policies with one condition or one Deny taken out: does any expectation notice? `make access-mutants` tells it.

A mutant is a policy of a template, wherever that template is deployed: a boundary that twelve roles share is one.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from generator.access.decision import Decision
from generator.access.evaluate import evaluate
from generator.access.expectations import Expectation, problem, read
from generator.access.policy import Policy
from generator.access.question import Case, case
from generator.access.site import Document, Site

FOLDER = Path(__file__).parent
REDUNDANT = FOLDER / "redundant.yml"


@dataclass(frozen=True)
class Mutant:
    """What is taken out: a statement (no `key`) or one key of its condition."""

    template: str
    policy: str
    sid: str
    operator: str = ""
    key: str = ""

    @property
    def name(self) -> str:
        what = f" {self.operator} {self.key}" if self.key else ""
        return f"{self.template} {self.policy} {self.sid}{what}"

    def applied(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """The document without it."""
        kept = []
        for number, statement in enumerate(body["Statement"], 1):
            if statement.get("Sid", f"#{number}") != self.sid:
                kept.append(statement)
            elif self.key:
                kept.append(self._loosened(statement))
        return {**body, "Statement": kept}

    def _loosened(self, statement: Mapping[str, Any]) -> dict[str, Any]:
        conditions = {
            operator: {k: v for k, v in keys.items() if (operator, k) != (self.operator, self.key)}
            for operator, keys in statement["Condition"].items()
        }
        return {**statement, "Condition": {operator: keys for operator, keys in conditions.items() if keys}}


def mutants(site: Site) -> list[Mutant]:
    """Every condition and every Deny of every policy, once."""
    found: dict[Mutant, None] = {}
    for document in site.documents():
        found.update(dict.fromkeys(_of(document)))
    return list(found)


def _of(document: Document) -> Iterator[Mutant]:
    for number, statement in enumerate(document.body["Statement"], 1):
        sid = statement.get("Sid", f"#{number}")
        if statement["Effect"] == "Deny":
            yield Mutant(document.template, document.name, sid)
        for operator, keys in statement.get("Condition", {}).items():
            for key in keys:
                yield Mutant(document.template, document.name, sid, operator, key)


@dataclass(frozen=True)
class Asked:
    """An expectation made concrete, with the place of each of its policies."""

    expectation: Expectation
    case: Case


def survivors(site: Site, expectations: Sequence[Expectation], among: Sequence[Mutant]) -> list[Mutant]:
    """Those mutants that no expectation notices."""
    asked = [Asked(one, case(site, one.question)) for one in expectations]
    broken = [one.expectation.where for one in asked if problem(one.expectation, decided(one, one.case.policies))]
    if broken:
        raise SystemExit(f"does not hold as it is: {', '.join(broken)}")
    places = {id(document.body): (document.template, document.name) for document in site.documents()}
    by_policy: dict[tuple[str, str], list[Asked]] = {}
    for one in asked:
        for policy in one.case.policies:
            if (place := places.get(id(policy.document))) is not None:
                by_policy.setdefault(place, []).append(one)
    return [one for one in among if not _is_noticed(one, by_policy.get((one.template, one.policy), []), places)]


def _is_noticed(mutant: Mutant, asked: Sequence[Asked], places: Mapping[int, tuple[str, str]]) -> bool:
    """Those are asked first that name the statement."""
    changed: dict[int, Policy] = {}

    def mutated(policy: Policy) -> Policy:
        if places.get(id(policy.document)) != (mutant.template, mutant.policy):
            return policy
        if id(policy) not in changed:
            changed[id(policy)] = replace(policy, document=mutant.applied(policy.document))
        return changed[id(policy)]

    likely = sorted(asked, key=lambda one: one.expectation.by != mutant.sid)
    return any(problem(one.expectation, decided(one, map(mutated, one.case.policies))) for one in likely)


def decided(asked: Asked, policies: Iterable[Policy]) -> Decision:
    return evaluate(asked.case.request, policies)


def expectations() -> list[Expectation]:
    """All of the product's own."""
    return [one for path in sorted(FOLDER.glob("*.yaml")) for one in read(path)]


def redundant() -> dict[str, str]:
    """Mutants by name that nothing can notice, because another policy says the same, with the reason."""
    return dict(yaml.safe_load(REDUNDANT.read_text()) or {})


def main() -> int:
    from mlz.config.configuration import Overlay, load
    from mlz.declared import site as declared

    site = declared(load(Path("mlz.example.yaml"), Overlay("", "", "", ""), {}))
    every = mutants(site)
    left = survivors(site, expectations(), every)
    named = redundant()
    for mutant in left:
        print(f"survived: {mutant.name}" + (f"  ({named[mutant.name]})" if mutant.name in named else ""))
    killed = len(every) - len(left)
    unnamed = [mutant for mutant in left if mutant.name not in named]
    share = killed / len(every)
    print(f"{killed} of {len(every)} mutants noticed ({share:.1%}); {len(left) - len(unnamed)} redundant by name")
    return 1 if unnamed else 0


if __name__ == "__main__":
    sys.exit(main())
