"""The training pipeline's definition: made by the SDK, valid for the APIs of its jobs, closed, and runnable here."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import botocore.session
import numpy
import pytest
import xgboost
from botocore.validate import ParamValidator
from moto.sagemaker.models import sagemaker_backends

from sandbox.server import Sandbox
from tests.seed.definition import (
    ACCOUNT,
    DATA,
    GOLDEN,
    MODULE,
    REGION,
    SEED,
    SOURCES,
    VARIABLES,
    made,
    running,
    sdk,
    sources,
    with_sdk,
)
from tests.seed.jobs import Jobs
from tests.seed.seeds import DEPLOY, load

ABALONE = SEED / "pipelines" / "abalone"
RUNS = [f"5f9c7a4e-1111-2222-3333-44445555666{number}" for number in (1, 2)]
APIS = {
    "Processing": ("CreateProcessingJob", {"ProcessingJobName": "job"}),
    "Training": ("CreateTrainingJob", {"TrainingJobName": "job"}),
    "RegisterModel": ("CreateModelPackage", {}),
}


@pytest.fixture(scope="module")
def definition() -> dict[str, Any]:
    read: dict[str, Any] = json.loads(GOLDEN.read_text())
    return read


def steps(definition: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for step in definition["Steps"]:
        yield step
        for branch in ("IfSteps", "ElseSteps"):
            yield from step["Arguments"].get(branch, [])


def variables(value: Any) -> Iterator[str]:
    """All pipeline variables below `value`."""
    match value:
        case {"Get": str(name)}:
            yield name
        case dict():
            for one in value.values():
                yield from variables(one)
        case list():
            for one in value:
                yield from variables(one)


@pytest.fixture
def aws() -> Iterator[Sandbox]:
    with running() as started:
        yield started


needs_sdk = pytest.mark.skipif(not sdk(), reason="needs the SDK of the seed's requirements.txt: SEED_PYTHON=…/python")


def test_the_definition_is_that_of_these_sources() -> None:
    """Making it takes the SDK, which most who run the tests do not have; that it is stale is seen without."""
    kept, found = json.loads(SOURCES.read_text()), sources()
    changed = sorted(name for name in kept.keys() | found if kept.get(name) != found.get(name))
    assert changed == [], "tests/seed/definition.json was made from other sources: run `make seed-definition`"


@needs_sdk
def test_the_sdk_makes_the_definition(aws: Sandbox) -> None:
    """M020."""
    assert made(aws) == json.loads(GOLDEN.read_text())


@needs_sdk
def test_the_build_keeps_one_pipeline_and_starts_an_execution_for_each_run(aws: Sandbox) -> None:
    """B074. It waits for none. SageMaker starts one execution for each token; the sandbox only keeps it."""
    for run in RUNS:
        done = with_sdk(aws, "-m", "pipelines.run_pipeline", *MODULE, "--run", run)
        assert done.returncode == 0, done.stderr
        (said,) = done.stdout.splitlines()
        assert said.startswith(f"started arn:aws:sagemaker:{REGION}:{ACCOUNT}:pipeline/sagemaker-ages/execution/")
    (pipeline,) = sagemaker_backends[ACCOUNT][REGION].pipelines.values()
    assert (pipeline.pipeline_name, pipeline.role_arn) == ("sagemaker-ages", VARIABLES["SAGEMAKER_PIPELINE_ROLE_ARN"])
    executions = list(pipeline.pipeline_executions.values())
    assert [one.client_request_token for one in executions] == RUNS
    assert [one.pipeline_execution_description for one in executions] == [
        f"Run {run} of the delivery pipeline" for run in RUNS
    ]
    assert executions[0].pipeline_parameters == [{"Name": "InputDataUrl", "Value": DATA}]


def test_every_job_is_accepted_by_its_api(definition: dict[str, Any]) -> None:
    """With a number or a text in each variable's place, the arguments are those that the service's model asks for."""
    service = botocore.session.get_session().get_service_model("sagemaker")
    numbers = {f"Parameters.{one['Name']}" for one in definition["Parameters"] if one["Type"] == "Integer"}

    def filled(value: Any) -> Any:
        match value:
            case {"Get": name}:
                return 1 if name in numbers else "text"
            case dict():
                return {key: filled(one) for key, one in value.items()}
            case list():
                return [filled(one) for one in value]
            case _:
                return value

    for step in steps(definition):
        if step["Type"] in APIS:
            name, added = APIS[step["Type"]]
            shape = service.operation_model(name).input_shape
            report = ParamValidator().validate({**filled(step["Arguments"]), **added}, shape)
            assert (step["Name"], report.generate_report()) == (step["Name"], "")


def test_every_variable_is_a_parameter_or_the_result_of_an_earlier_step(definition: dict[str, Any]) -> None:
    known = {f"Parameters.{one['Name']}" for one in definition["Parameters"]}
    seen: list[str] = []
    for step in definition["Steps"]:
        for name in variables(step["Arguments"]):
            assert name in known or name.split(".")[1] in seen, f"{step['Name']}: {name}"
        seen.append(step["Name"])
    assert seen == ["PreprocessAbaloneData", "TrainAbaloneModel", "EvaluateAbaloneModel", "CheckMSEAbalone"]


def test_every_job_is_in_the_vpc_with_the_keys_and_its_own_role(definition: dict[str, Any]) -> None:
    closed = {"Subnets": ["subnet-1", "subnet-2"], "SecurityGroupIds": ["sg-1"]}
    buckets, volumes = VARIABLES["SAGEMAKER_KMS_KEY_ID"], VARIABLES["SAGEMAKER_VOLUME_KMS_KEY_ID"]
    jobs = {
        step["Name"]: step["Arguments"] for step in definition["Steps"] if step["Type"] in ("Processing", "Training")
    }
    for name in ("PreprocessAbaloneData", "EvaluateAbaloneModel"):
        job = jobs.pop(name)
        assert job["NetworkConfig"] == {
            "EnableNetworkIsolation": False,
            "EnableInterContainerTrafficEncryption": True,
            "VpcConfig": closed,
        }
        assert job["ProcessingOutputConfig"]["KmsKeyId"] == buckets
        assert job["ProcessingResources"]["ClusterConfig"]["VolumeKmsKeyId"] == volumes
        assert job["RoleArn"] == VARIABLES["SAGEMAKER_PROCESSING_ROLE_ARN"]
    (job,) = jobs.values()
    assert (job["VpcConfig"], job["EnableInterContainerTrafficEncryption"]) == (closed, True)
    assert job["OutputDataConfig"] == {"S3OutputPath": "s3://model-bucket/ages-p-abc", "KmsKeyId": buckets}
    assert job["ResourceConfig"]["VolumeKmsKeyId"] == volumes
    assert job["RoleArn"] == VARIABLES["SAGEMAKER_TRAINING_ROLE_ARN"]


def test_a_model_waits_for_approval_and_shows_its_evaluation(definition: dict[str, Any]) -> None:
    (package,) = [step["Arguments"] for step in steps(definition) if step["Type"] == "RegisterModel"]
    assert package["ModelApprovalStatus"] == {"Get": "Parameters.ModelApprovalStatus"}
    assert {one["Name"]: one["DefaultValue"] for one in definition["Parameters"]}["ModelApprovalStatus"] == (
        "PendingManualApproval"
    )
    assert package["ModelMetrics"]["ModelQuality"]["Statistics"] == {
        "ContentType": "application/json",
        "S3Uri": "s3://data-bucket/ages-p-abc/evaluation/evaluation.json",
    }
    (container,) = package["InferenceSpecification"]["Containers"]
    # An empty SAGEMAKER_PROGRAM would be taken for a script of the user's, and the container would not start.
    assert container == {
        "Image": container["Image"],
        "ModelDataUrl": {"Get": "Steps.TrainAbaloneModel.ModelArtifacts.S3ModelArtifacts"},
        "Environment": {},
    }


def execution(definition: dict[str, Any], folder: Path, rows: list[tuple[str, ...]]) -> Jobs:
    made = Jobs(definition, folder, ABALONE, {"InputDataUrl": DATA})
    made.place(DATA).parent.mkdir(parents=True)
    with made.place(DATA).open("w", newline="") as file:
        csv.writer(file).writerows(rows)
    return made


def test_the_jobs_train_a_model_that_is_registered_and_answers_as_the_payload_contract_says(
    definition: dict[str, Any], tmp_path: Path
) -> None:
    """The data is ours: its noise alone has a variance of 1.44, a constant answer an error of about 14."""
    run = execution(definition, tmp_path, list(load(ABALONE / "dataset.py").rows(1500)))
    assert run.run() == [
        "PreprocessAbaloneData",
        "TrainAbaloneModel",
        "EvaluateAbaloneModel",
        "CheckMSEAbalone",
        "RegisterAbaloneModel",
    ]
    (report,) = run.reports.values()
    mse = report["regression_metrics"]["mse"]["value"]
    print(f"mean squared error: {mse:.3f}")
    assert 1.2 < mse < 2.2
    trained = load(ABALONE / "evaluate.py").load(
        run.place(run.values["Steps.TrainAbaloneModel.ModelArtifacts.S3ModelArtifacts"])
    )
    payload = numpy.loadtxt(DEPLOY / "payload.csv", delimiter=",", ndmin=2)
    answer = "\n".join(str(value) for value in trained.predict(xgboost.DMatrix(payload))).encode()
    contracts = load(DEPLOY / "test" / "contract.py")
    assert contracts.mistakes(contracts.read(DEPLOY / "payload.json", "smoke"), answer) == []


def test_a_model_that_has_learned_nothing_is_not_registered(definition: dict[str, Any], tmp_path: Path) -> None:
    rows = list(load(ABALONE / "dataset.py").rows(1500))
    labels = [row[-1] for row in rows]
    shuffled = [(*row[:-1], labels[(index * 701) % len(labels)]) for index, row in enumerate(rows)]
    run = execution(definition, tmp_path, shuffled)
    assert run.run()[-1] == "CheckMSEAbalone"
    (report,) = run.reports.values()
    assert report["regression_metrics"]["mse"]["value"] > 10
