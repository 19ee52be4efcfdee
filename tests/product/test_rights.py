"""Whoever deploys a template may do what CloudFormation does for its resources, by AWS's own resource schemas."""

from __future__ import annotations

import fnmatch
import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import botocore
import botocore.loaders
import cfnlint
import pytest

from generator.cfn.stack import Stack
from templates.core.iam_shared_roles import CoreIamSharedRoles
from templates.core.main import CoreMain
from templates.core.package_cfn import PackageCfn
from templates.env.iam import EnvIam
from templates.env.iam_setup_stackset_role import EnvIamSetupStacksetRole
from templates.env.kms import EnvKms
from templates.env.main import EnvMain
from templates.env.s3 import EnvS3
from templates.env.sagemaker_studio import EnvSagemakerStudio
from templates.env.sc_portfolio import EnvScPortfolio
from templates.env.vpc import EnvVpc
from templates.project.model_build_train import ProjectModelBuildTrain
from templates.project.model_deploy import ProjectModelDeploy
from templates.target.iam_target_account_roles import EnvIamTargetAccountRoles
from tests.templates.release import FakeRelease
from tests.templates.roles import Rendered, actions

FUNCTIONS = Path(__file__).parents[2] / "templates" / "sources" / "functions"
ENDPOINT = Path(__file__).parents[2] / "templates" / "sources" / "seed" / "model-deploy" / "cfn-sm-endpoint.yaml"
PROJECTS = (ProjectModelBuildTrain, ProjectModelDeploy)
ENVIRONMENT = (
    EnvMain,
    EnvIam,
    EnvVpc,
    EnvKms,
    EnvS3,
    EnvSagemakerStudio,
    EnvScPortfolio,
    EnvIamTargetAccountRoles,
)
# What the schemas list for properties that no template sets, by type ("" is any), as patterns.
UNUSED: dict[str, tuple[str, ...]] = {
    # addresses of instances, secondary addresses, IPv6, gateways of VPNs, encryption controls, tenancy
    "AWS::EC2::": (
        "ec2:A*Address*",
        "ec2:DisassociateAddress",
        "ec2:*NatGatewayAddress",
        "ec2:*SubnetCidrBlock",
        "ec2:*VpnGateway",
        "ec2:CreateVpcEncryptionControl",
        "ec2:ModifyVpcTenancy",
        "ec2:UnassignPrivateNatGatewayAddress",
        "vpc-lattice:*",
        "vpce:AllowMultiRegion",
    ),
    # flow logs to S3 and Firehose, and their service's own role
    "AWS::EC2::FlowLog": (
        "autoscaling:DescribeTags",
        "iam:CreateServiceLinkedRole",
        "logs:*LogDelivery",
        "s3:*BucketPolicy",
    ),
    # a boundary is never taken off
    "AWS::IAM::Role": ("iam:DeleteRolePermissionsBoundary",),
    "AWS::IAM::ManagedPolicy": ("iam:*GroupPolicy", "iam:*UserPolicy"),
    # data protection, indexes, resource policies, deletion protection
    "AWS::Logs::LogGroup": (
        "firehose:*",
        "logs:*DataProtectionPolicy",
        "logs:*IndexPolicy",
        "logs:CreateLogDelivery",
        "logs:DeleteResourcePolicy",
        "logs:PutBearerTokenAuthentication",
        "logs:PutLogGroupDeletionProtection",
        "logs:PutResourcePolicy",
        "s3:REST.PUT.OBJECT",
    ),
    # file systems, layers, code signing, versions, capacity, encrypted environments
    "AWS::Lambda::Function": (
        "elasticfilesystem:*",
        "kms:*",
        "lambda:*CodeSigningConfig",
        "lambda:*Layer*",
        "lambda:AssociateRuntimeAlias",
        "lambda:PassCapacityProvider",
        "lambda:PublishVersion",
        "lambda:Put*Config",
        "s3files:*",
    ),
    "AWS::ResourceGroups::Group": ("resource-groups:*GroupResources", "resource-groups:PutGroupConfiguration"),
    # replication, websites, metrics, inventories, tables, notifications, lists of access, locks
    "AWS::S3::Bucket": (
        "s3:*Abac",
        "s3:*Accelerate*",
        "s3:*Acl",
        "s3:*Analytics*",
        "s3:*Cors",
        "s3:*IntelligentTiering*",
        "s3:*Inventory*",
        "s3:*Metadata*",
        "s3:*Metrics*",
        "s3:*Notification*",
        "s3:*ObjectLock*",
        "s3:*Replication*",
        "s3:*Website*",
        "s3:DeleteBucketEncryption",
        "s3:DeleteBucketLifecycle",
        "s3:DeleteObject",
        "s3tables:*",
    ),
    # custom images, Classic's first app, a home file system of the caller's own (the action names are not IAM's)
    "AWS::SageMaker::Domain": ("efs:*", "sagemaker:CreateApp", "sagemaker:DescribeImage*"),
    "AWS::SageMaker::UserProfile": ("identitystore:*", "sagemaker:DescribeImage*", "sso:*"),
    # products from repositories, service actions
    "AWS::ServiceCatalog::CloudFormationProduct": ("codestar-connections:*", "servicecatalog:*ServiceAction*"),
    "AWS::ServiceCatalog::PortfolioPrincipalAssociation": ("iam:GetGroup", "iam:GetUser"),
    "AWS::CodeCommit::Repository": ("codecommit:UpdateRepositoryEncryptionKey",),
    "AWS::CodePipeline::Pipeline": ("codepipeline:*StageTransition", "codestar-connections:*"),
    # scheduled actions, a role of one's own, functions; the alarms are made by the service's own role
    "AWS::ApplicationAutoScaling::ScalableTarget": (
        "application-autoscaling:DeleteScheduledAction",
        "application-autoscaling:PutScheduledAction",
        "iam:PassRole",
        "lambda:*",
    ),
    # predictive scaling
    "AWS::ApplicationAutoScaling::ScalingPolicy": ("cloudwatch:GetMetricData",),
    "AWS::SNS::Topic": ("sns:PutDataProtectionPolicy",),
    # stack policies
    "AWS::CloudFormation::Stack": ("cloudformation:GetStackPolicy",),
}


