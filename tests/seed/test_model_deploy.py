"""The deploy repository's scripts, loaded as a build would run them."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import boto3
import pytest
from moto import mock_aws

SEED = Path(__file__).parents[2] / "templates" / "sources" / "seed" / "model-deploy"
VARIABLES = {
    "SAGEMAKER_PROJECT_NAME": "ages",
    "SAGEMAKER_PROJECT_ID": "p-abc",
    "SOURCE_MODEL_PACKAGE_GROUP_NAME": "ages-p-abc",
    "ENV_NAME": "sm-mlops",
    "ENV_TYPE": "dev",
    "ENV_TYPE_STAGING_NAME": "staging",
    "ENV_TYPE_PROD_NAME": "prod",
    "STAGING_CONFIG_NAME": "staging-config",
    "PROD_CONFIG_NAME": "prod-config",
    "SAGEMAKER_EXECUTION_ROLE_STAGING_NAME": "runs-models",
    "SAGEMAKER_EXECUTION_ROLE_PROD_NAME": "runs-models",
    "MULTI_ACCOUNT_DEPLOYMENT": "YES",
    "STAGING_ACCOUNTS": "222222222222,111111111111",
    "PRODUCTION_ACCOUNTS": "333333333333",
}


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"seed_{name}", SEED / f"{name}.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def sagemaker(monkeypatch: pytest.MonkeyPatch) -> Any:
    for name, value in {**VARIABLES, "AWS_DEFAULT_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": "x"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    with mock_aws():
        yield boto3.client("sagemaker")


def register(sagemaker: Any, status: str) -> str:
    made = sagemaker.create_model_package(
        ModelPackageGroupName="ages-p-abc",
        ModelApprovalStatus=status,
        InferenceSpecification={
            "Containers": [{"Image": "i"}],
            "SupportedContentTypes": ["text/csv"],
            "SupportedResponseMIMETypes": ["text/csv"],
        },
    )
    return str(made["ModelPackageArn"])


def test_the_group_is_made_once(sagemaker: Any) -> None:
    setup = load("setup")
    tags = [{"Key": "k", "Value": "v"}]
    first = setup.ensure_group(sagemaker, "ages-p-abc", tags)
    assert setup.ensure_group(sagemaker, "ages-p-abc", tags) == first
    assert len(sagemaker.list_model_package_groups()["ModelPackageGroupSummaryList"]) == 1


def test_targets_may_read_and_deploy_packages_and_change_nothing() -> None:
    setup = load("setup")
    group = "arn:aws-cn:sagemaker:cn-north-1:444444444444:model-package-group/ages-p-abc"
    readers = setup.accounts(VARIABLES)
    assert readers == ["111111111111", "222222222222", "333333333333"]
    assert setup.policy(group, readers[:1])["Statement"] == [
        {
            "Sid": "TargetAccountsRead",
            "Effect": "Allow",
            "Principal": {"AWS": ["arn:aws-cn:iam::111111111111:root"]},
            "Action": [
                "sagemaker:CreateModel",
                "sagemaker:DescribeModelPackage",
                "sagemaker:DescribeModelPackageGroup",
                "sagemaker:ListModelPackages",
            ],
            "Resource": [group, "arn:aws-cn:sagemaker:cn-north-1:444444444444:model-package/ages-p-abc/*"],
        }
    ]


def test_without_other_accounts_nobody_reads() -> None:
    assert load("setup").accounts({**VARIABLES, "MULTI_ACCOUNT_DEPLOYMENT": "NO"}) == []


def test_the_package_of_the_event_is_deployed(sagemaker: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    load("setup").ensure_group(sagemaker, "ages-p-abc", [])
    wanted = register(sagemaker, "Approved")
    register(sagemaker, "Approved")
    monkeypatch.setenv("MODEL_PACKAGE_ARN", wanted)
    monkeypatch.chdir(tmp_path)
    for stage in ("staging", "prod"):
        (tmp_path / f"{stage}-config-template.json").write_text((SEED / f"{stage}-config-template.json").read_text())
    load("build").main()
    staging = {
        item["ParameterKey"]: item["ParameterValue"] for item in json.loads(Path("staging-config.json").read_text())
    }
    assert staging == {
        "EndpointInstanceType": "ml.m5.large",
        "EndpointInstanceCount": "1",
        "ModelPackageName": wanted,
        "ExecutionRoleName": "runs-models",
        "SageMakerProjectName": "ages",
        "SageMakerProjectId": "p-abc",
        "EnvName": "sm-mlops",
        "EnvType": "staging",
        "SageMakerSubnetIds": "sm-mlops-staging-private-subnet-ids",
        "SageMakerSecurityGroupIds": "sm-mlops-staging-sagemaker-sg-ids",
    }
    prod = {item["ParameterKey"]: item["ParameterValue"] for item in json.loads(Path("prod-config.json").read_text())}
    assert (prod["EnvType"], prod["EndpointInstanceCount"]) == ("prod", "2")


def test_a_package_that_is_not_approved_is_refused(sagemaker: Any) -> None:
    load("setup").ensure_group(sagemaker, "ages-p-abc", [])
    pending = register(sagemaker, "PendingManualApproval")
    with pytest.raises(SystemExit) as problem:
        load("build").approved(sagemaker, pending)
    assert str(problem.value) == f"{pending}: is PendingManualApproval, only an approved model package is deployed"


def test_without_an_approved_package_the_build_says_so(sagemaker: Any) -> None:
    load("setup").ensure_group(sagemaker, "ages-p-abc", [])
    register(sagemaker, "Rejected")
    with pytest.raises(SystemExit) as problem:
        load("build").latest_approved(sagemaker, "ages-p-abc")
    assert str(problem.value) == (
        "ages-p-abc: no model package is approved yet; approve one and the pipeline starts by itself"
    )
