"""Controls that find, report and on request correct SageMaker resources that break the rules."""

from __future__ import annotations

from troposphere import Equals

from generator.cfn.contract import Cond, Out, Param, switch
from generator.cfn.stack import Stack


class CoreSecurityControls(Stack):
    FILE = "core-security-controls.yaml"
    DESCRIPTION = (
        "Finds SageMaker resources outside a VPC or without a customer key, reports and optionally corrects them"
    )

    STACK_SET_NAME = Param("StackSetName", "Name that the resources of the core stack share", max_length=28)
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

    FINDINGS_TOPIC_ARN = Out("FindingsTopicArn", "Topic that gets every finding")
    FUNCTION_ARN = Out("DetectFunctionArn", "Function that looks for violations")

    def build(self) -> None:
        raise NotImplementedError
