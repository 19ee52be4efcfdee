"""What the controls find and do in worlds of SageMaker resources that each test declares."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from botocore.exceptions import ClientError

FOLDER = Path(__file__).parents[2] / "templates" / "sources" / "functions" / "detect-sagemaker-controls"
ARN = "arn:aws:sagemaker:eu-west-1:111111111111:"
TOPIC = "arn:aws:sns:eu-west-1:111111111111:core-security-findings"
VPC = {"Subnets": ["subnet-1"], "SecurityGroupIds": ["sg-1"]}
KEY = "arn:aws:kms:eu-west-1:111111111111:key/1"

NOTEBOOK = {"SubnetId": "subnet-1", "DirectInternetAccess": "Disabled", "KmsKeyId": KEY, "RootAccess": "Disabled"}
TRAINING = {
    "VpcConfig": VPC,
    "OutputDataConfig": {"KmsKeyId": KEY},
    "ResourceConfig": {"InstanceType": "ml.m5.xlarge", "VolumeKmsKeyId": KEY},
}
PROCESSING = {
    "NetworkConfig": {"VpcConfig": VPC},
    "ProcessingResources": {"ClusterConfig": {"InstanceType": "ml.m5.xlarge", "VolumeKmsKeyId": KEY}},
    "ProcessingOutputConfig": {"KmsKeyId": KEY},
}
MODEL = {"VpcConfig": VPC}
CONFIG = {"KmsKeyId": KEY, "ProductionVariants": [{"ModelName": "good", "InstanceType": "ml.m5.large"}]}
DOMAIN = {"AppNetworkAccessType": "VpcOnly", "KmsKeyId": KEY}

KINDS = {
    "notebook_instance": ("NotebookInstances", "NotebookInstanceName", "NotebookInstanceArn", "notebook-instance"),
    "training_job": ("TrainingJobSummaries", "TrainingJobName", "TrainingJobArn", "training-job"),
    "processing_job": ("ProcessingJobSummaries", "ProcessingJobName", "ProcessingJobArn", "processing-job"),
    "model": ("Models", "ModelName", "ModelArn", "model"),
    "endpoint": ("Endpoints", "EndpointName", "EndpointArn", "endpoint"),
    "domain": ("Domains", "DomainId", "DomainArn", "domain"),
}


def refusal(code: str, text: str = "") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": text}}, "AnyOperation")


@dataclass
class World:
    """Resources of SageMaker by kind and name, and what was said and done about them."""

    Pages: Any
    resources: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)
    listed: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    done: list[str] = field(default_factory=list)
    refusals: dict[str, ClientError] = field(default_factory=dict)
    metrics: list[dict[str, Any]] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)
    messages: list[dict[str, str]] = field(default_factory=list)
    lost_events: int = 0

    def put(self, kind: str, name: str, description: dict[str, Any]) -> None:
        arn_key, arn_kind = KINDS[kind][2:]
        self.resources.setdefault(kind, {})[name] = {arn_key: f"{ARN}{arn_kind}/{name}", **description}

    def get_paginator(self, operation: str) -> Any:
        kind = next(kind for kind in KINDS if operation == f"list_{kind}s")
        items, name_key = KINDS[kind][:2]

        def found(**arguments: Any) -> list[dict[str, str]]:
            self.listed.append((kind, arguments))
            return [{name_key: name} for name in self.resources.get(kind, {})]

        return self.Pages(found, items, 2)

    def __getattr__(self, operation: str) -> Any:
        verb, _, kind = operation.partition("_")
        if kind not in KINDS or verb not in ("describe", "stop", "delete"):
            raise AttributeError(operation)
        return lambda **arguments: self._call(verb, kind, arguments[KINDS[kind][1]])

    def _call(self, verb: str, kind: str, name: str) -> dict[str, Any]:
        if operation := self.refusals.get(f"{verb} {kind} {name}"):
            raise operation
        if name not in self.resources.get(kind, {}):
            raise refusal("ValidationException", f'Could not find {kind} "{name}".')
        if verb != "describe":
            self.done.append(f"{verb} {kind} {name}")
        return self.resources[kind][name]

    def describe_endpoint_config(self, EndpointConfigName: str) -> dict[str, Any]:
        return self.resources["endpoint_config"][EndpointConfigName]

    def put_metric_data(self, Namespace: str, MetricData: list[dict[str, Any]]) -> None:
        assert Namespace == "SecurityControls"
        self.metrics += MetricData

    def put_events(self, Entries: list[dict[str, Any]]) -> dict[str, int]:
        assert 0 < len(Entries) <= 10
        self.events += Entries
        return {"FailedEntryCount": self.lost_events}

    def publish(self, **message: str) -> None:
        assert message.pop("TopicArn") == TOPIC
        self.messages.append(message)

    def counts(self) -> dict[str, int]:
        return {
            metric["Dimensions"][0]["Value"]: metric["Value"]
            for metric in self.metrics
            if metric["MetricName"] == "Findings"
        }


@pytest.fixture
def world(clients: dict[str, Any], Pages: Any) -> World:
    made = World(Pages)
    clients.update(dict.fromkeys(("sagemaker", "cloudwatch", "events", "sns"), made))
    return made


@pytest.fixture
def function(load: Any, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(FOLDER))
    monkeypatch.setenv("CORRECTIVE_ACTIONS", "NO")
    monkeypatch.setenv("FINDINGS_TOPIC_ARN", TOPIC)
    module: ModuleType = load("detect-sagemaker-controls")
    return module


SCAN = {"detail-type": "Scheduled Event", "detail": {}}


def call(name: str, request: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    detail = {"eventName": name, "requestParameters": request, **more}
    return {"detail-type": "AWS API Call via CloudTrail", "detail": detail}


def put_endpoint(world: World, name: str, config: dict[str, Any]) -> None:
    world.resources.setdefault("endpoint_config", {})[f"{name}-config"] = config
    world.put("endpoint", name, {"EndpointConfigName": f"{name}-config"})


def put_good_world(world: World) -> None:
    world.put("notebook_instance", "good", NOTEBOOK)
    world.put("training_job", "good", TRAINING)
    world.put("processing_job", "good", PROCESSING)
    world.put("model", "good", MODEL)
    world.put("domain", "d-good", DOMAIN)
    put_endpoint(world, "good", CONFIG)


def test_a_world_that_keeps_the_rules_is_counted_as_zero_and_nobody_is_disturbed(
    world: World, function: ModuleType, Context: Any
) -> None:
    put_good_world(world)
    assert function.handler(SCAN, Context(900)) == {"findings": 0, "complete": True}
    assert world.counts() == {"outside-vpc": 0, "open-to-internet": 0, "no-customer-key": 0, "root-access": 0}
    assert world.metrics[-1] == {"MetricName": "IncompleteScans", "Value": 0, "Unit": "Count"}
    assert (world.events, world.messages, world.done) == ([], [], [])


def test_a_scan_reads_all_pages_and_only_jobs_that_run(world: World, function: ModuleType, Context: Any) -> None:
    for number in range(5):
        world.put("model", f"model-{number}", {})
    assert function.handler(SCAN, Context(900)) == {"findings": 5, "complete": True}
    running = {"StatusEquals": "InProgress"}
    assert dict(world.listed) == {
        "notebook_instance": {},
        "training_job": running,
        "processing_job": running,
        "model": {},
        "endpoint": {},
        "domain": {},
    }


@pytest.mark.parametrize(
    ("kind", "description", "rules"),
    [
        ("notebook_instance", NOTEBOOK | {"SubnetId": None}, ["outside-vpc"]),
        ("notebook_instance", NOTEBOOK | {"DirectInternetAccess": "Enabled"}, ["open-to-internet"]),
        ("notebook_instance", NOTEBOOK | {"KmsKeyId": None}, ["no-customer-key"]),
        ("notebook_instance", NOTEBOOK | {"RootAccess": "Enabled"}, ["root-access"]),
        ("notebook_instance", {}, ["no-customer-key", "open-to-internet", "outside-vpc", "root-access"]),
        ("training_job", TRAINING | {"VpcConfig": None}, ["outside-vpc"]),
        ("training_job", TRAINING | {"OutputDataConfig": {}}, ["no-customer-key"]),
        ("training_job", TRAINING | {"ResourceConfig": {"InstanceType": "ml.m5.xlarge"}}, ["no-customer-key"]),
        ("training_job", TRAINING | {"ResourceConfig": {"InstanceType": "ml.g5.xlarge"}}, []),
        (
            "training_job",
            TRAINING
            | {"ResourceConfig": {"InstanceGroups": [{"InstanceType": f"ml.{n}"} for n in ("g5.2xlarge", "c5.large")]}},
            ["no-customer-key"],
        ),
        ("processing_job", PROCESSING | {"NetworkConfig": {}}, ["outside-vpc"]),
        ("processing_job", PROCESSING | {"ProcessingOutputConfig": {"Outputs": []}}, ["no-customer-key"]),
        ("processing_job", PROCESSING | {"ProcessingOutputConfig": None}, []),
        ("model", {}, ["outside-vpc"]),
        ("domain", DOMAIN | {"AppNetworkAccessType": "PublicInternetOnly"}, ["open-to-internet"]),
        ("domain", DOMAIN | {"KmsKeyId": None}, ["no-customer-key"]),
    ],
)
def test_each_rule(
    world: World, function: ModuleType, Context: Any, kind: str, description: dict[str, Any], rules: list[str]
) -> None:
    world.put(kind, "thing", {key: value for key, value in description.items() if value is not None})
    function.handler(SCAN, Context(900))
    assert [json.loads(event["Detail"])["rule"] for event in world.events] == rules


def test_an_endpoint_answers_for_its_models_and_its_configuration(
    world: World, function: ModuleType, Context: Any
) -> None:
    world.put("model", "open", {})
    world.put("model", "good", MODEL)
    put_endpoint(world, "open", CONFIG | {"ProductionVariants": [{"ModelName": "open", "InstanceType": "ml.m5.large"}]})
    put_endpoint(world, "bare", {"ProductionVariants": CONFIG["ProductionVariants"]})
    put_endpoint(world, "serverless", {"ProductionVariants": [{"ModelName": "good", "ServerlessConfig": {}}]})
    function.handler(SCAN, Context(900))
    assert [
        (json.loads(e["Detail"])["kind"], json.loads(e["Detail"])["name"], json.loads(e["Detail"])["rule"])
        for e in world.events
    ] == [
        ("model", "open", "outside-vpc"),
        ("endpoint", "open", "outside-vpc"),
        ("endpoint", "bare", "no-customer-key"),
    ]


def test_a_finding_is_an_event_a_metric_and_a_line_of_the_message(
    world: World, function: ModuleType, Context: Any
) -> None:
    world.put("model", "bad", {})
    function.handler(call("CreateModel", {"modelName": "bad"}), Context(900))
    assert world.events == [
        {
            "Source": "mlz.security-controls",
            "DetailType": "SageMaker Control Finding",
            "Resources": [f"{ARN}model/bad"],
            "Detail": json.dumps(
                {"kind": "model", "name": "bad", "arn": f"{ARN}model/bad", "rule": "outside-vpc", "outcome": "reported"}
            ),
        }
    ]
    assert world.metrics == [
        {
            "MetricName": "Findings",
            "Dimensions": [{"Name": "Rule", "Value": "outside-vpc"}],
            "Value": 1,
            "Unit": "Count",
        }
    ]
    assert world.messages == [
        {
            "Subject": "SageMaker controls: 1 findings",
            "Message": f"reported: model bad runs without subnets of a VPC ({ARN}model/bad)",
        }
    ]
    assert world.done == []


def test_corrections_follow_the_table_and_leave_the_rest(
    world: World, function: ModuleType, Context: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CORRECTIVE_ACTIONS", "YES")
    world.put("notebook_instance", "open", NOTEBOOK | {"DirectInternetAccess": "Enabled"})
    world.put("notebook_instance", "root", NOTEBOOK | {"RootAccess": "Enabled"})
    world.put("training_job", "open", {**TRAINING, "VpcConfig": None})
    world.put("processing_job", "bare", {**PROCESSING, "ProcessingOutputConfig": {"Outputs": []}})
    world.put("model", "open", {})
    world.put("model", "good", MODEL)
    put_endpoint(world, "open", CONFIG | {"ProductionVariants": [{"ModelName": "open"}]})
    put_endpoint(world, "bare", {"ProductionVariants": CONFIG["ProductionVariants"]})
    world.put("domain", "d-open", {})
    function.handler(SCAN, Context(900))
    assert world.done == [
        "stop notebook_instance open",
        "stop training_job open",
        "stop processing_job bare",
        "delete model open",
        "delete endpoint open",
    ]
    outcomes = [(d["kind"], d["name"], d["outcome"]) for d in (json.loads(e["Detail"]) for e in world.events)]
    assert outcomes == [
        ("notebook-instance", "open", "stopped"),
        ("notebook-instance", "root", "reported"),
        ("training-job", "open", "stopped"),
        ("processing-job", "bare", "stopped"),
        ("model", "open", "deleted"),
        ("endpoint", "open", "deleted"),
        ("endpoint", "bare", "reported"),
        ("domain", "d-open", "reported"),
        ("domain", "d-open", "reported"),
    ]


def test_a_refused_correction_is_reported_and_does_not_stop_the_others(
    world: World, function: ModuleType, Context: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CORRECTIVE_ACTIONS", "YES")
    world.put("training_job", "a", {**TRAINING, "VpcConfig": None})
    world.put("training_job", "b", {**TRAINING, "VpcConfig": None})
    world.put("training_job", "c", {**TRAINING, "VpcConfig": None})
    world.refusals["stop training_job a"] = refusal("AccessDeniedException")
    world.refusals["stop training_job b"] = refusal("ResourceNotFound")
    function.handler(SCAN, Context(900))
    assert [json.loads(event["Detail"])["outcome"] for event in world.events] == [
        "failed: AccessDeniedException",
        "gone",
        "stopped",
    ]


@pytest.mark.parametrize(
    "event",
    [
        call("DeleteModel", {"modelName": "bad"}),
        call("CreateModel", {"modelName": "bad"}, errorCode="AccessDenied"),
        call("CreateModel", None),
        call("CreateModel", {"modelName": "gone"}),
    ],
)
def test_calls_that_made_nothing_are_passed_over(
    world: World, function: ModuleType, Context: Any, event: dict[str, Any]
) -> None:
    world.put("model", "bad", {})
    assert function.handler(event, Context(900)) == {"findings": 0, "complete": True}
    assert (world.metrics, world.events, world.messages) == ([], [], [])


def test_a_new_domain_is_known_by_the_answer_to_its_creation(world: World, function: ModuleType, Context: Any) -> None:
    world.put("domain", "d-new", {})
    event = call("CreateDomain", {"domainName": "x"}, responseElements={"domainArn": f"{ARN}domain/d-new"})
    assert function.handler(event, Context(900)) == {"findings": 2, "complete": True}


def test_a_refused_description_fails_loudly(world: World, function: ModuleType, Context: Any) -> None:
    world.put("model", "bad", {})
    world.refusals["describe model bad"] = refusal("AccessDeniedException", "not authorized")
    with pytest.raises(ClientError, match="AccessDeniedException"):
        function.handler(SCAN, Context(900))


def test_time_that_runs_out_is_said(world: World, function: ModuleType, Context: Any) -> None:
    world.put("model", "bad", {})
    assert function.handler(SCAN, Context(20)) == {"findings": 0, "complete": False}
    assert world.metrics[-1] == {"MetricName": "IncompleteScans", "Value": 1, "Unit": "Count"}
    assert world.messages == [
        {
            "Subject": "SageMaker controls: 0 findings",
            "Message": "Time ran out before everything was looked at.",
        }
    ]


def test_many_findings_are_one_message_and_events_in_tens(world: World, function: ModuleType, Context: Any) -> None:
    for number in range(205):
        world.put("model", f"model-{number:03}", {})
    function.handler(SCAN, Context(900))
    assert len(world.events) == 205
    lines = world.messages[0]["Message"].splitlines()
    assert (len(world.messages), len(lines), lines[-1]) == (1, 201, "and 5 more, as events and metrics")


def test_events_that_do_not_arrive_fail_the_run(world: World, function: ModuleType, Context: Any) -> None:
    world.put("model", "bad", {})
    world.lost_events = 1
    with pytest.raises(RuntimeError, match=r"^1 findings did not reach the event bus$"):
        function.handler(SCAN, Context(900))
