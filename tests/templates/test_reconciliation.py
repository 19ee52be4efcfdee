"""Reconciliation: what exists in each of its two accounts, what the build may do, and that nothing stays behind."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from templates.core.reconciliation import CoreReconciliation
from tests.templates.release import FakeRelease


class Plain(yaml.BaseLoader):
    """Short forms as what stands below them."""


Plain.add_multi_constructor(
    "!",
    lambda loader, _, node: (
        loader.construct_scalar(node)
        if isinstance(node, yaml.ScalarNode)
        else loader.construct_sequence(node, deep=True)
    ),
)


@pytest.fixture(scope="module")
def template() -> dict[str, Any]:
    found: dict[str, Any] = yaml.load(CoreReconciliation(FakeRelease()).render(), Loader=Plain)
    return found


def test_each_account_gets_its_own_part(template: dict[str, Any]) -> None:
    parts: dict[str, set[str]] = {}
    for name, resource in template["Resources"].items():
        parts.setdefault(resource.get("Condition", "everywhere"), set()).add(name)
    assert parts == {
        "everywhere": {"PermissionsBoundary"},
        "Reconciles": {
            "Plans",
            "ReconciliationRole",
            "Reconciliation",
            "ReconciliationLogs",
            "StarterRole",
            "Scheduled",
        },
        "HasEmail": {"Reader"},
        "Listens": {"OrganizationEvents", "AccountChanged"},
        "Forwards": {"ForwarderRole", "PassedOn"},
    }


def test_nothing_is_retained(template: dict[str, Any]) -> None:
    kept = [name for name, one in template["Resources"].items() if one.get("DeletionPolicy", "Delete") != "Delete"]
    assert kept == []


def test_plans_are_only_posted_unless_that_is_allowed(template: dict[str, Any]) -> None:
    assert template["Parameters"]["AppliesChanges"]["Default"] == "NO"
    spec = yaml.safe_load(template["Resources"]["Reconciliation"]["Properties"]["Source"]["BuildSpec"])
    script = spec["phases"]["build"]["commands"][-1]
    assert script.index('[ "$APPLIES" = YES ]') < script.index("mlz deploy targets --yes")
    assert "--allow-removals" not in script


def test_the_build_touches_stack_sets_and_nothing_in_the_accounts(template: dict[str, Any]) -> None:
    [policy] = template["Resources"]["ReconciliationRole"]["Properties"]["Policies"]
    statements = {one["Sid"]: one for one in policy["PolicyDocument"]["Statement"]}
    writes = {sid for sid, one in statements.items() if not all(_reads(action) for action in one["Action"])}
    assert writes == {"PutTemplates", "CreateStackSets", "Converge", "HandOverAdministration", "PostPlan", "WriteLog"}
    assert statements["Converge"]["Resource"] == [
        "arn:${AWS::Partition}:cloudformation:${AWS::Region}:${AWS::AccountId}:stackset/*",
        "arn:${AWS::Partition}:cloudformation:${AWS::Region}:${AWS::AccountId}:stackset-target/*",
        "arn:${AWS::Partition}:cloudformation:*::type/resource/*",
    ]
    assert sorted(sid for sid, one in statements.items() if one["Resource"] in ("*", ["*"])) == [
        "CreateStackSets",
        "SeeMembers",
        "SeeZones",
    ]


def _reads(action: str) -> bool:
    return action.split(":")[1].startswith(("Describe", "Get", "List"))


def test_the_bus_takes_what_organizations_tells_from_the_management_account(template: dict[str, Any]) -> None:
    [statement] = template["Resources"]["OrganizationEvents"]["Properties"]["Policy"]["Statement"]
    assert statement == {
        "Sid": "OrganizationMaySend",
        "Effect": "Allow",
        "Principal": {"AWS": "arn:${AWS::Partition}:iam::${ManagementAccountId}:root"},
        "Action": ["events:PutEvents"],
        "Resource": [
            "arn:${AWS::Partition}:events:${AWS::Region}:${AWS::AccountId}:event-bus/${AWS::StackName}-organization"
        ],
        "Condition": {"StringEquals": {"events:source": "aws.organizations"}},
    }
