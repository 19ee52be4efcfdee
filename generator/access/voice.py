"""What the policies of one kind say to a request, taken together."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from generator.access.context import Context
from generator.access.decision import Deciding, Step, Verdict
from generator.access.naming import Naming
from generator.access.policy import Kind, Policy
from generator.access.principal import Principal, PrincipalKind
from generator.access.request import Request
from generator.access.services import may_have_gateway_endpoint
from generator.access.statement import Statement
from generator.access.truth import Truth, every, some


@dataclass(frozen=True, slots=True)
class Finding:
    """One statement that speaks about the request, or may do so; `missing` are the keys that would tell."""

    policy: Policy
    statement: Statement
    truth: Truth
    naming: Naming
    missing: frozenset[str]

    @property
    def deciding(self) -> Deciding:
        return Deciding(self.policy.kind, self.policy.source, self.statement.sid)


@dataclass(frozen=True, slots=True)
class Voice:
    """The findings of one kind (for SCPs and RCPs: of one level). `unseen`: there may be more policies of it."""

    kind: Kind
    level: str
    sources: tuple[str, ...]
    denying: tuple[Finding, ...]
    allowing: tuple[Finding, ...]
    unseen: bool = False

    @property
    def denies(self) -> Truth:
        return some((*(finding.truth for finding in self.denying), None if self.unseen else False))

    def allows(self, *namings: Naming) -> Truth:
        """Whether an Allow applies that names the caller in one of these ways; without `namings`, in any."""
        known = some(f.truth for f in self.allowing if not namings or f.naming in namings)
        return some((known, None if self.unseen else False))

    def denial(self, truth: Truth) -> Deciding | None:
        """The first denying statement of that truth."""
        return next((f.deciding for f in self.denying if f.truth is truth), None)

    def grant(self, truth: Truth, *namings: Naming) -> Deciding | None:
        """The first allowing statement of that truth and these namings."""
        found = (f for f in self.allowing if f.truth is truth and (not namings or f.naming in namings))
        return next((f.deciding for f in found), None)

    @property
    def missing(self) -> frozenset[str]:
        """The keys that would tell more; none for a grant that is there anyhow."""
        allowing = () if self.allows(Naming.DIRECT) else self.allowing
        return frozenset().union(*(f.missing for f in (*self.denying, *allowing)))

    def step(self) -> Step:
        """Its line in the trace."""
        if self.denies:
            return self._step(Verdict.DENIES, self.denial(True))
        if self.denies is None or (self.allows() is None and self.kind is not Kind.RCP):
            return self._step(Verdict.UNKNOWN, self.denial(None) or self.grant(None))
        # Every level has RCPFullAWSAccess, which cannot be detached.
        allows = self.allows() or self.kind is Kind.RCP
        return self._step(Verdict.ALLOWS, self.grant(True)) if allows else self._step(Verdict.SILENT, None)

    def _step(self, verdict: Verdict, statement: Deciding | None) -> Step:
        return Step(self.kind, self.sources, verdict, statement, self.level)


def voices_of(request: Request, policies: Iterable[Policy]) -> dict[Kind, tuple[Voice, ...]]:
    """The voices by kind, levels in the order in which they come; kinds without any policy are not in it."""
    grouped: dict[tuple[Kind, str], list[Policy]] = {}
    for policy in policies:
        grouped.setdefault((policy.kind, policy.level), []).append(policy)
    for kind in request.unseen:
        if not any(kind is known for known, _ in grouped):
            grouped[kind, ""] = []
    bounded = None if Kind.BOUNDARY in request.unseen else any(kind is Kind.BOUNDARY for kind, _ in grouped)
    context = request.asked()
    voices: dict[Kind, tuple[Voice, ...]] = {}
    for (kind, level), members in grouped.items():
        findings = [f for policy in members for f in _findings(request, policy, context, bounded)]
        voices[kind] = (*voices.get(kind, ()), _voice(kind, level, members, findings, kind in request.unseen))
    return voices


def _voice(kind: Kind, level: str, members: list[Policy], findings: list[Finding], unseen: bool) -> Voice:
    return Voice(
        kind,
        level,
        tuple(policy.source for policy in members),
        tuple(f for f in findings if f.statement.denies),
        tuple(f for f in findings if not f.statement.denies),
        unseen,
    )


def _findings(request: Request, policy: Policy, context: Context, bounded: Truth) -> Iterable[Finding]:
    for statement in policy.statements:
        if not statement.covers_action(request.action):
            continue
        meant = _is_meant(request, policy, statement, bounded)
        if meant is False:
            continue
        context.asked.clear()
        truth = every((meant, statement.applies(request.resource, context)))
        if truth is not False:
            naming = _naming(statement, request.principal)
            missing = frozenset(context.asked) if truth is None else frozenset()
            yield Finding(policy, statement, truth, naming, missing)


def _is_meant(request: Request, policy: Policy, statement: Statement, bounded: Truth) -> Truth:
    """Whether it is about the caller; an account means in a gateway's policy only its root user (PrivateLink guide)."""
    caller = request.principal
    meant = statement.means(caller, bounded=bounded)
    by_account = meant and statement.naming(caller) is Naming.ACCOUNT and caller.kind is not PrincipalKind.ROOT
    if by_account and policy.kind is Kind.ENDPOINT and may_have_gateway_endpoint(request.action):
        return None
    return meant


def _naming(statement: Statement, caller: Principal) -> Naming:
    """A statement that only may mean the caller would mean it directly."""
    return statement.naming(caller) or Naming.DIRECT
