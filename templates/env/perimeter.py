"""Who outside the account, and which networks, may reach the environment's buckets and keys: statements, never lists of
roles. Their size does not grow with the number of accounts when targets are given as organizational units.

Sources: IAM User Guide, "AWS global condition context keys" (aws:VpceOrgPaths and aws:VpceAccount work for S3 and KMS,
among others); S3 User Guide, "The meaning of public" (why a fixed aws:PrincipalOrgID stands beside the paths).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from awacs.aws import Action, Principal, Statement
from troposphere import Equals, Join, Not, Select, Split

from generator.cfn.arns import role_arn
from generator.cfn.contract import Cond, Param
from generator.cfn.iam import Conditions, admits_reader, deny
from templates.published import MODEL_EXECUTION_ROLE

GROUP = "Target Accounts"
EVERYONE = Principal("*")

TARGET_ORG_PATHS = Param(
    "TargetOrgPaths",
    "Organization paths whose accounts read models, such as o-abc/*/ou-ab12-xyz/*; empty without organizational units",
    type="CommaDelimitedList",
    default="",
    group=GROUP,
)
TARGET_ACCOUNTS = Param(
    "TargetAccounts",
    "Accounts that read models, where targets are listed one by one; empty with organizational units",
    type="CommaDelimitedList",
    default="",
    group=GROUP,
)
STAGING_NAME = Param(
    "EnvTypeStagingName", "Name of the staging stage; part of the roles' names", default="staging", group=GROUP
)
PROD_NAME = Param(
    "EnvTypeProdName", "Name of the production stage; part of the roles' names", default="prod", group=GROUP
)
MODEL_ROLE_NAME = Param(
    "SageMakerModelExecutionRoleName",
    "Name of the model execution role in the target accounts; empty for the roles that this product creates",
    default="",
    group=GROUP,
)

HAS_ORG_PATHS = Cond("HasTargetOrgPaths", Not(Equals(Join("", TARGET_ORG_PATHS), "")))
HAS_ACCOUNTS = Cond("HasTargetAccounts", Not(Equals(Join("", TARGET_ACCOUNTS), "")))


def model_role_arns() -> list[Any]:
    """The model execution role of each stage, and the one given by name, in any account: who uses it says in which."""
    names = [MODEL_EXECUTION_ROLE.replace("EnvType", stage.name) for stage in (STAGING_NAME, PROD_NAME)]
    return [role_arn(name, account="*") for name in (*names, f"${{{MODEL_ROLE_NAME.name}}}")]


def admits_targets(actions: Sequence[Action], resources: Any, *, when: Conditions | None = None) -> list[Any]:
    """Two statements, each under its condition: target roles by organization path, and by account."""
    roles = {"ArnLike": {"aws:PrincipalArn": model_role_arns()}}
    organization = Select(0, Split("/", Select(0, TARGET_ORG_PATHS)))
    extra = dict(when or {})
    paths = _merged(
        {
            "StringEquals": {"aws:PrincipalOrgID": organization},
            "ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": TARGET_ORG_PATHS},
        },
        roles,
        extra,
    )
    by_path = admits_reader("TargetUnitsRead", EVERYONE, actions, resources, when=paths)
    accounts = Principal("AWS", TARGET_ACCOUNTS)
    by_account = admits_reader("TargetAccountsRead", accounts, actions, resources, when=_merged(roles, extra))
    return [HAS_ORG_PATHS.then(by_path), HAS_ACCOUNTS.then(by_account)]


def only_from_network(
    sid: str,
    actions: Sequence[Action],
    resources: Any,
    endpoint: Any,
    *,
    targets: bool,
    exempt_roles: Sequence[Any] = (),
) -> Statement:
    """Deny data-plane calls that come neither through `endpoint`, nor (with `targets`) through a target's endpoints.

    Calls that AWS services make, or forward for a caller, and those of `exempt_roles` (ARNs, may be empty strings) are
    left alone. Every operator holds when its key is absent, so a call from the internet is denied. Without targets the
    word `none` stands for them, since a condition cannot have an empty list. Control-plane actions do not belong in
    `actions`: nobody could repair it.
    """
    strangers: dict[str, Any] = {"aws:SourceVpce": endpoint}
    if exempt_roles:
        strangers["aws:PrincipalArn"] = list(exempt_roles)
    when: dict[str, dict[str, Any]] = {
        "StringNotEqualsIfExists": strangers,
        "BoolIfExists": {"aws:PrincipalIsAWSService": "false", "aws:ViaAWSService": "false"},
    }
    if targets:
        strangers["aws:VpceAccount"] = HAS_ACCOUNTS.then(TARGET_ACCOUNTS, "none")
        paths = HAS_ORG_PATHS.then(TARGET_ORG_PATHS, "none")
        when["ForAllValues:StringNotLikeIfExists"] = {"aws:VpceOrgPaths": paths}
    return deny(sid, actions, resources, when=when, principal=EVERYONE)


def _merged(*parts: Conditions) -> dict[str, dict[str, Any]]:
    """Conditions of several sources in one element; keys under one operator stand side by side."""
    merged: dict[str, dict[str, Any]] = {}
    for part in parts:
        for operator, keys in part.items():
            merged[operator] = merged.get(operator, {}) | dict(keys)
    return merged
