"""The roles of an environment: who may become them, what they may never do, and what bounds them."""

from __future__ import annotations

from typing import Any

import pytest

from templates.env.iam import EnvIam
from tests.templates.roles import Rendered, actions

USER_CODE = ("SageMakerExecutionRole", "SageMakerPipelineExecutionRole")
PEOPLE = ("DataScienceTeamAdministratorRole", "DataScientistRole", "MLEngineerRole")
ROLES = "arn:aws:iam::*:role/"
WITHOUT_VOLUME_KEY = {"Null": {"sagemaker:VolumeKmsKey": "true", "sagemaker:VolumeKmsKeyArn": "true"}}
WITHOUT_OUTPUT_KEY = {"Null": {"sagemaker:OutputKmsKey": "true", "sagemaker:OutputKmsKeyArn": "true"}}
VPC_BOUND = {
    "sagemaker:CreateAutoMLJob",
    "sagemaker:CreateAutoMLJobV2",
    "sagemaker:CreateCluster",
    "sagemaker:CreateDataQualityJobDefinition",
    "sagemaker:CreateDomain",
    "sagemaker:CreateHyperParameterTuningJob",
    "sagemaker:CreateModel",
    "sagemaker:CreateModelBiasJobDefinition",
    "sagemaker:CreateModelExplainabilityJobDefinition",
    "sagemaker:CreateModelQualityJobDefinition",
    "sagemaker:CreateMonitoringSchedule",
    "sagemaker:CreateNotebookInstance",
    "sagemaker:CreateProcessingJob",
    "sagemaker:CreateTrainingJob",
    "sagemaker:UpdateDomain",
    "sagemaker:UpdateMonitoringSchedule",
}


@pytest.fixture(scope="module")
def iam() -> Rendered:
    return Rendered(EnvIam)


def test_every_role_is_below_the_boundary(iam: Rendered) -> None:
    assert {name: role.get("PermissionsBoundary") for name, role in iam.roles().items()} == dict.fromkeys(
        iam.roles(), "<PermissionsBoundary>"
    )


@pytest.mark.parametrize(
    ("sid", "key"), [("NeedsSubnets", "sagemaker:VpcSubnets"), ("NeedsSecurityGroups", "sagemaker:VpcSecurityGroupIds")]
)
def test_the_boundary_denies_work_outside_a_vpc_by_one_key_a_statement(iam: Rendered, sid: str, key: str) -> None:
    """B051."""
    statement = iam.statement("PermissionsBoundary", sid)
    assert set(statement["Action"]) == VPC_BOUND
    assert {k: v for k, v in statement.items() if k != "Action"} == {
        "Sid": sid,
        "Effect": "Deny",
        "Resource": ["*"],
        "Condition": {"Null": {key: "true"}},
    }


@pytest.mark.parametrize(
    ("condition", "sid", "asked"),
    [
        ("RequiresNetworkIsolation", "JobsAreIsolated", {"BoolIfExists": {"sagemaker:NetworkIsolation": "false"}}),
        (
            "RequiresInterContainerEncryption",
            "JobsTalkEncrypted",
            {"BoolIfExists": {"sagemaker:InterContainerTrafficEncryption": "false"}},
        ),
        ("RequiresJobKeys", "JobsNeedVolumeKey", WITHOUT_VOLUME_KEY),
        ("RequiresJobKeys", "JobsNeedOutputKey", WITHOUT_OUTPUT_KEY),
        (
            "LimitsInstanceTypes",
            "OnlyAllowedTypes",
            {"ForAnyValue:StringNotLike": {"sagemaker:InstanceTypes": "<AllowedInstanceTypes>"}},
        ),
    ],
)
def test_the_boundary_asks_more_of_jobs_where_that_is_wanted(
    iam: Rendered, condition: str, sid: str, asked: Any
) -> None:
    """B053."""
    assert sid not in [statement["Sid"] for statement in iam.statements("PermissionsBoundary")]
    wanted = Rendered(EnvIam, conditions=frozenset({condition})).statement("PermissionsBoundary", sid)
    assert (wanted["Effect"], wanted["Resource"], wanted["Condition"]) == ("Deny", ["*"], asked)


