"""Delivery of the platform: who may do what in the pipeline and in a CI, and which plan reaches which stage."""

from __future__ import annotations

import fnmatch
from typing import Any

import pytest
import yaml

from generator.cfn.stack import Stack
from templates.core.iam_sc_sm_projects_roles import CoreIamScSmProjectsRoles
from templates.core.iam_shared_roles import CoreIamSharedRoles
from templates.core.main import CoreMain
from templates.core.sc_shared_portfolio import CoreScSharedPortfolio
from templates.core.security_controls import CoreSecurityControls
from templates.delivery.ci_oidc import CiOidc
from templates.delivery.platform_delivery import PlatformDelivery
from tests.product.test_rights import ENVIRONMENT, lacking, types
from tests.templates.roles import Rendered, actions

CORE = (CoreMain, CoreIamSharedRoles, CoreIamScSmProjectsRoles, CoreScSharedPortfolio, CoreSecurityControls)
TEMPLATES: tuple[type[Stack], ...] = (PlatformDelivery, CiOidc)


def managed(rendered: Rendered) -> set[str]:
    """Actions of the managed policies that deploy the core and the environment."""
    names = [name for name in rendered.policies() if name.startswith("Deploy")]
    return {action for name in names for action in actions(rendered.statements(name))}


@pytest.mark.parametrize("template", TEMPLATES)
def test_the_deploying_role_may_do_all_that_core_and_environment_take(template: type[Stack]) -> None:
    """Stack sets are the orchestrator's: the role that deploys the environment makes none."""
    wanted = [kind for kind in types(*ENVIRONMENT, *CORE) if kind != "AWS::CloudFormation::StackSet"]
    assert lacking(managed(Rendered(template)), wanted) == {}


@pytest.mark.parametrize("template", TEMPLATES)
def test_every_role_stays_below_its_boundary(template: type[Stack]) -> None:
    rendered = Rendered(template)
    outside = set()
    for role in rendered.roles():
        boundary = "ApproverBoundary" if role == "ApproverRole" else "DeliveryBoundary"
        ceiling = [one.lower() for one in actions(rendered.statements(boundary))]
        deploys = role in ("EnvironmentRole", "StagingRole")
        held = actions(rendered.statements(role)) | (managed(rendered) if deploys else set())
        outside |= {one for one in held if not any(fnmatch.fnmatchcase(one.lower(), most) for most in ceiling)}
    assert outside == set()


def writes(rendered: Rendered, role: str) -> dict[str, list[str]]:
    """Actions that change something, by the resources that they are allowed on."""
    seen = ("Describe", "Get", "List", "BatchGet", "Decrypt")
    found: dict[str, list[str]] = {}
    for statement in rendered.statements(role):
        if statement["Effect"] == "Allow":
            names = [one for one in statement["Action"] if not one.split(":")[1].startswith(seen)]
            for resource in statement["Resource"] if names else ():
                found.setdefault(resource, []).extend(names)
    return found


def test_each_stage_is_changed_by_its_own_role_alone() -> None:
    rendered = Rendered(PlatformDelivery)
    sets = {
        role: sorted(one for one in writes(rendered, role) if ":stackset/" in one)
        for role in ("CheckRole", "PlanRole", "EnvironmentRole", "StagingRole", "ProdRole")
    }
    own = "arn:aws:cloudformation:eu-west-1:111111111111:stackset/sm-mlops-dev-*-{}:*"
    assert sets == {
        "CheckRole": [],
        "PlanRole": [],
        "EnvironmentRole": [],
        "StagingRole": [own.format("staging")],
        "ProdRole": [own.format("prod")],
    }


def test_checking_needs_no_right_but_log_and_artifacts() -> None:
    names = {one["Sid"] for one in Rendered(PlatformDelivery).statements("CheckRole")}
    assert names == {"WriteLog", "UseArtifacts", "UseKey"}


def test_the_plan_of_a_pull_request_changes_nothing() -> None:
    """Whoever opens a request decides what its jobs run."""
    assert writes(Rendered(CiOidc), "PlanRole") == {}


def test_the_pipelines_plan_publishes_and_compares_and_runs_nothing() -> None:
    changing = {action for names in writes(Rendered(PlatformDelivery), "PlanRole").values() for action in names}
    allowed = {
        *("cloudformation:CreateChangeSet", "cloudformation:DeleteChangeSet", "cloudformation:TagResource"),
        *("s3:PutObject", "s3:PutObjectTagging"),
        *("kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"),
        *("logs:CreateLogStream", "logs:PutLogEvents"),
    }
    assert changing - allowed == set()


def test_who_runs_does_not_approve_and_who_approves_does_not_run() -> None:
    rendered = Rendered(PlatformDelivery)
    approve, start = "codepipeline:PutApprovalResult", "codepipeline:StartPipelineExecution"
    may = {
        role: {one for s in rendered.statements(role) if s["Effect"] == "Allow" for one in s["Action"]}
        for role in rendered.roles()
    }
    assert {role for role, names in may.items() if approve in names} == {"ApproverRole"}
    assert {role for role, names in may.items() if start in names} == {"CommitRole"}
    denied = {one for s in rendered.statements("DeliveryBoundary") if s["Effect"] == "Deny" for one in s["Action"]}
    assert approve in denied


