"""Every condition operator against every kind of value, and every way to name a caller within every limit."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

from tests.access_oracle.world import HOME, OTHER

Case = dict[str, Any]

BOB = f"arn:aws:iam::{HOME}:user/Bob"
_TEXT = ("Equals", "NotEquals", "EqualsIgnoreCase", "NotEqualsIgnoreCase", "Like", "NotLike")
_ORDER = ("Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals")
_ARN = ("ArnEquals", "ArnNotEquals", "ArnLike", "ArnNotLike")

# key -> operators, values in the policy, values in the request
OPERATORS: dict[str, tuple[list[str], list[list[str]], list[Any]]] = {
    "aws:UserAgent": (
        [f"String{name}" for name in _TEXT],
        [["a"], ["a", "b*"], ["A"], ["${aws:username}"], ["${aws:nope}"], ["${aws:nope, 'a'}"], ["*"], ["a?"], [""]],
        ["a", "b", "A", "bc", "Bob", "*x", "", "${aws:nope}"],
    ),
    "aws:MultiFactorAuthAge": (
        [f"Numeric{name}" for name in _ORDER],
        [["10"], ["10", "20"], ["10.0"], ["-1"], ["9.99", "10.01"]],
        ["10", "10.0", "15", "0", "-1"],
    ),
    "aws:CurrentTime": (
        [f"Date{name}" for name in _ORDER],
        [["2026-06-01T00:00:00Z"], ["2026-06-01"], ["2026-06-01T02:00:00+02:00"], ["2026-06-01T00:00:00.000Z"]],
        ["2026-06-01T00:00:00Z", "2026-06-02T00:00:00Z", "2026-05-31T23:59:59Z", "2026-06-01", "2027-01-01T01:00:00Z"],
    ),
    "aws:EpochTime": (
        [f"Date{name}" for name in _ORDER],
        [["1780272000"], ["1795300000", "1"]],
        ["1780272000", "1780272001", "1"],
    ),
    "aws:SecureTransport": (["Bool"], [["true"], ["false"], ["true", "false"], ["True"]], ["true", "false", "TRUE"]),
    "aws:SourceIp": (
        ["IpAddress", "NotIpAddress"],
        [["10.0.0.0/8"], ["10.1.2.3/32"], ["2001:db8::/32"], ["10.1.2.3/16"], ["10.1.2.3/32", "2001:db8::1/128"]],
        ["10.1.2.3", "11.0.0.1", "2001:db8::1", "2001:db9::1"],
    ),
    "aws:SourceArn": (
        list(_ARN),
        [["arn:aws:sns:*:*:*"], ["arn:aws:sns:eu:1:a"], ["arn:*:sns:*:1:?"], ["arn:aws:sns:eu:1:${aws:username}"]],
        ["arn:aws:sns:eu:1:a", "arn:aws:sns:eu:1:a:b", "arn:aws:s3:::x", "arn:aws:sns:eu:1:Bob"],
    ),
    "aws:TagKeys": (
        [f"String{name}" for name in _TEXT],
        [["a"], ["a", "b"], ["b*"], ["*"], ["${aws:nope}"]],
        [["a"], ["a", "b"], ["c"], ["a", "c"], ["bb", "b"]],
    ),
    "aws:PrincipalTag/Blob": (["BinaryEquals"], [["YWJj"], ["YWJj", "YQ=="]], ["YWJj", "YWJk"]),
}


def operator_cases() -> Iterator[Case]:
    for key, (operators, wanted, given) in OPERATORS.items():
        for operator, quantifier, suffix in itertools.product(
            operators, ("", "ForAnyValue:", "ForAllValues:"), ("", "IfExists")
        ):
            for values, value in itertools.product(wanted, [None, *given]):
                if not _is_open(quantifier, suffix, value):
                    yield _condition_case({f"{quantifier}{operator}{suffix}": {key: values}}, key, value)
        for answers, value in itertools.product((["true"], ["false"], ["true", "false"]), [None, *given]):
            yield _condition_case({"Null": {key: answers}}, key, value)


def _is_open(quantifier: str, suffix: str, value: Any) -> bool:
    """What AWS leaves open, and the evaluator therefore unknown."""
    without_set_operator = isinstance(value, list) and not quantifier
    return without_set_operator or (value is None and quantifier == "ForAnyValue:" and suffix == "IfExists")


def _condition_case(condition: dict[str, Any], key: str, value: Any) -> Case:
    statement = {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "*", "Condition": condition}
    context = {"aws:username": "Bob"} | ({} if value is None else {key: value})
    return case_of(BOB, "", context, [("IDENTITY", [statement])])


_EXEC = f"arn:aws:iam::{HOME}:role/Exec"
_RUN = f"arn:aws:sts::{HOME}:assumed-role/Exec/run"
_CALLERS = {
    BOB: "",
    _RUN: _EXEC,
    f"arn:aws:sts::{HOME}:federated-user/Fay": "",
    "lambda.amazonaws.com": "",
    "*": "",
}
_LIMITS: tuple[tuple[str, ...], ...] = (
    (),
    ("NO-BOUNDARY",),
    ("NO-SESSION",),
    ("IDENTITY",),
    ("IDENTITY", "NO-BOUNDARY"),
)
_LIMITS += (("IDENTITY", "NO-SESSION"), ("IDENTITY", "BOUNDARY"), ("IDENTITY", "SESSION"), ("BOUNDARY", "SESSION"))
_ON = (("s3:GetObject", "arn:aws:s3:::b/k", "RESOURCE"), ("kms:Decrypt", "arn:aws:kms:eu-west-1:OWNER:key/k", "KEY"))
_ON += (("sts:AssumeRole", "arn:aws:iam::OWNER:role/T", "TRUST"),)
ALLOW = {"Effect": "Allow", "Action": "*", "Resource": "*"}


def principal_cases() -> Iterator[Case]:
    names = ("*", {"AWS": "*"}, {"AWS": HOME}, {"AWS": BOB}, {"AWS": _RUN}, {"AWS": _EXEC}, {"AWS": OTHER})
    for (caller, role), name, limits in itertools.product(_CALLERS.items(), names, _LIMITS):
        for owner, (action, resource, kind) in itertools.product((HOME, OTHER), _ON):
            if _makes_sense(caller, name, limits, kind, owner):
                statement = {**ALLOW, "Principal": name}
                if kind == "TRUST":
                    del statement["Resource"]
                policies = [(limit.removeprefix("NO-"), [_limit(limit)]) for limit in limits]
                asked = (action, resource.replace("OWNER", owner), owner)
                yield case_of(caller, role, {}, [*policies, (kind, [statement])], asked)


def _makes_sense(caller: str, name: Any, limits: tuple[str, ...], kind: str, owner: str) -> bool:
    """Anonymous calls reach few services; and for session policies see disagreements.md."""
    has_account = caller.startswith("arn:")
    direct = owner == HOME and name in ("*", {"AWS": "*"}, {"AWS": caller})
    return (
        (has_account or not limits)
        and (caller != "*" or kind == "RESOURCE")
        and not (caller == BOB and any("SESSION" in limit for limit in limits))
        and not ("NO-SESSION" in limits and direct)
        and not ("SESSION" in limits and direct)
    )


def _limit(name: str) -> dict[str, Any]:
    return {**ALLOW, "Action": "iam:*"} if name.startswith("NO-") else ALLOW


def case_of(
    caller: str,
    role: str,
    context: dict[str, Any],
    policies: list[tuple[str, list[dict[str, Any]]]],
    asked: tuple[str, str, str] = ("s3:ListBucket", "arn:aws:s3:::data-bucket", HOME),
) -> Case:
    """One case: who (with the role's ARN for a session), in which context, under which statements, asks what."""
    action, resource, owner = asked
    if caller.startswith("arn:"):
        context = {"aws:PrincipalAccount": HOME, "aws:PrincipalArn": role or caller, **context}
    documents = [
        {"kind": kind, "level": "", "document": {"Version": "2012-10-17", "Statement": statements}}
        for kind, statements in policies
    ]
    return {
        "principal": caller,
        "role": role,
        "action": action,
        "resource": resource,
        "owner": owner,
        "context": context,
        "policies": documents,
    }
