"""Each project has a role of its own for each service, below the environment's ceiling for projects (M013, B038)."""

from __future__ import annotations

from typing import Any

import pytest

from generator.cfn.stack import Stack
from templates import published
from templates.project.model_build_train import ProjectModelBuildTrain
from templates.project.model_deploy import ProjectModelDeploy
from tests.templates.deployed import ACCOUNT
from tests.templates.test_projects import Project, deployed

PROJECTS = (ProjectModelBuildTrain, ProjectModelDeploy)
CONFIGURATION = "GetEnvironmentConfiguration"
ENVIRONMENT = f"{CONFIGURATION}.EnvironmentName-{CONFIGURATION}.EnvironmentType"
CONNECTION = f"arn:aws:codeconnections:eu-west-1:{ACCOUNT}:connection/1"


def roles(project: Any) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = project.resources("AWS::IAM::Role")
    return found


def policies(project: Any, role: str) -> dict[str, list[dict[str, Any]]]:
    """The statements of a role by the name of their policy."""
    return {one["PolicyName"]: one["PolicyDocument"]["Statement"] for one in roles(project)[role]["Policies"]}


@pytest.mark.parametrize(
    ("stack", "parameters", "names"),
    [
        (ProjectModelBuildTrain, {}, {"build", "pipeline", "events"}),
        (ProjectModelBuildTrain, {"RepositoryProvider": "S3"}, {"build", "pipeline"}),
        (ProjectModelDeploy, {}, {"build", "test", "pipeline", "events"}),
        (ProjectModelDeploy, {"RepositoryProvider": "S3"}, {"build", "test", "pipeline", "events"}),
    ],
)
def test_a_project_makes_a_role_for_each_service(
    stack: type[Stack], parameters: dict[str, str], names: set[str]
) -> None:
    made = roles(deployed(stack, **parameters)).values()
    assert {role["RoleName"] for role in made} == {f"sagemaker-p-abc-{name}" for name in names}
    assert {role["Path"] for role in made} == {f"/sagemaker-projects/{ENVIRONMENT}/"}
    assert {role["PermissionsBoundary"] for role in made} == {f"{CONFIGURATION}.ProjectBoundary"}
    tags = {
        "SageMakerProjectName": "Ages",
        "SageMakerProjectId": "p-abc",
        "EnvironmentName": f"{CONFIGURATION}.EnvironmentName",
        "EnvironmentType": f"{CONFIGURATION}.EnvironmentType",
    }
    assert all({tag["Key"]: tag["Value"] for tag in role["Tags"]} == tags for role in made)


def test_names_and_paths_stay_below_their_limits() -> None:
    """IAM: 64 characters of a name, 512 of a path; a project's id has 15, an environment's name and type 16 and 10."""
    longest = Project(ProjectModelDeploy, SageMakerProjectName="n" * 32, SageMakerProjectId="p" * 15)
    assert max(len(role["RoleName"]) for role in roles(longest).values()) == 34
    path = published.PROJECT_ROLE_PATH.replace("${EnvName}", "n" * 16).replace("${EnvType}", "t" * 10)
    assert len(path) == 47


def test_the_boundary_is_what_the_environment_publishes() -> None:
    for stack in PROJECTS:
        (look_up,) = deployed(stack).resources("Custom::GetEnvironmentConfiguration").values()
        asked = {one["VariableName"]: one["ParameterName"] for one in look_up["SSMParams"]}
        assert asked["ProjectBoundary"] == "project-boundary-arn"


@pytest.mark.parametrize(
    ("role", "service", "source"),
    [
        ("BuildRole", "codebuild", "codebuild:eu-west-1:{account}:project/sagemaker-Ages-p-abc-*"),
        ("TestRole", "codebuild", "codebuild:eu-west-1:{account}:project/sagemaker-Ages-p-abc-*"),
        ("EventsRole", "events", "events:eu-west-1:{account}:rule/sagemaker-Ages-p-abc-*"),
    ],
)
def test_a_role_is_for_one_service_acting_for_this_project(role: str, service: str, source: str) -> None:
    assert roles(deployed(ProjectModelDeploy))[role]["AssumeRolePolicyDocument"]["Statement"] == [
        {
            "Effect": "Allow",
            "Action": ["sts:AssumeRole"],
            "Principal": {"Service": [f"{service}.amazonaws.com"]},
            "Condition": {
                "StringEquals": {"aws:SourceAccount": ACCOUNT},
                "ArnLike": {"aws:SourceArn": f"arn:aws:{source.format(account=ACCOUNT)}"},
            },
        }
    ]


