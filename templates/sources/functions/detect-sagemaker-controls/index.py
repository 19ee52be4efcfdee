"""Finds SageMaker resources that break the rules, corrects what the table says if asked to, and reports.

Environment: CORRECTIVE_ACTIONS (YES or NO), FINDINGS_TOPIC_ARN. An event of EventBridge is either the schedule, which
looks at everything, or one API call by CloudTrail, which looks at what that call made.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import boto3
from botocore.exceptions import ClientError
from controls import DELETE, RULES, STOP, Finding, correction, findings
from inventory import describe, everything, is_gone, made_by

METRICS = "SecurityControls"
SOURCE = "mlz.security-controls"
EVENTS_PER_CALL = 10
SPARE_MILLISECONDS = 30_000
# SNS API reference, Publish: a subject of at most 100 characters, a message of at most 256 KB
MESSAGE_FINDINGS = 200


@dataclass(frozen=True)
class Result:
    """A finding and what became of it: `reported`, `stopped`, `deleted`, `gone`, or `failed: <error code>`."""

    finding: Finding
    outcome: str


def handler(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
    """Look, correct, report. Returns counts, for whoever calls it by hand."""
    client = boto3.client("sagemaker")
    found, complete = look(client, wanted(client, event), context)
    corrects = os.environ["CORRECTIVE_ACTIONS"] == "YES"
    results = [Result(finding, correct(client, finding) if corrects else "reported") for finding in found]
    report(results, complete, is_scan(event))
    return {"findings": len(results), "complete": complete}


def is_scan(event: Mapping[str, Any]) -> bool:
    return event.get("detail-type") != "AWS API Call via CloudTrail"


def wanted(client: Any, event: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    """Kind and name of what to look at."""
    if is_scan(event):
        return everything(client)
    made = made_by(event["detail"])
    return [] if made is None else [made]


def look(client: Any, resources: Iterable[tuple[str, str]], context: Any) -> tuple[list[Finding], bool]:
    """All findings, and whether time sufficed to look at everything."""
    found: list[Finding] = []
    for kind, name in resources:
        if context.get_remaining_time_in_millis() < SPARE_MILLISECONDS:
            return found, False
        description = describe(client, kind, name)
        if description is not None:
            found += findings(kind, name, description)
    return found, True


def correct(client: Any, finding: Finding) -> str:
    """Do what the table says and return the outcome; a refusal of SageMaker is an outcome too, never an exception."""
    verb = correction(finding)
    if not verb:
        return "reported"
    try:
        CORRECT[finding.kind, verb](client, finding.name)
    except ClientError as error:
        return "gone" if is_gone(error) else f"failed: {error.response['Error']['Code']}"
    return {STOP: "stopped", DELETE: "deleted"}[verb]


CORRECT: Mapping[tuple[str, str], Callable[[Any, str], Any]] = {
    ("training-job", STOP): lambda client, name: client.stop_training_job(TrainingJobName=name),
    ("processing-job", STOP): lambda client, name: client.stop_processing_job(ProcessingJobName=name),
    ("notebook-instance", STOP): lambda client, name: client.stop_notebook_instance(NotebookInstanceName=name),
    ("endpoint", DELETE): lambda client, name: client.delete_endpoint(EndpointName=name),
    ("model", DELETE): lambda client, name: client.delete_model(ModelName=name),
}


def report(results: list[Result], complete: bool, scan: bool) -> None:
    """A metric of each rule (a scan also says zero), an event of each finding, one message to people if any."""
    counts = {rule: sum(result.finding.rule == rule for result in results) for rule in RULES}
    data = [
        {"MetricName": "Findings", "Dimensions": [{"Name": "Rule", "Value": rule}], "Value": count, "Unit": "Count"}
        for rule, count in counts.items()
        if scan or count
    ]
    if scan:
        data.append({"MetricName": "IncompleteScans", "Value": 0 if complete else 1, "Unit": "Count"})
    if data:
        boto3.client("cloudwatch").put_metric_data(Namespace=METRICS, MetricData=data)
    tell(results)
    if results or not complete:
        notify(results, complete)


def tell(results: list[Result]) -> None:
    """One event of each finding on the default bus, for other reactions."""
    entries = [
        {
            "Source": SOURCE,
            "DetailType": "SageMaker Control Finding",
            "Resources": [result.finding.arn],
            "Detail": json.dumps({**asdict(result.finding), "outcome": result.outcome}),
        }
        for result in results
    ]
    for start in range(0, len(entries), EVENTS_PER_CALL):
        answer = boto3.client("events").put_events(Entries=entries[start : start + EVENTS_PER_CALL])
        if answer["FailedEntryCount"]:
            raise RuntimeError(f"{answer['FailedEntryCount']} findings did not reach the event bus")


def notify(results: list[Result], complete: bool) -> None:
    """Tell people, in one message however many findings there are."""
    lines = [f"{result.outcome}: {result.finding.text} ({result.finding.arn})" for result in results]
    rest = [f"and {len(lines) - MESSAGE_FINDINGS} more, as events and metrics"] if len(lines) > MESSAGE_FINDINGS else []
    cut = [] if complete else ["Time ran out before everything was looked at."]
    boto3.client("sns").publish(
        TopicArn=os.environ["FINDINGS_TOPIC_ARN"],
        Subject=f"SageMaker controls: {len(results)} findings",
        Message="\n".join([*lines[:MESSAGE_FINDINGS], *rest, *cut]),
    )
