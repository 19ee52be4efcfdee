"""Project templates: where their sources are, what their builds run in, and what starts their pipelines."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from generator.cfn.stack import Stack
from templates.facts import codebuild_image
from templates.project.model_build_train import ProjectModelBuildTrain
from templates.project.model_deploy import ProjectModelDeploy
from tests.seed.seeds import DEPLOY, load
from tests.templates.deployed import ACCOUNT, Deployed

CONNECTION = f"arn:aws:codeconnections:eu-west-1:{ACCOUNT}:connection/1"
PROJECTS = (ProjectModelBuildTrain, ProjectModelDeploy)
STACKS = (
    (ProjectModelBuildTrain, "model-build-train", "sagemaker-mlops/seed-code/mlops-model-build-train-v1.0.zip"),
    (ProjectModelDeploy, "model-deploy", "sagemaker-mlops/seed-code/mlops-model-deploy-v1.0.zip"),
)


class Project(Deployed):
    """A project whose environment answers with two subnets and one group."""

    def attribute(self, logical_id: str, attribute: str) -> Any:
        lists = {"SubnetIds": ["subnet-1", "subnet-2"], "SecurityGroups": ["sg-1"]}
        return lists.get(attribute) or super().attribute(logical_id, attribute)


def deployed(stack: type[Stack], **parameters: str) -> Deployed:
    return Project(stack, SageMakerProjectName="Ages", SageMakerProjectId="p-abc", **parameters)


def source(stack: Deployed) -> tuple[str, dict[str, Any]]:
    """Provider and configuration of the pipeline's source."""
    (pipeline,) = stack.resources("AWS::CodePipeline::Pipeline").values()
    (action,) = pipeline["Stages"][0]["Actions"]
    return action["ActionTypeId"]["Provider"], action["Configuration"]


@pytest.mark.parametrize(("stack", "kind", "seed"), STACKS)
def test_a_repository_in_codecommit_begins_with_the_seed_code(stack: type[Stack], kind: str, seed: str) -> None:
    """B004."""
    project = deployed(stack)
    ((title, repository),) = project.resources("AWS::CodeCommit::Repository").items()
    assert repository["RepositoryName"] == f"sagemaker-Ages-p-abc-{kind}"
    assert repository["Code"] == {
        "S3": {"Bucket": "GetEnvironmentConfiguration.SeedCodeBucketName", "Key": seed},
        "BranchName": "main",
    }
    assert source(project) == (
        "CodeCommit",
        {"RepositoryName": f"{title}.Name", "BranchName": "main", "PollForSourceChanges": "false"},
    )


@pytest.mark.parametrize("stack", PROJECTS)
def test_ones_own_repository_is_reached_through_a_connection(stack: type[Stack]) -> None:
    """B004: GitHub, GitLab, Bitbucket and Azure DevOps, without CodeCommit."""
    given = {"ConnectionArn": CONNECTION, "FullRepositoryId": "team/ages"}
    project = deployed(stack, RepositoryProvider="CodeConnections", **given)
    assert project.resources("AWS::CodeCommit::Repository") == {}
    assert source(project) == ("CodeStarSourceConnection", {**given, "BranchName": "main"})


@pytest.mark.parametrize(("stack", "seed"), [(stack, seed) for stack, _, seed in STACKS])
@pytest.mark.parametrize(("bucket", "read"), [("", "GetEnvironmentConfiguration.SeedCodeBucketName"), ("mine", "mine")])
def test_an_archive_in_s3_is_a_source_too(stack: type[Stack], seed: str, bucket: str, read: str) -> None:
    """B004."""
    project = deployed(stack, RepositoryProvider="S3", SourceS3BucketName=bucket)
    assert project.resources("AWS::CodeCommit::Repository") == {}
    assert source(project) == ("S3", {"S3Bucket": read, "S3ObjectKey": seed, "PollForSourceChanges": "true"})


@pytest.mark.parametrize("stack", PROJECTS)
def test_builds_run_in_the_vpc_with_the_current_image(stack: type[Stack]) -> None:
    """B003."""
    builds = deployed(stack).resources("AWS::CodeBuild::Project").values()
    assert builds
    for build in builds:
        assert build["Environment"]["Image"] == codebuild_image()
        assert build["VpcConfig"] == {
            "VpcId": "GetEnvironmentConfiguration.VpcId",
            "Subnets": ["subnet-1", "subnet-2"],
            "SecurityGroupIds": ["sg-1"],
        }