def test_no_role_carries_a_policy_that_aws_manages(iam: Rendered) -> None:
    attached = {name: role["ManagedPolicyArns"] for name, role in iam.roles().items() if "ManagedPolicyArns" in role}
    assert attached == {
        "DataScientistRole": ["<TrainerPolicy>"],
        "MLEngineerRole": ["<TrainerPolicy>"],
        "SageMakerExecutionRole": ["<SageMakerJobPolicy>", "<TrainerPolicy>"],
        "SageMakerPipelineExecutionRole": ["<SageMakerJobPolicy>"],
    }


@pytest.mark.parametrize("role", [*USER_CODE, "DataScientistRole", "MLEngineerRole"])
def test_whoever_trains_approves_nothing_and_deletes_no_platform(iam: Rendered, role: str) -> None:
    """B034, B036."""
    assert iam.statement(role, "ApprovesNothing") == {
        "Sid": "ApprovesNothing",
        "Effect": "Deny",
        "Action": ["sagemaker:UpdateModelPackage"],
        "Resource": ["*"],
    }
    assert iam.statement(role, "RegistersUnapproved") == {
        "Sid": "RegistersUnapproved",
        "Effect": "Deny",
        "Action": ["sagemaker:CreateModelPackage"],
        "Resource": ["*"],
        "Condition": {"StringEquals": {"sagemaker:ModelApprovalStatus": "Approved"}},
    }
    denied = iam.statement(role, "DeletesNoPlatform")
    assert {"cloudformation:DeleteStackSet", "cloudformation:DeleteStackInstances", "kms:ScheduleKeyDeletion"} <= set(
        denied["Action"]
    )
    assert (denied["Effect"], denied["Resource"], "Condition" in denied) == ("Deny", ["*"], False)


def test_only_the_team_administrator_approves(iam: Rendered) -> None:
    allowed = {name for name in iam.roles() if "sagemaker:UpdateModelPackage" in actions(iam.statements(name))}
    assert allowed == {"DataScienceTeamAdministratorRole"}
    assert "sagemaker:CreateTrainingJob" not in actions(iam.statements("DataScienceTeamAdministratorRole"))


@pytest.mark.parametrize("role", PEOPLE)
def test_people_need_a_second_factor_and_name_only_themselves(iam: Rendered, role: str) -> None:
    account = {"AWS": "arn:aws:iam::111111111111:root"}
    assert iam.trust(role) == [
        {
            "Sid": "PeopleWithSecondFactor",
            "Effect": "Allow",
            "Principal": account,
            "Action": ["sts:AssumeRole"],
            "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}},
        },
        {
            "Sid": "NameTheirSource",
            "Effect": "Allow",
            "Principal": account,
            "Action": ["sts:SetSourceIdentity"],
            "Condition": {"StringEquals": {"sts:SourceIdentity": ["${aws:username}", "${aws:SourceIdentity}"]}},
        },
    ]


def test_a_source_identity_can_be_required() -> None:
    required = Rendered(EnvIam, conditions=frozenset({"RequiresSourceIdentity"}))
    assert required.trust("DataScientistRole")[0]["Condition"] == {
        "Bool": {"aws:MultiFactorAuthPresent": "true"},
        "Null": {"sts:SourceIdentity": "false"},
    }


def test_stack_sets_of_this_account_only_use_the_administration_role(iam: Rendered) -> None:
    """B033."""
    assert iam.trust("StackSetAdministrationRole") == [
        {
            "Sid": "StackSetsOfThisAccount",
            "Effect": "Allow",
            "Principal": {"Service": "cloudformation.amazonaws.com"},
            "Action": ["sts:AssumeRole"],
            "Condition": {
                "StringEquals": {"aws:SourceAccount": "111111111111"},
                "ArnLike": {"aws:SourceArn": "arn:aws:cloudformation:*:111111111111:stackset/*"},
            },
        }
    ]


