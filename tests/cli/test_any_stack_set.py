"""Stack sets that are not the environment's: declared, planned, rolled out in waves, changed, and left, over HTTP."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest

from mlz import cli
from mlz.fleet.own_sets import ADMINISTRATION, EXECUTION
from mlz.stories import world
from sandbox.server import Sandbox
from stacksets.client import connect

CLOUDFORMATION = "cloudformation.amazonaws.com"
SERVICE = "member.org.stacksets.cloudformation.amazonaws.com"
REGION, OTHER = "eu-west-1", "eu-central-1"
TEMPLATE = """
Parameters:
  Text: {Type: String, Default: plain}
  Layer: {Type: String}
Resources:
  Fact:
    Type: AWS::SSM::Parameter
    Properties: {Name: !Sub "/own/${Layer}", Type: String, Value: !Ref Text}
"""
SETTINGS = """
region: eu-west-1
package: {{bucket: of-the-sets}}
rollout: {{poll_seconds: 0.05}}
stack_sets:
  guard:
    template: stacks/fact.yaml
    targets: {{organizational_units: [Workloads/Staging]}}
    depends_on: [base]
    parameters: {{Layer: guard}}
  base:
    template: stacks/fact.yaml
    targets:
      organizational_units: [Workloads]
      tags: {{team: ml}}
      exclude: ["{excluded}"]
    regions: [eu-west-1, eu-central-1]
    parameters: {{Layer: base, Text: {text}}}
    overrides:
      - organizational_units: [Workloads/Prod]
        parameters: {{Text: of prod}}
    rollout:
      poll_seconds: 0.05
      canaries: ["{canary}"]
      left_accounts: quarantine
