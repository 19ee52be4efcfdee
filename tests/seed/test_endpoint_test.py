"""The test of endpoints: it really calls them, account by account, and its document says what is wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import boto3
import pytest

from tests.seed.endpoints import PACKAGE, World, running
from tests.seed.seeds import DEPLOY, load

OWN, OTHER = "111111111111", "222222222222"
PAYLOAD = (DEPLOY / "payload.csv").read_text()
CONFIG = {
    "ModelPackageName": PACKAGE,
    "SageMakerProjectName": "ages",
    "SageMakerProjectId": "p-abc",
    "EnvType": "staging",
    "TestRoleName": "sm-mlops-staging-eu-west-1-model-test",
    "EndpointKind": "REALTIME",
}

RELEASE = {"EndpointKind": "MULTI_MODEL", "ModelDataPrefix": "s3://models/releases/g/new/"}


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Runs the test against a world; gives its exit code and its document."""
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", OWN)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")

    def go(world: World, *, extent: str = "smoke", **config: str) -> tuple[int, dict[str, Any]]:
        parameters = [{"ParameterKey": k, "ParameterValue": v} for k, v in {**CONFIG, **config}.items()]
        (tmp_path / "staging-config.json").write_text(json.dumps(parameters))
        (tmp_path / "staging-accounts.json").write_text(json.dumps(sorted({one.split()[0] for one in world.answers})))
        script = load(DEPLOY / "test" / "test.py")
        with running(world):
            monkeypatch.setenv("AWS_ENDPOINT_URL", world.url)
            code = script.main(
                [
                    *("--config", str(tmp_path / "staging-config.json")),
                    *("--accounts", str(tmp_path / "staging-accounts.json")),
                    *("--contract", str(DEPLOY / "payload.json")),
                    *("--extent", extent),
                    *("--results", str(tmp_path / "results.json")),
                ]
            )
        return code, json.loads((tmp_path / "results.json").read_text())

    return go


def test_every_account_is_called_with_the_payload_through_its_own_role(run: Any) -> None:
    """B067."""
    world = World({OWN: b"9.5,10.25\n", OTHER: b"9.5\n10.25\n"})
    code, document = run(world)
    assert code == 0
    assert document["passed"] is True
    assert document["model_package"] == CONFIG["ModelPackageName"]
    assert {account: (r["requests"], r["errors"], r["problems"]) for account, r in document["accounts"].items()} == {
        OWN: (5, 0, []),
        OTHER: (5, 0, []),
    }
    assert world.asked == [
        *[(OWN, PAYLOAD)] * 6,
        (OWN, "arn:aws:iam::222222222222:role/sm-mlops-staging-eu-west-1-model-test"),
        *[(OTHER, PAYLOAD)] * 6,
    ]


def test_a_full_test_calls_more_often(run: Any) -> None:
    _, document = run(World({OWN: b"[[9.5], [10.25]]"}), extent="full")
    assert (document["extent"], document["accounts"][OWN]["requests"]) == ("full", 50)


def test_an_answer_of_another_shape_fails_and_the_other_accounts_are_told_too(run: Any) -> None:
    code, document = run(World({OWN: b"9.5", OTHER: b"9.5,1000"}))
    assert (code, document["passed"]) == (1, False)
    assert {account: result["problems"] for account, result in document["accounts"].items()} == {
        OWN: ["1 values instead of 2"],
        OTHER: ["1000 is not within 0 and 40"],
    }


def test_an_answer_that_is_no_number_fails(run: Any) -> None:
    _, document = run(World({OWN: b"old,young"}))
    assert document["accounts"][OWN]["problems"] == ["answer cannot be read: could not convert string to float: 'old'"]


def test_failed_calls_are_counted_and_not_tried_again(run: Any) -> None:
    world = World({OWN: b""})
    code, document = run(world)
    assert code == 1
    assert len(world.asked) == 6
    result = document["accounts"][OWN]
    assert (result["errors"], result["requests"]) == (5, 5)
    assert result["problems"][0].startswith(
        "5 of 5 calls failed: An error occurred (500) when calling the InvokeEndpoint"
    )


def test_an_endpoint_that_is_not_in_service_is_not_called(run: Any) -> None:
    world = World({OWN: b"1,2"}, statuses={OWN: "Updating"})
    code, document = run(world)
    assert (code, world.asked) == (1, [])
    assert document["accounts"][OWN] == {"status": "Updating", "problems": ["Updating: no reason is given"]}


def test_an_endpoint_that_was_rolled_back_is_in_service_and_fails(run: Any) -> None:
    """B068: SageMaker does not always give a reason, and the former model answers well."""
    former = PACKAGE.replace("/3", "/2")
    world = World({OWN: b"9.5,10.25", OTHER: b"9.5,10.25"}, models={OTHER: {"ModelPackageName": former}})
    code, document = run(world)
    assert (code, document["passed"]) == (1, False)
    assert {account: result["problems"] for account, result in document["accounts"].items()} == {
        OWN: [],
        OTHER: [f"serves {former} instead of {PACKAGE}"],
    }
    assert {account for account, what in world.asked if what == PAYLOAD} == {OWN}


