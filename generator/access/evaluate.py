"""One request against all policies that bear on it: AWS's documented evaluation logic.

What it follows is the IAM User Guide, "Policy evaluation logic", with its pages on a single account, on several
accounts, on boundaries and on NotPrincipal, and the KMS Developer Guide on key policies, as of 2026-11-21. In short:

- A Deny that applies, in whatever policy, ends it.
- Every level of SCPs, and the endpoint's policy, must allow. RCPs can only deny.
- In one account either an identity policy or the resource's policy has to allow; keys and roles insist on theirs, which
  may leave it to identity policies by naming the account. Boundary and session policies limit what identity policies
  grant, and what a resource grants to a role; not what it grants to the very user or session, or to everybody.
- Between accounts both sides have to allow.
- A few actions need nobody's permission (services.toml).

Not modelled: access control lists, S3 Block Public Access, grants of KMS, and what single services ask on top.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from generator.access.decision import Deciding, Decision, Outcome
from generator.access.naming import Naming
from generator.access.policy import Kind, Policy
from generator.access.principal import PrincipalKind
from generator.access.request import Request
from generator.access.services import has_resource_control, needs_no_permission
from generator.access.truth import Truth, every, some
from generator.access.voice import Voice, voices_of

_OF_RESOURCE = (Kind.RESOURCE, Kind.KEY, Kind.TRUST)
_OF_PRINCIPAL = (Kind.BOUNDARY, Kind.SESSION, Kind.IDENTITY)


def evaluate(request: Request, policies: Iterable[Policy]) -> Decision:
    """Whether the request is allowed, and which statement of which policy decided.

    `policies` are all that bear on it: those of the principal, of the resource, of both organizations' levels, and of
    the endpoint that it comes through. SCPs and RCPs do not bear on management accounts: do not give them then.
    """
    voices = voices_of(request, (policy for policy in policies if _bears(policy.kind, request)))
    needs = (*_guards(voices), *_grant(request, voices))
    everything = [voice for kind in Kind for voice in voices.get(kind, ())]
    denier = next((voice for voice in everything if voice.denies), None)
    trace = tuple(voice.step() for voice in everything)
    if denier is not None:
        return Decision(Outcome.DENIED, denier.kind, denier.denial(True), trace)
    lacking = next((need for need in needs if need.truth is False), None)
    if lacking is not None:
        return Decision(Outcome.DENIED, lacking.kind, None, trace)
    doubtful = next((voice for voice in everything if voice.denies is None), None)
    if doubtful is None and all(need.truth for need in needs):
        return Decision(Outcome.ALLOWED, needs[-1].kind, needs[-1].statement, trace)
    missing = tuple(sorted(frozenset().union(*(voice.missing for voice in everything))))
    if doubtful is not None:
        return Decision(Outcome.UNKNOWN, doubtful.kind, doubtful.denial(None), trace, missing)
    open_need = next(need for need in needs if need.truth is None)
    return Decision(Outcome.UNKNOWN, open_need.kind, open_need.statement, trace, missing)


@dataclass(frozen=True, slots=True)
class _Need:
    """Something that has to be true, the kind of policy that makes it so, and its statement."""

    kind: Kind
    truth: Truth
    statement: Deciding | None = None


def _bears(kind: Kind, request: Request) -> bool:
    caller = request.principal
    if kind in _OF_PRINCIPAL:
        is_asked = bool(caller.account) and caller.kind is not PrincipalKind.ROOT
        return is_asked and not needs_no_permission(request.action)
    if kind is Kind.SCP:
        return bool(caller.account) and not caller.is_service_linked
    if kind is Kind.RCP:
        return not caller.is_service_linked and has_resource_control(request.action, request.resource)
    return True


def _guards(voices: Mapping[Kind, tuple[Voice, ...]]) -> tuple[_Need, ...]:
    """What has to allow before anything grants. The full access that every RCP level has is not listed: it allows."""
    return tuple(
        _Need(kind, voice.allows(), voice.grant(voice.allows()))
        for kind in (Kind.SCP, Kind.ENDPOINT)
        for voice in voices.get(kind, ())
    )


def _grant(request: Request, voices: Mapping[Kind, tuple[Voice, ...]]) -> tuple[_Need, ...]:
    """What grants, the last one being what an ALLOWED names."""
    if needs_no_permission(request.action) and request.principal.kind is not PrincipalKind.ANONYMOUS:
        return (_Need(Kind.IDENTITY, True),)
    resource = _resource_voice(request, voices)
    if not request.principal.account:
        return (_taken(resource, Naming.DIRECT),) if _may_be_unsigned(request) else (_Need(resource.kind, False),)
    identity = _identity(request, voices)
    limits = tuple(_taken(voice) for kind in (Kind.BOUNDARY, Kind.SESSION) for voice in voices.get(kind, ()))
    if request.is_cross_account:
        return (_taken(resource), *limits, identity)
    direct = _taken(resource, Naming.DIRECT)
    return (direct,) if direct.truth else _either(direct, _indirect(request, resource, identity), limits)


def _either(direct: _Need, indirect: _Need, limits: tuple[_Need, ...]) -> tuple[_Need, ...]:
    """A direct grant is open or missing: what is limited may do instead."""
    if direct.truth is False:
        return (*(need for need in limits if indirect.truth is not False), indirect)
    if every((indirect.truth, *(need.truth for need in limits))):
        return (*limits, indirect)
    return (direct,)


def _indirect(request: Request, resource: Voice, identity: _Need) -> _Need:
    """A grant within the limits: identity policies, which keys and roles have to admit, or the role by its ARN."""
    role = _taken(resource, Naming.ROLE)
    if not _insists(request):
        own = identity
    else:
        account = _taken(resource, Naming.ACCOUNT)
        own = identity if account.truth else _Need(resource.kind, every((account.truth, identity.truth)))
    if role.truth and not own.truth:
        return role
    return _Need(own.kind, some((own.truth, role.truth)), own.statement)


def _identity(request: Request, voices: Mapping[Kind, tuple[Voice, ...]]) -> _Need:
    """An account's root needs no policy."""
    if request.principal.kind is PrincipalKind.ROOT:
        return _Need(Kind.IDENTITY, True)
    voice = next(iter(voices.get(Kind.IDENTITY, ())), None)
    return _Need(Kind.IDENTITY, False) if voice is None else _taken(voice)


def _resource_voice(request: Request, voices: Mapping[Kind, tuple[Voice, ...]]) -> Voice:
    found = next((voice for kind in _OF_RESOURCE for voice in voices.get(kind, ())), None)
    return found or Voice(_resource_kind(request), "", (), (), ())


def _taken(voice: Voice, *namings: Naming) -> _Need:
    truth = voice.allows(*namings)
    return _Need(voice.kind, truth, None if truth is False else voice.grant(truth, *namings))


def _resource_kind(request: Request) -> Kind:
    action = request.action.lower()
    if action.startswith("kms:") and ":key/" in request.resource:
        return Kind.KEY
    return Kind.TRUST if action.startswith("sts:") and ":role/" in request.resource else Kind.RESOURCE


def _insists(request: Request) -> bool:
    """Keys and roles allow nobody that their own policy does not admit (KMS Developer Guide; IAM User Guide)."""
    return _resource_kind(request) is not Kind.RESOURCE


def _may_be_unsigned(request: Request) -> bool:
    return request.principal.kind is not PrincipalKind.ANONYMOUS or not _insists(request)
