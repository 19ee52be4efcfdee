"""What holds for all role templates: real actions, lengths and sizes within IAM's limits, roles passed to services."""

from __future__ import annotations

import fnmatch
import json
from functools import cache
from pathlib import Path
from typing import Any

import cfnlint
import pytest

from generator.cfn.stack import Stack
from templates.catalog import CATALOG
from templates.core.iam_sc_sm_projects_roles import CoreIamScSmProjectsRoles
from templates.core.iam_shared_roles import CoreIamSharedRoles
from templates.core.main import CoreMain
from templates.core.package_cfn import PackageCfn
from templates.core.reconciliation import CoreReconciliation
from templates.core.shared_services_ecs import CoreSharedServicesEcs
from templates.delivery.ci_oidc import CiOidc
from templates.delivery.platform_delivery import PlatformDelivery
from templates.env.iam import EnvIam
from templates.env.iam_setup_stackset_role import EnvIamSetupStacksetRole
from templates.project.model_build_train import ProjectModelBuildTrain
from templates.project.model_deploy import ProjectModelDeploy
from templates.target.iam_target_account_roles import EnvIamTargetAccountRoles
from tests.templates.release import FakeRelease
from tests.templates.roles import LONGEST, Rendered, actions

TEMPLATES = (
    EnvIam,
    EnvIamSetupStacksetRole,
    EnvIamTargetAccountRoles,
    CoreIamSharedRoles,
    CoreIamScSmProjectsRoles,
)
PROJECTS = (ProjectModelBuildTrain, ProjectModelDeploy)
WITH_ROLES = (
    *TEMPLATES,
    *PROJECTS,
    CoreMain,
    CoreReconciliation,
    CoreSharedServicesEcs,
    PackageCfn,
    PlatformDelivery,
    CiOidc,
)
ROLE_NAME, INLINE, MANAGED, TRUST = 64, 10_240, 6_144, 2_048


@cache
def service_actions() -> dict[str, Any]:
    """AWS's service authorization data, as cfn-lint ships it: service prefix -> actions in lower case."""
    path = Path(cfnlint.__file__).parent / "data" / "AdditionalSpecs" / "Policies.json"
    return {service: data["Actions"] for service, data in json.loads(path.read_text()).items()}


def _matching(action: str) -> dict[str, Any]:
    """Real actions that an action or pattern stands for, each with its resource types."""
    service, verb = action.split(":")
    known = service_actions()[service]
    return {f"{service}:{name}": known[name].get("Resources", []) for name in fnmatch.filter(known, verb.lower())}


READS = ("describe", "get", "list", "search", "batchdescribe", "batchget")


def _statements(stack: type[Stack]) -> list[tuple[str, dict[str, Any]]]:
    rendered = Rendered(stack)
    return [(name, s) for name in [*rendered.roles(), *rendered.policies()] for s in rendered.statements(name)]


def test_every_template_with_roles_is_among_them() -> None:
    documents = {stack: stack(FakeRelease()).document() for stack in CATALOG}
    having = {
        stack
        for stack, document in documents.items()
        if any(one["Type"] in ("AWS::IAM::Role", "AWS::IAM::ManagedPolicy") for one in document["Resources"].values())
    }
    assert having == set(WITH_ROLES)


@pytest.mark.parametrize("stack", WITH_ROLES, ids=lambda stack: stack.FILE)
def test_every_action_exists(stack: type[Stack]) -> None:
    unknown = set()
    for name, statement in _statements(stack):
        for action in statement["Action"]:
            if not _matching(action):
                unknown.add((name, action))
    assert unknown == set()


@pytest.mark.parametrize("stack", WITH_ROLES, ids=lambda stack: stack.FILE)
def test_wildcards_of_actions_are_reads_or_a_ceiling(stack: type[Stack]) -> None:
    wild = {
        action
        for name, statement in _statements(stack)
        for action in statement["Action"]
        if "*" in action and not name.endswith("Boundary")
    }
    writing = {a for a in wild if not a.split(":")[1].startswith(("Describe", "Get", "List", "BatchGet"))}
    assert writing <= {"kms:GenerateDataKey*", "kms:ReEncrypt*"}