def test_an_asynchronous_endpoint_that_was_rolled_back_fails(run: Any) -> None:
    code, document = run(World({OWN: b""}, models={OWN: {"Image": "i"}}), EndpointKind="ASYNCHRONOUS")
    assert code == 1
    assert document["accounts"][OWN]["problems"] == [f"serves no model of a package instead of {PACKAGE}"]


def test_a_multi_model_endpoint_with_a_former_release_fails(run: Any) -> None:
    world = World({f"{OWN} 1.tar.gz": b"9.5,10.25"}, models={OWN: {"ModelDataUrl": "s3://models/releases/g/old/"}})
    code, document = run(world, **RELEASE, ModelNames="1.tar.gz")
    assert (code, world.asked) == (1, [])
    assert document["accounts"][OWN]["problems"] == [
        "serves s3://models/releases/g/old/ instead of s3://models/releases/g/new/"
    ]


def test_every_model_of_a_multi_model_endpoint_is_called_by_its_name(run: Any) -> None:
    world = World(
        {f"{OWN} 1.tar.gz": b"9.5,10.25", f"{OWN} 3.tar.gz": b"9.5"},
        models={OWN: {"ModelDataUrl": RELEASE["ModelDataPrefix"]}},
    )
    code, document = run(world, **RELEASE, ModelNames="1.tar.gz,3.tar.gz")
    assert code == 1
    result = document["accounts"][OWN]
    assert result["problems"] == ["3.tar.gz: 1 values instead of 2"]
    assert {name: (one["requests"], one["problems"]) for name, one in result["models"].items()} == {
        "1.tar.gz": (5, []),
        "3.tar.gz": (5, ["1 values instead of 2"]),
    }
    assert world.asked == [*[(f"{OWN} 1.tar.gz", PAYLOAD)] * 6, *[(f"{OWN} 3.tar.gz", PAYLOAD)] * 6]


def test_a_batch_transform_has_no_endpoint_and_the_document_says_so(run: Any) -> None:
    world = World({OWN: b"1,2"})
    code, document = run(world, EndpointKind="BATCH")
    assert (code, world.asked) == (0, [])
    assert document["accounts"][OWN] == {
        "status": "NoEndpoint",
        "note": "a batch transform has no endpoint; nothing was tested, its first job shows whether the model works",
        "problems": [],
    }


def test_of_an_asynchronous_endpoint_the_state_alone_is_tested_and_the_document_says_so(run: Any) -> None:
    world = World({OWN: b"1,2"})
    code, document = run(world, EndpointKind="ASYNCHRONOUS")
    assert (code, world.asked) == (0, [])
    assert document["accounts"][OWN]["note"] == (
        "an asynchronous endpoint takes its input from S3; only its state and model were tested"
    )


def test_nothing_tested_is_not_passed(run: Any) -> None:
    code, document = run(World({}))
    assert (code, document["passed"]) == (1, False)


def test_slow_answers_break_the_contract() -> None:
    script, contract = load(DEPLOY / "test" / "test.py"), load(DEPLOY / "test" / "contract.py")
    ticks = iter([0.0, 0.1, 1.0, 1.2, 2.0, 2.6])  # 100, 200 and 600 ms
    held = contract.Contract(b"", "text/csv", "text/csv", 1, 0, 40, 3, 500, 0)
    assert script.measured(lambda: b"7", held, lambda: next(ticks)) == {
        "requests": 3,
        "errors": 0,
        "p50_milliseconds": 200.0,
        "p95_milliseconds": 600.0,
        "problems": ["p95 of 600 ms is more than 500 ms"],
    }


@pytest.mark.parametrize(
    ("answer", "numbers"),
    [
        (b"1.5,2\n", [1.5, 2.0]),
        (b"1.5\n2\n", [1.5, 2.0]),
        (b'{"predictions": [{"score": 1.5}, {"score": 2}]}', [1.5, 2.0]),
        (b"1e1000", [float("inf")]),
    ],
)
def test_numbers_are_found_in_each_form(answer: bytes, numbers: list[float]) -> None:
    assert load(DEPLOY / "test" / "contract.py").numbers(answer) == numbers


@pytest.mark.parametrize(("share", "value"), [(0.5, 20.0), (0.95, 40.0), (0.25, 10.0), (0.0, 10.0)])
def test_percentiles_are_values_that_occur(share: float, value: float) -> None:
    assert load(DEPLOY / "test" / "contract.py").percentile([40.0, 10.0, 30.0, 20.0], share) == value
