"""Whether a session of a role may call an operation, of people or of what a service runs: its policies must name it.

So must its boundary, if it has one; and neither may refuse the action to everything without a condition.
Resources and conditions are not evaluated here, so this finds an action that was forgotten, not one that is too wide.
Administrators (account ids as keys) are not checked.
"""

from __future__ import annotations

from collections.abc import Sequence

from generator.access.policy import Kind, Policy
from generator.access.statement import Statement
from sandbox.api.errors import AwsError
from sandbox.identity import Caller

# Operations that need no permission.
_FREE = frozenset({"sts:GetCallerIdentity", "sts:AssumeRole"})

# The code of a refusal where it is not the one of the JSON protocols.
_CODES = {
    "ec2": "UnauthorizedOperation",
    **dict.fromkeys(("s3", "iam", "sts", "cloudformation", "monitoring"), "AccessDenied"),
}

# How AWS calls the kinds of policies when it says which one is in the way.
_ARTICLES = {Kind.IDENTITY: "an", Kind.BOUNDARY: "a"}
_WORDS = {Kind.IDENTITY: "identity-based policy", Kind.BOUNDARY: "permissions boundary"}

# Names of a service in signatures that are not its prefix in policies, and operations with an action of another name:
# https://docs.aws.amazon.com/service-authorization/latest/reference/, read 2026-11-21.
_PREFIXES = {"monitoring": "cloudwatch", "email": "ses", "sagemaker-runtime": "sagemaker"}
_ACTIONS = {
    "lambda:Invoke": "lambda:InvokeFunction",
    "s3:HeadBucket": "s3:ListBucket",
    "s3:HeadObject": "s3:GetObject",
    "s3:ListBuckets": "s3:ListAllMyBuckets",
    "s3:ListObjects": "s3:ListBucket",
    "s3:ListObjectsV2": "s3:ListBucket",
    "s3:ListObjectVersions": "s3:ListBucketVersions",
    "s3:CopyObject": "s3:PutObject",
    "s3:DeleteObjects": "s3:DeleteObject",
}


def require(caller: Caller, service: str, operation: str) -> None:
    """AccessDenied, as AWS words it, when a role is not allowed what is called with its credentials."""
    action = action_of(service, operation)
    if caller.role is None or action in _FREE or not operation:
        return
    reason = _refusal(caller.policies(), action)
    if reason:
        code = _CODES.get(service, "AccessDeniedException")
        raise AwsError(code, f"User: {caller.arn} is not authorized to perform: {action} {reason}", 403)


def _refusal(policies: Sequence[Policy], action: str) -> str:
    """Why a role's policies do not let it, in AWS's words; empty when they do."""
    for policy in policies:
        if any(_refuses(statement, action) for statement in policy.statements):
            return f"with an explicit deny in {_ARTICLES[policy.kind]} {_WORDS[policy.kind]}"
    for kind in dict.fromkeys((Kind.IDENTITY, *(policy.kind for policy in policies))):
        statements = [one for policy in policies if policy.kind is kind for one in policy.statements]
        if not any(not one.denies and one.covers_action(action) for one in statements):
            return f"because no {_WORDS[kind]} allows the {action} action"
    return ""


def _refuses(statement: Statement, action: str) -> bool:
    """A Deny of the action on everything; what one resource or a condition decides is not evaluated here."""
    named = () if statement.excludes_resources else statement.resources or ()
    everywhere = any(text.parts == ("*",) for text in named)
    return statement.denies and everywhere and not statement.conditions and statement.covers_action(action)


def action_of(service: str, operation: str) -> str:
    """The IAM action that an operation needs."""
    name = f"{_PREFIXES.get(service, service)}:{operation}"
    return _ACTIONS.get(name, name)
