"""Asks every staging account whether its endpoint is in service, and writes one JSON document of results."""

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Any

import boto3


def accounts(variables: dict[str, str], own: str) -> list[str]:
    """Accounts that have the staging endpoint."""
    if variables.get("MULTI_ACCOUNT_DEPLOYMENT") != "YES":
        return [own]
    return sorted(account.strip() for account in variables["STAGING_ACCOUNTS"].split(",") if account.strip())


def check(sagemaker: Any, endpoint: str) -> dict[str, str]:
    """The endpoint's state, and why it is not in service."""
    described = sagemaker.describe_endpoint(EndpointName=endpoint)
    return {"status": described["EndpointStatus"], "reason": described.get("FailureReason", "")}


def client(session: boto3.Session, account: str, own: str, role: str) -> Any:
    """SageMaker in an account, through the role that the account gives to testers."""
    if account == own:
        return session.client("sagemaker")
    sts = session.client("sts")
    partition = sts.get_caller_identity()["Arn"].split(":")[1]
    arn = f"arn:{partition}:iam::{account}:role/{role}"
    credentials = sts.assume_role(RoleArn=arn, RoleSessionName="endpoint-test")["Credentials"]
    return boto3.client(
        "sagemaker",
        aws_access_key_id=credentials["AccessKeyId"],
        aws_secret_access_key=credentials["SecretAccessKey"],
        aws_session_token=credentials["SessionToken"],
    )


def tester(config: dict[str, str], region: str) -> str:
    """The role that a stage's account keeps for tests; it calls endpoints and can do nothing else."""
    return f"{config['EnvName']}-{config['EnvType']}-{region}-model-test"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--results", type=Path, required=True)
    arguments = parser.parse_args()
    config = {item["ParameterKey"]: item["ParameterValue"] for item in json.loads(arguments.config.read_text())}
    endpoint = f"{config['SageMakerProjectName']}-{config['SageMakerProjectId']}-{config['EnvType']}"
    session = boto3.Session()
    own = session.client("sts").get_caller_identity()["Account"]
    role = tester(config, session.region_name)
    results = {
        account: check(client(session, account, own, role), endpoint) for account in accounts(dict(os.environ), own)
    }
    arguments.results.write_text(json.dumps({"endpoint": endpoint, "accounts": results}, indent=2))
    failed = [account for account, result in results.items() if result["status"] != "InService"]
    if failed:
        sys.exit(f"{endpoint}: not in service in {', '.join(failed)}")


if __name__ == "__main__":
    main()
