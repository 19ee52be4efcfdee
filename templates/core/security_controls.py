"""Controls that find, report and on request correct SageMaker resources that break the rules."""

from __future__ import annotations

from typing import Any

from awacs import sns as sns_actions
from awacs.aws import Principal
from troposphere import Equals, GetAtt, Not, Ref, Sub
from troposphere.awslambda import (
    DestinationConfig,
    Environment,
    EventInvokeConfig,
    Function,
    OnFailure,
    Permission,
)
from troposphere.config import ConfigRule, Source
from troposphere.events import Rule as EventRule
from troposphere.events import Target
from troposphere.sns import SubscriptionResource, Topic, TopicPolicy

from generator.cfn.arns import service
from generator.cfn.contract import Cond, Out, Param, switch
from generator.cfn.iam import deny, policy
from generator.cfn.stack import Stack
from templates.functions import function, log_group

SECONDS = 900
# The API calls that the function knows; templates/sources/functions/detect-sagemaker-controls/inventory.py reads them.
CALLS = (
    "CreateDomain",
    "CreateEndpoint",
    "CreateModel",
    "CreateNotebookInstance",
    "CreateProcessingJob",
    "CreateTrainingJob",
    "UpdateDomain",
    "UpdateEndpoint",
)
# Identifiers of rules that AWS manages (AWS Config developer guide, list of managed rules)
CONFIG_RULES = (
    "SAGEMAKER_DOMAIN_IN_VPC",
    "SAGEMAKER_ENDPOINT_CONFIGURATION_KMS_KEY_CONFIGURED",
    "SAGEMAKER_MODEL_IN_VPC",
    "SAGEMAKER_NOTEBOOK_INSTANCE_INSIDE_VPC",
    "SAGEMAKER_NOTEBOOK_INSTANCE_KMS_KEY_CONFIGURED",
    "SAGEMAKER_NOTEBOOK_INSTANCE_ROOT_ACCESS_CHECK",
    "SAGEMAKER_NOTEBOOK_NO_DIRECT_INTERNET_ACCESS",
    "S3_BUCKET_PUBLIC_READ_PROHIBITED",
    "S3_BUCKET_PUBLIC_WRITE_PROHIBITED",
    "S3_BUCKET_SERVER_SIDE_ENCRYPTION_ENABLED",
    "S3_BUCKET_SSL_REQUESTS_ONLY",
    "S3_BUCKET_VERSIONING_ENABLED",
)


class CoreSecurityControls(Stack):
    """One function, two ways to it: a schedule for everything, CloudTrail for what was just made."""

    FILE = "core-security-controls.yaml"
    DESCRIPTION = (
        "Finds SageMaker resources outside a VPC or without a customer key, reports them, corrects them if asked"
    )

    STACK_SET_NAME = Param("StackSetName", "Name that the resources of the core stack share")
    ROLE_ARN = Param("SecurityControlExecutionRoleArn", "Role of the function that looks for violations")
    CORRECTIVE_ACTIONS = switch(
        "CorrectiveActions", "YES stops jobs and deletes endpoints and models that break a rule", default="NO"
    )
    CONFIG_RULES = switch(
        "CreateConfigRules", "YES adds AWS Config rules; the account's Config recorder must be on", default="NO"
    )
    SCHEDULE = Param(
        "ScanSchedule", "How often everything is looked at", default="rate(1 hour)", pattern=r"(rate|cron)\(.+\)"
    )
    NOTIFICATION_EMAIL = Param(
        "NotificationEmail", "Address that gets the findings; empty for none", default="", pattern=r"([^@\s]+@[^@\s]+)?"
    )

    CREATES_CONFIG_RULES = Cond("CreatesConfigRules", Equals(CONFIG_RULES, "YES"))
    NOTIFIES = Cond("Notifies", Not(Equals(NOTIFICATION_EMAIL, "")))

    FINDINGS_TOPIC_ARN = Out("FindingsTopicArn", "Topic that gets every finding")
    FUNCTION_ARN = Out("DetectFunctionArn", "Function that looks for violations")

    def build(self) -> None:
        topic = self.add(findings_topic())
        self.add(tls_only(topic))
        self.add(subscription(topic, self.NOTIFICATION_EMAIL), self.NOTIFIES)
        detect = self._function(topic)
        self.add(failures_to(topic, detect))
        for rule in (scan_rule(self.SCHEDULE, detect), call_rule(detect)):
            self.add(rule)
            self.add(permission(rule, detect))
        for identifier in CONFIG_RULES:
            self.add(config_rule(identifier), self.CREATES_CONFIG_RULES)
        self.put(self.FINDINGS_TOPIC_ARN, Ref(topic))
        self.put(self.FUNCTION_ARN, GetAtt(detect, "Arn"))

    def _function(self, topic: Topic) -> Function:
        log = self.add(log_group("DetectLogs", "${StackSetName}-detect-sagemaker-controls"))
        made = function(
            self.release,
            "DetectFunction",
            "detect-sagemaker-controls",
            "Looks for SageMaker resources that break the rules",
            role=self.ROLE_ARN,
            log=log,
            seconds=SECONDS,
        )
        made.Environment = Environment(
            Variables={"CORRECTIVE_ACTIONS": self.CORRECTIVE_ACTIONS, "FINDINGS_TOPIC_ARN": Ref(topic)}
        )
        self.add(made)
        return made


