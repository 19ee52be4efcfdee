"""What plan and explain say of a stack set of the user's own, word for word, against the embedded AWS."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest

from mlz import cli
from mlz.stories import world
from sandbox.faults import Fault
from sandbox.server import Sandbox
from stacksets.bootstrap import PRINCIPAL
from stacksets.client import connect

VERSION = "2012-10-17"
REGION, BUCKET = "eu-west-1", "templates-of-ours"
ADMINISTRATION, EXECUTION = "AWSCloudFormationStackSetAdministrationRole", "AWSCloudFormationStackSetExecutionRole"
TEMPLATE = """\
Parameters: {Text: {Type: String, Default: a}}
Resources:
  Fact: {Type: AWS::SSM::Parameter, Properties: {Name: /own/fact, Type: String, Value: !Sub "x ${Text}"}}
  Guard:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Version: "2012-10-17"
        Statement: [{Effect: Allow, Principal: {Service: lambda.amazonaws.com}, Action: sts:AssumeRole}]
      Policies:
      - PolicyName: p
        PolicyDocument:
          Version: "2012-10-17"
          Statement: [{Effect: Allow, Action: s3:GetObject, Resource: "*"}]
"""


@dataclass(frozen=True)
class Desk:
    """A folder with one stack set for two accounts a stage; each command's output with accounts by name."""

    aws: Sandbox
    made: world.World
    capture: pytest.CaptureFixture[str]

    def client(self, service: str, account: str) -> Any:
        keys = {"aws_access_key_id": account, "aws_secret_access_key": "x"}
        return boto3.client(service, region_name=REGION, endpoint_url=self.aws.endpoint, **keys)

    def run(self, *words: str, code: int = 0) -> list[str]:
        """The lines on stdout of a command that must end with `code`."""
        ended = cli.run([*words, "--no-color"])
        out, error = self.capture.readouterr()
        assert ended == code, f"mlz {' '.join(words)}: exit {ended}\n{out}{error}"
        for name, account in self.made.accounts.items():
            out = out.replace(account, f"<{name}>")
        return out.splitlines()