@cache
def schemas() -> dict[str, Any]:
    """CloudFormation's resource schemas by type, as cfn-lint ships them."""
    folder = Path(cfnlint.__file__).parent / "data" / "schemas" / "resources"
    loaded = [json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))]
    return {schema["typeName"]: schema for schema in loaded}


def types(*stacks: type[Stack]) -> list[str]:
    """The resource types of templates that CloudFormation itself makes."""
    resources = [r for stack in stacks for r in stack(FakeRelease()).document()["Resources"].values()]
    return sorted({r["Type"] for r in resources if not r["Type"].startswith("Custom::")})


def asked(type_: str) -> set[str]:
    """What CloudFormation does to create, read, update and delete a resource, as far as the templates need it."""
    handlers = schemas()[type_].get("handlers", {})
    unused = [one for prefix, patterns in UNUSED.items() if type_.startswith(prefix) for one in patterns]
    listed = {p for kind, handler in handlers.items() if kind != "list" for p in handler.get("permissions", ())}
    return {p for p in listed if not any(fnmatch.fnmatchcase(p.lower(), one.lower()) for one in unused)}


def lacking(allowed: set[str], wanted: list[str]) -> dict[str, list[str]]:
    patterns = {one.lower() for one in allowed}
    missing = {
        type_: sorted(p for p in asked(type_) if not any(fnmatch.fnmatchcase(p.lower(), one) for one in patterns))
        for type_ in wanted
    }
    return {type_: names for type_, names in missing.items() if names}


def launch() -> set[str]:
    shared = Rendered(CoreIamSharedRoles)
    policies = [name for name in shared.policies() if name.startswith("Launch")]
    return {action for name in policies for action in actions(shared.statements(name))}


def test_the_setup_role_may_do_all_that_its_two_templates_take() -> None:
    """B072: bootstrapping a target account once is enough."""
    allowed = actions(Rendered(EnvIamSetupStacksetRole).statements("SetupStackSetExecutionRole"))
    assert lacking(allowed, types(EnvIamTargetAccountRoles, EnvVpc)) == {}


def test_the_launch_role_may_do_all_that_an_environment_takes() -> None:
    assert lacking(launch(), types(*ENVIRONMENT)) == {}


def test_the_role_that_launches_projects_may_do_all_that_a_project_takes() -> None:
    """B009: the environment's own; nothing is asked of roles that the account may have already."""
    assert lacking(actions(Rendered(EnvIam).statements("SCProjectLaunchRole")), types(*PROJECTS)) == {}