def test_models_are_encrypted_with_the_key_that_target_accounts_may_use() -> None:
    """Target accounts decrypt with the key of the buckets only (env-kms); volumes have a key of their own."""
    (build,) = deployed(ProjectModelBuildTrain).resources("AWS::CodeBuild::Project").values()
    keys = {one["Name"]: one["Value"] for one in build["Environment"]["EnvironmentVariables"] if "KMS" in one["Name"]}
    assert keys == {
        "SAGEMAKER_KMS_KEY_ID": "GetEnvironmentConfiguration.S3KmsKeyId",
        "SAGEMAKER_VOLUME_KMS_KEY_ID": "GetEnvironmentConfiguration.EbsKmsKeyArn",
    }
    look_up = deployed(ProjectModelBuildTrain).resources("Custom::GetEnvironmentConfiguration")
    asked = {one["VariableName"]: one["ParameterName"] for one in look_up["GetEnvironmentConfiguration"]["SSMParams"]}
    assert (asked["S3KmsKeyId"], asked["EbsKmsKeyArn"]) == ("kms-s3-key-arn", "kms-ebs-key-arn")


@pytest.mark.parametrize("stack", PROJECTS)
def test_artifacts_have_a_bucket_whose_name_any_project_may_have(stack: type[Stack]) -> None:
    (bucket,) = deployed(stack).resources("AWS::S3::Bucket").values()
    assert bucket["BucketName"] == f"sm-mlops-cp-p-abc-{ACCOUNT}"


@pytest.mark.parametrize("stack", PROJECTS)
def test_artifacts_pass_over_tls_only(stack: type[Stack]) -> None:
    (held,) = deployed(stack).resources("AWS::S3::BucketPolicy").values()
    assert held["PolicyDocument"]["Statement"] == [
        {
            "Sid": "NeedsTls",
            "Effect": "Deny",
            "Principal": "*",
            "Action": ["s3:*"],
            "Resource": ["arn:aws:s3:::MlOpsArtifactsBucket", "arn:aws:s3:::MlOpsArtifactsBucket/*"],
            "Condition": {"Bool": {"aws:SecureTransport": False}},
        }
    ]


def test_only_an_approval_starts_a_deployment_and_with_its_own_package() -> None:
    """B064, B065."""
    rule = deployed(ProjectModelDeploy).resources("AWS::Events::Rule")["ModelDeployRegistryEventRule"]
    assert rule["EventPattern"] == {
        "source": ["aws.sagemaker"],
        "detail-type": ["SageMaker Model Package State Change"],
        "detail": {"ModelPackageGroupName": ["Ages-p-abc"], "ModelApprovalStatus": ["Approved"]},
    }
    assert rule["Targets"] == [
        {
            "Id": "pipeline",
            "Arn": f"arn:aws:codepipeline:eu-west-1:{ACCOUNT}:ModelDeployPipeline",
            "RoleArn": "EventsRole.Arn",
            "InputTransformer": {
                "InputPathsMap": {"package": "$.detail.ModelPackageArn"},
                "InputTemplate": '{"variables":[{"name":"ModelPackageArn","value":<package>}]}',
            },
        }
    ]


def stages(**parameters: str) -> dict[str, dict[str, Any]]:
    """The deploy pipeline's stages by name."""
    (pipeline,) = deployed(ProjectModelDeploy, **parameters).resources("AWS::CodePipeline::Pipeline").values()
    return {stage["Name"]: stage for stage in pipeline["Stages"]}


@pytest.mark.parametrize(
    ("several", "role"),
    [
        ("YES", "GetEnvironmentConfiguration.StagingStackSetExecutionRole"),
        ("NO", "GetEnvironmentConfiguration.StackSetExecutionRole"),
    ],
)
def test_a_stage_is_deployed_with_its_own_role_to_the_accounts_that_the_build_read(several: str, role: str) -> None:
    """B086: what is done for staging is done for production, too."""
    found = stages(MultiAccountDeployment=several)
    staging, production = (
        found[name]["Actions"][0]["Configuration"] for name in ("DeployModelStaging", "DeployModelProd")
    )
    assert (staging["ExecutionRoleName"], staging["DeploymentTargets"]) == (
        role,
        "BuildArtifact::staging-accounts.json",
    )
    assert (production["ExecutionRoleName"], production["DeploymentTargets"]) == (
        role.replace("Staging", "Prod"),
        "BuildArtifact::prod-first-accounts.json",
    )


