"""Settings, build and facts to specifications; and which accounts are about to get a network."""

from __future__ import annotations

import msgspec
import pytest

from generator.errors import ToolError
from generator.package.manifest import Manifest, ParameterEntry, TemplateEntry
from mlz.config.settings import Env, Environment, Network, Package, Rollout, Settings, Stage, Targets
from mlz.fleet.convergence import newcomers, refuse_shared_addresses, without_names
from mlz.fleet.targets import Facts, allocations, columns, development_block, scopes, shells, specs, template_url
from stacksets.actions import CreateInstances, Group, Plan, Step
from stacksets.spec import Preferences, Target
from stacksets.state import Instance, SetState, State

STAGING, PROD = ("200000000001", "200000000002"), ("300000000001",)
REQUIRED, OPTIONAL = ParameterEntry("String"), ParameterEntry("String", default="")


def template(name: str, *parameters: str) -> TemplateEntry:
    return TemplateEntry(
        name,
        "a" * 64,
        1,
        f"mlops/templates/0123/{name}",
        parameters=dict.fromkeys(parameters, REQUIRED),
        capabilities=("CAPABILITY_NAMED_IAM",),
    )


MANIFEST = Manifest(
    "r" * 64,
    "my-bucket",
    "mlops",
    "eu-west-1",
    {
        "env-iam-target-account-roles.yaml": template(
            "env-iam-target-account-roles.yaml",
            "EnvName",
            "EnvType",
            "AdministratorAccountId",
            "AdministratorEnvType",
            "StackSetAdministrationRoleArn",
            "ModelBucketName",
            "ModelS3KMSKeyArn",
            "PipelineExecutionRoleArn",
            "CreateVPCFlowLogsRole",
        ),
        "env-vpc.yaml": template(
            "env-vpc.yaml",
            "EnvName",
            "EnvType",
            "AvailabilityZones",
            "NumberOfAZs",
            "CreateNATGateways",
            "S3PrefixListId",
            "DataBucketName",
            "ModelBucketName",
            "CreateKMSVPCEndpoint",
            "CreateSTSVPCEndpoint",
            "OrganizationId",
            "CreateVPCFlowLogsToCloudWatch",
            "VPCFlowLogsTrafficType",
            "VPCFlowLogsRoleArn",
        ),
    },
    (),
)
FACTS = Facts(
    account="111122223333",
    administration_role_arn="arn:aws:iam::111122223333:role/admin",
    pipeline_role_arn="arn:aws:iam::111122223333:role/pipeline",
    data_bucket="data",
    model_bucket="models",
    key_arn="arn:aws:kms:eu-west-1:111122223333:key/1",
    zones=("eu-west-1a", "eu-west-1b", "eu-west-1c"),
    organization="o-abcdefghij",
    s3_prefix_list="pl-1",
)
SETTINGS = Settings(
    region="eu-west-1",
    environment=Environment("ml", "dev"),
    package=Package("my-bucket"),
    targets=Targets(
        Stage("staging", organizational_units=("ou-ab12-34cdefgh",), exclude=("200000000009",)),
        Stage("prod", organizational_units=("Workloads/Prod",)),
    ),
    env=Env(parameters={"CreateSTSVPCEndpoint": "NO", "CreateS3VPCEndpoint": "NO", "VPCCIDR": "10.9.0.0/16"}),
    network=Network(parameters={"CreateKMSVPCEndpoint": "NO"}),
    rollout=Rollout(failure_tolerance_percent=5),
    tags={"team": "ml"},
)
MEMBERS = {"staging": STAGING, "prod": PROD}


def test_one_set_a_layer_and_stage_staging_first() -> None:
    assert [column.stack_set for column in columns(SETTINGS)] == [
        "ml-dev-roles-staging",
        "ml-dev-network-staging",
        "ml-dev-roles-prod",
        "ml-dev-network-prod",
    ]
    without = Settings(environment=Environment("ml", "dev"), network=Network(enabled=False), targets=SETTINGS.targets)
    assert [column.layer for column in columns(without)] == ["roles", "roles"]
    given = Settings(env=Env(parameters={"CreateEnvironmentIAMRoles": "NO"}), targets=SETTINGS.targets)
    assert [column.layer for column in columns(given)] == ["network", "network"]


def test_the_roles_of_staging() -> None:
    roles = specs(SETTINGS, MANIFEST, FACTS, MEMBERS, {})[0]
    assert roles.definition.parameters == {
        "EnvName": "ml",
        "EnvType": "staging",
        "AdministratorAccountId": "111122223333",
        "AdministratorEnvType": "dev",
        "StackSetAdministrationRoleArn": "arn:aws:iam::111122223333:role/admin",
        "ModelBucketName": "models",
        "ModelS3KMSKeyArn": "arn:aws:kms:eu-west-1:111122223333:key/1",
        "PipelineExecutionRoleArn": "arn:aws:iam::111122223333:role/pipeline",
        "CreateVPCFlowLogsRole": "YES",
    }
    assert roles.definition.execution_role_name == "ml-dev-eu-west-1-setup-stackset"
    assert roles.definition.administration_role_arn == "arn:aws:iam::111122223333:role/admin"
    assert roles.definition.tags == {"team": "ml", "EnvironmentName": "ml", "EnvironmentType": "staging"}
    assert roles.targets == (Target("200000000001", "eu-west-1"), Target("200000000002", "eu-west-1"))
    assert roles.preferences == Preferences(max_concurrent_percent=100, failure_tolerance_percent=5)