"""


@dataclass
class Desk:
    aws: Sandbox
    made: world.World
    capsys: pytest.CaptureFixture[str]

    def run(self, *words: str, code: int = 0) -> tuple[str, str]:
        assert cli.run([*words]) == code, self.capsys.readouterr()
        return self.capsys.readouterr()

    def client(self, service: str, account: str, region: str = REGION) -> Any:
        keys = self.aws.credentials(account)
        return boto3.client(service, region_name=region, endpoint_url=self.aws.endpoint, **keys)

    def settings(self, text: str) -> None:
        named = self.made.accounts
        Path("mlz.yaml").write_text(
            SETTINGS.format(text=text, excluded=named["staging-01"], canary=named["staging-02"])
        )

    def facts(self, layer: str) -> dict[str, str]:
        """`staging-02 eu-west-1` → the value that the stack put there."""
        found: dict[str, str] = {}
        for name, account in self.made.accounts.items():
            for region in (REGION, OTHER):
                answer = self.client("ssm", account, region).get_parameters(Names=[f"/own/{layer}"])
                found.update((f"{name} {region}", parameter["Value"]) for parameter in answer["Parameters"])
        return found


def trust(principal: dict[str, str]) -> str:
    statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def allow(action: str, resource: str) -> str:
    return json.dumps(
        {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": resource}]}
    )


@pytest.fixture
def desk(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "stacks").mkdir()
    (tmp_path / "stacks/fact.yaml").write_text(TEMPLATE)
    keys = tmp_path / "credentials"
    with Sandbox() as aws:
        with world.environment(world.variables(keys, aws.endpoint, world.MANAGEMENT, REGION)):
            chief = connect("", REGION)
            made = world.seed(chief, 3)
            for name in ("staging-01", "staging-02", "prod-01", "prod-02"):
                chief.client("organizations").tag_resource(
                    ResourceId=made.accounts[name], Tags=[{"Key": "team", "Value": "ml"}]
                )
        desk = Desk(aws, made, capsys)
        prepare(desk)
        with world.environment(world.variables(keys, aws.endpoint, made.development, REGION)):
            yield desk


def prepare(desk: Desk) -> None:
    development = desk.made.development
    place = {"LocationConstraint": REGION}
    desk.client("s3", development).create_bucket(Bucket="of-the-sets", CreateBucketConfiguration=place)
    organization = desk.client("organizations", world.MANAGEMENT)
    organization.enable_aws_service_access(ServicePrincipal=SERVICE)
    organization.register_delegated_administrator(AccountId=development, ServicePrincipal=SERVICE)
    iam = desk.client("iam", development)
    iam.create_role(RoleName=ADMINISTRATION, AssumeRolePolicyDocument=trust({"Service": CLOUDFORMATION}))
    inside = allow("sts:AssumeRole", f"arn:aws:iam::*:role/{EXECUTION}")
    iam.put_role_policy(RoleName=ADMINISTRATION, PolicyName="inside", PolicyDocument=inside)
    for account in desk.made.accounts.values():
        iam = desk.client("iam", account)
        trusted = trust({"AWS": f"arn:aws:iam::{development}:role/{ADMINISTRATION}"})
        iam.create_role(RoleName=EXECUTION, AssumeRolePolicyDocument=trusted)
        iam.put_role_policy(RoleName=EXECUTION, PolicyName="all", PolicyDocument=allow("*", "*"))


def test_stack_sets_of_ones_own(desk: Desk) -> None:
    desk.settings("first")
    planned, _ = desk.run("plan", "--fast")
    assert "base/canary  (a gate: a failure here stops what follows)" in planned.splitlines()
    _, told = desk.run("deploy", "targets", "--yes", "--pause-after", "canary")
    assert "paused; still to come: base/rest, guard" in told
    assert desk.facts("base") == {"staging-02 eu-west-1": "first", "staging-02 eu-central-1": "first"}
    desk.run("deploy", "targets", "--yes")
    everywhere = {
        f"{name} {region}": text
        for name, text in (("staging-02", "first"), ("prod-01", "of prod"), ("prod-02", "of prod"))
        for region in (REGION, OTHER)
    }
    assert desk.facts("base") == everywhere
    assert sorted(desk.facts("guard")) == [f"staging-0{number} {REGION}" for number in (1, 2)]
    planned, _ = desk.run("plan", "--fast", "--detailed-exitcode")
    assert planned.splitlines()[-1].startswith("No changes")
    status = json.loads(desk.run("status", "--json")[0])
    assert [(entry["name"], entry["stage"]) for entry in status["accounts"]] == [
        ("staging-01", "guard"),
        ("staging-02", "guard"),
        ("prod-01", "base"),
        ("prod-02", "base"),
        ("staging-02", "base"),
    ]
    assert desk.run("status")[0].splitlines()[-1] == "5 accounts: 5 as the stack sets say, 0 not."

    leaving = desk.made.accounts["prod-01"]
    desk.client("organizations", world.MANAGEMENT).untag_resource(ResourceId=leaving, TagKeys=["team"])
    desk.settings("second")
    looked, _ = desk.run("plan", "--out", "plan.json")
    assert "~ base: " in looked
    desk.run("apply", "plan.json", "--yes")
    changed = {**everywhere, f"staging-02 {REGION}": "second", f"staging-02 {OTHER}": "second"}
    assert desk.facts("base") == changed
    assert desk.run("plan", "--fast")[0].splitlines()[:2] == [
        "  . base: 1 account quarantined: no longer in scope, kept as it is",
        f"      . {leaving}  prod-01",
    ]
    document = json.loads(desk.run("plan", "--fast", "--json")[0])
    assert {
        "stack_set": "base",
        "accounts": [leaving],
        "reason": "quarantined: no longer in scope, kept as it is",
    } in document["unchanged"]
    assert document["totals"]["change"] == document["totals"]["remove"] == 0


def test_a_changed_file_makes_a_saved_plan_stale(desk: Desk) -> None:
    desk.settings("first")
    desk.run("plan", "--fast", "--out", "plan.json")
    Path("stacks/fact.yaml").write_text(TEMPLATE + "\n# changed\n")
    _, told = desk.run("apply", "plan.json", "--yes", code=1)
    assert "error: base: stacks/fact.yaml has changed since the plan was made" in told


GATED = """
region: eu-west-1
package: {{bucket: of-the-sets}}
stack_sets:
  guard:
    template: stacks/fact.yaml
    targets: {{accounts: ["{first}", "{second}"]}}
    parameters: {{Layer: guard, Text: {text}}}
    rollout:
      poll_seconds: 0.05
      canaries: ["{first}"]
      gate: {{bake_minutes: 0.005, alarms: [errors]}}