def test_no_list_of_accounts_is_asked_for_when_a_project_is_made() -> None:
    """An answer of a custom resource holds 4 KB, which 300 accounts fill; and lists change after that."""
    ((_, asked),) = deployed(ProjectModelDeploy).resources("Custom::GetEnvironmentConfiguration").items()
    assert not [one for one in asked["SSMParams"] if one["ParameterName"].endswith("account-list")]


def test_stages_are_skipped_while_no_model_is_approved() -> None:
    """B066."""
    found = stages()
    rule = {
        "Name": "ModelIsApproved",
        "RuleTypeId": {"Category": "Rule", "Owner": "AWS", "Provider": "VariableCheck", "Version": "1"},
        "Configuration": {"Variable": "#{Build.DEPLOY}", "Operator": "EQ", "Value": "YES"},
    }
    entry = {"Conditions": [{"Result": "SKIP", "Rules": [rule]}]}
    assert {name: stage.get("BeforeEntry") for name, stage in found.items()} == {
        "Source": None,
        "Build": None,
        "DeployModelStaging": entry,
        "DeployModelProd": entry,
    }
    assert found["Build"]["Actions"][0]["Namespace"] == "Build"


def test_production_begins_with_a_first_wave_and_each_wave_is_called() -> None:
    """B067, B068: what fails in the first wave stops the rest."""
    actions = stages()["DeployModelProd"]["Actions"]
    assert [(action["Name"], action["ActionTypeId"]["Provider"], action["RunOrder"]) for action in actions] == [
        ("DeployProdFirst", "CloudFormationStackSet", 1),
        ("SmokeTestProdFirst", "CodeBuild", 2),
        ("DeployProd", "CloudFormationStackInstances", 3),
        ("SmokeTestProd", "CodeBuild", 4),
    ]
    called = [json.loads(actions[place]["Configuration"]["EnvironmentVariables"]) for place in (1, 3)]
    assert called == [
        [
            {"name": "BUILD_CONFIG", "value": "prod-config"},
            {"name": "ACCOUNTS", "value": accounts},
            {"name": "EXTENT", "value": "smoke"},
        ]
        for accounts in ("prod-first-accounts", "prod-accounts")
    ]


def test_the_rest_of_production_gets_the_stack_set_that_the_first_wave_has() -> None:
    first, _, rest, _ = stages(ProductionMaxConcurrentPercentage="25", ProductionFailureTolerancePercentage="10")[
        "DeployModelProd"
    ]["Actions"]
    name = "sagemaker-Ages-p-abc-deploy-GetEnvironmentConfiguration.EnvTypeProdName"
    assert first["Configuration"]["StackSetName"] == name
    assert rest["Configuration"] == {
        "StackSetName": name,
        "DeploymentTargets": "BuildArtifact::prod-accounts.json",
        "Regions": "eu-west-1",
        "MaxConcurrentPercentage": "25",
        "FailureTolerancePercentage": "10",
    }


def test_the_build_knows_where_the_orchestrator_keeps_the_accounts_of_a_stage() -> None:
    """The stack sets of roles, by the names that env-main and the orchestrator give them."""
    build = deployed(ProjectModelDeploy).resources("AWS::CodeBuild::Project")["ModelDeployBuildProject"]
    given = {one["Name"]: one["Value"] for one in build["Environment"]["EnvironmentVariables"]}
    environment = "GetEnvironmentConfiguration.EnvironmentName-GetEnvironmentConfiguration.EnvironmentType"
    assert {name: value for name, value in given.items() if name.endswith("_ROLES_STACK_SET")} == {
        "STAGING_ROLES_STACK_SET": f"{environment}-roles-GetEnvironmentConfiguration.EnvTypeStagingName",
        "PROD_ROLES_STACK_SET": f"{environment}-roles-GetEnvironmentConfiguration.EnvTypeProdName",
    }


def test_approvers_are_told_of_the_package_and_of_the_change_ticket() -> None:
    """B069."""
    approval = stages()["DeployModelStaging"]["Actions"][2]
    assert approval["Configuration"]["NotificationArn"] == "ApprovalTopic"
    assert approval["Configuration"]["CustomData"] == (
        "#{Build.DEPLOYED_PACKAGE} of Ages-p-abc (project Ages) has passed its tests in the staging accounts. Change "
        "ticket: #{variables.ChangeTicket}. Who wrote the change or approved the package does not approve this."
    )
    assert approval["TimeoutInMinutes"] == 10080