def test_the_network_of_prod_has_its_own_addresses() -> None:
    overrides = {"300000000001": {"VPCCIDR": "10.64.0.0/20"}, "200000000001": {"VPCCIDR": "10.64.16.0/20"}}
    network = specs(SETTINGS, MANIFEST, FACTS, MEMBERS, overrides)[3]
    assert network.overrides == {"300000000001": {"VPCCIDR": "10.64.0.0/20"}}
    assert network.definition.parameters == {
        "EnvName": "ml",
        "EnvType": "prod",
        "AvailabilityZones": "eu-west-1a,eu-west-1b",
        "NumberOfAZs": "2",
        "CreateNATGateways": "NO",
        "S3PrefixListId": "pl-1",
        "DataBucketName": "data",
        "ModelBucketName": "models",
        "CreateKMSVPCEndpoint": "NO",
        "CreateSTSVPCEndpoint": "NO",
        "OrganizationId": "o-abcdefghij",
        "CreateVPCFlowLogsToCloudWatch": "YES",
    }
    assert (network.stage_position, network.layer_position) == (1, 1)


@pytest.mark.parametrize("given", [{"CreateVPCFlowLogsToCloudWatch": "NO"}, {"CreateVPCFlowLogsRole": "NO"}])
def test_networks_of_targets_have_flow_logs_as_the_environment_has(given: dict[str, str]) -> None:
    """The role and the key of the development account are none of theirs."""
    own = {"VPCFlowLogsTrafficType": "ALL", "VPCFlowLogsRoleArn": "arn:aws:iam::111122223333:role/x"}
    settings = msgspec.structs.replace(SETTINGS, env=Env(parameters={**own, **given}))
    roles, network = (spec.definition.parameters for spec in specs(settings, MANIFEST, FACTS, MEMBERS, {})[:2])
    told = {name: network.get(name) for name in ("CreateVPCFlowLogsToCloudWatch", *own)}
    assert told == {"CreateVPCFlowLogsToCloudWatch": "NO", "VPCFlowLogsTrafficType": "ALL", "VPCFlowLogsRoleArn": None}
    assert roles["CreateVPCFlowLogsRole"] == "NO"


def test_taking_down_needs_no_facts() -> None:
    assert [spec.name for spec in shells(SETTINGS, MANIFEST)] == [column.stack_set for column in columns(SETTINGS)]


def test_scopes() -> None:
    staging = scopes(SETTINGS)["staging"]
    assert (staging.units, staging.accounts, staging.excluded) == (("ou-ab12-34cdefgh",), (), {"200000000009"})


def test_the_development_block() -> None:
    assert development_block(SETTINGS, MANIFEST) == "10.9.0.0/16"
    entry = TemplateEntry("env-main.yaml", "", 1, "", parameters={"VPCCIDR": ParameterEntry("String", "10.0.0.0/16")})
    manifest = Manifest("", "", "", "", {"env-main.yaml": entry}, ())
    assert development_block(Settings(), manifest) == "10.0.0.0/16"


def test_addresses_are_kept_pinned_or_the_first_free() -> None:
    network = Network(pins={"300000000001": "10.64.96.0/20"}, reserved=("10.64.0.0/19",))
    settings = Settings(network=network)
    given = allocations(settings, [*STAGING, *PROD], {"200000000002": "10.70.0.0/20"}, "10.64.32.0/20")
    assert {account: str(allocation.vpc) for account, allocation in given.items()} == {
        "200000000001": "10.64.48.0/20",
        "200000000002": "10.70.0.0/20",
        "300000000001": "10.64.96.0/20",
    }


@pytest.mark.parametrize(
    ("partition", "suffix"), [("aws", "amazonaws.com"), ("aws-us-gov", "amazonaws.com"), ("aws-cn", "amazonaws.com.cn")]
)
def test_the_address_of_a_template(partition: str, suffix: str) -> None:
    url = template_url(MANIFEST, MANIFEST.template("env-vpc.yaml"), partition)
    assert url == f"https://my-bucket.s3.eu-west-1.{suffix}/mlops/templates/0123/env-vpc.yaml"


def test_an_account_that_moves_is_new_in_its_second_set() -> None:
    held = SetState(name="a", template=("x",), instances=(Instance("200000000001", "eu-west-1"),))
    state = State({"network-staging": held})
    assert newcomers(state, "network-staging", ["200000000001"]) == set()
    assert newcomers(state, "network-prod", ["200000000001"]) == {"200000000001"}


def test_an_inoperable_instance_is_added_anew_with_its_addresses() -> None:
    broken = SetState(name="a", template=("x",), instances=(Instance("200000000001", "eu-west-1", "INOPERABLE"),))
    assert newcomers(State({"network-prod": broken}), "network-prod", ["200000000001"]) == {"200000000001"}


def test_no_account_gets_a_network_without_addresses_of_its_own() -> None:
    bare = CreateInstances("ml-dev-network-prod", (Group(PROD, ("eu-west-1",), "op"),), Preferences(), "joined")
    with pytest.raises(ToolError, match="ml-dev-network-prod: no addresses for 300000000001"):
        refuse_shared_addresses(SETTINGS, Plan((Step("prod", (bare,)),), (), "digest"))
    roles = CreateInstances("ml-dev-roles-prod", bare.groups, Preferences(), "joined")
    refuse_shared_addresses(SETTINGS, Plan((Step("prod", (roles,)),), (), "digest"))


def test_units_by_name_are_told_from_ids() -> None:
    known = without_names(SETTINGS).targets
    assert (known.staging.organizational_units, known.prod.organizational_units) == (("ou-ab12-34cdefgh",), ())