def test_codepipeline_is_the_only_service_of_the_pipelines_role() -> None:
    (statement,) = roles(deployed(ProjectModelDeploy))["PipelineRole"]["AssumeRolePolicyDocument"]["Statement"]
    assert statement["Principal"] == {"Service": ["codepipeline.amazonaws.com"]}


def test_each_service_gets_the_role_that_is_for_it() -> None:
    project = deployed(ProjectModelDeploy, DriftSchedule="rate(1 day)")
    builds = project.resources("AWS::CodeBuild::Project")
    assert {title: build["ServiceRole"] for title, build in builds.items()} == {
        "ModelDeployBuildProject": "BuildRole.Arn",
        "ModelDeployTestProject": "TestRole.Arn",
        "ModelMonitorProject": "TestRole.Arn",
    }
    pipelines = project.resources("AWS::CodePipeline::Pipeline").values()
    assert {pipeline["RoleArn"] for pipeline in pipelines} == {"PipelineRole.Arn"}
    targets = [target for rule in project.resources("AWS::Events::Rule").values() for target in rule["Targets"]]
    assert {target["RoleArn"] for target in targets} == {"EventsRole.Arn"}


def test_a_deployment_keeps_its_own_stack_sets_and_hands_on_one_role() -> None:
    found = {one["Sid"]: one for one in policies(deployed(ProjectModelDeploy), "PipelineRole")["Deliver"]}
    assert [*found] == [
        "FindArtifacts",
        "UseArtifacts",
        "UseKeyOfBuckets",
        "RunBuilds",
        "DeployToStages",
        "DeployAs",
        "CreateStackSets",
        "TellApprovers",
    ]
    cloudformation = f"arn:aws:cloudformation:eu-west-1:{ACCOUNT}"
    assert found["DeployToStages"]["Resource"] == [
        f"{cloudformation}:stackset/sagemaker-Ages-p-abc-deploy-*",
        f"{cloudformation}:stackset-target/sagemaker-Ages-p-abc-deploy-*",
        "arn:aws:cloudformation:eu-west-1::type/resource/*",
    ]
    assert found["DeployAs"] == {
        "Sid": "DeployAs",
        "Effect": "Allow",
        "Action": ["iam:PassRole"],
        "Resource": [f"{CONFIGURATION}.StackSetAdministrationRole"],
        "Condition": {"StringEquals": {"iam:PassedToService": ["cloudformation.amazonaws.com"]}},
    }
    assert found["TellApprovers"]["Resource"] == ["ApprovalTopic"]


@pytest.mark.parametrize(
    ("parameters", "statements"),
    [
        ({}, {"ReadRepository": [f"arn:aws:codecommit:eu-west-1:{ACCOUNT}:sagemaker-Ages-p-abc-model-deploy"]}),
        ({"RepositoryProvider": "CodeConnections", "ConnectionArn": CONNECTION}, {"UseConnection": [CONNECTION]}),
        (
            {"RepositoryProvider": "S3", "SourceS3BucketName": "mine"},
            {
                "FindArchive": ["arn:aws:s3:::mine"],
                "ReadArchive": ["arn:aws:s3:::mine/sagemaker-mlops/seed-code/mlops-model-deploy-v1.0.zip"],
            },
        ),
    ],
)
def test_the_source_is_read_where_it_is_and_nowhere_else(
    parameters: dict[str, str], statements: dict[str, list[str]]
) -> None:
    found = policies(deployed(ProjectModelDeploy, **parameters), "PipelineRole")["Source"]
    assert {one["Sid"]: one["Resource"] for one in found} == statements


def test_tests_become_the_testers_of_the_three_stages_in_one_organization() -> None:
    found = {one["Sid"]: one for one in policies(deployed(ProjectModelDeploy), "TestRole")["Test"]}
    testers = [
        f"arn:aws:iam::*:role/{CONFIGURATION}.EnvironmentName-{CONFIGURATION}.{stage}-eu-west-1-model-test"
        for stage in ("EnvironmentType", "EnvTypeStagingName", "EnvTypeProdName")
    ]
    for sid, condition in (
        ("TestInStages", {"StringEquals": {"aws:ResourceOrgID": "${aws:PrincipalOrgID}"}}),
        ("TestInStagesWithoutOrganization", {"Null": {"aws:PrincipalOrgID": "true", "aws:ResourceOrgID": "true"}}),
    ):
        assert found[sid] == {
            "Sid": sid,
            "Effect": "Allow",
            "Action": ["sts:AssumeRole"],
            "Resource": testers,
            "Condition": condition,
        }


