"""Makers of a project's roles: one for each service that acts for it, below the environment's boundary for projects.

Name budget: `sagemaker-<id>-pipeline` is 34 of 64 characters at the longest. The path names the environment: its launch
role makes these roles and no others, and the test roles of its stages trust them and no others.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from awacs.aws import PolicyDocument
from troposphere import If, Sub
from troposphere.iam import Policy, Role

from generator.cfn.arns import arn
from generator.cfn.contract import Cond
from generator.cfn.iam import policy, trust, trust_plain
from generator.cfn.lint import lint_exception
from templates.access.exceptions import SEEING_ROLE
from templates.project import rights
from templates.project.environment import PROJECT, environment, of_environment, project_tags
from templates.published import PROJECT_ROLE_PATH


def project_role(title: str, name: str, trusting: PolicyDocument, policies: Sequence[Any]) -> Role:
    """`policies` are of type Policy, some of them perhaps under a condition."""
    return Role(
        title,
        RoleName=Sub(f"sagemaker-${{SageMakerProjectId}}-{name}"),
        Path=of_environment(Sub(f"/{PROJECT_ROLE_PATH}")),
        AssumeRolePolicyDocument=trusting,
        PermissionsBoundary=environment("ProjectBoundary"),
        Policies=list(policies),
        Metadata=SEEING_ROLE,
        Tags=project_tags(),
    )


def allowing(name: str, *statements: Any) -> Policy:
    return Policy(PolicyName=name, PolicyDocument=policy(*statements))


def trust_builds() -> PolicyDocument:
    """CodeBuild, and only for builds of this project (CodeBuild User Guide, "Cross-service confused deputy")."""
    return trust("codebuild", source_arn=arn("codebuild", f"project/{PROJECT}-*"))


def build_role(*statements: Any) -> Role:
    """Runs the build that CodePipeline starts first."""
    return project_role(
        "BuildRole", "build", trust_builds(), [allowing("Build", rights.may_run_as_build(), *statements)]
    )


def test_role(group: If, topic: If, monitors: Cond) -> Role:
    """Calls the endpoints of all stages; compares their data, where that is asked for."""
    compare = allowing("Compare", rights.may_compare_data(group, topic))
    tests = allowing("Test", rights.may_run_as_build(), rights.may_test_models())
    return project_role("TestRole", "test", trust_builds(), [tests, monitors.then(compare)])


def pipeline_role(source: If, *statements: Any) -> Role:
    """Runs the builds and passes artifacts on; `source` is the policy for where the repository is."""
    runs = allowing("Deliver", rights.may_use_artifacts(), rights.may_run_builds(), *statements)
    # CodePipeline is not documented to send a source account; it takes roles of a pipeline's own account only.
    role = project_role("PipelineRole", "pipeline", trust_plain("codepipeline"), [runs, source])
    role.Metadata = {**SEEING_ROLE, **lint_exception("it is in the policy only where a connection is given", "W1031")}
    return role


def events_role(*others: If) -> Role:
    """EventBridge starts this project's pipelines with it, and others by ARN, each under a condition."""
    trusting = trust("events", source_arn=arn("events", f"rule/{PROJECT}-*"))
    return project_role("EventsRole", "events", trusting, [allowing("Start", rights.may_start(*others))])
