"""Multi-model endpoints and batch transforms: what they read and run."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import boto3
import botocore.session
import pytest
from botocore.validate import ParamValidator
from moto import mock_aws

from tests.seed.seeds import DEPLOY, load
from tests.seed.test_model_deploy import template as template

GROUP = "ages-p-abc"


@pytest.fixture
def clients(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Any, Any]]:
    """SageMaker with an empty group, and S3 with the bucket of models."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "x")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    with mock_aws():
        s3, sagemaker = boto3.client("s3"), boto3.client("sagemaker")
        s3.create_bucket(Bucket="models", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
        sagemaker.create_model_package_group(ModelPackageGroupName=GROUP)
        yield sagemaker, s3


def register(clients: tuple[Any, Any], body: bytes, status: str = "Approved", image: str = "xgboost") -> str:
    """A package whose archive holds `body`."""
    sagemaker, s3 = clients
    key = f"{GROUP}/{body.decode()}/model.tar.gz"
    s3.put_object(Bucket="models", Key=key, Body=body)
    made = sagemaker.create_model_package(
        ModelPackageGroupName=GROUP,
        ModelApprovalStatus=status,
        InferenceSpecification={
            "Containers": [{"Image": image, "ModelDataUrl": f"s3://models/{key}"}],
            "SupportedContentTypes": ["text/csv"],
            "SupportedResponseMIMETypes": ["text/csv"],
        },
    )
    return str(made["ModelPackageArn"])


def released(clients: tuple[Any, Any], newest: str) -> Any:
    release = load(DEPLOY / "release.py")
    made = release.planned(release.approved_artifacts(*clients, GROUP, newest), "models", GROUP)
    release.publish(clients[1], made)
    return made


def below(clients: tuple[Any, Any], prefix: str) -> dict[str, bytes]:
    rows = clients[1].list_objects_v2(Bucket="models", Prefix=prefix).get("Contents", [])
    return {
        row["Key"].removeprefix(prefix): clients[1].get_object(Bucket="models", Key=row["Key"])["Body"].read()
        for row in rows
    }


def test_only_approved_packages_up_to_the_deployed_one_are_released(clients: tuple[Any, Any]) -> None:
    register(clients, b"one")
    register(clients, b"two", "Rejected")
    third = register(clients, b"three")
    register(clients, b"four")
    made = released(clients, third)
    assert below(clients, made.prefix) == {"1.tar.gz": b"one", "3.tar.gz": b"three"}
    assert re.fullmatch(r"releases/ages-p-abc/[0-9a-f]{16}/", made.prefix)
    assert made.parameters == {
        "ModelImage": "xgboost",
        "ModelDataPrefix": f"s3://models/{made.prefix}",
        "ModelNames": "1.tar.gz,3.tar.gz",
    }


def test_a_release_is_named_by_its_content_and_does_not_change(clients: tuple[Any, Any]) -> None:
    first = register(clients, b"one")
    before = released(clients, first)
    assert released(clients, first).prefix == before.prefix
    second = register(clients, b"two")
    after = released(clients, second)
    assert after.prefix != before.prefix
    assert below(clients, before.prefix) == {"1.tar.gz": b"one"}
    clients[1].put_object(Bucket="models", Key=f"{GROUP}/one/model.tar.gz", Body=b"replaced after its approval")
    assert released(clients, first).prefix not in (before.prefix, after.prefix)
    assert below(clients, before.prefix) == {"1.tar.gz": b"one"}


def test_a_model_that_nobody_approved_stops_the_build(clients: tuple[Any, Any]) -> None:
    first = register(clients, b"one")
    made = released(clients, first)
    clients[1].put_object(Bucket="models", Key=f"{made.prefix}mine.tar.gz", Body=b"mine")
    with pytest.raises(SystemExit) as problem:
        released(clients, first)
    assert str(problem.value) == f"s3://models/{made.prefix}: mine.tar.gz: of no approved package"


def test_models_of_one_endpoint_have_one_image(clients: tuple[Any, Any]) -> None:
    register(clients, b"one")
    second = register(clients, b"two", image="sklearn")
    with pytest.raises(SystemExit) as problem:
        released(clients, second)
    assert str(problem.value) == "ages-p-abc: a multi-model endpoint has one image, its packages have: sklearn, xgboost"


def test_a_package_without_an_archive_is_refused(clients: tuple[Any, Any]) -> None:
    package = clients[0].create_model_package(
        ModelPackageGroupName=GROUP,
        ModelApprovalStatus="Approved",
        InferenceSpecification={
            "Containers": [{"Image": "i"}],
            "SupportedContentTypes": ["text/csv"],
            "SupportedResponseMIMETypes": ["text/csv"],
        },
    )["ModelPackageArn"]
    with pytest.raises(SystemExit) as problem:
        released(clients, package)
    assert str(problem.value) == (
        f"{package}: a multi-model endpoint takes packages of one container with a .tar.gz archive"
    )


@pytest.mark.parametrize(
    ("volume", "resources"),
    [
        (', "VolumeKmsKeyId": "text"', {"InstanceType": "text", "InstanceCount": 2, "VolumeKmsKeyId": "text"}),
        ("", {"InstanceType": "text", "InstanceCount": 2}),
    ],
)
def test_the_schedules_input_is_a_transform_job_as_the_api_takes_it(
    template: dict[str, Any], volume: str, resources: dict[str, Any]
) -> None:
    text = template["Resources"]["BatchJobs"]["Properties"]["Target"]["Input"]["Sub"][0]
    filled = re.sub(r"\$\{[\w.]+\}", "text", text.replace("${EndpointInstanceCount}${VolumeKey}", f"2{volume}"))
    given = json.loads(filled.replace("<aws.scheduler.execution-id>", "d32c5kddcf5bb8c3"))
    shape = botocore.session.get_session().get_service_model("sagemaker").operation_model("CreateTransformJob")
    assert ParamValidator().validate(given, shape.input_shape).generate_report() == ""
    assert given["TransformResources"] == resources
    assert given["TransformInput"]["DataSource"]["S3DataSource"]["S3Uri"] == "s3://text/batch/input/"
    assert given["TransformOutput"]["S3OutputPath"] == "s3://text/batch/output/d32c5kddcf5bb8c3/"


def test_a_multi_model_endpoint_reads_the_release_and_a_batch_has_no_endpoint(template: dict[str, Any]) -> None:
    resources = template["Resources"]
    assert resources["SageMakerModel"]["Properties"]["PrimaryContainer"] == {
        "If": [
            "IsMultiModel",
            {"Image": {"Ref": "ModelImage"}, "Mode": "MultiModel", "ModelDataUrl": {"Ref": "ModelDataPrefix"}},
            {"ModelPackageName": {"Ref": "ModelPackageName"}},
        ]
    }
    assert {name: one["Condition"] for name, one in resources.items() if "Condition" in one} == {
        "SageMakerEndpointConfig": "HasEndpoint",
        "ErrorAlarm": "HasEndpoint",
        "LatencyAlarm": "HasEndpoint",
        "SageMakerEndpoint": "HasEndpoint",
        "ScalableVariant": "Scales",
        "ScalingPolicy": "Scales",
        "BatchJobs": "IsScheduled",
        "FailedJobs": "TellsOfJobs",
    }


def test_a_topic_in_the_account_hears_of_alarms_and_of_jobs_that_fail(template: dict[str, Any]) -> None:
    topic = {"Sub": "arn:${AWS::Partition}:sns:${AWS::Region}:${AWS::AccountId}:${AlarmTopicName}"}
    resources = {name: one["Properties"] for name, one in template["Resources"].items()}
    for name in ("ErrorAlarm", "LatencyAlarm"):
        assert resources[name]["AlarmActions"] == {"If": ["HasTopic", [topic], {"Ref": "AWS::NoValue"}]}
    rule = resources["FailedJobs"]
    assert rule["Targets"] == [{"Id": "topic", "Arn": topic}]
    detail = rule["EventPattern"]["detail"]
    assert detail["TransformJobStatus"] == ["Failed"]
    prefix = detail["TransformJobName"][0]["prefix"]["Sub"]
    assert f'"TransformJobName": "{prefix}<' in resources["BatchJobs"]["Target"]["Input"]["Sub"][0]