def findings_topic() -> Topic:
    """Its name is what the role of the controls may publish to."""
    return Topic("FindingsTopic", TopicName=Sub("${StackSetName}-security-findings"), KmsMasterKeyId="alias/aws/sns")


def tls_only(topic: Topic) -> TopicPolicy:
    """Publishing needs TLS; who may publish is said by the roles of this account."""
    return TopicPolicy(
        "FindingsTopicPolicy",
        Topics=[Ref(topic)],
        PolicyDocument=policy(
            deny(
                "NeedsTls",
                [sns_actions.Publish],
                Ref(topic),
                when={"Bool": {"aws:SecureTransport": "false"}},
                principal=Principal("*"),
            )
        ),
    )


def subscription(topic: Topic, address: Any) -> SubscriptionResource:
    return SubscriptionResource("FindingsByEmail", TopicArn=Ref(topic), Protocol="email", Endpoint=address)


def failures_to(topic: Topic, detect: Function) -> EventInvokeConfig:
    """A control that fails in silence is none: what still fails after two retries is a message, too."""
    return EventInvokeConfig(
        "DetectFailures",
        FunctionName=Ref(detect),
        Qualifier="$LATEST",
        MaximumRetryAttempts=2,
        DestinationConfig=DestinationConfig(OnFailure=OnFailure(Destination=Ref(topic))),
    )


def scan_rule(schedule: Any, detect: Function) -> EventRule:
    return EventRule(
        "ScanRule",
        Description="Looks at everything",
        ScheduleExpression=schedule,
        State="ENABLED",
        Targets=[Target(Id="detect", Arn=GetAtt(detect, "Arn"))],
    )


def call_rule(detect: Function) -> EventRule:
    """Calls that CloudTrail sees, a few minutes after they were made; a management trail must be on in the account."""
    return EventRule(
        "CallRule",
        Description="Looks at what a call to SageMaker made",
        EventPattern={
            "source": ["aws.sagemaker"],
            "detail-type": ["AWS API Call via CloudTrail"],
            "detail": {
                "eventSource": [service("sagemaker")],
                "eventName": list(CALLS),
                "errorCode": [{"exists": False}],
            },
        },
        State="ENABLED",
        Targets=[Target(Id="detect", Arn=GetAtt(detect, "Arn"))],
    )


def permission(rule: EventRule, detect: Function) -> Permission:
    return Permission(
        f"{rule.title}Permission",
        Action="lambda:InvokeFunction",
        FunctionName=Ref(detect),
        Principal=service("events"),
        SourceArn=GetAtt(rule, "Arn"),
        SourceAccount=Ref("AWS::AccountId"),
    )


def config_rule(identifier: str) -> ConfigRule:
    """One rule that AWS manages; its name carries the stack's, so that several cores may stand side by side."""
    name = identifier.lower().replace("_", "-")
    return ConfigRule(
        "".join(part.title() for part in identifier.split("_")) + "Rule",
        ConfigRuleName=Sub(f"${{StackSetName}}-{name}"),
        Source=Source(Owner="AWS", SourceIdentifier=identifier),
    )
