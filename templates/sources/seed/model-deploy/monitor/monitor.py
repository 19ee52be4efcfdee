"""Compares what the production endpoints captured with the training data; publishes metrics and tells people."""

import argparse
import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import capture
import drift
import report
import targets


def session(account: str, role: str) -> boto3.Session:
    """The role that an account keeps for testers, this account too: nobody else may read what endpoints captured."""
    sts = boto3.client("sts")
    partition = sts.get_caller_identity()["Arn"].split(":")[1]
    assumed = sts.assume_role(RoleArn=f"arn:{partition}:iam::{account}:role/{role}", RoleSessionName="drift")
    keys = assumed["Credentials"]
    return boto3.Session(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])


def lines(s3: Any, uri: str) -> Iterator[str]:
    """The lines of every object under an S3 address."""
    bucket, _, prefix = uri.removeprefix("s3://").partition("/")
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        for one in page.get("Contents", []):
            yield from s3.get_object(Bucket=bucket, Key=one["Key"])["Body"].read().decode().splitlines()


def captured(found: boto3.Session, endpoint: str, hours: int, until: datetime) -> list[capture.Inference]:
    """An account's inferences of the last hours; none where its endpoint captures nothing."""
    described = found.client("sagemaker").describe_endpoint(EndpointName=endpoint)
    base = described.get("DataCaptureConfig", {}).get("DestinationS3Uri")
    if not base:
        return []
    s3 = found.client("s3")
    places = capture.prefixes(base.rstrip("/"), endpoint, until, hours)
    return [one for place in places for one in capture.inferences(lines(s3, place))]


def features_of(rows: list[list[float | None]], label_column: int) -> list[list[float | None]]:
    """Training rows without their label."""
    return [row[:label_column] + row[label_column + 1 :] for row in rows]


def judged(
    recent: list[capture.Inference],
    labelled: list[capture.Inference],
    training: list[list[float | None]],
    labels: dict[str, float],
    settings: dict[str, Any],
) -> dict[str, Any]:
    """One account's comparison: `recent` inferences with training, `labelled` ones with their late labels."""
    rows = [row for one in recent for row in one.rows]
    whole = [row for row in rows if len(row) == len(settings["names"])]
    found = drift.compared(settings["names"], training, whole, drift.Limits(**settings["limits"]))
    predicted = {one.id: one.answer[0] for one in labelled if len(one.answer) == 1}
    quality = drift.rmse(predicted, labels)
    return report.account(found, len(rows), len(rows) - len(whole), quality, settings["rmse"])


def main(given: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--settings", type=Path, required=True)
    parser.add_argument("--results", type=Path, required=True)
    arguments = parser.parse_args(given)
    settings, variables = json.loads(arguments.settings.read_text()), dict(os.environ)
    s3 = boto3.client("s3")
    project = f"{variables['SAGEMAKER_PROJECT_NAME']}-{variables['SAGEMAKER_PROJECT_ID']}"
    training = features_of(capture.rows("\n".join(lines(s3, variables["BASELINE_S3_URI"]))), settings["label_column"])
    labels = capture.labels("\n".join(lines(s3, variables["LABELS_S3_URI"])))
    own = boto3.client("sts").get_caller_identity()["Account"]
    until, stage = datetime.now(UTC), variables["ENV_TYPE_PROD_NAME"]
    role = targets.test_role(variables, stage)
    accounts = {}
    for account in targets.accounts(boto3.client, variables, "prod", own):
        found = session(account, role)
        recent = captured(found, f"{project}-{stage}", settings["hours"], until)
        labelled = captured(found, f"{project}-{stage}", settings["label_hours"], until) if labels else []
        accounts[account] = judged(recent, labelled, training, labels, settings)
    arguments.results.write_text(json.dumps({"project": project, "stage": stage, "accounts": accounts}, indent=2))
    metrics = report.metrics(accounts, project, stage)
    boto3.client("cloudwatch").put_metric_data(Namespace=report.NAMESPACE, MetricData=metrics)
    told = report.message(accounts, project)
    if told:
        boto3.client("sns").publish(TopicArn=variables["TOPIC_ARN"], Subject=f"Drift: {project}", Message=told)
    verdicts = ", ".join(f"{name} {one['verdict']}" for name, one in accounts.items())
    print(told or f"{project}: {verdicts}")


if __name__ == "__main__":
    main()
