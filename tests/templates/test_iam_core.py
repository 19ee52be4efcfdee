"""The roles that environments share, and the two that SageMaker's projects expect by name."""

from __future__ import annotations

import pytest

from templates.core.iam_sc_sm_projects_roles import CoreIamScSmProjectsRoles
from templates.core.iam_shared_roles import CoreIamSharedRoles
from tests.templates.roles import Rendered, actions

NAMES = USE, LAUNCH = (
    "AmazonSageMakerServiceCatalogProductsUseRole",
    "AmazonSageMakerServiceCatalogProductsLaunchRole",
)
ENVIRONMENT_BOUNDARY = "arn:aws:iam::111111111111:policy/*-eu-west-1-boundary"


@pytest.fixture(scope="module")
def shared() -> Rendered:
    return Rendered(CoreIamSharedRoles)


@pytest.fixture(scope="module")
def projects() -> Rendered:
    return Rendered(CoreIamScSmProjectsRoles)


def test_services_do_not_become_the_administrator(shared: Rendered) -> None:
    principals = [statement["Principal"] for statement in shared.trust("DataScienceAdministratorRole")]
    assert principals == [{"AWS": "arn:aws:iam::111111111111:root"}] * 2
    assert shared.trust("DataScienceAdministratorRole")[0]["Condition"] == {
        "Bool": {"aws:MultiFactorAuthPresent": "true"}
    }


def test_only_service_catalog_becomes_the_launch_role(shared: Rendered) -> None:
    assert shared.trust("SCLaunchRole") == [
        {
            "Effect": "Allow",
            "Action": ["sts:AssumeRole"],
            "Principal": {"Service": ["servicecatalog.amazonaws.com"]},
            "Condition": {"StringEqualsIfExists": {"aws:SourceAccount": "111111111111"}},
        }
    ]


def test_a_launch_makes_roles_only_below_an_environments_boundary(shared: Rendered) -> None:
    bound = shared.statement("LaunchRolesPolicy", "BoundRoles")
    assert bound["Condition"] == {"ArnLike": {"iam:PermissionsBoundary": ENVIRONMENT_BOUNDARY}}
    assert bound["Resource"][0] == "arn:aws:iam::111111111111:role/*-eu-west-1-stackset-admin"
    assert all(arn.startswith("arn:aws:iam::111111111111:role/*-eu-west-1-") for arn in bound["Resource"])
    creating = {name for name in shared.policies() if "iam:CreateRole" in actions(shared.statements(name))}
    assert creating == {"LaunchRolesPolicy", "PermissionsBoundary"}
    assert shared.statement("PermissionsBoundary", "BoundRoles") == bound


def test_every_shared_role_is_below_the_boundary(shared: Rendered) -> None:
    assert {name: role.get("PermissionsBoundary") for name, role in shared.roles().items()} == dict.fromkeys(
        shared.roles(), "<PermissionsBoundary>"
    )


def test_a_launch_passes_each_role_to_its_own_service(shared: Rendered) -> None:
    passing = [s for s in shared.statements("LaunchRolesPolicy") if "iam:PassRole" in s["Action"]]
    given = [(s["Resource"][0].rpartition("eu-west-1-")[2], s["Condition"]["StringEquals"]) for s in passing]
    assert given == [
        ("sm-execution", {"iam:PassedToService": ["sagemaker.amazonaws.com"]}),
        ("setup-function", {"iam:PassedToService": ["lambda.amazonaws.com"]}),
        ("project-launch", {"iam:PassedToService": ["servicecatalog.amazonaws.com"]}),
        ("stackset-admin", {"iam:PassedToService": ["cloudformation.amazonaws.com"]}),
        ("vpc-flow-logs", {"iam:PassedToService": ["vpc-flow-logs.amazonaws.com"]}),
    ]


def test_a_launch_creates_only_tagged_keys_and_uses_them_through_the_domains_services_only(shared: Rendered) -> None:
    assert shared.statement("LaunchDataPolicy", "CreateKeys")["Condition"] == {
        "Null": {"aws:RequestTag/EnvironmentName": "false"}
    }
    allowed = actions(shared.statements("LaunchDataPolicy"))
    assert not allowed & {"kms:Encrypt", "kms:GenerateDataKey*", "s3:GetObject", "s3:PutObject"}
    assert [s["Sid"] for s in shared.statements("LaunchDataPolicy") if "kms:Decrypt" in s["Action"]] == ["TryKeys"]
    assert shared.statement("LaunchDataPolicy", "TryKeys")["Condition"] == {
        "Null": {"aws:ResourceTag/EnvironmentName": "false"},
        "StringEquals": {
            "kms:ViaService": ["elasticfilesystem.eu-west-1.amazonaws.com", "sagemaker.eu-west-1.amazonaws.com"]
        },
    }


