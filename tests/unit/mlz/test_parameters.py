"""Settings become template parameters, or an error before any call."""

from __future__ import annotations

import pytest

from generator.errors import ToolError
from generator.package.manifest import ParameterEntry, TemplateEntry
from mlz.config.settings import Core, Env, Environment, Settings, Stage, Targets
from mlz.stacks.parameters import checked, core, env, joined

ENTRY = TemplateEntry(
    "env-main.yaml",
    "0" * 64,
    1,
    "key",
    parameters={
        name: ParameterEntry("String", default="")
        for name in ("EnvName", "EnvType", "EnvTypeStagingName", "EnvTypeProdName", "OrganizationalUnitStagingId")
    }
    | {
        "OrganizationalUnitProdId": ParameterEntry("String"),
        "SetupStackSetExecutionRoleName": ParameterEntry("String", default=""),
        "SeedCodeS3BucketName": ParameterEntry("String"),
        "AvailabilityZones": ParameterEntry("List<AWS::EC2::AvailabilityZone::Name>"),
        "NumberOfAZs": ParameterEntry("String", default="2", allowed=("2", "3", "4")),
        "StackSetsOwner": ParameterEntry("String", default="TEMPLATE", allowed=("TEMPLATE", "ORCHESTRATOR")),
        "VPCCIDR": ParameterEntry("String", default="10.0.0.0/16", pattern=r"[0-9./]+"),
        "CreateVPC": ParameterEntry("String", default="YES"),
        "S3PrefixListId": ParameterEntry("String", default=""),
    },
)


def settings(**parameters: str | tuple[str, ...]) -> Settings:
    return Settings(
        region="eu-west-1",
        environment=Environment("ml", "dev"),
        env=Env(parameters=parameters),
        targets=Targets(
            Stage("stg", organizational_units=("ou-a", "ou-b")), Stage("prod", organizational_units=("ou-c",))
        ),
    )


def test_the_environment() -> None:
    given = env(settings(VPCCIDR="10.1.0.0/16"), ENTRY, ["eu-west-1a", "eu-west-1b"], "my-bucket")
    assert given == {
        "EnvName": "ml",
        "EnvType": "dev",
        "EnvTypeStagingName": "stg",
        "EnvTypeProdName": "prod",
        "OrganizationalUnitStagingId": "ou-a,ou-b",
        "OrganizationalUnitProdId": "ou-c",
        "SeedCodeS3BucketName": "my-bucket",
        "AvailabilityZones": "eu-west-1a,eu-west-1b",
        "NumberOfAZs": "2",
        "StackSetsOwner": "ORCHESTRATOR",
        "SetupStackSetExecutionRoleName": "ml-dev-eu-west-1-setup-stackset",
        "VPCCIDR": "10.1.0.0/16",
    }


def test_a_network_that_is_made_here_lets_https_out_to_s3_only() -> None:
    zones = ["eu-west-1a", "eu-west-1b"]
    assert env(settings(), ENTRY, zones, "my-bucket", "pl-1")["S3PrefixListId"] == "pl-1"
    assert "S3PrefixListId" not in env(settings(CreateVPC="NO"), ENTRY, zones, "my-bucket", "pl-1")
    assert env(settings(S3PrefixListId=""), ENTRY, zones, "my-bucket", "pl-1")["S3PrefixListId"] == ""


def test_the_core_names_its_own_stack() -> None:
    entry = TemplateEntry("core-main.yaml", "0", 1, "k", parameters={"StackSetName": ParameterEntry("String")})
    assert core(Settings(core=Core("my-core")), entry) == {"StackSetName": "my-core"}


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("an-overlong-name", "core.stack_name: 'an-overlong-name' has 16 characters\nhint: at most 8 are allowed"),
        ("ab", "core.stack_name: 'ab' has 2 characters\nhint: at least 3 are needed"),
    ],
)
def test_a_name_outside_its_budget_is_an_error_of_its_setting(name: str, message: str) -> None:
    bounds = ParameterEntry("String", min_length=3, max_length=8)
    entry = TemplateEntry("core-main.yaml", "0", 1, "k", parameters={"StackSetName": bounds})
    with pytest.raises(ToolError) as caught:
        core(Settings(core=Core(name)), entry)
    assert str(caught.value) == message


def test_lists_are_joined() -> None:
    assert joined({"A": ("x", "y"), "B": "z"}) == {"A": "x,y", "B": "z"}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            {"VPCCCIDR": "x"},
            "env.parameters.VPCCCIDR: env-main.yaml has no such parameter\nhint: did you mean VPCCIDR?",
        ),
        (
            {"NumberOfAZs": "1"},
            "env.parameters.NumberOfAZs: '1' is not one of its values\nhint: allowed: 2, 3, 4",
        ),
        (
            {"VPCCIDR": "ten"},
            "env.parameters.VPCCIDR: 'ten' is not accepted\nhint: it must match [0-9./]+",
        ),
        (
            {"EnvName": "a"},
            (
                "env.parameters.OrganizationalUnitProdId: env-main.yaml needs it\n"
                "hint: add it to env.parameters in mlz.yaml"
            ),
        ),
    ],
)
def test_refused_before_any_call(given: dict[str, str], message: str) -> None:
    with pytest.raises(ToolError) as caught:
        checked(ENTRY, given, "env.parameters")
    assert str(caught.value) == message
