"""An organization in the sandbox with the roles that stack sets need, and small templates to deploy."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import boto3

from generator.package.manifest import ParameterEntry, TemplateEntry
from sandbox.server import Sandbox
from sandbox.world import Built, Unit, World, build
from stacksets.actions import Plan
from stacksets.api import StackSetsApi
from stacksets.apply import Engine, apply
from stacksets.client import Cloud
from stacksets.diagnosis import Diagnosis, Members
from stacksets.organization import Resolution, Scope, resolve, standing
from stacksets.plan import make
from stacksets.report import Event
from stacksets.spec import Definition, Preferences, StackSetSpec, targets_of
from stacksets.state import State, read
from stacksets.waiting import Pace

REGION = "eu-west-1"
BUCKET = "templates-of-the-fleet"
ADMINISTRATION, EXECUTION = "fleet-administration", "fleet-execution"
PACE = Pace(first=0.05, factor=1.3, longest=0.3, listing_delays=(0.05,))
STAGES = ("staging", "prod")


def template(path: str, text: str) -> dict[str, Any]:
    """One SSM parameter whose value is `text`; with a bad name it fails in every account."""
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Parameters": {
            "Stage": {"Type": "String"},
            "VPCCIDR": {"Type": "String", "Default": "10.0.0.0/16"},
        },
        "Resources": {
            "Fact": {
                "Type": "AWS::SSM::Parameter",
                "Properties": {
                    "Name": {"Fn::Sub": f"/fleet/{path}"},
                    "Type": "String",
                    "Value": {"Fn::Sub": f"{text} ${{Stage}} ${{VPCCIDR}}"},
                },
            }
        },
    }


def network_of(account: str) -> tuple[str, dict[str, str]]:
    return account, {"VPCCIDR": f"10.{int(account) % 200}.0.0/16"}


@dataclass
class Fleet:
    """The world and the ways to look at it; `cloud` is the development account, which holds the sets."""

    sandbox: Sandbox
    built: Built
    cloud: Cloud
    events: list[Event] = field(default_factory=list)
    _clients: dict[tuple[str, str], Any] = field(default_factory=dict)

    def client(self, service: str, account: str) -> Any:
        if (service, account) not in self._clients:
            self._clients[service, account] = boto3.client(
                service, region_name=REGION, endpoint_url=self.sandbox.endpoint, **self.sandbox.credentials(account)
            )
        return self._clients[service, account]

    def cloud_of(self, account: str) -> Cloud:
        return Cloud(boto3.Session(region_name=REGION, **self.sandbox.credentials(account)), self.sandbox.endpoint)

    def publish(self, name: str, document: Mapping[str, Any]) -> tuple[str, TemplateEntry]:
        """Put a template into the bucket; its URL and its entry."""
        body = json.dumps(document, indent=1).encode() + b"\n"
        digest = hashlib.sha256(body).hexdigest()
        self.client("s3", self.built.dev).put_object(Bucket=BUCKET, Key=f"{digest}/{name}.yaml", Body=body)
        parameters = {
            key: ParameterEntry(entry["Type"], entry.get("Default"))
            for key, entry in document.get("Parameters", {}).items()
        }
        entry = TemplateEntry(f"{name}.yaml", digest, len(body), f"{digest}/{name}.yaml", "", parameters)
        return f"https://{BUCKET}.s3.{REGION}.amazonaws.com/{digest}/{name}.yaml", entry

    def resolution(self) -> Resolution:
        scopes = {stage: Scope((self.built.units[f"workloads/{stage}"],)) for stage in STAGES}
        return resolve(self.cloud.client("organizations"), scopes, allow_empty=True)

    def specs(
        self, text: str = "v1", layers: Sequence[str] = ("roles", "network"), preferences: Preferences | None = None
    ) -> list[StackSetSpec]:
        members = self.resolution().stages
        specs = []
        for layer in layers:
            url, entry = self.publish(layer, template(layer, text))
            for stage in STAGES:
                accounts = members[stage].accounts
                own = dict(map(network_of, accounts)) if layer == "network" else {}
                specs.append(self._spec(layer, stage, url, entry, accounts, own, preferences))
        return specs

    def _spec(
        self,
        layer: str,
        stage: str,
        url: str,
        entry: TemplateEntry,
        accounts: Sequence[str],
        overrides: Mapping[str, Mapping[str, str]],
        preferences: Preferences | None,
    ) -> StackSetSpec:
        definition = Definition(
            name=f"fleet-{layer}-{stage}",
            template_url=url,
            template_sha256=entry.sha256,
            parameters={"Stage": stage},
            tags={"fleet": "yes"},
            administration_role_arn=f"arn:aws:iam::{self.built.dev}:role/{ADMINISTRATION}",
            execution_role_name=EXECUTION,
        )
        return StackSetSpec(
            definition=definition,
            template=entry,
            layer=layer,
            stage=stage,
            stage_position=STAGES.index(stage),
            layer_position=("roles", "network").index(layer),
            targets=targets_of(accounts, (REGION,)),
            overrides=overrides,
            preferences=preferences or Preferences(),
        )

    @property
    def service(self) -> StackSetsApi:
        return StackSetsApi(self.cloud)

    def state(self, specs: Sequence[StackSetSpec]) -> State:
        return read(self.service, [spec.name for spec in specs])

    def plan(self, specs: Sequence[StackSetSpec]) -> Plan:
        state, resolution = self.state(specs), self.resolution()
        wanted = {target.account for spec in specs for target in spec.targets}
        client = self.cloud.client("organizations")
        return make(specs, state, standing(client, state.accounts - wanted, resolution), insists=True)

    def apply(self, plan: Plan) -> None:
        members = Members(self.cloud, f"arn:aws:iam::{self.built.dev}:role/{ADMINISTRATION}", EXECUTION)
        service = self.service
        diagnose = Diagnosis(service, members)
        apply(plan, Engine(service=service, report=self.events.append, diagnose=diagnose, pace=PACE))

    def converge(self, text: str = "v1", layers: Sequence[str] = ("roles", "network")) -> None:
        self.apply(self.plan(self.specs(text, layers)))

    def facts(self, layer: str) -> dict[str, str]:
        """Account → the value that the layer's stack put there; accounts without are left out."""
        found: dict[str, str] = {}
        for account in self.built.below("workloads"):
            answer = self.client("ssm", account).get_parameters(Names=[f"/fleet/{layer}"])
            found.update((account, parameter["Value"]) for parameter in answer["Parameters"])
        return found

    def calls(self) -> dict[str, int]:
        return {name: count for name, count in self.cloud.calls.items() if name.startswith(("cloud", "organ"))}