@pytest.mark.parametrize("stack", WITH_ROLES, ids=lambda stack: stack.FILE)
def test_roles_are_passed_to_named_services(stack: type[Stack]) -> None:
    passing = [s for name, s in _statements(stack) if "iam:PassRole" in s["Action"] and not name.endswith("Boundary")]
    assert [s["Sid"] for s in passing if "iam:PassedToService" not in str(s.get("Condition"))] == []


@pytest.mark.parametrize("stack", TEMPLATES, ids=lambda stack: stack.FILE)
def test_names_and_documents_fit_with_the_longest_values(stack: type[Stack]) -> None:
    rendered = Rendered(stack, LONGEST)
    too_long = {name: role["RoleName"] for name, role in rendered.roles().items() if len(role["RoleName"]) > ROLE_NAME}
    inline = {name: sum(map(_size, _inline(role))) for name, role in rendered.roles().items()}
    managed = {name: _size(p["PolicyDocument"]) for name, p in rendered.policies().items()}
    trust = {name: _size(role["AssumeRolePolicyDocument"]) for name, role in rendered.roles().items()}
    assert too_long == {}
    assert {n: s for n, s in inline.items() if s > INLINE} == {}
    assert {n: s for n, s in managed.items() if s > MANAGED} == {}
    assert {n: s for n, s in trust.items() if s > TRUST} == {}


def _inline(role: dict[str, Any]) -> list[Any]:
    return [policy["PolicyDocument"] for policy in role.get("Policies", [])]


def _size(document: Any) -> int:
    """Bytes that IAM counts: all but white space."""
    return len(json.dumps(document, separators=(",", ":")))


@pytest.mark.parametrize("stack", WITH_ROLES, ids=lambda stack: stack.FILE)
def test_sids_are_unique_within_a_policy(stack: type[Stack]) -> None:
    rendered = Rendered(stack)
    documents = [
        *(d for role in rendered.roles().values() for d in _inline(role)),
        *(p["PolicyDocument"] for p in rendered.policies().values()),
    ]
    sids = [[s["Sid"] for s in document["Statement"]] for document in documents]
    assert [names for names in sids if len(names) != len(set(names))] == []


@pytest.mark.parametrize("stack", [CoreMain, CoreReconciliation, PackageCfn], ids=lambda stack: stack.FILE)
def test_a_templates_own_ceiling_holds_what_the_roles_below_it_may(stack: type[Stack]) -> None:
    rendered = Rendered(stack)
    below = [name for name, role in rendered.roles().items() if role["PermissionsBoundary"] == "<PermissionsBoundary>"]
    assert len(below) >= 2
    ceiling = actions(rendered.statements("PermissionsBoundary"))
    granted = {(name, action) for name in below for action in actions(rendered.statements(name))}
    assert {one for one in granted if not any(fnmatch.fnmatchcase(one[1], pattern) for pattern in ceiling)} == set()


@pytest.mark.parametrize("stack", WITH_ROLES, ids=lambda stack: stack.FILE)
def test_no_grant_is_void(stack: type[Stack]) -> None:
    """An action without resource types is granted by `*` only; with an ARN the statement allows nothing."""
    void = {
        (name, statement["Sid"], action)
        for name, statement in _statements(stack)
        for action in statement["Action"]
        if statement["Effect"] == "Allow" and "*" not in statement["Resource"] and not any(_matching(action).values())
    }
    assert void == set()


@pytest.mark.parametrize("stack", WITH_ROLES, ids=lambda stack: stack.FILE)
def test_what_is_allowed_everywhere_reads_or_has_no_resource_or_a_condition(stack: type[Stack]) -> None:
    wide = {
        (name, action)
        for name, statement in _statements(stack)
        if statement["Effect"] == "Allow" and "*" in statement["Resource"] and "Condition" not in statement
        for action in statement["Action"]
        for real, resources in _matching(action).items()
        if resources and not real.split(":")[1].startswith(READS) and not name.endswith("Boundary")
    }
    assert wide == set()
