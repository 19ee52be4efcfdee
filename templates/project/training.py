"""People hear how a run of the training pipeline ended: no build waits for it."""

from __future__ import annotations

from typing import Any

from awacs import sns as sns_actions
from awacs.aws import Principal, Statement
from troposphere import Ref, Sub, events
from troposphere.sns import Topic

from generator.cfn.arns import arn, service
from generator.cfn.iam import allow
from templates.project.environment import PROJECT

_TEXT = '"Training of ${SageMakerProjectName}-${SageMakerProjectId}: <execution> is <status>."'


def admits_events(topic: Topic) -> Statement:
    """Without a condition: EventBridge publishes without the keys that one could ask (EventBridge User Guide,
    "Troubleshooting": no conditions in topic policies). The key under the topic knows the topics of projects."""
    return allow("EventsTell", [sns_actions.Publish], Ref(topic), principal=Principal("Service", service("events")))


def ended_rule(title: str, topic: Any, statuses: Any) -> events.Rule:
    """Tell the topic when an execution of this project's SageMaker pipeline reaches one of the statuses.

    SageMaker has written names in ARNs in lower case, so the pipeline's ARN is compared without regard to case.
    """
    pipeline = arn("sagemaker", f"pipeline/{PROJECT}")
    return events.Rule(
        title,
        Name=Sub(f"{PROJECT}-ended"),
        Description="Tells how runs of the training pipeline ended",
        EventPattern={
            "source": ["aws.sagemaker"],
            "detail-type": ["SageMaker Model Building Pipeline Execution Status Change"],
            "detail": {
                "pipelineArn": [{"equals-ignore-case": pipeline}],
                "currentPipelineExecutionStatus": statuses,
            },
        },
        State="ENABLED",
        Targets=[
            events.Target(
                Id="topic",
                Arn=topic,
                InputTransformer=events.InputTransformer(
                    InputPathsMap={
                        "execution": "$.detail.pipelineExecutionArn",
                        "status": "$.detail.currentPipelineExecutionStatus",
                    },
                    InputTemplate=Sub(_TEXT),
                ),
            )
        ],
    )