def test_a_launch_reads_code_of_its_own_release_only(shared: Rendered) -> None:
    assert shared.statement("LaunchStacksPolicy", "ReadRelease")["Resource"] == [
        "arn:aws:s3:::my-bucket/sagemaker-mlops/*"
    ]


def test_a_launch_reads_its_product_from_the_bucket_where_service_catalog_keeps_it(shared: Rendered) -> None:
    assert shared.statement("LaunchStacksPolicy", "ReadProvisionedCode") == {
        "Sid": "ReadProvisionedCode",
        "Effect": "Allow",
        "Action": ["s3:GetObject", "s3:GetObjectVersion"],
        "Resource": ["arn:aws:s3:::*/*"],
        "Condition": {"StringEquals": {"s3:ExistingObjectTag/servicecatalog:provisioning": "true"}},
    }


def test_the_controls_correct_jobs_endpoints_models_and_notebooks_never_domains(shared: Rendered) -> None:
    statement = shared.statement("SageMakerDetectiveControlExecutionRole", "Correct")
    assert statement["Action"] == [
        "sagemaker:DeleteEndpoint",
        "sagemaker:DeleteModel",
        "sagemaker:StopNotebookInstance",
        "sagemaker:StopProcessingJob",
        "sagemaker:StopTrainingJob",
    ]
    assert not [arn for arn in statement["Resource"] if ":domain/" in arn]


def test_an_empty_name_leaves_a_role_out_and_its_output_empty(shared: Rendered) -> None:
    conditions = {name: r.get("Condition") for name, r in shared.raw["Resources"].items() if "Role" in r["Type"]}
    assert conditions == {
        "DataScienceAdministratorRole": "CreatesAdministrator",
        "SCLaunchRole": "CreatesLaunch",
        "SageMakerDetectiveControlExecutionRole": "CreatesControl",
    }
    assert shared.filled({name: output["Value"] for name, output in shared.raw["Outputs"].items()}) == {
        "AssumeDSAdministratorRole": "",
        "DSAdministratorRoleArn": "",
        "SCLaunchRoleArn": "",
        "SageMakerDetectiveControlExecutionRoleArn": "",
    }


@pytest.mark.parametrize("name", NAMES)
def test_project_roles_outlive_the_stack(projects: Rendered, name: str) -> None:
    resource = projects.raw["Resources"][name]
    assert (resource["DeletionPolicy"], resource["UpdateReplacePolicy"]) == ("Retain", "Retain")
    assert resource["Properties"]["Path"] == "/service-role/"


def test_the_use_role_is_for_four_services_of_this_account(projects: Rendered) -> None:
    services = ("cloudformation", "codebuild", "events")
    assert projects.trust(USE) == [
        {
            "Effect": "Allow",
            "Action": ["sts:AssumeRole"],
            "Principal": {"Service": [f"{name}.amazonaws.com" for name in services]},
            "Condition": {"StringEquals": {"aws:SourceAccount": "111111111111"}},
        },
        {
            "Effect": "Allow",
            "Action": ["sts:AssumeRole"],
            "Principal": {"Service": ["codepipeline.amazonaws.com"]},
            "Condition": {"StringEqualsIfExists": {"aws:SourceAccount": "111111111111"}},
        },
    ]


def test_the_use_role_approves_nothing_and_has_nothing_of_an_environment(projects: Rendered) -> None:
    """B009, B038: projects of this product have roles of their own, whoever made this one."""
    assert projects.statement(USE, "ApprovesNothing")["Action"] == ["sagemaker:UpdateModelPackage"]
    services = {action.split(":")[0] for action in actions(projects.statements(USE))}
    assert not services & {"cloudformation", "cloudwatch", "ec2", "iam", "kms", "sns", "ssm", "sts"}
    assert projects.statement(USE, "UseArtifacts")["Resource"] == ["arn:aws:s3:::sagemaker-*/*"]


def test_a_source_in_s3_is_read_where_it_is_marked_as_seed_code(projects: Rendered) -> None:
    """B004: the provider S3."""
    assert projects.statement(USE, "ReadSeedCode")["Condition"] == {
        "StringEquals": {
            "aws:ResourceAccount": "111111111111",
            "s3:ExistingObjectTag/servicecatalog:provisioning": "true",
        }
    }


def test_the_launch_role_makes_no_role(projects: Rendered) -> None:
    assert {a for a in actions(projects.statements(LAUNCH)) if a.startswith("iam:")} == {"iam:GetRole", "iam:PassRole"}
