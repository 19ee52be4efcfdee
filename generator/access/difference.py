"""What a change lets anybody do that was not allowed before: two sites, asked the same questions.

Only what differs is asked about: the statements that came, went or changed, for everybody whom they bear on, with their
conditions met and missed. A question whose answer is allowed after, and was not before, is a widening.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product
from typing import Any

from generator.access import probes
from generator.access.decision import Decision, Outcome
from generator.access.evaluate import evaluate
from generator.access.expectations import by
from generator.access.names import account_of
from generator.access.question import Question, case
from generator.access.site import Document, Role, Site
from generator.errors import ToolError

RANK = {Outcome.DENIED: 0, Outcome.UNKNOWN: 1, Outcome.ALLOWED: 2}


@dataclass(frozen=True)
class Widening:
    """One request that is answered more generously than before."""

    who: str
    action: str
    resource: str
    through: str
    context: Mapping[str, Any] = field(hash=False)
    before: str = ""
    after: str = ""


def widenings(before: Site, after: Site) -> list[Widening]:
    """Everything that `after` opens, one request for each caller, action and resource."""
    known = probes.names(s for site in (before, after) for d in site.documents() for s in statements(d))
    found: dict[tuple[str, str, str], Widening] = {}
    for question in dict.fromkeys(_keyed(_questions(before, after, known))):
        key = (question.who, question.action, question.resource)
        if key not in found and (wider := _asked(before, after, question)):
            found[key] = wider
    return list(found.values())


def _keyed(questions: Iterable[Question]) -> Iterator[Question]:
    """Each different question once; contexts are no part of a question's hash."""
    seen: set[tuple[Question, str]] = set()
    for question in questions:
        key = (question, repr(sorted(question.context.items(), key=str)))
        if key not in seen:
            seen.add(key)
            yield question


def _asked(before: Site, after: Site, question: Question) -> Widening | None:
    now = _decided(after, question)
    if now is None or now.outcome is Outcome.DENIED:
        return None
    then = _decided(before, question)
    if then is not None and RANK[then.outcome] >= RANK[now.outcome]:
        return None
    said = f"{then.outcome}{by(then)}" if then else "there was no such role"
    return Widening(
        question.who,
        question.action,
        question.resource,
        question.through,
        question.context,
        said,
        f"{now.outcome}{by(now)}",
    )


def _decided(site: Site, question: Question) -> Decision | None:
    """None where the site does not have what the question is about."""
    try:
        asked = case(site, question)
    except ToolError:
        return None
    return evaluate(asked.request, asked.policies)


def statements(document: Document | None) -> list[Mapping[str, Any]]:
    return list(document.body["Statement"]) if document else []


def changed(before: Iterable[Document | None], after: Iterable[Document | None]) -> list[Mapping[str, Any]]:
    """Statements that only one side has."""
    old, new = ([s for document in side for s in statements(document)] for side in (before, after))
    return [s for s in old if s not in new] + [s for s in new if s not in old]


def _questions(before: Site, after: Site, known: list[str]) -> Iterator[Question]:
    olds = {role.arn: role for role in before.roles}
    for role in after.roles:
        old = olds.get(role.arn)
        yield from _of_role(after, role, old, known)
        trust = changed([old.trust] if old else [], [role.trust])
        yield from _of_resource(after, role.arn, trust, known)
    held = {one.arn: one.policy for one in before.guarded}
    for one in after.guarded:
        yield from _of_resource(after, one.arn, changed([held.get(one.arn)], [one.policy]), known)
    yield from _of_endpoints(before, after, known)
    for old_documents, new_documents in ((before.scps, after.scps), (before.rcps, after.rcps)):
        yield from _of_guardrails(after, changed(old_documents, new_documents), known)


def _of_role(site: Site, role: Role, old: Role | None, known: list[str]) -> Iterator[Question]:
    real = [*(one.arn for one in site.roles), *(one.arn for one in site.guarded)]
    was = [*old.identity, old.boundary] if old else []
    differing = changed(was, [*role.identity, role.boundary])
    own = [s for document in (*role.identity, role.boundary, *was) for s in statements(document)]
    for statement in differing:
        for action in probes.actions(statement, known):
            bearing = [one for one in own if probes.covers(one, action)]
            granting = [one for one in bearing if one["Effect"] == "Allow"]
            places = {place for one in (statement, *granting) for place in probes.resources(one, real)}
            for through in _ways(site, role.account, action):
                yield from _asking(role.arn, action, sorted(places), bearing, role.account, through)


