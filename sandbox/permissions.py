"""Whether what a service runs (functions, builds, pipelines) may call an operation: its role's policies must name it.

Resources and conditions are not evaluated here, so this finds an action that was forgotten, not one that is too wide.
Administrators (account ids as keys) and roles that people assume are not checked.
"""

from __future__ import annotations

from sandbox.api.errors import AwsError
from sandbox.identity import Caller

# Operations that need no permission.
_FREE = frozenset({"sts:GetCallerIdentity", "sts:AssumeRole"})

# The code of a refusal where it is not the one of the JSON protocols.
_CODES = {
    "ec2": "UnauthorizedOperation",
    **dict.fromkeys(("s3", "iam", "sts", "cloudformation", "monitoring"), "AccessDenied"),
}

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
    """AccessDenied, as AWS words it, when code that a service runs calls what no policy of its role allows."""
    action = action_of(service, operation)
    if caller.role is None or not caller.is_function or action in _FREE or not operation:
        return
    statements = [statement for policy in caller.policies() for statement in policy.statements]
    if not any(not statement.denies and statement.covers_action(action) for statement in statements):
        raise AwsError(
            _CODES.get(service, "AccessDeniedException"),
            f"User: {caller.arn} is not authorized to perform: {action} "
            f"because no identity-based policy allows the {action} action",
            403,
        )


def action_of(service: str, operation: str) -> str:
    """The IAM action that an operation needs."""
    name = f"{_PREFIXES.get(service, service)}:{operation}"
    return _ACTIONS.get(name, name)
