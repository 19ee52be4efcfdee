"""Calls a stage's endpoint in each of its accounts as the payload contract says, and writes one document of results."""

import argparse
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import contract as contracts
import model as served
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

# A failed call is a result: the client does not hide it behind a second try.
ONE_TRY = Config(retries={"total_max_attempts": 1}, read_timeout=70)
NOT_CALLED = {"ASYNCHRONOUS": "an asynchronous endpoint takes its input from S3; only its state and model were tested"}
NO_ENDPOINT = "a batch transform has no endpoint; nothing was tested, its first job shows whether the model works"


def measured(send: Callable[[], bytes], contract: contracts.Contract, clock: Callable[[], float]) -> dict[str, Any]:
    """Call as often as the contract says; what was measured, and why the contract is not kept. `clock` in seconds."""
    latencies: list[float] = []
    failures: list[str] = []
    mistakes: set[str] = set()
    for _ in range(contract.requests):
        began = clock()
        try:
            answer = send()
        except (BotoCoreError, ClientError) as problem:
            failures.append(str(problem))
            continue
        latencies.append(1000 * (clock() - began))
        mistakes.update(contracts.mistakes(contract, answer))
    p95 = round(contracts.percentile(latencies, 0.95), 1)
    problems = sorted(mistakes)
    if len(failures) > contract.errors:
        problems.append(f"{len(failures)} of {contract.requests} calls failed: {failures[0]}")
    if p95 > contract.p95_milliseconds:
        problems.append(f"p95 of {p95:g} ms is more than {contract.p95_milliseconds:g} ms")
    p50 = round(contracts.percentile(latencies, 0.5), 1)
    return {
        "requests": contract.requests,
        "errors": len(failures),
        "p50_milliseconds": p50,
        "p95_milliseconds": p95,
        "problems": problems,
    }


def tested(clients: dict[str, Any], config: dict[str, str], contract: contracts.Contract) -> dict[str, Any]:
    """One account's result; `clients` are sagemaker and sagemaker-runtime of that account."""
    endpoint = f"{config['SageMakerProjectName']}-{config['SageMakerProjectId']}-{config['EnvType']}"
    kind = config.get("EndpointKind", "REALTIME")
    described = clients["sagemaker"].describe_endpoint(EndpointName=endpoint)
    status = described["EndpointStatus"]
    if status != "InService":
        return {"status": status, "problems": [f"{status}: {described.get('FailureReason', 'no reason is given')}"]}
    if rolled_back := served.others(clients["sagemaker"], described, config):
        return {"status": status, "problems": rolled_back}
    if kind in NOT_CALLED:
        return {"status": status, "note": NOT_CALLED[kind], "problems": []}
    runtime = clients["sagemaker-runtime"]
    if kind == "MULTI_MODEL":
        models = {name: called(runtime, endpoint, contract, name) for name in config["ModelNames"].split(",")}
        problems = [f"{name}: {problem}" for name, one in models.items() for problem in one["problems"]]
        return {"status": status, "models": models, "problems": problems}
    return {"status": status, **called(runtime, endpoint, contract)}


def called(runtime: Any, endpoint: str, contract: contracts.Contract, model: str = "") -> dict[str, Any]:
    """What calls of an endpoint, or of one of its models, gave."""
    target = {"TargetModel": model} if model else {}

    def send() -> bytes:
        answer = runtime.invoke_endpoint(
            EndpointName=endpoint,
            Body=contract.body,
            ContentType=contract.content_type,
            Accept=contract.accept,
            **target,
        )
        return bytes(answer["Body"].read())

    send_once_to_warm_up(send)
    return measured(send, contract, time.monotonic)


def send_once_to_warm_up(send: Callable[[], bytes]) -> None:
    """The first call opens the connection and is not measured; if it fails, the measured ones tell why."""
    try:
        send()
    except (BotoCoreError, ClientError) as problem:
        print(f"first call: {problem}", file=sys.stderr)


def clients_of(account: str, own: str, role: str, region: str) -> dict[str, Any]:
    """Clients in an account, through the role that it keeps for testers."""
    given: dict[str, str] = {}
    if account != own:
        sts = boto3.client("sts")
        partition = sts.get_caller_identity()["Arn"].split(":")[1]
        arn = f"arn:{partition}:iam::{account}:role/{role}"
        assumed = sts.assume_role(RoleArn=arn, RoleSessionName="endpoint-test")["Credentials"]
        given = {
            "aws_access_key_id": assumed["AccessKeyId"],
            "aws_secret_access_key": assumed["SecretAccessKey"],
            "aws_session_token": assumed["SessionToken"],
        }
    names = ("sagemaker", "sagemaker-runtime")
    return {name: boto3.client(name, region_name=region, config=ONE_TRY, **given) for name in names}


def attempted(
    account: str, own: str, config: dict[str, str], region: str, contract: contracts.Contract
) -> dict[str, Any]:
    """One account's result; what keeps the test from being made is its problem, and the other accounts go on."""
    if config.get("EndpointKind") == "BATCH":
        return {"status": "NoEndpoint", "note": NO_ENDPOINT, "problems": []}
    try:
        return tested(clients_of(account, own, config["TestRoleName"], region), config, contract)
    except (BotoCoreError, ClientError) as problem:
        return {"status": "Unknown", "problems": [str(problem)]}


def main(given: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", type=Path, required=True, help="parameters of the stage, as the build wrote them")
    parser.add_argument("--accounts", type=Path, required=True, help="accounts of the stage, as the build wrote them")
    parser.add_argument("--contract", type=Path, default=Path("payload.json"))
    parser.add_argument("--extent", choices=("full", "smoke"), default="full")
    parser.add_argument("--results", type=Path, required=True)
    arguments = parser.parse_args(given)
    config = {item["ParameterKey"]: item["ParameterValue"] for item in json.loads(arguments.config.read_text())}
    contract = contracts.read(arguments.contract, arguments.extent)
    session = boto3.Session()
    own = session.client("sts").get_caller_identity()["Account"]
    results = {
        account: attempted(account, own, config, session.region_name, contract)
        for account in json.loads(arguments.accounts.read_text())
    }
    failed = {account: result["problems"] for account, result in results.items() if result["problems"]}
    document = {
        "model_package": config["ModelPackageName"],
        "stage": config["EnvType"],
        "extent": arguments.extent,
        "passed": bool(results) and not failed,
        "accounts": results,
    }
    arguments.results.write_text(json.dumps(document, indent=2))
    for account, problems in failed.items():
        print(f"{account}: {'; '.join(problems)}", file=sys.stderr)
    return 0 if document["passed"] else 1


if __name__ == "__main__":
    sys.exit(main())