def make_fleet(sandbox: Sandbox, staging: int, prod: int, europe: int = 0, suspended: int = 0) -> Fleet:
    """workloads/staging (with workloads/staging/europe) and workloads/prod, roles in every account."""
    inner = (Unit("europe", europe),) if europe else ()
    units = (Unit("workloads", units=(Unit("staging", staging, suspended, inner), Unit("prod", prod))),)
    built = build(sandbox, World(units=units, dev_is_delegated=True))
    session = boto3.Session(region_name=REGION, **sandbox.credentials(built.dev))
    fleet = Fleet(sandbox, built, Cloud(session, sandbox.endpoint))
    place = {"LocationConstraint": REGION}
    fleet.client("s3", built.dev).create_bucket(Bucket=BUCKET, CreateBucketConfiguration=place)
    _administration(fleet)
    for account in built.below("workloads"):
        add_execution(fleet, account)
    return fleet


def _administration(fleet: Fleet) -> None:
    iam = fleet.client("iam", fleet.built.dev)
    here = {"Service": "cloudformation.amazonaws.com"}
    iam.create_role(RoleName=ADMINISTRATION, AssumeRolePolicyDocument=_trust(here))
    document = _policy("sts:AssumeRole", f"arn:aws:iam::*:role/{EXECUTION}")
    iam.put_role_policy(RoleName=ADMINISTRATION, PolicyName="targets", PolicyDocument=document)


def add_execution(fleet: Fleet, account: str, trusted: str = "") -> None:
    """The execution role in a target; it trusts the administration role, and the development account to look in."""
    iam = fleet.client("iam", account)
    principals = [f"arn:aws:iam::{fleet.built.dev}:role/{ADMINISTRATION}", f"arn:aws:iam::{fleet.built.dev}:root"]
    iam.create_role(RoleName=EXECUTION, AssumeRolePolicyDocument=_trust({"AWS": trusted or principals}))
    iam.put_role_policy(RoleName=EXECUTION, PolicyName="all", PolicyDocument=_policy("*", "*"))


def _trust(principal: Mapping[str, object]) -> str:
    statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def _policy(action: str, resource: str) -> str:
    statement = {"Effect": "Allow", "Action": action, "Resource": resource}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})
