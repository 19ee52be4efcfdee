"""The controls' template: what starts the function, what it may reach, and what the switches add."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from templates.core.security_controls import CALLS, CoreSecurityControls
from tests.templates.roles import Rendered

FUNCTION = Path(__file__).parents[2] / "templates/sources/functions/detect-sagemaker-controls"


@pytest.fixture(scope="module")
def controls() -> Rendered:
    return Rendered(CoreSecurityControls)


def test_calls_and_a_schedule_start_the_function(controls: Rendered) -> None:
    rules = {name: r["Properties"] for name, r in controls.resources.items() if r["Type"] == "AWS::Events::Rule"}
    assert rules["ScanRule"]["ScheduleExpression"] == "<ScanSchedule>"
    assert rules["CallRule"]["EventPattern"] == {
        "source": ["aws.sagemaker"],
        "detail-type": ["AWS API Call via CloudTrail"],
        "detail": {
            "eventSource": ["sagemaker.amazonaws.com"],
            "eventName": list(CALLS),
            "errorCode": [{"exists": False}],
        },
    }
    for name in rules:
        assert rules[name]["Targets"] == [{"Id": "detect", "Arn": "<DetectFunction.Arn>"}]
        assert controls.resources[f"{name}Permission"]["Properties"] == {
            "Action": "lambda:InvokeFunction",
            "FunctionName": "<DetectFunction>",
            "Principal": "events.amazonaws.com",
            "SourceArn": f"<{name}.Arn>",
            "SourceAccount": "111111111111",
        }


def test_the_rule_names_the_calls_that_the_function_reads() -> None:
    spec = importlib.util.spec_from_file_location("inventory_of_calls", FUNCTION / "inventory.py")
    assert spec is not None and spec.loader is not None
    inventory = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(inventory)
    assert tuple(sorted(inventory.CALLS)) == CALLS


def test_the_function_corrects_only_if_the_parameter_says_so(controls: Rendered) -> None:
    function = controls.resources["DetectFunction"]["Properties"]
    assert function["Environment"]["Variables"] == {
        "CORRECTIVE_ACTIONS": "<CorrectiveActions>",
        "FINDINGS_TOPIC_ARN": "<FindingsTopic>",
    }
    assert function["Role"] == "<SecurityControlExecutionRoleArn>"
    assert controls.raw["Parameters"]["CorrectiveActions"]["Default"] == "NO"


def test_failures_of_the_function_are_messages_too(controls: Rendered) -> None:
    assert controls.resources["DetectFailures"]["Properties"] == {
        "FunctionName": "<DetectFunction>",
        "Qualifier": "$LATEST",
        "MaximumRetryAttempts": 2,
        "DestinationConfig": {"OnFailure": {"Destination": "<FindingsTopic>"}},
    }


def test_the_topic_is_encrypted_and_takes_nothing_without_tls(controls: Rendered) -> None:
    assert controls.resources["FindingsTopic"]["Properties"] == {
        "TopicName": "<StackSetName>-security-findings",
        "KmsMasterKeyId": "alias/aws/sns",
    }
    assert controls.resources["FindingsTopicPolicy"]["Properties"]["PolicyDocument"]["Statement"] == [
        {
            "Sid": "NeedsTls",
            "Effect": "Deny",
            "Action": ["sns:Publish"],
            "Resource": ["<FindingsTopic>"],
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
            "Principal": "*",
        }
    ]


def test_config_rules_are_off_unless_asked_for(controls: Rendered) -> None:
    rules = {n: r for n, r in controls.raw["Resources"].items() if r["Type"] == "AWS::Config::ConfigRule"}
    assert len(rules) == 12
    assert {rule["Condition"] for rule in rules.values()} == {"CreatesConfigRules"}
    assert controls.raw["Parameters"]["CreateConfigRules"]["Default"] == "NO"
    assert controls.resources["SagemakerModelInVpcRule"]["Properties"] == {
        "ConfigRuleName": "<StackSetName>-sagemaker-model-in-vpc",
        "Source": {"Owner": "AWS", "SourceIdentifier": "SAGEMAKER_MODEL_IN_VPC"},
    }
