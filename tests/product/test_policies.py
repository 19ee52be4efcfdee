"""Statements about every policy document that is emitted."""

from __future__ import annotations

import json
import re
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from tests.product.conftest import Emitted, documents, flat

FUNCTIONS = Path(__file__).parents[2] / "templates" / "sources" / "functions"
SERVICE = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)?\.amazonaws\.com")


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def test_every_document_names_its_version(emitted: Emitted) -> None:
    wrong = [str(r) for r in emitted.resources() for d in documents(r.properties) if d.get("Version") != "2012-10-17"]
    assert wrong == []


def test_no_allow_for_everybody_without_a_condition(emitted: Emitted) -> None:
    wrong = [
        str(statement)
        for statement in emitted.statements()
        if statement.body["Effect"] == "Allow"
        and statement.body.get("Principal") in ("*", {"AWS": "*"}, {"AWS": ["*"]})
        and not statement.body.get("Condition")
    ]
    assert wrong == []


def test_no_statement_allows_every_action_of_a_service_or_all(emitted: Emitted) -> None:
    wrong = [
        f"{statement}: {action}"
        for statement in emitted.statements()
        if statement.body["Effect"] == "Allow" and "VPCEndpoint" not in statement.resource.type
        for action in as_list(statement.body.get("Action", []))
        if isinstance(action, str)
        and (action == "*" or action.endswith(":*"))
        # a boundary allows the most that a role may ever have; an identity policy grants within it
        and "Boundary" not in statement.resource.title
    ]
    assert wrong == []


def test_a_role_is_passed_to_a_named_service_only(emitted: Emitted) -> None:
    """A boundary is the most that a role may have, and an endpoint's policy grants nothing."""
    passing = [
        statement
        for statement in emitted.statements()
        if statement.body["Effect"] == "Allow"
        and "VPCEndpoint" not in statement.resource.type
        and any(fnmatchcase("iam:passrole", action.lower()) for action in as_list(statement.body.get("Action", [])))
        and "Boundary" not in statement.resource.title
    ]
    assert len({statement.resource.title for statement in passing}) > 10
    assert [str(one) for one in passing if not names_services(one.body.get("Condition", {}))] == []


def names_services(condition: dict[str, Any]) -> bool:
    services = as_list(condition.get("StringEquals", {}).get("iam:PassedToService", []))
    return bool(services) and all(isinstance(one, str) and SERVICE.fullmatch(one) for one in services)


def test_no_resource_policy_names_a_role_that_may_be_deleted(emitted: Emitted) -> None:
    """B020: S3 and KMS refuse a whole policy when a role in it is gone; they look up no ARN in a condition."""
    policies = emitted.resources("AWS::S3::BucketPolicy", "AWS::KMS::Key")
    assert policies
    wrong = [
        f"{policy}: {statement.get('Sid')}"
        for policy in policies
        for document in documents(policy.properties)
        for statement in flat(document["Statement"])
        if ":role/" in json.dumps(statement["Principal"]) or "Role" in json.dumps(statement["Principal"])
    ]
    assert wrong == []


def test_no_code_rewrites_what_templates_own() -> None:
    """B017, B019: grants to other accounts stand in templates; no function edits a policy of CloudFormation's."""
    editing = re.compile(r"put_(bucket|key|resource|topic)_policy|put_role_policy|create_policy_version")
    sources = [*FUNCTIONS.rglob("*.py")]
    assert sources
    assert [str(path.relative_to(FUNCTIONS)) for path in sources if editing.search(path.read_text())] == []


def test_no_role_of_any_account_by_a_bare_wildcard(emitted: Emitted) -> None:
    """B033: assuming `role/*` or `*` in other accounts."""
    assumed = [
        (statement, resource)
        for statement in emitted.statements()
        if statement.body["Effect"] == "Allow"
        and "sts:AssumeRole" in as_list(statement.body.get("Action", []))
        and "Boundary" not in statement.resource.title
        for resource in as_list(statement.body.get("Resource", []))
    ]
    assert assumed
    wrong = [f"{at}: {one}" for at, one in assumed if json.dumps(one).rstrip('"}').endswith(("role/*", '"*'))]
    assert wrong == []


def test_no_role_has_a_managed_policy_of_aws(emitted: Emitted) -> None:
    """B035: managed policies are those of the role's own template, whose actions other tests read."""
    attached = [
        (role, policy)
        for role in emitted.resources("AWS::IAM::Role")
        for policy in as_list(role.properties.get("ManagedPolicyArns", []))
    ]
    own = [(one.file, {"Ref": one.title}) for one in emitted.resources("AWS::IAM::ManagedPolicy")]
    assert attached
    assert [str(role) for role, policy in attached if (role.file, policy) not in own] == []
    assert emitted.resources("AWS::IAM::User", "AWS::IAM::Group", "AWS::SSO::PermissionSet") == []


def test_a_service_that_assumes_a_role_does_so_for_this_account(emitted: Emitted) -> None:
    """B032: Confused deputy: every trust in a service carries the source account or a source ARN.

    Lambda, Service Catalog and CodePipeline are not documented to send either: a condition might lock them out.
    """
    silent = {"codepipeline.amazonaws.com", "lambda.amazonaws.com", "servicecatalog.amazonaws.com"}
    trusts = [
        (role, statement)
        for role in emitted.resources("AWS::IAM::Role")
        for document in documents(role.properties["AssumeRolePolicyDocument"])
        for statement in flat(document["Statement"])
        if set(as_list(statement["Principal"].get("Service", []))) - silent
    ]
    assert trusts
    wrong = [str(role) for role, statement in trusts if "aws:Source" not in json.dumps(statement.get("Condition", {}))]
    assert wrong == []
