"""The evaluator on requests whose answer AWS's documentation gives."""

from __future__ import annotations

from typing import Any

import pytest

from generator.access.context import Missing
from generator.access.decision import Deciding, Decision, Outcome, Step, Verdict
from generator.access.evaluate import evaluate
from generator.access.policy import Kind, Policy
from generator.access.principal import ANONYMOUS, Principal, principal_of, provider, service, session
from generator.access.request import Request
from generator.errors import ToolError

ACCOUNT, OTHER = "111111111111", "222222222222"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/team/Exec"
RUN = session(ROLE, "run")
BOB = principal_of(f"arn:aws:iam::{ACCOUNT}:user/Bob")
ROOT = principal_of(ACCOUNT)
LINKED = session(f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/x.amazonaws.com/Linked", "run")
OBJECT = "arn:aws:s3:::data/key"
KEY = f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/1"
TARGET = f"arn:aws:iam::{ACCOUNT}:role/Target"


def policy(kind: Kind, *statements: dict[str, Any], level: str = "") -> Policy:
    return Policy(kind.name.lower(), kind, {"Version": "2012-10-17", "Statement": list(statements)}, level)


def allow(**elements: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": "*", "Resource": "*", **elements}


def deny(**elements: Any) -> dict[str, Any]:
    return {**allow(**elements), "Effect": "Deny"}


def asked(principal: Principal, action: str = "s3:GetObject", resource: str = OBJECT, owner: str = ACCOUNT) -> Request:
    return Request(principal, action, resource, owner, others=Missing.ABSENT)


EVERYTHING = policy(Kind.IDENTITY, allow())
NOTHING_HERE = policy(Kind.BOUNDARY, allow(Action="iam:*"))
NOTHING_NOW = policy(Kind.SESSION, allow(Action="iam:*"))
NAMES_ROLE = policy(Kind.RESOURCE, allow(Principal={"AWS": ROLE}))
NAMES_SESSION = policy(Kind.RESOURCE, allow(Principal={"AWS": RUN.arn}))
NAMES_USER = policy(Kind.RESOURCE, allow(Principal={"AWS": BOB.arn}))
NAMES_ACCOUNT = policy(Kind.RESOURCE, allow(Principal={"AWS": ACCOUNT}))
NAMES_EVERYBODY = policy(Kind.RESOURCE, allow(Principal="*"))


@pytest.mark.parametrize(
    ("principal", "policies", "expected"),
    [
        (RUN, [], "denied"),
        (RUN, [EVERYTHING], "allowed"),
        (RUN, [NAMES_ROLE], "allowed"),
        (RUN, [NAMES_ACCOUNT], "denied"),
        (RUN, [EVERYTHING, NOTHING_HERE], "denied"),
        # By the role's ARN a boundary or session policy limits; by the session's, or for everybody, it does not.
        (RUN, [NAMES_ROLE, NOTHING_HERE], "denied"),
        (RUN, [NAMES_ROLE, NOTHING_NOW], "denied"),
        (RUN, [NAMES_SESSION, NOTHING_HERE, NOTHING_NOW], "allowed"),
        (RUN, [NAMES_EVERYBODY, NOTHING_HERE, NOTHING_NOW], "allowed"),
        (BOB, [NAMES_USER, NOTHING_HERE], "allowed"),
        (BOB, [NAMES_EVERYBODY, NOTHING_HERE], "allowed"),
        (BOB, [NAMES_ROLE], "denied"),
        (ROOT, [], "allowed"),
        (ROOT, [policy(Kind.SCP, allow(Action="iam:*"))], "denied"),
        (ROOT, [policy(Kind.RESOURCE, deny(Principal="*"))], "denied"),
        (ANONYMOUS, [NAMES_EVERYBODY], "allowed"),
        (ANONYMOUS, [NAMES_ACCOUNT], "denied"),
        (
            service("sns.amazonaws.com"),
            [policy(Kind.RESOURCE, allow(Principal={"Service": "sns.amazonaws.com"}))],
            "allowed",
        ),
        (service("sns.amazonaws.com"), [NAMES_ACCOUNT], "denied"),
        (service("sns.amazonaws.com"), [NAMES_EVERYBODY, policy(Kind.SCP, deny())], "allowed"),
        (service("sns.amazonaws.com"), [NAMES_EVERYBODY, policy(Kind.RCP, deny(Principal="*"))], "denied"),
        (LINKED, [EVERYTHING, policy(Kind.SCP, deny()), policy(Kind.RCP, deny(Principal="*"))], "allowed"),
        # Every level of SCPs has to allow; RCPs only deny.
        (RUN, [EVERYTHING, policy(Kind.SCP, allow(), level="root"), policy(Kind.SCP, level="unit")], "denied"),
        (RUN, [EVERYTHING, policy(Kind.RCP, deny(Principal="*", Action="s3:PutObject"))], "allowed"),
        (RUN, [EVERYTHING, policy(Kind.ENDPOINT, allow(Principal="*", Action="s3:PutObject"))], "denied"),
    ],
)
def test_one_account(principal: Principal, policies: list[Policy], expected: str) -> None:
    assert evaluate(asked(principal), policies).outcome == expected


@pytest.mark.parametrize(
    ("policies", "expected"),
    [
        ([EVERYTHING], "denied"),
        ([NAMES_SESSION], "denied"),
        ([NAMES_EVERYBODY], "denied"),
        ([EVERYTHING, NAMES_ACCOUNT], "allowed"),
        ([EVERYTHING, NAMES_SESSION, NOTHING_HERE], "denied"),
        ([EVERYTHING, NAMES_SESSION, NOTHING_NOW], "denied"),
    ],
)
def test_two_accounts(policies: list[Policy], expected: str) -> None:
    assert evaluate(asked(RUN, owner=OTHER), policies).outcome == expected


@pytest.mark.parametrize(
    ("kind", "action", "resource"), [(Kind.KEY, "kms:Decrypt", KEY), (Kind.TRUST, "sts:AssumeRole", TARGET)]
)
@pytest.mark.parametrize(
    ("named", "others", "expected"),
    [
        (None, [EVERYTHING], "denied"),
        ({"AWS": ACCOUNT}, [], "denied"),
        ({"AWS": ACCOUNT}, [EVERYTHING], "allowed"),
        ({"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, [EVERYTHING, NOTHING_HERE], "denied"),
        ({"AWS": ROLE}, [], "allowed"),
        ({"AWS": ROLE}, [NOTHING_HERE], "denied"),
        ({"AWS": RUN.arn}, [NOTHING_HERE], "allowed"),
        ({"AWS": OTHER}, [EVERYTHING], "denied"),
    ],
)
def test_keys_and_roles_insist_on_their_own_policy(
    kind: Kind, action: str, resource: str, named: Any, others: list[Policy], expected: str
) -> None:
    own = policy(kind, *([] if named is None else [allow(Principal=named)]))
    assert evaluate(asked(RUN, action, resource), [own, *others]).outcome == expected


def test_a_provider_assumes_a_role_by_its_trust_alone() -> None:
    arn = f"arn:aws:iam::{ACCOUNT}:oidc-provider/token.example.com"
    trust = policy(Kind.TRUST, allow(Principal={"Federated": arn}))
    request = asked(provider(arn), "sts:AssumeRoleWithWebIdentity", TARGET)
    assert evaluate(request, [trust]).outcome == "allowed"
    assert evaluate(asked(provider("arn:other"), request.action, TARGET), [trust]).outcome == "denied"


@pytest.mark.parametrize(
    ("named", "bounded", "expected"),
    [
        ([RUN.arn, ROLE, ACCOUNT], False, "allowed"),
        ([RUN.arn, ROLE, ACCOUNT], True, "denied"),
        ([RUN.arn], False, "unknown"),
        ([ROLE, ACCOUNT], False, "denied"),
        ([BOB.arn, ACCOUNT], False, "denied"),
    ],
)
def test_deny_for_everybody_but(named: list[str], bounded: bool, expected: str) -> None:
    resource = policy(Kind.RESOURCE, allow(Principal="*"), deny(NotPrincipal={"AWS": named}))
    limits = [policy(Kind.BOUNDARY, allow())] if bounded else []
    assert evaluate(asked(RUN), [resource, *limits]).outcome == expected


@pytest.mark.parametrize(
    ("action", "resource", "expected"),
    [
        ("s3:GetObject", OBJECT, "denied"),
        ("kms:RetireGrant", KEY, "allowed"),
        ("sagemaker:ListModels", "*", "allowed"),
        ("sts:AssumeRole", LINKED.role, "allowed"),
    ],
)
def test_rcps_reach_some_services_only(action: str, resource: str, expected: str) -> None:
    own = [policy(kind, allow(Principal={"AWS": RUN.arn})) for kind in (Kind.KEY, Kind.TRUST, Kind.RESOURCE)]
    kind = {"kms": 0, "sts": 1}.get(action.partition(":")[0], 2)
    decision = evaluate(asked(RUN, action, resource), [policy(Kind.RCP, deny(Principal="*")), own[kind]])
    assert decision.outcome == expected


@pytest.mark.parametrize(
    ("action", "caller", "expected"),
    [("s3:GetObject", RUN, "unknown"), ("s3:GetObject", ROOT, "allowed"), ("ssm:GetParameter", RUN, "allowed")],
)
def test_an_account_in_the_policy_of_what_may_be_a_gateway(action: str, caller: Principal, expected: str) -> None:
    endpoint = policy(Kind.ENDPOINT, allow(Principal={"AWS": ACCOUNT}))
    assert evaluate(asked(caller, action), [EVERYTHING, endpoint]).outcome == expected


def test_any_session_of_a_role_is_not_a_certain_one() -> None:
    anybody = principal_of(ROLE)
    assert evaluate(asked(anybody), [NAMES_ROLE]).outcome == "allowed"
    assert evaluate(asked(anybody), [NAMES_SESSION]).outcome == "unknown"


def test_an_explicit_deny_names_its_statement_and_what_else_was_considered() -> None:
    scp = policy(
        Kind.SCP, allow(), deny(Sid="NoDelete", Action="s3:Delete*"), deny(Action="s3:GetObject"), level="root"
    )
    decision = evaluate(asked(RUN), [EVERYTHING, scp])
    denier = Deciding(Kind.SCP, "scp", "#3")
    assert decision == Decision(
        Outcome.DENIED,
        Kind.SCP,
        denier,
        (
            Step(Kind.SCP, ("scp",), Verdict.DENIES, denier, "root"),
            Step(Kind.IDENTITY, ("identity",), Verdict.ALLOWS, Deciding(Kind.IDENTITY, "identity", "#1")),
        ),
    )
    assert decision.is_explicit_deny


def test_an_implicit_deny_names_the_kind_that_lacks_an_allow() -> None:
    decision = evaluate(asked(RUN), [EVERYTHING, NOTHING_HERE])
    assert (decision.kind, decision.statement, decision.is_explicit_deny) == (Kind.BOUNDARY, None, False)


def test_unknown_names_the_keys_that_would_tell() -> None:
    when = {"StringEquals": {"aws:SourceVpce": "vpce-1"}, "Bool": {"AWS:SecureTransport": "true"}}
    request = Request(RUN, "s3:GetObject", OBJECT, ACCOUNT, {"aws:SecureTransport": Missing.UNKNOWN})
    decision = evaluate(request, [policy(Kind.IDENTITY, allow(Sid="Inside", Condition=when))])
    assert decision.outcome is Outcome.UNKNOWN
    assert decision.statement == Deciding(Kind.IDENTITY, "identity", "Inside")
    assert decision.missing == ("aws:securetransport", "aws:sourcevpce")


def test_a_certain_answer_does_not_wait_for_unknown_keys() -> None:
    perhaps = {"StringEquals": {"aws:SourceVpce": "vpce-1"}}
    request = Request(RUN, "s3:GetObject", OBJECT, ACCOUNT)
    denied = [EVERYTHING, policy(Kind.SCP, deny(Condition=perhaps), deny())]
    assert evaluate(request, denied).outcome == "denied"
    allowed = [policy(Kind.IDENTITY, allow(Condition=perhaps), allow())]
    assert evaluate(request, allowed).outcome == "allowed"


@pytest.mark.parametrize("kind", [Kind.SCP, Kind.IDENTITY, Kind.RESOURCE, Kind.BOUNDARY])
def test_unseen_policies_may_forbid(kind: Kind) -> None:
    request = Request(RUN, "s3:GetObject", OBJECT, ACCOUNT, others=Missing.ABSENT, unseen=frozenset({kind}))
    assert evaluate(request, [EVERYTHING]).outcome == "unknown"
    assert evaluate(request, [EVERYTHING, policy(Kind.SCP, deny())]).outcome == "denied"


def test_what_follows_from_the_principal_need_not_be_said() -> None:
    own = {"ArnEquals": {"aws:PrincipalArn": ROLE}, "StringEquals": {"aws:ResourceAccount": "${aws:PrincipalAccount}"}}
    request = Request(RUN, "s3:GetObject", OBJECT, ACCOUNT)
    assert evaluate(request, [policy(Kind.IDENTITY, allow(Condition=own))]).outcome == "allowed"


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"Action": "*"}, "p: statement 1: no Effect"),
        ({"Effect": "Allow"}, "p: statement 1: no Action"),
        ({"Effect": "Allow", "Action": "*", "NotAction": "*"}, "p: statement 1: both Action and NotAction"),
        ({"Effect": "Allow", "Action": "*", "Principals": "*"}, "p: statement 1: unknown element Principals"),
        ({**allow(), "Principal": "me"}, "p: statement 1: 'me' names no principal"),
        ({**allow(), "Condition": {"StringIs": {"a": "b"}}}, "p: statement 1: unknown condition operator StringIs"),
        (
            {**allow(), "Condition": {"NullIfExists": {"a": "b"}}},
            "p: statement 1: unknown condition operator NullIfExists",
        ),
        ({**allow(), "Resource": "${a"}, "${a: a policy variable that is none"),
    ],
)
def test_what_is_no_policy_is_an_error(document: dict[str, Any], message: str) -> None:
    with pytest.raises(ToolError) as caught:
        _ = Policy("p", Kind.IDENTITY, {"Version": "2012-10-17", "Statement": document}).statements
    assert caught.value.message == message