"""


def test_an_alarm_holds_the_next_wave_back_and_a_held_set_is_named(desk: Desk) -> None:
    first, second = desk.made.accounts["staging-01"], desk.made.accounts["staging-02"]
    alarms = desk.client("cloudwatch", desk.made.development)
    alarms.put_metric_alarm(
        AlarmName="errors",
        MetricName="errors",
        Namespace="test",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
    )
    Path("mlz.yaml").write_text(GATED.format(first=first, second=second, text="one"))
    desk.run("deploy", "targets", "--yes")
    Path("mlz.yaml").write_text(GATED.format(first=first, second=second, text="two"))
    alarms.set_alarm_state(AlarmName="errors", StateValue="ALARM", StateReason="test")
    _, told = desk.run("deploy", "targets", "--yes", code=3)
    assert "error: guard/rest: not begun: alarm errors is in ALARM" in told
    assert set(desk.facts("guard").values()) == {"one", "two"}
    alarms.set_alarm_state(AlarmName="errors", StateValue="OK", StateReason="test")
    desk.aws.set_latency(30)
    stack_sets = desk.client("cloudformation", desk.made.development)
    stack_sets.detect_stack_set_drift(StackSetName="guard", OperationId="somebody-looks")
    _, told = desk.run("deploy", "targets", "--yes", "--no-wait", code=1)
    assert "error: guard: somebody else holds it: operation somebody-looks: DETECT_DRIFT is RUNNING" in told
    desk.aws.set_latency(0)


def test_destroyed_in_reverse(desk: Desk) -> None:
    desk.settings("first")
    desk.run("deploy", "targets", "--yes")
    desk.run("destroy", "targets", "--yes")
    assert desk.facts("base") == desk.facts("guard") == {}
    assert desk.client("cloudformation", desk.made.development).list_stack_sets(Status="ACTIVE")["Summaries"] == []


def test_stacks_deleted_by_hand_are_made_anew(desk: Desk) -> None:
    desk.settings("first")
    desk.run("deploy", "targets", "--yes")
    account = desk.made.accounts["prod-01"]
    before = desk.facts("base")
    for region in (REGION, OTHER):
        stacks = desk.client("cloudformation", account, region)
        for stack in stacks.describe_stacks()["Stacks"]:
            stacks.delete_stack(StackName=stack["StackName"])
    assert desk.facts("base") != before
    _, told = desk.run("deploy", "targets", "--yes", "--recreate", "1" * 12, code=1)
    assert "error: --recreate 111111111111: no stack set holds this account" in told
    shown, _ = desk.run("deploy", "targets", "--yes", "--recreate", account)
    assert [line for line in shown.splitlines() if "gone" in line] == [
        "  - base: forget 1 account, stacks stay: its stack is gone: the set forgets it, then adds it anew",
        "  + base: add 1 account: its stack was gone: added anew",
    ]
    assert desk.facts("base") == before


def test_what_noecho_hides_is_shown_nowhere(desk: Desk) -> None:
    desk.settings("first")
    Path("stacks/fact.yaml").write_text(
        TEMPLATE.replace("Layer: {Type: String}", "Layer: {Type: String, NoEcho: true}")
    )
    settings, shown = Path("mlz.yaml").read_text(), []
    for text in ("first", "second"):
        Path("mlz.yaml").write_text(settings.replace("Layer: base, Text: first", f"Layer: hush, Text: {text}"))
        shown += desk.run("plan", "--detailed-exitcode", code=2)
        shown += desk.run("plan", "--out", "saved", "--output", "json")
        shown += desk.run("deploy", "targets", "--yes", "--verbose", "--debug")
        shown += desk.run("status", "--output", "json")
        shown += desk.run("explain", desk.made.accounts["prod-01"], "--output", "json")
        assert set(desk.facts("hush").values()) == {text, "of prod"}
    assert Path("saved").stat().st_mode & 0o077 == 0
    assert [text for text in shown if "hush" in text] == []
    _, told = desk.run("plan", "--fast")
    assert "not compared: base: Layer: NoEcho, nobody can read the value it has" in told.splitlines()