def test_approvals_may_have_a_topic_of_their_own() -> None:
    topic = f"arn:aws:sns:eu-west-1:{ACCOUNT}:sagemaker-approvals"
    project = deployed(ProjectModelDeploy, ApprovalTopicArn=topic)
    assert project.resources("AWS::SNS::Topic") == {}
    assert (
        stages(ApprovalTopicArn=topic)["DeployModelStaging"]["Actions"][2]["Configuration"]["NotificationArn"] == topic
    )


def test_the_topic_has_a_subscriber_where_an_address_is_given() -> None:
    assert deployed(ProjectModelDeploy).resources("AWS::SNS::Subscription") == {}
    ((_, made),) = deployed(ProjectModelDeploy, ApprovalEmail="a@b.example").resources("AWS::SNS::Subscription").items()
    assert made == {"TopicArn": "ApprovalTopic", "Protocol": "email", "Endpoint": "a@b.example"}


def test_people_hear_when_training_failed_or_was_stopped() -> None:
    """B074: no build waits for it."""
    project = deployed(ProjectModelBuildTrain)
    assert project.resources("AWS::Events::Rule")["TrainingEndedRule"] == {
        "Name": "sagemaker-Ages-p-abc-ended",
        "Description": "Tells how runs of the training pipeline ended",
        "EventPattern": {
            "source": ["aws.sagemaker"],
            "detail-type": ["SageMaker Model Building Pipeline Execution Status Change"],
            "detail": {
                "pipelineArn": [
                    {"equals-ignore-case": f"arn:aws:sagemaker:eu-west-1:{ACCOUNT}:pipeline/sagemaker-Ages-p-abc"}
                ],
                "currentPipelineExecutionStatus": ["Failed", "Stopped"],
            },
        },
        "State": "ENABLED",
        "Targets": [
            {
                "Id": "topic",
                "Arn": "TrainingTopic",
                "InputTransformer": {
                    "InputPathsMap": {
                        "execution": "$.detail.pipelineExecutionArn",
                        "status": "$.detail.currentPipelineExecutionStatus",
                    },
                    "InputTemplate": '"Training of Ages-p-abc: <execution> is <status>."',
                },
            }
        ],
    }


def test_eventbridge_reaches_the_topic_of_training() -> None:
    """SNS's own key admits no service, and EventBridge sends no key that the topic's policy could ask for."""
    project = deployed(ProjectModelBuildTrain)
    topic = project.resources("AWS::SNS::Topic")["TrainingTopic"]
    assert (topic["TopicName"], topic["KmsMasterKeyId"]) == (
        "sagemaker-Ages-p-abc-training",
        "GetEnvironmentConfiguration.S3KmsKeyId",
    )
    (held,) = project.resources("AWS::SNS::TopicPolicy").values()
    assert held["Topics"] == ["TrainingTopic"]
    assert held["PolicyDocument"]["Statement"] == [
        {
            "Sid": "NeedsTls",
            "Effect": "Deny",
            "Principal": "*",
            "Action": ["sns:Publish"],
            "Resource": ["TrainingTopic"],
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        },
        {
            "Sid": "EventsTell",
            "Effect": "Allow",
            "Principal": {"Service": "events.amazonaws.com"},
            "Action": ["sns:Publish"],
            "Resource": ["TrainingTopic"],
        },
    ]


def test_training_may_have_a_topic_of_its_own_and_tell_more() -> None:
    topic = f"arn:aws:sns:eu-west-1:{ACCOUNT}:on-call"
    project = deployed(
        ProjectModelBuildTrain, TrainingTopicArn=topic, TrainingEmail="a@b.example", TrainingStatuses="Succeeded"
    )
    rule = project.resources("AWS::Events::Rule")["TrainingEndedRule"]
    assert rule["Targets"][0]["Arn"] == topic
    assert rule["EventPattern"]["detail"]["currentPipelineExecutionStatus"] == ["Succeeded"]
    assert {one for one in project.resources() if one.startswith("Training")} == {"TrainingEndedRule"}


