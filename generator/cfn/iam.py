"""Policy statements by verb. Both halves of a cross-account grant come from the same tuple of actions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from awacs import iam, kms, s3, sts
from awacs.aws import Action, PolicyDocument, Principal, Statement
from awacs.aws import Condition as AwacsCondition
from awacs.aws import ConditionElement as AwacsConditionElement

from generator.cfn.arns import ACCOUNT, root_arn, service

Conditions = Mapping[str, Mapping[str, Any]]

READ_OBJECTS = (s3.GetObject, s3.GetObjectVersion)
LIST_BUCKET = (s3.ListBucket, s3.GetBucketLocation)
WRITE_OBJECTS = (s3.PutObject, s3.AbortMultipartUpload)
DELETE_OBJECTS = (s3.DeleteObject, s3.DeleteObjectVersion)
USE_KEY = (kms.Decrypt, kms.DescribeKey, kms.Encrypt, Action("kms", "GenerateDataKey*"), Action("kms", "ReEncrypt*"))
READ_WITH_KEY = (kms.Decrypt, kms.DescribeKey)
GRANT_KEY = (kms.CreateGrant, kms.ListGrants, kms.RevokeGrant)
ADMINISTER_KEY = (
    kms.CancelKeyDeletion,
    kms.CreateAlias,
    kms.DeleteAlias,
    kms.DescribeKey,
    kms.DisableKey,
    kms.DisableKeyRotation,
    kms.EnableKey,
    kms.EnableKeyRotation,
    kms.GetKeyPolicy,
    kms.GetKeyRotationStatus,
    kms.ListAliases,
    kms.ListGrants,
    kms.ListKeyPolicies,
    kms.ListResourceTags,
    kms.PutKeyPolicy,
    kms.RevokeGrant,
    kms.ScheduleKeyDeletion,
    kms.TagResource,
    kms.UntagResource,
    kms.UpdateAlias,
    kms.UpdateKeyDescription,
)


class _Operator(AwacsConditionElement):
    """A condition operator by name: awacs has a class for each, but not for every newer combination."""

    def __init__(self, operator: str, keys: Mapping[str, Any]) -> None:
        super().__init__(dict(keys))
        self._operator = operator

    @property
    def condition(self) -> str:
        return self._operator


def allow(
    sid: str,
    actions: Sequence[Action],
    resources: Sequence[Any] | Any = "*",
    *,
    when: Conditions | None = None,
    principal: Principal | None = None,
) -> Statement:
    """An Allow. `when` is operator -> key -> value, as IAM writes it. A `*` resource needs a reason beside the call."""
    return _statement("Allow", sid, actions, resources, when, principal)


def deny(
    sid: str,
    actions: Sequence[Action],
    resources: Sequence[Any] | Any = "*",
    *,
    when: Conditions | None = None,
    principal: Principal | None = None,
) -> Statement:
    """A Deny, with the same arguments as `allow`."""
    return _statement("Deny", sid, actions, resources, when, principal)


def may_read(sid: str, bucket: Any, objects: Any) -> list[Statement]:
    """Read a bucket: list it and get objects; `bucket` and `objects` are ARNs."""
    return [allow(f"{sid}List", LIST_BUCKET, bucket), allow(f"{sid}Read", READ_OBJECTS, objects)]


def may_write(sid: str, bucket: Any, objects: Any) -> list[Statement]:
    """Read and write a bucket, without deleting."""
    return [*may_read(sid, bucket, objects), allow(f"{sid}Write", WRITE_OBJECTS, objects)]


def may_use_key(sid: str, key: Any, *, via: Sequence[str] = ()) -> Statement:
    """Encrypt and decrypt with a key; `via` limits it to calls that these services make, e.g. `s3.${Region}…`."""
    return allow(sid, USE_KEY, key, when={"StringLike": {"kms:ViaService": list(via)}} if via else None)


def may_pass(sid: str, role: Any, to: str | Sequence[str]) -> Statement:
    """Pass a role to one service, or to some, by short name (`sagemaker`)."""
    names = [to] if isinstance(to, str) else list(to)
    principals = [service(name) for name in names]
    return allow(sid, [iam.PassRole], role, when={"StringEquals": {"iam:PassedToService": principals}})


def may_assume(sid: str, role: Any, *, when: Conditions | None = None) -> Statement:
    return allow(sid, [sts.AssumeRole], role, when=when)


def admits_reader(
    sid: str, principal: Principal, actions: Sequence[Action], resources: Any, *, when: Conditions
) -> Statement:
    """The resource's half of a cross-account grant; `when` says which roles of the principal's accounts."""
    return allow(sid, actions, resources, when=when, principal=principal)


def trust(*services: str, source_arn: Any = None) -> PolicyDocument:
    """Let AWS services assume a role on behalf of this account only (confused deputy: IAM User Guide)."""
    when: dict[str, dict[str, Any]] = {"StringEquals": {"aws:SourceAccount": ACCOUNT}}
    if source_arn is not None:
        when["ArnLike"] = {"aws:SourceArn": source_arn}
    principal = Principal("Service", [service(name) for name in services])
    return policy(Statement(Effect="Allow", Action=[sts.AssumeRole], Principal=principal, Condition=_conditions(when)))


def trust_plain(*services: str) -> PolicyDocument:
    """Let services assume a role that are not documented to send aws:SourceAccount (say which beside the call).

    If one sends it all the same, it has to be this account.
    """
    when = {"StringEqualsIfExists": {"aws:SourceAccount": ACCOUNT}}
    principal = Principal("Service", [service(name) for name in services])
    return policy(Statement(Effect="Allow", Action=[sts.AssumeRole], Principal=principal, Condition=_conditions(when)))


def trust_principals(arns: Any, *, when: Conditions | None = None) -> PolicyDocument:
    """Let principals (ARNs) assume a role, where `when` holds."""
    return policy(
        _statement("Allow", "", [sts.AssumeRole], None, when, Principal("AWS", arns)),
    )


def policy(*statements: Statement | Sequence[Statement]) -> PolicyDocument:
    """A policy document of the current version; lists of statements are taken apart."""
    flat: list[Statement] = []
    for statement in statements:
        flat.extend([statement] if isinstance(statement, Statement) else statement)
    return PolicyDocument(Version="2012-10-17", Statement=flat)


def policy_with_choices(*statements: Any) -> dict[str, Any]:
    """A policy some of whose statements are `Cond.then(statement)`, which the type of `policy` does not admit."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


def key_administration(sid: str = "AccountAdministers") -> Statement:
    """Key policy: the account administers its key through IAM, so that nobody can lock the owner out; no use of it."""
    return allow(sid, ADMINISTER_KEY, "*", principal=Principal("AWS", root_arn()))


def _statement(
    effect: str,
    sid: str,
    actions: Sequence[Action],
    resources: Any,
    when: Conditions | None,
    principal: Principal | None,
) -> Statement:
    given: dict[str, Any] = {"Effect": effect, "Action": list(actions)}
    if sid:
        given["Sid"] = sid
    if resources is not None:
        given["Resource"] = list(resources) if isinstance(resources, (list, tuple)) else [resources]
    if when:
        given["Condition"] = _conditions(when)
    if principal is not None:
        given["Principal"] = principal
    return Statement(**given)


def _conditions(when: Conditions) -> AwacsCondition:
    return AwacsCondition([_Operator(operator, keys) for operator, keys in when.items()])