def stages() -> list[dict[str, Any]]:
    conditions = frozenset({"ThroughConnection"})
    pipeline = Rendered(PlatformDelivery, conditions=conditions).resources["Pipeline"]["Properties"]
    assert (pipeline["PipelineType"], pipeline["ExecutionMode"]) == ("V2", "QUEUED")
    found: list[dict[str, Any]] = pipeline["Stages"]
    return found


def test_an_approval_stands_before_every_change() -> None:
    assert [(stage["Name"], [action["Name"] for action in stage["Actions"]]) for stage in stages()] == [
        ("Source", ["Source"]),
        ("Check", ["Check"]),
        ("Plan", ["Plan", "ApproveEnvironment"]),
        ("Environment", ["Environment", "ApproveStaging"]),
        ("Staging", ["Staging", "ApproveProd"]),
        ("Prod", ["Prod"]),
    ]


def test_the_plan_that_is_approved_is_the_artifact_that_is_applied() -> None:
    """Each step that changes something gets the artifact of the step whose summary was approved."""
    actions_of = {action["Name"]: action for stage in stages() for action in stage["Actions"]}
    for step, reviewed_by, before in (
        ("Environment", "ApproveEnvironment", "Plan"),
        ("Staging", "ApproveStaging", "Environment"),
        ("Prod", "ApproveProd", "Staging"),
    ):
        given = actions_of[before]["OutputArtifacts"][0]["Name"]
        assert [one["Name"] for one in actions_of[step]["InputArtifacts"]] == ["Source", given]
        asked = actions_of[reviewed_by]["Configuration"]
        assert asked["CustomData"].startswith(f"#{{{before}.SUMMARY}}: ")
        builds = f"sm-mlops-dev-delivery-{before.lower()}/history?region=eu-west-1"
        assert asked["ExternalEntityLink"] == f"https://<console>/codesuite/codebuild/projects/{builds}"
        project = Rendered(PlatformDelivery).resources[f"{step}Project"]["Properties"]
        steps = yaml.safe_load(project["Source"]["BuildSpec"])["phases"]["build"]["commands"]
        assert any(f"$CODEBUILD_SRC_DIR_{given}/plan" in command for command in steps)


def test_every_step_that_is_summed_up_exports_its_summary() -> None:
    rendered = Rendered(PlatformDelivery)
    for step in ("Plan", "Environment", "Staging"):
        spec = yaml.safe_load(rendered.resources[f"{step}Project"]["Properties"]["Source"]["BuildSpec"])
        assert spec["env"]["exported-variables"] == ["SUMMARY"]
        assert any(command.startswith("export SUMMARY=") for command in spec["phases"]["build"]["commands"])


@pytest.mark.parametrize(
    ("conditions", "address", "audience"),
    [
        (frozenset({"IsGitHub"}), "token.actions.githubusercontent.com", "sts.amazonaws.com"),
        (frozenset(), "gitlab.com", "https://gitlab.com"),
    ],
)
def test_a_job_is_admitted_by_its_subject_alone(conditions: frozenset[str], address: str, audience: str) -> None:
    resources = Rendered(CiOidc, conditions=conditions).resources
    for role in ("Plan", "Staging", "Prod"):
        (statement,) = resources[f"{role}Role"]["Properties"]["AssumeRolePolicyDocument"]["Statement"]
        assert statement["Action"] == ["sts:AssumeRoleWithWebIdentity"]
        assert statement["Condition"] == {
            "StringEquals": {f"{address}:aud": audience, f"{address}:sub": f"<{role}Subject>"}
        }
        assert statement["Principal"] == {"Federated": "<OidcProviderArn>"}


def test_a_subject_has_no_wildcard_and_plans_are_nobody_elses() -> None:
    document = CiOidc.contract()
    for name in ("PlanSubject", "StagingSubject", "ProdSubject"):
        assert document.parameters[name].properties["AllowedPattern"] == "[^*?]+"
        assert document.parameters[name].is_required
    assert [text for _, text in document.rules["Subjects"].assertions] == [
        "what plans must not deploy production",
        "what plans must not deploy staging",
    ]


def test_a_connection_of_either_prefix_can_be_used() -> None:
    """IAM asks for the action with the prefix of the connection's ARN."""
    rendered = Rendered(PlatformDelivery, conditions=frozenset({"ThroughConnection"}))
    use = rendered.statement("PipelineRole", "UseConnection")
    assert use["Action"] == ["codeconnections:UseConnection", "codestar-connections:UseConnection"]
    ceiling = rendered.statement("DeliveryBoundary", "Services")["Action"]
    assert {"codeconnections:*", "codestar-connections:*"} <= set(ceiling)
