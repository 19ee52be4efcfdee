"""The deploy repository's scripts: which package, which accounts, which parameters."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import boto3
import pytest
import yaml
from moto import mock_aws

from tests.seed.seeds import DEPLOY, load

OWN = "123456789012"
VARIABLES = {
    "AWS_REGION": "eu-west-1",
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
    "MODEL_BUCKET": "models",
    "MULTI_ACCOUNT_DEPLOYMENT": "YES",
}
LISTS = {
    "sm-mlops-dev-staging-account-list": "222222222222,111111111111",
    "sm-mlops-dev-production-account-list": "333333333333",
}


@pytest.fixture
def sagemaker(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """A build's surroundings: its variables, its files, the published lists of accounts, an empty group."""
    for name, value in {**VARIABLES, "AWS_DEFAULT_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": "x"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    for stage in ("staging", "prod"):
        (tmp_path / f"{stage}-config-template.json").write_text((DEPLOY / f"{stage}-config-template.json").read_text())
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    monkeypatch.chdir(tmp_path)
    with mock_aws():
        ssm = boto3.client("ssm")
        for name, value in LISTS.items():
            ssm.put_parameter(Name=name, Value=value, Type="String")
        client = boto3.client("sagemaker")
        load(DEPLOY / "setup.py").ensure_group(client, "ages-p-abc", [])
        yield client


def register(sagemaker: Any, status: str, group: str = "ages-p-abc") -> str:
    made = sagemaker.create_model_package(
        ModelPackageGroupName=group,
        ModelApprovalStatus=status,
        InferenceSpecification={
            "Containers": [{"Image": "i"}],
            "SupportedContentTypes": ["text/csv"],
            "SupportedResponseMIMETypes": ["text/csv"],
        },
    )
    return str(made["ModelPackageArn"])


def written(name: str) -> Any:
    return json.loads(Path(name).read_text())


def parameters(name: str) -> dict[str, str]:
    return {item["ParameterKey"]: item["ParameterValue"] for item in written(name)}


def test_the_group_is_made_once(sagemaker: Any) -> None:
    setup = load(DEPLOY / "setup.py")
    first = setup.ensure_group(sagemaker, "ages-p-abc", [])
    assert setup.ensure_group(sagemaker, "ages-p-abc", []) == first
    assert len(sagemaker.list_model_package_groups()["ModelPackageGroupSummaryList"]) == 1


@pytest.mark.usefixtures("sagemaker")
def test_targets_may_read_and_deploy_packages_and_change_nothing() -> None:
    setup = load(DEPLOY / "setup.py")
    group = "arn:aws-cn:sagemaker:cn-north-1:444444444444:model-package-group/ages-p-abc"
    readers = setup.readers_of(boto3.client, VARIABLES)
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


@pytest.mark.usefixtures("sagemaker")
def test_without_other_accounts_nobody_reads_and_all_stays_here() -> None:
    alone = {**VARIABLES, "MULTI_ACCOUNT_DEPLOYMENT": "NO"}
    assert load(DEPLOY / "setup.py").readers_of(boto3.client, alone) == []
    assert load(DEPLOY / "targets.py").accounts(boto3.client, alone, "prod", OWN) == [OWN]


NO_TARGETS = (
    "staging: SSM parameter sm-mlops-dev-staging-account-list names no account, and stack set "
    "sm-mlops-dev-roles-staging has no current instance in eu-west-1; deploy env-main with accounts for this stage, "
    "or run `mlz deploy targets`"
)


@pytest.mark.usefixtures("sagemaker")
def test_without_a_list_and_without_a_stack_set_the_build_stops() -> None:
    boto3.client("ssm").put_parameter(Name="sm-mlops-dev-staging-account-list", Value="none", Overwrite=True)
    with pytest.raises(SystemExit) as problem:
        load(DEPLOY / "targets.py").accounts(boto3.client, VARIABLES, "staging", OWN)
    assert str(problem.value) == NO_TARGETS


class Instances:
    """CloudFormation with one stack set, in two pages."""

    def __init__(self, **statuses: str) -> None:
        self.statuses, self.asked = statuses, list[dict[str, str]]()

    def client(self, service: str) -> Any:
        return self if service == "cloudformation" else boto3.client(service)

    def get_paginator(self, operation: str) -> Any:
        assert operation == "list_stack_instances"
        return self

    def paginate(self, **given: str) -> list[dict[str, Any]]:
        self.asked.append(given)
        rows = [{"Account": one.removeprefix("a"), "Status": status} for one, status in self.statuses.items()]
        return [{"Summaries": rows[:1]}, {"Summaries": rows[1:]}]

    @property
    def exceptions(self) -> Any:
        return boto3.client("cloudformation").exceptions


@pytest.mark.usefixtures("sagemaker")
def test_where_no_list_is_published_the_accounts_are_those_that_have_the_stages_roles(
    capsys: pytest.CaptureFixture[str],
) -> None:
    boto3.client("ssm").put_parameter(Name="sm-mlops-dev-production-account-list", Value="none", Overwrite=True)
    cloudformation = Instances(a444444444444="CURRENT", a333333333333="CURRENT", a555555555555="OUTDATED")
    targets = load(DEPLOY / "targets.py")
    named = {**VARIABLES, "PROD_ROLES_STACK_SET": "sm-mlops-dev-roles-live"}
    assert targets.accounts(cloudformation.client, named, "prod", OWN) == ["333333333333", "444444444444"]
    assert cloudformation.asked == [{"StackSetName": "sm-mlops-dev-roles-live", "StackInstanceRegion": "eu-west-1"}]
    assert capsys.readouterr().out == "sm-mlops-dev-roles-live: 555555555555 is left out, its instance is OUTDATED\n"
    assert targets.accounts(cloudformation.client, VARIABLES, "staging", OWN) == ["111111111111", "222222222222"]


@pytest.mark.usefixtures("sagemaker")
def test_instances_that_are_not_current_are_no_targets() -> None:
    boto3.client("ssm").put_parameter(Name="sm-mlops-dev-staging-account-list", Value="none", Overwrite=True)
    with pytest.raises(SystemExit) as problem:
        load(DEPLOY / "targets.py").accounts(Instances(a1="INOPERABLE").client, VARIABLES, "staging", OWN)
    assert str(problem.value) == NO_TARGETS


@pytest.mark.parametrize(
    ("wave", "accounts"),
    [(1, ["1"]), (2, ["1", "2"]), (9, ["1", "2", "3"]), (("3", "1"), ["1", "3"])],
)
def test_the_first_wave_is_a_number_of_accounts_or_names_them(wave: Any, accounts: list[str]) -> None:
    assert load(DEPLOY / "targets.py").first_wave(["1", "2", "3"], wave, "prod-config-template.json") == accounts


def test_a_first_wave_outside_of_the_targets_stops_the_build() -> None:
    with pytest.raises(SystemExit) as problem:
        load(DEPLOY / "targets.py").first_wave(["1", "2"], ("2", "4"), "prod-config-template.json")
    assert str(problem.value) == "prod-config-template.json: FirstWave: 4: no target; there are: 1, 2"


def test_lists_of_accounts_are_read_at_each_run(sagemaker: Any) -> None:
    register(sagemaker, "Approved")
    build = load(DEPLOY / "build.py")
    build.main()
    assert written("staging-accounts.json") == ["111111111111", "222222222222"]
    boto3.client("ssm").put_parameter(
        Name="sm-mlops-dev-staging-account-list", Value="222222222222,444444444444", Overwrite=True
    )
    build.main()
    assert written("staging-accounts.json") == ["222222222222", "444444444444"]
    assert written("prod-accounts.json") == ["333333333333"]
    boto3.client("ssm").put_parameter(
        Name="sm-mlops-dev-production-account-list", Value="555555555555,333333333333", Overwrite=True
    )
    build.main()
    assert (written("prod-first-accounts.json"), written("prod-accounts.json")) == (
        ["333333333333"],
        ["333333333333", "555555555555"],
    )


def test_the_package_of_the_event_is_deployed(sagemaker: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """B065."""
    wanted = register(sagemaker, "Approved")
    register(sagemaker, "Approved")
    monkeypatch.setenv("MODEL_PACKAGE_ARN", wanted)
    load(DEPLOY / "build.py").main()
    assert parameters("staging-config.json") == {
        "EndpointKind": "REALTIME",
        "EndpointInstanceType": "ml.m5.large",
        "EndpointInstanceCount": "1",
        "BakeSeconds": "300",
        "VolumeEncryption": "KEY",
        "ModelPackageName": wanted,
        "ExecutionRoleName": "runs-models",
        "TestRoleName": "sm-mlops-staging-eu-west-1-model-test",
        "BatchRoleName": "sm-mlops-staging-eu-west-1-model-batch",
        "SageMakerProjectName": "ages",
        "SageMakerProjectId": "p-abc",
        "EnvName": "sm-mlops",
        "EnvType": "staging",
        "KeyEnvType": "staging",
        "SageMakerSubnetIds": "sm-mlops-staging-private-subnet-ids",
        "SageMakerSecurityGroupIds": "sm-mlops-staging-sagemaker-sg-ids",
    }
    prod = parameters("prod-config.json")
    assert (prod["EnvType"], prod["EndpointInstanceCount"], prod["ModelPackageName"]) == ("prod", "2", wanted)
    assert (Path("deploy.txt").read_text(), Path("package.txt").read_text()) == ("YES", wanted)


def test_in_one_account_the_environments_own_roles_and_network_serve_both_stages(
    sagemaker: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MULTI_ACCOUNT_DEPLOYMENT", "NO")
    register(sagemaker, "Approved")
    load(DEPLOY / "build.py").main()
    names = ("EnvType", "KeyEnvType", "TestRoleName", "SageMakerSubnetIds")
    assert [parameters("prod-config.json")[name] for name in names] == [
        "prod",
        "dev",
        "sm-mlops-dev-eu-west-1-model-test",
        "sm-mlops-dev-private-subnet-ids",
    ]
    assert (written("prod-first-accounts.json"), written("prod-accounts.json")) == ([OWN], [OWN])


def test_a_package_that_is_not_approved_is_refused(sagemaker: Any) -> None:
    pending = register(sagemaker, "PendingManualApproval")
    with pytest.raises(SystemExit) as problem:
        load(DEPLOY / "build.py").approved(sagemaker, pending, "ages-p-abc")
    assert str(problem.value) == f"{pending}: is PendingManualApproval, only an approved model package is deployed"


def test_another_groups_package_is_refused(sagemaker: Any) -> None:
    sagemaker.create_model_package_group(ModelPackageGroupName="weights")
    foreign = register(sagemaker, "Approved", "weights")
    with pytest.raises(SystemExit) as problem:
        load(DEPLOY / "build.py").approved(sagemaker, foreign, "ages-p-abc")
    assert str(problem.value) == f"{foreign}: is no package of ages-p-abc"


def test_without_an_approved_package_nothing_is_deployed_and_nothing_fails(
    sagemaker: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    """B066: every file that CodePipeline takes is there, and the stages are skipped."""
    register(sagemaker, "Rejected")
    load(DEPLOY / "build.py").main()
    assert capsys.readouterr().out == "ages-p-abc: no model package is approved yet, so nothing is deployed\n"
    files = ("staging-config", "prod-config", "staging-accounts", "prod-first-accounts", "prod-accounts")
    assert [written(f"{name}.json") for name in files] == [[], [], [], [], []]
    assert Path("deploy.txt").read_text() == "NO"


@pytest.mark.parametrize(
    ("given", "problems"),
    [
        ({"Endpoints": 2}, ["Endpoints: no such setting; there are: EndpointKind, EndpointInstanceType,"]),
        ({"FirstWave": 0}, ["FirstWave: 0 is neither a number of accounts nor a list of them"]),
        ({"FirstWave": ["staging"]}, ["FirstWave: ['staging'] is neither a number of accounts nor a list of them"]),
        ({"EndpointInstanceCount": "two"}, ["EndpointInstanceCount: 'two' is no whole number"]),
        (
            {"EndpointKind": "EDGE"},
            ["EndpointKind: 'EDGE' is none of REALTIME, ASYNCHRONOUS, SERVERLESS, BATCH, MULTI_MODEL"],
        ),
        (
            {"EndpointKind": "BATCH", "BatchSchedule": "now"},
            ["BatchSchedule: 'now' is neither rate(…) nor cron(…)"],
        ),
        ({"BatchSchedule": "rate(1 day)"}, ["BatchSchedule: REALTIME has no schedule"]),
        (
            {"AlarmTopicName": "arn:aws:sns"},
            ["AlarmTopicName: 'arn:aws:sns' is no topic's name; an ARN would be one account's"],
        ),
        (
            {"EndpointInstanceCount": "1"},
            ["EndpointInstanceCount: 1, production needs 2 to outlive a zone"],
        ),
        (
            {"EndpointInstanceCount": 3, "EndpointMaxInstanceCount": 2, "CanaryInstances": 2},
            [
                "EndpointMaxInstanceCount: 2 is less than EndpointInstanceCount, 3",
                "CanaryInstances: 2 is more than half of 3",
            ],
        ),
    ],
)
def test_settings_are_checked_before_anything_is_deployed(
    given: dict[str, object], problems: list[str], tmp_path: Path
) -> None:
    """B068, B075: every problem is told, in the words of the settings."""
    path = tmp_path / "prod-config-template.json"
    path.write_text(json.dumps(given))
    with pytest.raises(SystemExit) as problem:
        load(DEPLOY / "settings.py").read(path, production=True)
    told = str(problem.value).splitlines()
    assert [line[: len(f"{path.name}: {wanted}")] for line, wanted in zip(told, problems, strict=True)] == [
        f"{path.name}: {wanted}" for wanted in problems
    ]


def test_one_instance_is_enough_for_staging_and_none_is_needed_without_instances(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    path.write_text('{"EndpointInstanceCount": 1}')
    assert load(DEPLOY / "settings.py").read(path, production=False).parameters == {"EndpointInstanceCount": "1"}
    for kind in ("SERVERLESS", "BATCH"):
        path.write_text(json.dumps({"EndpointKind": kind, "EndpointInstanceCount": 1}))
        assert load(DEPLOY / "settings.py").read(path, production=True).parameters["EndpointKind"] == kind


@pytest.mark.parametrize(
    ("instance_type", "encryption"),
    [("ml.m5.large", "KEY"), ("ml.m5d.large", "HARDWARE"), ("ml.g5.2xlarge", "HARDWARE"), ("ml.c7g.xlarge", "KEY")],
)
def test_volumes_with_local_storage_take_no_key(instance_type: str, encryption: str) -> None:
    """B063."""
    settings = load(DEPLOY / "settings.py")
    assert settings.volume_encryption(instance_type, DEPLOY / "instances.json") == encryption


class Loader(yaml.SafeLoader):
    """CloudFormation's short tags as one-key mappings."""


def tagged(loader: Any, suffix: str, node: yaml.Node) -> dict[str, Any]:
    match node:
        case yaml.ScalarNode():
            return {suffix: loader.construct_scalar(node)}
        case yaml.SequenceNode():
            return {suffix: loader.construct_sequence(node, deep=True)}
        case _:
            return {suffix: loader.construct_mapping(node, deep=True)}


Loader.add_multi_constructor("!", tagged)


@pytest.fixture(scope="module")
def template() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.load((DEPLOY / "cfn-sm-endpoint.yaml").read_text(), Loader)
    return loaded


def test_the_template_takes_all_that_the_build_gives_it(sagemaker: Any, template: dict[str, Any]) -> None:
    register(sagemaker, "Approved")
    load(DEPLOY / "build.py").main()
    settings = load(DEPLOY / "settings.py")
    released = ("ModelImage", "ModelDataPrefix", "ModelNames")
    given = {*parameters("prod-config.json"), *released, *settings.TEXTS, *settings.NUMBERS}
    assert given == {*template["Parameters"]}
    assert {name for name, one in template["Parameters"].items() if "Default" not in one} <= {
        *parameters("staging-config.json")
    }
    assert template["Parameters"]["EndpointKind"]["AllowedValues"] == list(settings.KINDS)


def test_a_new_model_is_rolled_back_when_an_alarm_goes_off(template: dict[str, Any]) -> None:
    """B068."""
    resources = template["Resources"]
    condition, deployment, otherwise = resources["SageMakerEndpoint"]["Properties"]["DeploymentConfig"]["If"]
    assert (condition, otherwise) == ("HasInstances", {"Ref": "AWS::NoValue"})
    assert deployment["AutoRollbackConfiguration"] == {
        "Alarms": [{"AlarmName": {"Ref": "ErrorAlarm"}}, {"AlarmName": {"Ref": "LatencyAlarm"}}]
    }
    alone, canary = deployment["BlueGreenUpdatePolicy"]["TrafficRoutingConfiguration"]["If"][1:]
    assert alone == {"Type": "ALL_AT_ONCE"}
    assert canary == {
        "Type": "CANARY",
        "CanarySize": {"Type": "INSTANCE_COUNT", "Value": {"Ref": "CanaryInstances"}},
        "WaitIntervalInSeconds": {"Ref": "BakeSeconds"},
    }


def test_what_is_captured_is_encrypted_with_the_accounts_own_key(template: dict[str, Any]) -> None:
    """B063."""
    resources = template["Resources"]
    config = resources["SageMakerEndpointConfig"]["Properties"]
    own = {"GetAtt": "EndpointKey.Arn"}
    assert config["DataCaptureConfig"]["If"][1]["KmsKeyId"] == own
    assert config["KmsKeyId"]["If"][:2] == ["HasVolumeKey", own]
    (rule,) = resources["EndpointData"]["Properties"]["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule["ServerSideEncryptionByDefault"] == {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": own}


def test_cfn_lint_has_no_finding_in_the_endpoints_template() -> None:
    from cfnlint.api import ManualArgs, lint_file

    found = lint_file(DEPLOY / "cfn-sm-endpoint.yaml", ManualArgs(regions=["eu-west-1"], include_checks=["I"]))
    assert [str(one) for one in found] == []