def test_training_has_a_subscriber_where_an_address_is_given() -> None:
    assert deployed(ProjectModelBuildTrain).resources("AWS::SNS::Subscription") == {}
    project = deployed(ProjectModelBuildTrain, TrainingEmail="a@b.example")
    assert project.resources("AWS::SNS::Subscription") == {
        "TrainingByEmail": {"TopicArn": "TrainingTopic", "Protocol": "email", "Endpoint": "a@b.example"}
    }


def test_the_training_build_knows_its_run_and_does_not_wait() -> None:
    """B074: a retried build has the run that it had; the training's own limit is a day."""
    project = deployed(ProjectModelBuildTrain)
    (pipeline,) = project.resources("AWS::CodePipeline::Pipeline").values()
    configuration = pipeline["Stages"][1]["Actions"][0]["Configuration"]
    assert json.loads(configuration["EnvironmentVariables"]) == [
        {"name": "DELIVERY_RUN", "value": "#{codepipeline.PipelineExecutionId}"}
    ]
    (build,) = project.resources("AWS::CodeBuild::Project").values()
    assert build["TimeoutInMinutes"] == 30


def test_a_run_may_name_the_package() -> None:
    """B065: the latest approved one, the one of the event, or a former one."""
    (pipeline,) = deployed(ProjectModelDeploy).resources("AWS::CodePipeline::Pipeline").values()
    assert pipeline["Variables"] == [
        {"Name": "ModelPackageArn", "DefaultValue": "latest"},
        {"Name": "ChangeTicket", "DefaultValue": "none"},
    ]


MONITORING = ("ModelMonitorPipeline", "ModelMonitorSchedule", "DriftAlarm", "QualityAlarm", "RetrainingRule")


def test_nothing_is_compared_where_no_schedule_is_given() -> None:
    """M016: no closed service, and nothing that costs without being asked for."""
    assert not {*MONITORING} & {*deployed(ProjectModelDeploy).resources()}
    assert {*MONITORING[:4]} == {*MONITORING} & {*deployed(ProjectModelDeploy, DriftSchedule="rate(1 day)").resources()}


def test_drift_starts_the_training_pipeline_where_one_is_named() -> None:
    """M017."""
    training = f"arn:aws:codepipeline:eu-west-1:{ACCOUNT}:sagemaker-Ages-p-def-modelbuild"
    project = deployed(ProjectModelDeploy, DriftSchedule="rate(1 day)", RetrainingPipelineArn=training)
    rule = project.resources("AWS::Events::Rule")["RetrainingRule"]
    assert rule["EventPattern"] == {
        "source": ["aws.cloudwatch"],
        "detail-type": ["CloudWatch Alarm State Change"],
        "resources": ["DriftAlarm.Arn", "QualityAlarm.Arn"],
        "detail": {"state": {"value": ["ALARM"]}},
    }
    assert rule["Targets"] == [{"Id": "pipeline", "Arn": training, "RoleArn": "EventsRole.Arn"}]


def test_the_alarm_watches_what_the_monitor_publishes() -> None:
    project = deployed(ProjectModelDeploy, DriftSchedule="rate(1 day)")
    report = load(DEPLOY / "monitor" / "report.py")
    one = {"rows": 1, "verdict": "drifted", "drifted": {"a": ["b"]}, "labelled": 1, "rmse": 2.0, "rmse_exceeded": True}
    stage = "GetEnvironmentConfiguration.EnvTypeProdName"
    told = {metric["MetricName"]: metric for metric in report.metrics({"1": one}, "Ages-p-abc", stage)}
    alarms = project.resources("AWS::CloudWatch::Alarm")
    assert alarms.keys() == {"DriftAlarm", "QualityAlarm"}
    for alarm in alarms.values():
        assert alarm["Namespace"] == report.NAMESPACE
        assert alarm["Dimensions"] == told[alarm["MetricName"]]["Dimensions"]
        assert told[alarm["MetricName"]]["Value"] == 1.0


def test_the_monitor_is_told_all_that_it_reads() -> None:
    project = deployed(ProjectModelDeploy, DriftSchedule="rate(1 day)")
    build = project.resources("AWS::CodeBuild::Project")["ModelMonitorProject"]
    variables = build["Environment"]["EnvironmentVariables"]
    text = "".join((DEPLOY / name).read_text() for name in ("monitor/monitor.py", "targets.py"))
    read = {*re.findall(r"variables(?:\.get\(|\[)['\"]([A-Z0-9_]+)['\"]", text)}
    assert {variable["Name"] for variable in variables} == read