def test_the_deploying_role_may_do_all_that_an_endpoint_takes() -> None:
    """The seed code's template, cfn-sm-endpoint.yaml."""
    allowed = actions(Rendered(EnvIamTargetAccountRoles).statements("StackSetExecutionRole"))
    kinds = set(re.findall(r"^    Type: (AWS::\w+::\w+)$", ENDPOINT.read_text(), re.MULTILINE))
    assert "AWS::SageMaker::Endpoint" in kinds
    assert lacking(allowed, sorted(kinds)) == {}


FUNCTION_ROLES: dict[str, tuple[type[Stack], str]] = {
    "check-roles-exist": (CoreMain, "CheckRolesExistRole"),
    "delete-apps": (EnvIam, "SetupLambdaExecutionRole"),
    "detect-sagemaker-controls": (CoreIamSharedRoles, "SageMakerDetectiveControlExecutionRole"),
    "enable-sagemaker-projects": (EnvIam, "SetupLambdaExecutionRole"),
    "get-environment-configuration": (CoreMain, "GetEnvironmentConfigurationRole"),
    "get-network-configuration": (EnvIam, "SetupLambdaExecutionRole"),
    "get-ou-accounts": (EnvIam, "SetupLambdaExecutionRole"),
    "product-versions": (EnvIam, "SetupLambdaExecutionRole"),
    "start-build": (PackageCfn, "StartBuildLambdaExecutionRole"),
}


def called(function: str) -> dict[str, set[str]]:
    """The operations of boto3 that a function's code names, as calls or for paginators; each with its actions.

    Operations of one name in two of the function's services cannot be told apart: one of their actions is meant.
    """
    source = "".join(path.read_text() for path in sorted((FUNCTIONS / function).glob("*.py")))
    words = set(re.findall(r"[a-z0-9_]+", source))
    services = set(re.findall(r'boto3\.client\("([a-z0-9-]+)"\)', source))
    loaded = [(name, botocore.loaders.Loader().load_service_model(name, "service-2")) for name in sorted(services)]
    found: dict[str, set[str]] = {}
    for service, model in loaded:
        for operation in model["operations"]:
            if botocore.xform_name(operation) in words:
                found.setdefault(operation, set()).add(f"{service}:{operation}")
    return found


def test_every_function_is_named() -> None:
    assert sorted(FUNCTION_ROLES) == sorted(p.name for p in FUNCTIONS.iterdir() if (p / "index.py").exists())


@pytest.mark.parametrize("function", FUNCTION_ROLES)
def test_a_functions_role_allows_every_call_of_its_code(function: str) -> None:
    template, role = FUNCTION_ROLES[function]
    calls = called(function)
    assert calls
    allowed = actions(Rendered(template).statements(role))
    assert {name for name, meant in calls.items() if not any(fnmatch.filter(meant, one) for one in allowed)} == set()


@pytest.mark.parametrize(
    ("template", "boundary"),
    [
        (EnvIam, (EnvIam, "PermissionsBoundary")),
        (CoreIamSharedRoles, (CoreIamSharedRoles, "PermissionsBoundary")),
        (EnvIamTargetAccountRoles, (EnvIamSetupStacksetRole, "PermissionsBoundary")),
        (ProjectModelBuildTrain, (EnvIam, "ProjectBoundary")),
        (ProjectModelDeploy, (EnvIam, "ProjectBoundary")),
        # in single-account mode
        (EnvIamTargetAccountRoles, (EnvIam, "PermissionsBoundary")),
    ],
)
def test_a_boundary_holds_what_the_roles_below_it_may(template: type[Stack], boundary: tuple[type[Stack], str]) -> None:
    ceiling = {one.lower() for one in actions(Rendered(boundary[0]).statements(boundary[1]))}
    rendered = Rendered(template)
    outside = {
        (role, action)
        for role in rendered.roles()
        for action in actions(rendered.statements(role))
        if not any(fnmatch.fnmatchcase(action.lower(), one) for one in ceiling)
    }
    assert outside == set()


@pytest.mark.parametrize("type_", [name for name in UNUSED if not name.endswith("::")])
def test_what_is_set_aside_is_something_that_a_schema_asks(type_: str) -> None:
    listed = {p for handler in schemas()[type_]["handlers"].values() for p in handler.get("permissions", ())}
    stale = [one for one in UNUSED[type_] if not fnmatch.filter([p.lower() for p in listed], one.lower())]
    assert stale == []
