"""Roles that all environments of an account share: the administrator, the launch of environments, the controls."""

from __future__ import annotations

from typing import Any

from awacs.aws import PolicyDocument, Statement
from troposphere import Equals, GetAtt, Not, Ref
from troposphere.iam import ManagedPolicy, Policy, Role

from generator.cfn.arns import arn
from generator.cfn.contract import Cond, Out, Param, switch
from generator.cfn.iam import allow, policy, trust_plain
from generator.cfn.stack import Stack
from templates.access.actions import READ, of
from templates.access.boundary import ceiling
from templates.access.exceptions import SEEING_POLICY, SEEING_ROLE
from templates.access.guardrails import approves_nothing
from templates.access.trust import add_sign_in_mapping, switch_role_link, trust_people
from templates.core.iam_launch import launch_policies, shared_boundary
from templates.env.iam_personas import FOUR_HOURS, may_launch_products, may_run_deployments, may_see_deployments

ROLE_NAME = r"[\w+=,.@-]*"
FINDINGS_TOPIC = "*-security-findings"
CONTROL_METRICS = "SecurityControls"


class CoreIamSharedRoles(Stack):
    """A role whose name is empty is left out; its outputs are empty then."""

    FILE = "core-iam-shared-roles.yaml"
    DESCRIPTION = "Roles that all data science environments of an account share"

    ADMINISTRATOR_NAME = Param(
        "DSAdministratorRoleName",
        "Name of the data science administrator's role; empty to leave it out",
        default="DataScienceAdministrator",
        pattern=ROLE_NAME,
        max_length=64,
    )
    LAUNCH_NAME = Param(
        "SCLaunchRoleName",
        "Name of the role that launches environments from Service Catalog; empty to leave it out",
        default="DSServiceCatalogLaunchRole",
        pattern=ROLE_NAME,
        max_length=64,
    )
    CONTROL_NAME = Param(
        "SageMakerDetectiveControlExecutionRoleName",
        "Name of the role of the function that finds what breaks the rules; empty to leave it out",
        default="DSSageMakerDetectiveControlRole",
        pattern=ROLE_NAME,
        max_length=64,
    )
    REQUIRE_SOURCE_IDENTITY = switch(
        "RequireSourceIdentity",
        "YES admits people only with a source identity, which the console's switch-role page cannot set",
        default="NO",
    )

    CREATES_ADMINISTRATOR = Cond("CreatesAdministrator", Not(Equals(ADMINISTRATOR_NAME, "")))
    CREATES_LAUNCH = Cond("CreatesLaunch", Not(Equals(LAUNCH_NAME, "")))
    CREATES_CONTROL = Cond("CreatesControl", Not(Equals(CONTROL_NAME, "")))
    REQUIRES_SOURCE_IDENTITY = Cond("RequiresSourceIdentity", Equals(REQUIRE_SOURCE_IDENTITY, "YES"))

    ASSUME_ADMINISTRATOR = Out("AssumeDSAdministratorRole", "Console link that switches to the administrator")
    ADMINISTRATOR_ARN = Out("DSAdministratorRoleArn", "Role of the data science administrator; empty if not created")
    LAUNCH_ARN = Out("SCLaunchRoleArn", "Role that launches environments; empty if not created")
    CONTROL_ARN = Out("SageMakerDetectiveControlExecutionRoleArn", "Role of the controls; empty if not created")

    def build(self) -> None:
        add_sign_in_mapping(self)
        description = "Permissions boundary of the roles that environments share"
        boundary = Ref(self.add(ceiling(description, shared_boundary())))
        trust = trust_people(self.REQUIRES_SOURCE_IDENTITY)
        administrator = self.add(
            administrator_role(self.ADMINISTRATOR_NAME, trust, boundary), self.CREATES_ADMINISTRATOR
        )
        launch = self.add(launch_role(self.LAUNCH_NAME, boundary), self.CREATES_LAUNCH)
        for name, statements in launch_policies(self.release.bucket, self.release.prefix).items():
            self.add(launch_policy(name, launch, statements), self.CREATES_LAUNCH)
        control = self.add(control_role(self.CONTROL_NAME, boundary), self.CREATES_CONTROL)
        link = switch_role_link(str(administrator.title))
        self.put(self.ASSUME_ADMINISTRATOR, self.CREATES_ADMINISTRATOR.then(link, ""))
        self.put(self.ADMINISTRATOR_ARN, self.CREATES_ADMINISTRATOR.then(GetAtt(administrator, "Arn"), ""))
        self.put(self.LAUNCH_ARN, self.CREATES_LAUNCH.then(GetAtt(launch, "Arn"), ""))
        self.put(self.CONTROL_ARN, self.CREATES_CONTROL.then(GetAtt(control, "Arn"), ""))


def administrator_role(name: Any, trust: Any, boundary: Any) -> Role:
    """People who launch environments, keep the shared portfolio, and let models into production."""
    statements = [
        may_launch_products(),
        may_keep_shared_portfolio(),
        may_run_deployments(),
        may_see_deployments(),
        allow("SeeSageMaker", READ),
        may_see_environments(),
        approves_nothing(),
    ]
    return Role(
        "DataScienceAdministratorRole",
        RoleName=name,
        PermissionsBoundary=boundary,
        AssumeRolePolicyDocument=trust,
        MaxSessionDuration=FOUR_HOURS,
        Policies=[_inline("Persona", statements)],
        Metadata=SEEING_ROLE,
    )


