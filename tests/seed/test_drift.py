"""The comparison of production data with training data: numbers worked out by hand, and a whole run."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from hypothesis import given
from hypothesis import strategies as st
from moto import mock_aws

from tests.seed.seeds import DEPLOY, importable, load

MONITOR = DEPLOY / "monitor"
drift, capture = load(MONITOR / "drift.py"), load(MONITOR / "capture.py")
Numbers = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=60)


def test_psi_of_two_halves_of_which_one_grew_to_three_quarters() -> None:
    """(1/4 - 1/2) ln(1/2) + (3/4 - 1/2) ln(3/2) = 0.173287 + 0.101366."""
    assert drift.psi([1.0, 2.0], [1.0, 2.0, 2.0, 2.0], bins=2) == pytest.approx(0.274653, abs=1e-6)


def test_psi_of_quarters() -> None:
    """1/4 each became 1/10, 2/10, 3/10, 4/10: 0.137444 + 0.011157 + 0.009116 + 0.070501."""
    before = [1.0, 2.0, 3.0, 4.0]
    now = [1.0, 2.0, 2.0, 3.0, 3.0, 3.0, 4.0, 4.0, 4.0, 4.0]
    assert drift.psi(before, now, bins=4) == pytest.approx(0.228218, abs=1e-6)


def test_an_empty_bin_counts_as_one_value_in_ten_thousand() -> None:
    """(0.0001 - 1/2) ln(0.0002) + (1 - 1/2) ln 2 = 4.257745 + 0.346574."""
    assert drift.psi([1.0, 2.0], [2.0, 2.0], bins=2) == pytest.approx(4.604318, abs=1e-6)


def test_ks_of_samples_that_overlap_by_half() -> None:
    """Half of the first sample lies below all of the second."""
    assert drift.ks([1, 2, 3, 4], [3, 4, 5, 6]) == 0.5


def test_ks_of_uneven_samples() -> None:
    """At 1 the shares are 1/3 and 0, at 2 they are 2/3 and 1/2, at 3 they are 1 and 1/2."""
    assert drift.ks([1, 2, 3], [2, 4]) == pytest.approx(1 / 2)


def test_the_distance_that_chance_makes_shrinks_with_the_samples() -> None:
    """1.358 sqrt(200 / 10000) = 0.192050."""
    assert drift.critical(100, 100) == pytest.approx(0.192050, abs=1e-6)


@given(Numbers)
def test_a_sample_does_not_differ_from_itself(values: list[float]) -> None:
    assert (drift.psi(values, values), drift.ks(values, values)) == (0.0, 0.0)


@given(Numbers, Numbers)
def test_distances_stay_in_their_range_and_ks_is_the_same_both_ways(one: list[float], two: list[float]) -> None:
    assert drift.psi(one, two) >= 0
    assert 0 <= drift.ks(one, two) == drift.ks(two, one) <= 1


@given(Numbers, Numbers, st.floats(0.5, 100), st.integers(-1000, 1000))
def test_ks_knows_no_unit(one: list[float], two: list[float], scale: float, shift: int) -> None:
    """A change of unit keeps the order of values; rounding may join two that were almost one."""
    if len({round(value, 3) for value in (*one, *two)}) == len({*one, *two}):
        moved = [[scale * value + shift for value in sample] for sample in (one, two)]
        assert drift.ks(*moved) == pytest.approx(drift.ks(one, two))


def column(name: str, before: list[float | None], now: list[float | None], **limits: float) -> Any:
    return drift.feature(name, before, now, drift.Limits(**limits))


def test_what_is_missing_is_told_and_not_compared() -> None:
    found = column("length", [1.0, 2.0, 3.0, 4.0], [1.0, None, 3.0, math.nan], missing=0.05, psi=9, ks=1)
    assert (found.missing, found.reasons) == (0.5, ("50.0% missing, 50.0% more than in training",))


def test_a_feature_of_which_nothing_came_has_drifted() -> None:
    found = column("length", [1.0], [None, None])
    assert (found.psi, found.ks, found.reasons) == (math.inf, 1.0, ("100.0% missing, 100.0% more than in training",))


def test_a_difference_that_chance_makes_is_no_drift() -> None:
    """KS is 0.5, and four values against four differ by less than 0.960 in 19 cases of 20."""
    assert column("length", [1, 2, 3, 4], [3, 4, 5, 6], psi=99, ks=0.1).reasons == ()


def test_a_shift_of_one_tenth_of_two_thousand_values_is_seen() -> None:
    before = [float(n % 1000) for n in range(2000)]
    now = [value + 150 for value in before]
    found = column("length", before, now, psi=9)
    assert (found.ks, found.reasons) == (pytest.approx(0.15), ("KS 0.150 from 0.1 on",))


def test_too_few_rows_give_no_verdict() -> None:
    limits = drift.Limits(rows=3)
    assert drift.compared(["a"], [[1.0]] * 9, [[5.0]] * 2, limits) == []
    assert [one.name for one in drift.compared(["a"], [[1.0]] * 9, [[5.0]] * 3, limits)] == ["a"]


def test_quality_is_of_the_inferences_whose_labels_have_come() -> None:
    """Errors of 3 and -4: sqrt((9 + 16) / 2)."""
    predicted = {"a": 10.0, "b": 2.0, "c": 99.0}
    assert drift.rmse(predicted, {"a": 7.0, "b": 6.0, "unknown": 1.0}) == (pytest.approx(3.535534, abs=1e-6), 2)
    assert drift.rmse(predicted, {}) == (0.0, 0)


def line(rows: str, answer: str, event: str, inference: str = "", encoding: str = "CSV") -> str:
    """A captured call, as SageMaker writes it (Developer Guide, "Capture data from real-time endpoint")."""
    told = {"eventId": event, "inferenceTime": "2026-11-21T10:00:00Z"} | (
        {"inferenceId": inference} if inference else {}
    )
    sides = {
        "endpointInput": {"observedContentType": "text/csv", "mode": "INPUT", "data": rows, "encoding": encoding},
        "endpointOutput": {"observedContentType": "text/csv", "mode": "OUTPUT", "data": answer, "encoding": "CSV"},
    }
    return json.dumps({"captureData": sides, "eventMetadata": told, "eventVersion": "0"})


def test_captured_calls_are_read() -> None:
    found = list(capture.inferences([line("1,,3\n4,5,6\n", "9.5,8", "e1"), "", line("1", "7", "e2", "mine")]))
    assert found == [
        capture.Inference("e1", [[1.0, None, 3.0], [4.0, 5.0, 6.0]], [9.5, 8.0]),
        capture.Inference("mine", [[1.0]], [7.0]),
    ]


def test_what_the_endpoint_did_not_know_as_csv_is_in_base64() -> None:
    (found,) = capture.inferences([line("MSwy", "7", "e", encoding="BASE64")])
    assert found.rows == [[1.0, 2.0]]


def test_hours_are_full_ones_and_in_utc() -> None:
    until = datetime(2026, 11, 21, 1, 30, tzinfo=UTC).astimezone()
    assert capture.prefixes("s3://b/captured", "ages", until, 2) == [
        "s3://b/captured/ages/AllTraffic/2026/11/20/23/",
        "s3://b/captured/ages/AllTraffic/2026/11/21/00/",
    ]


OWN, PROD = "123456789012", "333333333333"
NAMES = json.loads((MONITOR / "settings.json").read_text())["names"]


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """One production account whose endpoint captures. Gives: write a capture of an hour ago, and run the monitor."""
    variables = {
        "AWS_ACCESS_KEY_ID": "x",
        "AWS_SECRET_ACCESS_KEY": "x",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_REGION": "eu-west-1",
        "ENV_NAME": "sm-mlops",
        "ENV_TYPE": "dev",
        "ENV_TYPE_PROD_NAME": "prod",
        "MULTI_ACCOUNT_DEPLOYMENT": "YES",
        "SAGEMAKER_PROJECT_NAME": "ages",
        "SAGEMAKER_PROJECT_ID": "p-abc",
        "BASELINE_S3_URI": "s3://data/ages-p-abc/train/",
        "LABELS_S3_URI": "s3://data/ages-p-abc/labels/",
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    with mock_aws():
        topic = boto3.client("sns").create_topic(Name="sagemaker-ages-p-abc-approval")["TopicArn"]
        monkeypatch.setenv("TOPIC_ARN", topic)
        boto3.client("ssm").put_parameter(Name="sm-mlops-dev-production-account-list", Value=PROD, Type="String")
        s3 = boto3.client("s3")
        place = {"LocationConstraint": "eu-west-1"}
        s3.create_bucket(Bucket="data", CreateBucketConfiguration=place)
        training = "\n".join(",".join(["9", *[str((n * 7 + k) % 100) for k in range(len(NAMES))]]) for n in range(1000))
        s3.put_object(Bucket="data", Key="ages-p-abc/train/train.csv", Body=training)
        assumed = boto3.client("sts").assume_role(
            RoleArn=f"arn:aws:iam::{PROD}:role/sm-mlops-prod-eu-west-1-model-test", RoleSessionName="drift"
        )["Credentials"]
        there = boto3.Session(assumed["AccessKeyId"], assumed["SecretAccessKey"], assumed["SessionToken"])
        there.client("s3").create_bucket(Bucket="captures", CreateBucketConfiguration=place)
        endpoint(there.client("sagemaker"))

        def run(lines: list[str]) -> dict[str, Any]:
            hour = datetime.now(UTC) - timedelta(hours=1)
            key = f"captured/ages-p-abc-prod/AllTraffic/{hour:%Y/%m/%d/%H}/1.jsonl"
            there.client("s3").put_object(Bucket="captures", Key=key, Body="\n".join(lines))
            results = tmp_path / "drift.json"
            with importable(DEPLOY):
                monitor = load(MONITOR / "monitor.py")
            monitor.main(["--settings", str(MONITOR / "settings.json"), "--results", str(results)])
            document: dict[str, Any] = json.loads(results.read_text())
            return document

        yield run


def endpoint(sagemaker: Any) -> None:
    sagemaker.create_model(
        ModelName="m",
        ExecutionRoleArn="arn:aws:iam::1:role/r",
        PrimaryContainer={"Image": "i", "ModelDataUrl": "s3://m/m"},
    )
    sagemaker.create_endpoint_config(
        EndpointConfigName="c",
        ProductionVariants=[
            {"VariantName": "AllTraffic", "ModelName": "m", "InitialInstanceCount": 1, "InstanceType": "ml.m5.large"}
        ],
        DataCaptureConfig={
            "EnableCapture": True,
            "InitialSamplingPercentage": 100,
            "DestinationS3Uri": "s3://captures/captured",
            "CaptureOptions": [{"CaptureMode": "Input"}],
        },
    )
    sagemaker.create_endpoint(EndpointName="ages-p-abc-prod", EndpointConfigName="c")


def published() -> dict[str, float]:
    """Metric -> its value, of the project's production stage."""
    cloudwatch = boto3.client("cloudwatch")
    now = datetime.now(UTC)
    dimensions = [{"Name": "Project", "Value": "ages-p-abc"}, {"Name": "Stage", "Value": "prod"}]
    found = {}
    for metric in cloudwatch.list_metrics(Namespace="MLProjects/Drift")["Metrics"]:
        (point,) = cloudwatch.get_metric_statistics(
            Namespace="MLProjects/Drift",
            MetricName=metric["MetricName"],
            Dimensions=dimensions,
            StartTime=now - timedelta(hours=1),
            EndTime=now + timedelta(hours=1),
            Period=7200,
            Statistics=["Maximum"],
        )["Datapoints"]
        found[metric["MetricName"]] = point["Maximum"]
    return found


