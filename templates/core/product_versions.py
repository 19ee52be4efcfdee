"""The role with which core's function keeps the versions of the environment product."""

from __future__ import annotations

from typing import Any

from troposphere.iam import ManagedPolicy, Policy, Role

from generator.cfn.arns import arn
from generator.cfn.iam import allow, policy, trust_plain
from generator.cfn.stack import Release
from templates.access.actions import of
from templates.access.exceptions import SEEING_POLICY, SEEING_ROLE
from templates.access.products import may_keep_versions

LOGS = "${StackSetName}-product-versions"


def version_statements(release: Release) -> list[Any]:
    streams = arn("logs", f"log-group:/aws/lambda/{LOGS}:*")
    return [
        *may_keep_versions(release.bucket, release.prefix),
        allow("WriteLogs", of("logs", "CreateLogStream", "PutLogEvents"), streams),
    ]


def version_boundary(release: Release) -> ManagedPolicy:
    return ManagedPolicy(
        "ProductVersionsBoundary",
        Description="Permissions boundary of the function that keeps product versions",
        PolicyDocument=policy(*version_statements(release)),
        Metadata=SEEING_POLICY,
    )


def version_role(release: Release, boundary: Any) -> Role:
    return Role(
        "ProductVersionsRole",
        # Lambda is not documented to send a source account when it assumes a function's role.
        AssumeRolePolicyDocument=trust_plain("lambda"),
        PermissionsBoundary=boundary,
        Policies=[Policy(PolicyName="Versions", PolicyDocument=policy(*version_statements(release)))],
        Metadata=SEEING_ROLE,
    )