def may_keep_shared_portfolio() -> list[Statement]:
    """Who may launch environments, and the versions of the product; templates come with a release."""
    keep = of("servicecatalog", "AssociatePrincipalWithPortfolio", "CreateProvisioningArtifact", "DescribePortfolio")
    keep += of("servicecatalog", "DescribeProductAsAdmin", "DescribeProvisioningArtifact")
    keep += of("servicecatalog", "DisassociatePrincipalFromPortfolio", "ListPrincipalsForPortfolio")
    keep += of("servicecatalog", "UpdateProvisioningArtifact")
    return [
        allow("KeepSharedPortfolio", keep, [arn("catalog", f"{kind}/*") for kind in ("portfolio", "product")]),
        # Lists of portfolios and products have no resource type.
        allow("SeePortfolios", of("servicecatalog", "ListPortfolios", "SearchProductsAsAdmin")),
    ]


def may_see_environments() -> list[Statement]:
    """Read stacks, stack sets and published values of all environments; most of these have no resource type."""
    sets = of("cloudformation", "DescribeStackInstance", "DescribeStackSet", "DescribeStackSetOperation")
    sets += of("cloudformation", "ListStackInstances", "ListStackSetOperationResults", "ListStackSetOperations")
    values = of("ssm", "GetParameter", "GetParameters")
    return [
        allow("SeeStackSets", sets, arn("cloudformation", "stackset/*")),
        allow("ListStacks", of("cloudformation", "DescribeStacks", "ListStackSets", "ListStacks")),
        allow("ReadParameters", values, arn("ssm", "parameter/*-*-*")),
        allow("SeeKeys", of("kms", "DescribeKey", "GetKeyPolicy", "GetKeyRotationStatus"), arn("kms", "key/*")),
        allow("SeeOrganization", of("organizations", "DescribeOrganization", "ListAccounts", "ListRoots")),
    ]


def launch_role(name: Any, boundary: Any) -> Role:
    """Service Catalog launches environments with it; its rights are the managed policies that name it."""
    return Role(
        "SCLaunchRole",
        RoleName=name,
        PermissionsBoundary=boundary,
        Description="Launches data science environments from Service Catalog",
        # Service Catalog is not documented to send a source account when it assumes a launch role.
        AssumeRolePolicyDocument=trust_plain("servicecatalog"),
    )


def launch_policy(name: str, role: Role, statements: list[Any]) -> ManagedPolicy:
    """One part of what a launch takes; a role's inline policies end at 10,240 bytes."""
    return ManagedPolicy(
        f"Launch{name}Policy",
        Description=f"Launch of data science environments: {name.lower()}",
        PolicyDocument=policy(*statements),
        Roles=[role.ref()],
        Metadata=SEEING_POLICY,
    )


def control_role(name: Any, boundary: Any) -> Role:
    """The function that finds what breaks the rules; it corrects only what it can name, and reports."""
    return Role(
        "SageMakerDetectiveControlExecutionRole",
        RoleName=name,
        PermissionsBoundary=boundary,
        # Lambda is not documented to send a source account when it assumes a function's role.
        AssumeRolePolicyDocument=trust_plain("lambda"),
        Policies=[_inline("Controls", [may_inspect(), may_correct(), may_report()])],
        Metadata=SEEING_ROLE,
    )


def may_inspect() -> list[Statement]:
    """Look at what SageMaker runs; List actions have no resource type."""
    kinds = ("domain", "endpoint", "endpoint-config", "model", "notebook-instance", "processing-job", "training-job")
    names = ("Domain", "Endpoint", "EndpointConfig", "Model", "NotebookInstance", "ProcessingJob", "TrainingJob")
    listed = ("Domains", "Endpoints", "Models", "NotebookInstances", "ProcessingJobs", "TrainingJobs")
    return [
        allow(
            "Inspect",
            of("sagemaker", *(f"Describe{name}" for name in names)),
            [arn("sagemaker", f"{kind}/*") for kind in kinds],
        ),
        allow("List", of("sagemaker", *(f"List{name}" for name in listed))),
    ]


def may_correct() -> Statement:
    """Stop and delete what the table of corrections says, never a domain."""
    kinds = ("endpoint", "model", "notebook-instance", "processing-job", "training-job")
    stop = of("sagemaker", "StopNotebookInstance", "StopProcessingJob", "StopTrainingJob")
    return allow(
        "Correct",
        (*of("sagemaker", "DeleteEndpoint", "DeleteModel"), *stop),
        [arn("sagemaker", f"{kind}/*") for kind in kinds],
    )


def may_report() -> list[Statement]:
    """Say what was found: to people, as a metric, as events; and write the function's log."""
    space = {"StringEquals": {"cloudwatch:namespace": CONTROL_METRICS}}
    return [
        allow("Notify", of("sns", "Publish"), arn("sns", FINDINGS_TOPIC)),
        # PutMetricData has no resource type; the namespace limits it.
        allow("Count", of("cloudwatch", "PutMetricData"), "*", when=space),
        allow("Tell", of("events", "PutEvents"), arn("events", "event-bus/default")),
        allow("WriteLogs", of("logs", "CreateLogStream", "PutLogEvents"), arn("logs", "log-group:/aws/lambda/*")),
    ]


def _inline(name: str, statements: list[Any]) -> Policy:
    document: PolicyDocument = policy(*statements)
    return Policy(PolicyName=name, PolicyDocument=document)