def like_training(count: int, moved: float = 0) -> list[str]:
    rows = [[str((n * 7 + k) % 100) for k in range(len(NAMES))] for n in range(count)]
    for row in rows:
        row[0] = str(float(row[0]) + moved)
    return [line(",".join(row), "9", f"e{n}") for n, row in enumerate(rows)]


def test_data_as_in_training_tells_nobody(world: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """M017: captured data, comparison, metric."""
    document = world(like_training(300))
    assert document["accounts"][PROD]["verdict"] == "as in training"
    assert published() == {"ComparedRows": 300.0, "DriftedFeatures": 0.0}
    assert capsys.readouterr().out == f"ages-p-abc: {PROD} as in training\n"


def test_a_feature_that_moved_is_named(world: Any, capsys: pytest.CaptureFixture[str]) -> None:
    document = world(like_training(300, moved=40))
    assert list(document["accounts"][PROD]["drifted"]) == ["length"]
    assert published() == {"ComparedRows": 300.0, "DriftedFeatures": 1.0}
    assert capsys.readouterr().out.splitlines()[:1] == [
        "The data of ages-p-abc is no longer what its model was trained with."
    ]


def test_a_quiet_day_gives_no_verdict_and_no_metric_of_drift(world: Any) -> None:
    assert world(like_training(3))["accounts"][PROD]["verdict"] == "too few rows"
    assert published() == {"ComparedRows": 3.0}


def test_labels_that_come_later_measure_the_model(world: Any) -> None:
    """The model said 9 for both; the labels are 9 and 17: sqrt(64 / 2)."""
    boto3.client("s3").put_object(Bucket="data", Key="ages-p-abc/labels/1.csv", Body="e0,9\ne1,17\n")
    document = world(like_training(300))
    measured = document["accounts"][PROD]
    assert (measured["labelled"], measured["rmse"]) == (2, pytest.approx(5.656854, abs=1e-6))
    assert published()["RmseExceeded"] == 1.0


def test_rows_of_another_length_are_counted_and_left_out(world: Any) -> None:
    document = world([*like_training(300), line("1,2", "9", "short")])
    assert (document["accounts"][PROD]["rows"], document["accounts"][PROD]["misshapen"]) == (301, 1)
    assert document["accounts"][PROD]["verdict"] == "as in training"