def test_the_administration_role_assumes_exact_names_in_its_own_organization(iam: Rendered) -> None:
    """B033."""
    names = [
        "<SetupStackSetExecutionRoleName>",
        "sm-mlops-dev-eu-west-1-setup-stackset",
        "sm-mlops-dev-eu-west-1-stackset-execution",
        "sm-mlops-staging-eu-west-1-stackset-execution",
        "sm-mlops-prod-eu-west-1-stackset-execution",
    ]
    roles = [ROLES + name for name in names]
    assert iam.statements("StackSetAdministrationRole") == [
        {
            "Sid": "TargetsOfThisOrganization",
            "Effect": "Allow",
            "Action": ["sts:AssumeRole"],
            "Resource": roles,
            "Condition": {"StringEquals": {"aws:ResourceOrgID": "${aws:PrincipalOrgID}"}},
        },
        {
            "Sid": "TargetsWithoutOrganization",
            "Effect": "Allow",
            "Action": ["sts:AssumeRole"],
            "Resource": roles,
            "Condition": {"Null": {"aws:PrincipalOrgID": "true", "aws:ResourceOrgID": "true"}},
        },
    ]


def test_a_given_execution_role_is_the_only_further_name() -> None:
    named = Rendered(EnvIam, conditions=frozenset({"NamesExecutionRole"}))
    resources = named.statement("StackSetAdministrationRole", "TargetsOfThisOrganization")["Resource"]
    assert resources[5:] == [ROLES + "<StackSetExecutionRoleName>"]


def test_keys_are_used_through_services_and_by_the_environments_tags(iam: Rendered) -> None:
    own = {"aws:ResourceTag/EnvironmentName": "sm-mlops", "aws:ResourceTag/EnvironmentType": "dev"}
    statement = iam.statement("SageMakerExecutionRole", "UseKeys")
    assert statement["Resource"] == ["arn:aws:kms:eu-west-1:111111111111:key/*"]
    assert statement["Condition"] == {
        "StringEquals": own
        | {"kms:ViaService": [f"{name}.eu-west-1.amazonaws.com" for name in ("s3", "sagemaker", "ec2")]}
    }


def test_buckets_are_this_accounts_own(iam: Rendered) -> None:
    written = iam.statement("SageMakerExecutionRole", "BucketsWrite")
    assert written["Resource"] == [
        "arn:aws:s3:::sm-mlops-dev-eu-west-1-111111111111-data/*",
        "arn:aws:s3:::sm-mlops-dev-eu-west-1-111111111111-models/*",
    ]
    assert written["Condition"] == {"StringEquals": {"aws:ResourceAccount": "111111111111"}}


def test_a_named_bucket_replaces_the_usual_one() -> None:
    named = Rendered(EnvIam, conditions=frozenset({"NamesDataBucket"}))
    assert named.statement("DataScientistRole", "BucketsList")["Resource"] == [
        "arn:aws:s3:::<DataBucketName>",
        "arn:aws:s3:::sm-mlops-dev-eu-west-1-111111111111-models",
    ]


def test_tags_are_set_at_creation_only(iam: Rendered) -> None:
    tagging = [s for role in (*USER_CODE, *PEOPLE) for s in iam.statements(role) if "sagemaker:AddTags" in s["Action"]]
    assert [s["Condition"] for s in tagging] == [{"Null": {"sagemaker:TaggingAction": "false"}}] * 5


def test_project_roles_are_made_only_below_the_boundary(iam: Rendered) -> None:
    statement = iam.statement("SCProjectLaunchRole", "BoundRoles")
    assert statement["Resource"] == ["arn:aws:iam::111111111111:role/sagemaker-projects/sm-mlops-dev/sagemaker-*"]
    assert statement["Condition"] == {"StringEquals": {"iam:PermissionsBoundary": "<ProjectBoundary>"}}
    assert "iam:DeleteRolePermissionsBoundary" not in actions(iam.statements("SCProjectLaunchRole"))
    assert iam.statement("PermissionsBoundary", "BoundRoles") == statement


