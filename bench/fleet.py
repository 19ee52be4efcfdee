"""One measured roll-out on the embedded AWS: `python -m bench.fleet roles|network N` prints seconds, CPU and MB."""

from __future__ import annotations

import json
import resource
import sys
import time
from typing import Any

import boto3

from bench.measure import REGION
from generator.package.build import Assembly, Site
from sandbox.server import Sandbox
from sandbox.world import Built, Unit, World, build
from templates.catalog import SOURCES
from templates.target.iam_target_account_roles import EnvIamTargetAccountRoles

SOFT = {"MaxConcurrentPercentage": 100, "ConcurrencyMode": "SOFT_FAILURE_TOLERANCE"}
SETUP = "Setup"


def roles_template() -> tuple[str, list[dict[str, str]]]:
    """What every target account gets first."""
    text = (
        Assembly(Site("bench", "bench", REGION), SOURCES).template(EnvIamTargetAccountRoles).artifact.content.decode()
    )
    given = {
        "EnvName": "bench",
        "EnvType": "staging",
        "AdministratorAccountId": "222222222222",
        "ModelBucketName": "models",
        "ModelS3KMSKeyArn": f"arn:aws:kms:{REGION}:222222222222:key/1",
    }
    return text, [{"ParameterKey": key, "ParameterValue": value} for key, value in given.items()]


def network_template() -> tuple[str, list[dict[str, str]]]:
    """A VPC of nine resources: two subnets with a route table each, a gateway endpoint, a group."""
    vpc = {"Ref": "Vpc"}
    resources: dict[str, Any] = {"Vpc": {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.0.0.0/16"}}}
    for n in (1, 2):
        subnet = {"VpcId": vpc, "CidrBlock": f"10.0.{n}.0/24"}
        pair = {"SubnetId": {"Ref": f"Subnet{n}"}, "RouteTableId": {"Ref": f"Table{n}"}}
        resources[f"Subnet{n}"] = {"Type": "AWS::EC2::Subnet", "Properties": subnet}
        resources[f"Table{n}"] = {"Type": "AWS::EC2::RouteTable", "Properties": {"VpcId": vpc}}
        resources[f"Pair{n}"] = {"Type": "AWS::EC2::SubnetRouteTableAssociation", "Properties": pair}
    endpoint = {"VpcId": vpc, "ServiceName": f"com.amazonaws.{REGION}.s3", "RouteTableIds": [{"Ref": "Table1"}]}
    resources["Endpoint"] = {"Type": "AWS::EC2::VPCEndpoint", "Properties": endpoint}
    group = {"VpcId": vpc, "GroupDescription": "bench"}
    resources["Group"] = {"Type": "AWS::EC2::SecurityGroup", "Properties": group}
    return json.dumps({"Resources": resources}), []


KINDS = {"roles": roles_template, "network": network_template}


def trusting(principal: dict[str, str]) -> str:
    statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def prepare(aws: Sandbox, world: Built) -> str:
    """The administration role, and a boundary-free set-up role in every target; the administration role's ARN."""

    def iam(account: str) -> Any:
        return boto3.client("iam", endpoint_url=aws.endpoint, region_name=REGION, **aws.credentials(account))

    arn = f"arn:aws:iam::{world.dev}:role/Admin"
    home = iam(world.dev)
    home.create_role(RoleName="Admin", AssumeRolePolicyDocument=trusting({"Service": "cloudformation.amazonaws.com"}))
    statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": f"arn:aws:iam::*:role/{SETUP}"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    home.put_role_policy(RoleName="Admin", PolicyName="assume", PolicyDocument=policy)
    boundary = f"bench-dev-{REGION}-target-boundary"
    everything = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    for account in world.below("targets"):
        client = iam(account)
        client.create_role(RoleName=SETUP, AssumeRolePolicyDocument=trusting({"AWS": arn}))
        client.create_policy(PolicyName=boundary, PolicyDocument=json.dumps(everything))
    return arn


def roll_out(aws: Sandbox, world: Built, kind: str, administration: str) -> None:
    """One stack set into every target; raises unless all are CURRENT."""
    text, parameters = KINDS[kind]()
    cfn = boto3.client("cloudformation", endpoint_url=aws.endpoint, region_name=REGION, **aws.credentials(world.dev))
    cfn.create_stack_set(
        StackSetName=kind,
        TemplateBody=text,
        Parameters=parameters,
        Capabilities=["CAPABILITY_NAMED_IAM"],
        AdministrationRoleARN=administration,
        ExecutionRoleName=SETUP,
    )
    operation = cfn.create_stack_instances(
        StackSetName=kind, Accounts=list(world.below("targets")), Regions=[REGION], OperationPreferences=SOFT
    )["OperationId"]
    while True:
        found = cfn.describe_stack_set_operation(StackSetName=kind, OperationId=operation)["StackSetOperation"]
        if found["Status"] not in ("QUEUED", "RUNNING"):
            break
        time.sleep(0.1)
    if found["Status"] != "SUCCEEDED":
        results = cfn.list_stack_set_operation_results(StackSetName=kind, OperationId=operation)["Summaries"]
        raise RuntimeError(f"{found['Status']}: {results[0]}")


def main() -> None:
    kind, accounts = sys.argv[1], int(sys.argv[2])
    with Sandbox() as aws:
        world = build(aws, World((Unit("targets", accounts=accounts),)))
        administration = prepare(aws, world)
        before = resource.getrusage(resource.RUSAGE_SELF)
        start = time.perf_counter()
        roll_out(aws, world, kind, administration)
        wall = time.perf_counter() - start
        after = resource.getrusage(resource.RUSAGE_SELF)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    sys.stdout.write(f"{wall} {cpu} {after.ru_maxrss / 1024}\n")


if __name__ == "__main__":
    main()