@pytest.fixture
def desk(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    monkeypatch.chdir(tmp_path)
    keys = tmp_path / "credentials"
    with Sandbox() as aws:
        with world.environment(world.variables(keys, aws.endpoint, world.MANAGEMENT, REGION)):
            made = world.seed(connect("", REGION), 2)
        desk = Desk(aws, made, capsys)
        prepare(desk)
        with world.environment(world.variables(keys, aws.endpoint, made.development, REGION)):
            desk.run("deploy", "targets", "--yes")
            yield desk


def prepare(desk: Desk) -> None:
    """Roles as StackSets' own documentation has them, a delegated administrator, a bucket, settings."""
    chief = desk.client("organizations", world.MANAGEMENT)
    chief.enable_aws_service_access(ServicePrincipal=PRINCIPAL)
    chief.register_delegated_administrator(AccountId=desk.made.development, ServicePrincipal=PRINCIPAL)
    role(desk, desk.made.development, ADMINISTRATION, {"Service": "cloudformation.amazonaws.com"})
    for name, account in desk.made.accounts.items():
        if name != "ml-dev":
            role(desk, account, EXECUTION, {"AWS": f"arn:aws:iam::{desk.made.development}:root"})
    place = {"LocationConstraint": REGION}
    desk.client("s3", desk.made.development).create_bucket(Bucket=BUCKET, CreateBucketConfiguration=place)
    Path("own.yaml").write_text(TEMPLATE)
    Path("mlz.yaml").write_text(f"""\
environment: {{name: sm-mlops, type: dev}}
region: {REGION}
package: {{bucket: {BUCKET}}}
rollout: {{poll_seconds: 0.1}}
stack_sets:
  guard:
    template: own.yaml
    capabilities: [CAPABILITY_IAM]
    targets: {{organizational_units: [{desk.made.staging}, {desk.made.prod}]}}
    overrides:
      - {{accounts: ['{desk.made.accounts["prod-01"]}'], parameters: {{Text: own}}}}
""")


def role(desk: Desk, account: str, name: str, principal: dict[str, str]) -> None:
    trust = {"Version": VERSION, "Statement": [{"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}]}
    rights = {"Version": VERSION, "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    iam = desk.client("iam", account)
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))
    iam.put_role_policy(RoleName=name, PolicyName="all", PolicyDocument=json.dumps(rights))


def inside(lines: list[str]) -> list[str]:
    return lines[lines.index("inside the accounts") :]


def test_a_plan_looks_inside(desk: Desk) -> None:
    assert desk.run("plan") == [
        "No changes: 3 unchanged in 1 stack set.",
        "by hand: 3 of 3 stacks looked at, none was changed by hand",
    ]
    assert desk.run("plan", "--fast") == ["No changes: 3 unchanged in 1 stack set."]
    Path("own.yaml").write_text(TEMPLATE.replace("s3:GetObject", '"s3:*"').replace("/own/fact", "/own/other"))
    desk.client("iam", desk.made.accounts["prod-02"]).delete_role_policy(RoleName=EXECUTION, PolicyName="all")
    desk.client("iam", desk.made.accounts["prod-02"]).delete_role(RoleName=EXECUTION)
    desk.client("iam", desk.made.accounts["prod-02"]).delete_role(RoleName="OrganizationAccountAccessRole")
    reason = (
        f"may not become {EXECUTION} there, neither directly nor as {ADMINISTRATION}, "
        "nor OrganizationAccountAccessRole as the organization's management account"
    )
    by_the_service = [
        "      ~ Fact (AWS::SSM::Parameter), replaced: Name",
        "      ~ Guard (AWS::IAM::Role): Policies  (gives access)",
    ]
    told = inside(desk.run("plan", "--detailed-exitcode", code=2))
    assert told[1] == "  ~ guard: 2 accounts: the same 2 changes (1 replaced, 1 give access); 1 refused"
    assert told[3:5] == by_the_service
    assert told[5:] == [
        f"    <prod-02> prod-02: refused: {reason}; by the templates alone:",
        "      ~ Fact (AWS::SSM::Parameter): Name",
        "      ~ Guard (AWS::IAM::Role): Policies  (gives access)",
        "  Warning: replaced means deleted and made anew: Fact in 2 accounts.",
        "  Warning: somebody gets more access: Guard in 3 accounts.",
        "by hand: 2 of 3 stacks looked at, none was changed by hand; 1 refused",
        f"  . refused: prod-02: {reason}",
    ]


def test_an_account_is_explained(desk: Desk) -> None:
    Path("own.yaml").write_text(TEMPLATE.replace("x $", "y $"))
    desk.aws.faults.order(
        Fault("failing_account", account=desk.made.accounts["prod-01"], times=1, reason="limit exceeded")
    )
    desk.run("deploy", "targets", "--yes", code=4)
    told = desk.run("explain", "prod-01")
    assert told[2].startswith("    last operation: UPDATE mlz-")
    assert [told[0], told[1], *told[3:]] == [
        "<prod-01> prod-01: in guard",
        f"  guard ({REGION}): OUTDATED (FAILED)",
        "    first cause: Fact (AWS::SSM::Parameter) UPDATE_FAILED: limit exceeded",
        "    what to do: raise the quota in this account, or remove what is unused",
        "    drift: NOT_CHECKED",
        "    its own values: Text=own",
        "the plan",
        "  ~ guard: is updated in guard: failed before",
        "inside the accounts",
        "  ~ guard: 1 account: 1 change",
        "      ~ Fact (AWS::SSM::Parameter): Value",
    ]
    assert desk.run("explain", "staging-02") == [
        "<staging-02> staging-02: left out: the account is SUSPENDED",
        "  no stack set holds it",
        "the plan",
        "  nothing concerns it",
    ]