def test_project_roles_are_handed_to_three_services(iam: Rendered) -> None:
    """B009: no role of the account's own is needed."""
    passing = [s for s in iam.statements("SCProjectLaunchRole") if "iam:PassRole" in s["Action"]]
    assert passing == [
        {
            "Sid": "GiveProjectsTheirRoles",
            "Effect": "Allow",
            "Action": ["iam:PassRole"],
            "Resource": ["arn:aws:iam::111111111111:role/sagemaker-projects/sm-mlops-dev/sagemaker-*"],
            "Condition": {
                "StringEquals": {
                    "iam:PassedToService": [
                        "codebuild.amazonaws.com",
                        "codepipeline.amazonaws.com",
                        "events.amazonaws.com",
                    ]
                }
            },
        }
    ]


def test_the_ceiling_of_projects_hands_two_roles_on_and_makes_none(iam: Rendered) -> None:
    """M013."""
    ceiling = iam.statements("ProjectBoundary")
    assert {action for action in actions(ceiling) if action.startswith("iam:")} == {"iam:PassRole"}
    assert iam.statement("ProjectBoundary", "PassRoles")["Resource"] == [
        "arn:aws:iam::111111111111:role/sm-mlops-dev-eu-west-1-sm-pipeline",
        "arn:aws:iam::111111111111:role/sm-mlops-dev-eu-west-1-stackset-admin",
    ]
    denied = actions(ceiling, "Deny")
    assert {"sagemaker:UpdateModelPackage", "codepipeline:PutApprovalResult", "cloudformation:DeleteStackSet"} <= denied
    assert "cloudformation:UpdateStackSet" not in denied


def test_personas_are_optional_and_their_outputs_are_not(iam: Rendered) -> None:
    assert {name: iam.raw["Resources"][name]["Condition"] for name in PEOPLE} == {
        "DataScienceTeamAdministratorRole": "CreatesUserRoles",
        "DataScientistRole": "CreatesUserRoles",
        "MLEngineerRole": "CreatesMLEngineer",
    }
    outputs = iam.raw["Outputs"]
    assert [name for name, output in outputs.items() if "Condition" in output] == []
    without = iam.filled({name: output["Value"] for name, output in outputs.items()})
    assert [name for name, value in without.items() if value == ""] == [
        "AssumeTeamAdminRole",
        "AssumeDataScientistRole",
        "AssumeMLEngineerRole",
        "AssumeModelApproverRole",
        "DSTeamAdministratorRoleArn",
        "DataScientistRoleArn",
        "MLEngineerRoleArn",
        "ModelApproverRoleArn",
        "VPCFlowLogsRoleArn",
    ]


def test_switch_role_links_use_the_partitions_own_sign_in() -> None:
    created = Rendered(EnvIam, conditions=frozenset({"CreatesUserRoles"}))
    assert created.filled(created.raw["Outputs"]["AssumeTeamAdminRole"]["Value"]) == (
        "https://<signin>/switchrole?account=111111111111&roleName=<DataScienceTeamAdministratorRole>"
        "&displayName=<DataScienceTeamAdministratorRole>"
    )
    assert set(created.raw["Mappings"]["Partition"]) == {"aws", "aws-cn", "aws-us-gov", "aws-eusc"}


def test_four_eyes_are_a_role_more_and_a_refusal(iam: Rendered) -> None:
    """B069: with FourEyes the team administrator approves packages, and somebody else their way into production."""
    assert iam.raw["Resources"]["ModelApproverRole"]["Condition"] == "CreatesApprover"
    assert [one["PolicyName"] for one in iam.roles()["DataScienceTeamAdministratorRole"]["Policies"]] == ["Persona"]
    guarded = Rendered(EnvIam, conditions=frozenset({"KeepsFourEyes"}))
    assert guarded.statement("DataScienceTeamAdministratorRole", "AnswersNoApproval") == {
        "Sid": "AnswersNoApproval",
        "Effect": "Deny",
        "Action": ["codepipeline:PutApprovalResult"],
        "Resource": ["*"],
    }
    assert guarded.statement("ModelApproverRole", "AnswerApprovals") == {
        "Sid": "AnswerApprovals",
        "Effect": "Allow",
        "Action": ["codepipeline:PutApprovalResult"],
        "Resource": ["arn:aws:codepipeline:eu-west-1:111111111111:sagemaker-*"],
    }