def test_data_is_compared_only_where_that_is_asked_for() -> None:
    assert [*policies(deployed(ProjectModelDeploy), "TestRole")] == ["Test"]
    found = policies(deployed(ProjectModelDeploy, DriftSchedule="rate(1 day)"), "TestRole")["Compare"]
    objects = {one["Sid"]: one["Resource"] for one in found}["DataObjects"]
    assert objects == [f"arn:aws:s3:::{CONFIGURATION}.DataBucketName/Ages-p-abc/*"]


@pytest.mark.parametrize(("group", "named"), [("Auto", "Ages-p-abc"), ("churn", "churn")])
def test_a_build_keeps_the_group_that_it_deploys_from(group: str, named: str) -> None:
    found = policies(deployed(ProjectModelDeploy, ModelPackageGroupName=group), "BuildRole")["Build"]
    groups = f"arn:aws:sagemaker:eu-west-1:{ACCOUNT}:model-package-group"
    assert {one["Sid"]: one["Resource"] for one in found}["KeepModelGroup"] == [
        f"{groups}/*-p-abc",
        f"{groups}/{named}",
    ]


def test_a_build_learns_the_accounts_from_the_lists_or_from_the_stack_sets_of_roles() -> None:
    found = {one["Sid"]: one for one in policies(deployed(ProjectModelDeploy), "BuildRole")["Build"]}
    assert found["ReadAccountLists"]["Resource"] == [
        f"arn:aws:ssm:eu-west-1:{ACCOUNT}:parameter/{ENVIRONMENT}-{stage}-account-list"
        for stage in ("staging", "production")
    ]
    assert found["ReadInstances"] == {
        "Sid": "ReadInstances",
        "Effect": "Allow",
        "Action": ["cloudformation:ListStackInstances"],
        "Resource": [f"arn:aws:cloudformation:eu-west-1:{ACCOUNT}:stackset/{ENVIRONMENT}-roles-*"],
    }


def test_builds_lend_their_interface_to_codebuild_in_this_account() -> None:
    found = {one["Sid"]: one for one in policies(deployed(ProjectModelBuildTrain), "BuildRole")["Build"]}
    assert found["JoinVpc"]["Action"] == ["ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface"]
    assert found["LendInterface"] == {
        "Sid": "LendInterface",
        "Effect": "Allow",
        "Action": ["ec2:CreateNetworkInterfacePermission"],
        "Resource": [f"arn:aws:ec2:eu-west-1:{ACCOUNT}:network-interface/*"],
        "Condition": {
            "StringEquals": {"ec2:AuthorizedService": "codebuild.amazonaws.com"},
            "ArnLike": {"ec2:Subnet": f"arn:aws:ec2:eu-west-1:{ACCOUNT}:subnet/*"},
        },
    }


def test_who_trains_keeps_one_pipeline_and_hands_on_one_role() -> None:
    found = {one["Sid"]: one for one in policies(deployed(ProjectModelBuildTrain), "BuildRole")["Build"]}
    pipelines = f"arn:aws:sagemaker:eu-west-1:{ACCOUNT}:pipeline"
    assert found["KeepPipeline"]["Resource"] == [f"{pipelines}/*-p-abc", f"{pipelines}/*-p-abc/execution/*"]
    assert found["RunPipelineAs"] == {
        "Sid": "RunPipelineAs",
        "Effect": "Allow",
        "Action": ["iam:PassRole"],
        "Resource": [f"{CONFIGURATION}.PipelineExecutionRole"],
        "Condition": {"StringEquals": {"iam:PassedToService": ["sagemaker.amazonaws.com"]}},
    }
    (build,) = deployed(ProjectModelBuildTrain).resources("AWS::CodeBuild::Project").values()
    given = {one["Name"]: one["Value"] for one in build["Environment"]["EnvironmentVariables"]}
    assert given["SAGEMAKER_PIPELINE_NAME"] == "sagemaker-Ages-p-abc"


def test_drift_starts_the_named_pipeline_and_no_other() -> None:
    training = f"arn:aws:codepipeline:eu-west-1:{ACCOUNT}:sagemaker-Ages-p-def-modelbuild"
    own = f"arn:aws:codepipeline:eu-west-1:{ACCOUNT}:sagemaker-Ages-p-abc-*"
    given = {"DriftSchedule": "rate(1 day)", "RetrainingPipelineArn": training}
    for parameters, resources in (({}, [own]), (given, [own, training])):
        (statement,) = policies(deployed(ProjectModelDeploy, **parameters), "EventsRole")["Start"]
        assert statement["Resource"] == resources