def _ways(site: Site, account: str, action: str) -> list[str]:
    """The internet, and for data and keys the account's own network: these two care."""
    service = action.split(":")[0]
    return ["", account] if service in ("s3", "kms") and site.endpoint(account, service) else [""]


def _asking(
    who: str, action: str, places: Iterable[str], bearing: list[Mapping[str, Any]], owner: str, through: str = ""
) -> Iterator[Question]:
    """With every condition met, then with one after the other missed."""
    for place, context in product(places, contexts(bearing)):
        theirs = "" if account_of(place) or place == "*" else owner
        # A key that the site does not have leaves access to IAM, as keys do by default.
        yield Question(who, action, place, theirs, through, context, is_open=f":key/{probes.ANY}" in place)


def contexts(bearing: list[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Contexts that tell statements apart: harmless to every Deny, and each of them provoked."""
    conditioned = [one for one in bearing if one.get("Condition")]
    harmless: dict[str, Any] = {name: probes.ANY for one in bearing for name in probes.variables(one)}
    for one in conditioned:
        options = [probes.met(one["Condition"])] if one["Effect"] == "Allow" else list(probes.missed(one["Condition"]))
        harmless = {**(options[0] if options else {}), **harmless}
    provoking = [{**harmless, **probes.met(one["Condition"])} for one in conditioned]
    missing = [{**harmless, **context} for one in conditioned for context in probes.missed(one["Condition"])]
    return [{}, harmless, *provoking, *missing]


def _of_resource(site: Site, arn: str, differing: list[Mapping[str, Any]], known: list[str]) -> Iterator[Question]:
    """For all roles, for administrators of every account, for services and for anybody."""
    networks = ["", *sorted({one.account for one in site.endpoints if one.service.endswith((".s3", ".kms"))})]
    for statement in differing:
        services = probes.listed(_services(statement))
        callers = [*(role.arn for role in site.roles), *_administrators(site), *services, "*"]
        for action in probes.actions(statement, known):
            places = [place for place in probes.resources(statement) if place != "*"] or [arn]
            for who, through in product(callers, networks if action.startswith(("s3:", "kms:")) else [""]):
                owner = next((one.account for one in site.guarded if one.arn == arn), "")
                bearing = [statement, *_granting(site, who, arn, action)]
                yield from _asking(who, action, places, bearing, owner, through)


def _granting(site: Site, who: str, arn: str, action: str) -> list[Mapping[str, Any]]:
    """What else has to hold: the Allows of the caller and of the resource."""
    own = [one.policy for one in site.guarded if one.arn == arn]
    own += [document for role in site.roles if role.arn == who for document in role.identity]
    every = [s for document in own for s in statements(document) if probes.covers(s, action)]
    return [s for s in every if s["Effect"] == "Allow"]


def _services(statement: Mapping[str, Any]) -> Any:
    principal = statement.get("Principal")
    return principal.get("Service") if isinstance(principal, Mapping) else None


def _administrators(site: Site) -> list[str]:
    return [f"role/admin@{account.name}" for account in site.world.accounts]


def _of_endpoints(before: Site, after: Site, known: list[str]) -> Iterator[Question]:
    held = {one.id: one.policy for one in before.endpoints}
    strangers = [account.id for account in after.world.accounts]
    for endpoint in after.endpoints:
        differing = changed([held.get(endpoint.id)], [endpoint.policy])
        service = ".".join(endpoint.service.split(".")[3:])
        for statement, who, owner in product(differing, _administrators(after), strangers):
            own = [one for one in known if one.startswith(f"{_prefix(service)}:")]
            asking = product(probes.actions(statement, own), probes.resources(statement), contexts([statement]))
            for action, place, context in asking:
                yield Question(who, action, place, owner, f"{endpoint.account}:{service}", context, is_open=True)


def _prefix(service: str) -> str:
    """The prefix of the actions of an endpoint's service."""
    prefix = service.split(".")[0].removeprefix("git-")
    return {"monitoring": "cloudwatch", "notebook": "sagemaker"}.get(prefix, prefix)


def _of_guardrails(site: Site, differing: list[Mapping[str, Any]], known: list[str]) -> Iterator[Question]:
    for statement, who in product(differing, ("role/anything@dev", "role/admin@stranger")):
        for action, place in product(probes.actions(statement, known), probes.resources(statement)):
            resource = site.guarded[0].arn if place == "*" and action.startswith(("s3", "kms")) else place
            for context in contexts([statement]):
                yield Question(who, action, resource, site.world.dev.id, "", context, guardrails=True)