def test_the_owner_of_a_bucket_has_to_be_told() -> None:
    with pytest.raises(ToolError, match=r"arn:aws:s3:::data/key: the ARN does not name the account that owns it"):
        evaluate(Request(RUN, "s3:GetObject", OBJECT), [EVERYTHING])


def test_principals_as_people_write_them() -> None:
    assert principal_of("*") == ANONYMOUS
    assert principal_of("lambda.amazonaws.com") == service("lambda.amazonaws.com")
    assert principal_of(f"arn:aws:sts::{ACCOUNT}:assumed-role/Exec/run") == session(
        f"arn:aws:iam::{ACCOUNT}:role/Exec", "run"
    )
    with pytest.raises(ToolError, match="somebody: not a principal"):
        principal_of("somebody")


@pytest.mark.parametrize(
    ("principal", "policies", "expected"),
    [
        (RUN, [], "allowed"),
        (RUN, [policy(Kind.IDENTITY, deny()), NOTHING_HERE, NOTHING_NOW], "allowed"),
        (RUN, [policy(Kind.ENDPOINT, deny(Principal="*"))], "denied"),
        (ANONYMOUS, [], "denied"),
    ],
)
def test_everybody_who_signs_may_ask_who_they_are(
    principal: Principal, policies: list[Policy], expected: Outcome
) -> None:
    assert evaluate(asked(principal, "sts:GetCallerIdentity", "*"), policies).outcome == expected
