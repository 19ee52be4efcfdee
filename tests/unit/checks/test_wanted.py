"""What deploying would make, from the templates and the settings."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from mlz.checks.wanted import INTERFACE, Wanted, wanted
from mlz.config.settings import Env, Network, Settings, Stage, Targets

UNITS = Targets(
    Stage(name="staging", organizational_units=("ou-ab12-stagingx",)),
    Stage(name="prod", organizational_units=("ou-ab12-prodxxxx",)),
)


@pytest.fixture
def counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Wanted:
    monkeypatch.chdir(tmp_path)
    return wanted(Settings(region="eu-west-1", targets=UNITS))


def test_each_part_is_counted_where_it_stands(counted: Wanted) -> None:
    kinds = ("AWS::EC2::VPC", "AWS::SageMaker::Domain", "AWS::CloudFormation::StackSet", INTERFACE)
    assert {kind: counted.core[kind] for kind in kinds} == dict.fromkeys(kinds, 0)
    assert [counted.env[kind] for kind in kinds] == [1, 1, 4, 15]
    assert [counted.target[kind] for kind in kinds] == [1, 0, 0, 15]
    # The set-up role's stack, and one of each of the two stack sets
    assert counted.target["AWS::CloudFormation::Stack"] == 3


def test_what_people_launch_later_is_only_offered(counted: Wanted) -> None:
    later = {"AWS::CodePipeline::Pipeline", "AWS::CodeCommit::Repository", "AWS::Organizations::Policy"}
    assert later & counted.types == set()
    assert later <= counted.offered


def test_names_runtimes_images_and_sign_in(counted: Wanted) -> None:
    names = dict(reversed(entry) for entry in counted.names)
    assert names["sm-mlops-dev-eu-west-1-team-administrator"] == "AWS::IAM::Role"
    assert names["sm-mlops-dev-network-staging"] == "AWS::CloudFormation::StackSet"
    assert (len(counted.runtimes), len(counted.images), counted.auth_modes) == (1, 1, frozenset({"IAM"}))
    assert counted.endpoints["VPCEndpointKMS"] == "com.amazonaws.eu-west-1.kms"


def test_settings_decide(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    usual = Settings(region="eu-west-1", targets=UNITS)
    given = {"CreateNATGateways": "NO", "CreateKMSVPCEndpoint": "NO"}
    found = wanted(replace(usual, network=Network(enabled=False), env=Env(parameters=given)))
    assert (found.env["AWS::EC2::NatGateway"], found.env["AWS::EC2::EIP"]) == (0, 0)
    assert "VPCEndpointKMS" not in found.endpoints
    assert (found.target["AWS::EC2::VPC"], found.target["AWS::CloudFormation::Stack"]) == (0, 2)
    assert wanted(replace(usual, targets=Targets())).target.total() == 0
