"""Makers of the scheduled comparison of production data with training data, and of what its result starts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from troposphere import GetAtt, Ref, Sub, cloudwatch, codebuild, codepipeline, events
from troposphere.iam import Role

from templates.project import delivery
from templates.project.environment import environment, project_tags
from templates.published import DRIFT_NAMESPACE

_PROJECT = "${SageMakerProjectName}-${SageMakerProjectId}"


def monitor_project(role: Role, group: Any, topic: Any) -> codebuild.Project:
    return delivery.build_project(
        "ModelMonitorProject",
        "modelmonitor",
        "Compares what the production endpoints captured with the training data",
        role,
        monitor_variables(group, topic),
        buildspec="monitor/buildspec.yml",
        minutes=60,
    )


def monitor_variables(group: Any, topic: Any) -> dict[str, Any]:
    """What the seed code's monitor reads: training rows where the build-train project puts them, labels beside them."""
    place = "s3://${Bucket}/${Group}"
    given = {"Bucket": environment("DataBucketName"), "Group": group}
    return {
        "SAGEMAKER_PROJECT_NAME": Ref("SageMakerProjectName"),
        "SAGEMAKER_PROJECT_ID": Ref("SageMakerProjectId"),
        "ENV_NAME": environment("EnvironmentName"),
        "ENV_TYPE": environment("EnvironmentType"),
        "ENV_TYPE_PROD_NAME": environment("EnvTypeProdName"),
        "AWS_REGION": Ref("AWS::Region"),
        "MULTI_ACCOUNT_DEPLOYMENT": Ref("MultiAccountDeployment"),
        "BASELINE_S3_URI": Sub(f"{place}/train/", **given),
        "LABELS_S3_URI": Sub(f"{place}/labels/", **given),
        "TOPIC_ARN": topic,
    }


def monitor_stage(source: str, project: codebuild.Project) -> codepipeline.Stages:
    action = delivery.build_action("CompareWithTraining", project, [f"{source}Artifact"], ["DriftArtifact"])
    return codepipeline.Stages(Name="Compare", Actions=[action])


def scheduled(title: str, schedule: Any, target: codepipeline.Pipeline, role: Role) -> events.Rule:
    return events.Rule(
        title,
        Name=Sub("sagemaker-${SageMakerProjectName}-${SageMakerProjectId}-drift"),
        Description="Compares production data with training data",
        ScheduleExpression=schedule,
        State="ENABLED",
        Targets=[delivery.starts(delivery.pipeline_arn(target), role)],
    )


def alarm(title: str, name: str, metric: str, description: str) -> cloudwatch.Alarm:
    """Goes off from the first; a day without a comparison says nothing.

    It has no action: a topic under SNS's own key takes no alarms. The comparison itself tells people.
    """
    dimensions: Mapping[str, Any] = {"Project": Sub(_PROJECT), "Stage": environment("EnvTypeProdName")}
    return cloudwatch.Alarm(
        title,
        AlarmName=Sub(f"sagemaker-{_PROJECT}-{name}"),
        AlarmDescription=description,
        Namespace=DRIFT_NAMESPACE,
        MetricName=metric,
        Dimensions=[cloudwatch.MetricDimension(Name=key, Value=value) for key, value in dimensions.items()],
        Statistic="Maximum",
        Period=3600,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanOrEqualToThreshold",
        TreatMissingData="ignore",
        Tags=project_tags(),
    )


def retraining(title: str, alarms: list[cloudwatch.Alarm], pipeline_arn: Any, role: Role) -> events.Rule:
    """Start the training project's pipeline when an alarm goes off; its model waits for approval like any other."""
    return events.Rule(
        title,
        Name=Sub("sagemaker-${SageMakerProjectName}-${SageMakerProjectId}-train"),
        Description="Trains anew when production data has drifted",
        EventPattern={
            "source": ["aws.cloudwatch"],
            "detail-type": ["CloudWatch Alarm State Change"],
            "resources": [GetAtt(one, "Arn") for one in alarms],
            "detail": {"state": {"value": ["ALARM"]}},
        },
        State="ENABLED",
        Targets=[delivery.starts(pipeline_arn, role)],
    )
