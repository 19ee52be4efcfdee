"""The requests of the access matrix and of all expectations, with the emitted policies that bear on them, as cases."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from generator.access import expectations, matrix, question
from generator.access.context import Missing
from generator.access.evaluate import evaluate
from generator.access.policy import Policy
from generator.access.principal import Principal, PrincipalKind
from generator.access.request import Request
from generator.access.site import Site
from mlz.declared import CAPABILITIES
from tests.access_oracle.answers import letter
from tests.access_oracle.expressible import speaking

Case = dict[str, Any]
EXPECTATIONS = Path(__file__).parents[1] / "access"


@dataclass(frozen=True)
class Emitted:
    """A request on emitted policies: as a case for others, its key in the recording, and our own letter."""

    case: Case
    key: str
    own: str


def emitted(site: Site) -> dict[str, list[Emitted]]:
    """By where they are from: `matrix` and `expectations`."""
    asked = {"matrix": _cells(site), "expectations": _expected()}
    return {name: [_emitted(question.case(site, one)) for one in some] for name, some in asked.items()}


def _cells(site: Site) -> Iterator[question.Question]:
    roles, capabilities = matrix.read(CAPABILITIES)
    existing = {role.short for role in site.roles}
    return (matrix.question(role, one) for one in capabilities for role in roles if role in existing)


def _expected() -> Iterator[question.Question]:
    return (one.question for path in sorted(EXPECTATIONS.glob("*.yaml")) for one in expectations.read(path))


def _emitted(concrete: question.Case) -> Emitted:
    case = _plain(concrete)
    return Emitted(case, _key(case), letter(evaluate(concrete.request, concrete.policies)))


def _key(case: Case) -> str:
    """Tells a request and what its policies say about its action: nothing else bears on the answer."""
    said = [_said(policy, case["action"]) for policy in case["policies"]]
    return hashlib.sha256(json.dumps({**case, "policies": said}, sort_keys=True).encode()).hexdigest()[:12]


def _said(policy: dict[str, Any], action: str) -> dict[str, Any]:
    document = policy["document"]
    return {**policy, "document": {**document, "Statement": speaking(document, action)}}


def _plain(concrete: question.Case) -> Case:
    """As the others read it. A key that nobody knows is left out: what is decided is decided without it."""
    request = concrete.request
    return {
        "principal": _name(request.principal),
        "role": request.principal.role if request.principal.kind is PrincipalKind.SESSION else "",
        "action": request.action,
        "resource": request.resource,
        "owner": request.owner,
        "context": dict(_context(request)),
        # iam-simulate, as AWS, has full access at every level of RCPs, and takes none that says it.
        "policies": [_policy(one) for one in concrete.policies if one.document is not question.RCP_FULL],
    }


def _name(principal: Principal) -> str:
    match principal.kind:
        case PrincipalKind.ANONYMOUS:
            return "*"
        case PrincipalKind.ROOT:
            return f"arn:aws:iam::{principal.account}:root"
    return principal.arn


def _context(request: Request) -> Iterator[tuple[str, str | list[str]]]:
    for key, value in request.keys.items():
        if not isinstance(value, Missing):
            yield key, list(value) if isinstance(value, tuple) else value


def _policy(policy: Policy) -> dict[str, Any]:
    return {"kind": policy.kind.name, "level": policy.level, "document": policy.document}
