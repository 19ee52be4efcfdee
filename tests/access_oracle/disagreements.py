"""Requests on which the oracle and the evaluator differ, each explained with AWS's text in disagreements.md."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.access_oracle.grid import ALLOW, BOB, case_of
from tests.access_oracle.world import HOME

_RUN = f"arn:aws:sts::{HOME}:assumed-role/Exec/run"
_EXEC = f"arn:aws:iam::{HOME}:role/Exec"
_ROOT = f"arn:aws:iam::{HOME}:root"
_OPEN = {**ALLOW, "Principal": "*"}
_QUEUE = ("sqs:SendMessage", f"arn:aws:sqs:eu-west-1:{HOME}:data-queue", HOME)
_OBJECT = ("s3:GetObject", "arn:aws:s3:::b/k", HOME)


@dataclass(frozen=True)
class Disagreement:
    """`name` is the heading in disagreements.md; `own` and `oracle` are letters of answers.py."""

    name: str
    own: str
    oracle: str
    case: dict[str, Any]


def _when(condition: dict[str, Any], context: dict[str, Any]) -> dict[str, Any]:
    return case_of(BOB, "", {"aws:username": "Bob", **context}, [("IDENTITY", [{**ALLOW, "Condition": condition}])])


def _session_limited(principal: Any) -> dict[str, Any]:
    limit = ("SESSION", [{**ALLOW, "Action": "iam:*"}])
    return case_of(_RUN, _EXEC, {}, [limit, ("RESOURCE", [{**ALLOW, "Principal": principal}])], _OBJECT)


def _spared(caller: str, role: str, *names: str) -> dict[str, Any]:
    deny = {**ALLOW, "Effect": "Deny", "NotPrincipal": {"AWS": list(names)}}
    return case_of(caller, role, {}, [("RESOURCE", [_OPEN, deny])], _OBJECT)


def _old_version() -> dict[str, Any]:
    case = _when({"StringEquals": {"aws:UserAgent": "${aws:username}"}}, {"aws:UserAgent": "Bob"})
    case["policies"][0]["document"]["Version"] = "2008-10-17"
    return case


def _queue_named_by_variable() -> dict[str, Any]:
    statement = {**ALLOW, "Resource": f"arn:aws:sqs:eu-west-1:{HOME}:${{aws:username}}-queue"}
    return case_of(BOB, "", {"aws:username": "data"}, [("IDENTITY", [statement])], _QUEUE)


_AGENT, _IP, _TIME, _EPOCH = "aws:UserAgent", "aws:SourceIp", "aws:CurrentTime", "1780272000"
_KEY = ("kms:Decrypt", f"arn:aws:kms:eu-west-1:{HOME}:key/k", HOME)

DISAGREEMENTS = (
    Disagreement("Session policies", "a", "i", _session_limited({"AWS": _RUN})),
    Disagreement("Session policies", "a", "i", _session_limited("*")),
    Disagreement("NotPrincipal", "u", "a", _spared(BOB, "", BOB)),
    Disagreement("NotPrincipal", "e", "a", _spared(BOB, "", _ROOT)),
    Disagreement("NotPrincipal", "u", "a", _spared(_RUN, _EXEC, _RUN, _ROOT)),
    Disagreement("NotPrincipal", "e", "a", _spared(_RUN, _EXEC, _EXEC, _ROOT)),
    Disagreement("Version of the language", "i", "a", _old_version()),
    Disagreement("Variable at the start", "a", "i", _queue_named_by_variable()),
    Disagreement("Escapes", "a", "i", _when({"StringEquals": {_AGENT: "${*}x"}}, {_AGENT: "*x"})),
    Disagreement("Epoch", "a", "i", _when({"DateEquals": {_TIME: _EPOCH}}, {_TIME: "2026-06-01T00:00:00Z"})),
    Disagreement("All addresses", "a", "i", _when({"IpAddress": {_IP: "0.0.0.0/0"}}, {_IP: "10.1.2.3"})),
    Disagreement("Two versions of IP", "a", "i", _when({"NotIpAddress": {_IP: "10.1.2.3"}}, {_IP: "2001:db8::1"})),
    Disagreement("Anonymous", "i", "a", case_of("*", "", {}, [("KEY", [_OPEN])], _KEY)),
    Disagreement("Set operators with IfExists", "u", "i", _when({"ForAnyValue:StringLikeIfExists": {_AGENT: "a"}}, {})),
    Disagreement("Multi-valued keys", "u", "i", _when({"StringEquals": {"aws:TagKeys": "a"}}, {"aws:TagKeys": ["a"]})),
    Disagreement("Not comparable", "u", "i", _when({"NumericNotEquals": {_AGENT: "10"}}, {_AGENT: "ten"})),
    Disagreement("Not comparable", "u", "i", _when({"ArnNotLike": {"aws:PrincipalArn": "*"}}, {})),
)


@dataclass(frozen=True)
class Explained:
    """What of iam-simulate's answers on emitted policies may differ; `name` is the heading in disagreements.md."""

    name: str
    holds: Callable[[dict[str, Any]], bool]


def explanation(case: dict[str, Any]) -> str:
    """The heading that explains a difference on this case, or nothing."""
    return next((one.name for one in EXPLAINED if one.holds(case)), "")


def _gives(case: dict[str, Any], *keys: str) -> bool:
    return any(key in case["context"] for key in keys)


_ENCRYPTION = "kms:encryptioncontext:"


def _assumes_unseen_role(case: dict[str, Any]) -> bool:
    return case["action"] == "sts:AssumeRole" and all(policy["kind"] != "TRUST" for policy in case["policies"])


EXPLAINED = (
    Explained("Older names of keys", lambda case: _gives(case, "sagemaker:volumekmskey", "sagemaker:outputkmskey")),
    Explained("Keys of Studio", lambda case: _gives(case, "sagemaker:domainid", "sagemaker:userprofilename")),
    Explained("Encryption context", lambda case: any(key.startswith(_ENCRYPTION) for key in case["context"])),
    Explained("Roles without a trust policy", _assumes_unseen_role),
    Explained("Every resource", lambda case: case["resource"] == "*"),
)
