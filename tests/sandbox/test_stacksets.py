"""StackSets over HTTP: what AWS documents and users report (stack instances of real stacks in real accounts)."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sandbox.faults import Fault
from sandbox.server import Sandbox
from sandbox.world import Built, Unit, World, build

REGION = "eu-west-1"
SOFT = {"MaxConcurrentPercentage": 100, "ConcurrencyMode": "SOFT_FAILURE_TOLERANCE"}


def _template(resources: int = 1) -> str:
    parameter = {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": {"Fn::Sub": "${A}-${B}"}}}
    first = {**parameter, "Properties": {**parameter["Properties"], "Name": "/set/value"}}  # type: ignore[dict-item]
    more = {f"P{n}": parameter for n in range(1, resources)}
    declared = {"A": {"Type": "String", "Default": "a"}, "B": {"Type": "String", "Default": "b"}}
    return json.dumps({"Parameters": declared, "Resources": {"P": first, **more}})


@dataclass
class Fleet:
    """A dev account with an administration role, and target accounts that trust it."""

    aws: Sandbox
    world: Built
    cfn: Any
    client: Callable[..., Any]

    @property
    def targets(self) -> list[str]:
        return list(self.world.below("workloads"))

    def create(self, name: str = "set", **more: Any) -> str:
        options = {"TemplateBody": _template(), "AdministrationRoleARN": f"arn:aws:iam::{self.world.dev}:role/Admin"}
        options |= {"ExecutionRoleName": "Exec", **more}
        return str(self.cfn.create_stack_set(StackSetName=name, **options)["StackSetId"])

    def run(self, call: str, name: str = "set", **params: Any) -> dict[str, Any]:
        return self.ended(getattr(self.cfn, call)(StackSetName=name, **params)["OperationId"], name)

    def add(self, accounts: list[str], **params: Any) -> dict[str, Any]:
        return self.run("create_stack_instances", Accounts=accounts, **{"Regions": [REGION], **params})

    def ended(self, operation: str, name: str = "set") -> dict[str, Any]:
        while True:
            found = self.operation(operation, name)
            if found["Status"] not in ("QUEUED", "RUNNING", "STOPPING"):
                return found
            time.sleep(0.01)

    def operation(self, operation: str, name: str = "set") -> dict[str, Any]:
        found = self.cfn.describe_stack_set_operation(StackSetName=name, OperationId=operation)
        return found["StackSetOperation"]  # type: ignore[no-any-return]

    def update(self, **params: Any) -> dict[str, Any]:
        admin = f"arn:aws:iam::{self.world.dev}:role/Admin"
        return self.run("update_stack_set", AdministrationRoleARN=admin, **params)

    def instances(self, **params: Any) -> dict[str, tuple[str, str]]:
        rows = self.cfn.list_stack_instances(StackSetName="set", **params)["Summaries"]
        return {row["Account"]: (row["Status"], row["StackInstanceStatus"]["DetailedStatus"]) for row in rows}

    def results(self, operation: str, **params: Any) -> dict[str, tuple[str, str | None]]:
        rows = self.cfn.list_stack_set_operation_results(StackSetName="set", OperationId=operation, **params)
        return {row["Account"]: (row["Status"], row.get("StatusReason")) for row in rows["Summaries"]}

    def value(self, account: str, region: str = REGION) -> str:
        return str(self.client("ssm", account, region).get_parameter(Name="/set/value")["Parameter"]["Value"])


@pytest.fixture
def fleet(aws: Sandbox, client: Any, trusting: Any) -> Fleet:
    world = build(aws, World((Unit("workloads", accounts=5),)))
    source = {"StringEquals": {"aws:SourceAccount": world.dev}}
    iam = client("iam", world.dev)
    iam.create_role(
        RoleName="Admin",
        AssumeRolePolicyDocument=trusting(service="cloudformation.amazonaws.com", condition=source),
    )
    statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "arn:aws:iam::*:role/Exec"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.put_role_policy(RoleName="Admin", PolicyName="assume", PolicyDocument=policy)
    in_organization = {"StringEquals": {"aws:PrincipalOrgID": world.organization}}
    document = trusting(f"arn:aws:iam::{world.dev}:role/Admin", condition=in_organization)
    for account in world.below("workloads"):
        client("iam", account).create_role(RoleName="Exec", AssumeRolePolicyDocument=document)
    return Fleet(aws, world, client("cloudformation", world.dev), client)


def _code(call: Callable[[], Any]) -> str:
    with pytest.raises(ClientError) as caught:
        call()
    return str(caught.value.response["Error"]["Code"])


def test_instances_are_real_stacks(fleet: Fleet) -> None:
    set_id = fleet.create(Tags=[{"Key": "team", "Value": "ml"}])
    done = fleet.add(fleet.targets[:2], Regions=[REGION, "us-east-1"], OperationPreferences=SOFT)
    assert (done["Status"], done["Action"], done["StatusDetails"]) == (
        "SUCCEEDED",
        "CREATE",
        {"FailedStackInstancesCount": 0},
    )
    account = fleet.targets[0]
    instance = fleet.cfn.describe_stack_instance(
        StackSetName="set", StackInstanceAccount=account, StackInstanceRegion=REGION
    )["StackInstance"]
    assert (instance["Status"], instance["StackInstanceStatus"], instance["StackSetId"]) == (
        "CURRENT",
        {"DetailedStatus": "SUCCEEDED"},
        set_id,
    )
    stack = fleet.client("cloudformation", account).describe_stacks()["Stacks"][0]
    assert (stack["StackId"], stack["Tags"]) == (instance["StackId"], [{"Key": "team", "Value": "ml"}])
    assert stack["StackName"].startswith("StackSet-set-")
    assert [fleet.value(account, region) for region in (REGION, "us-east-1")] == ["a-b", "a-b"]
    described = fleet.cfn.describe_stack_set(StackSetName=set_id)["StackSet"]
    assert (described["Regions"], described["PermissionModel"], described["Status"]) == (
        [REGION, "us-east-1"],
        "SELF_MANAGED",
        "ACTIVE",
    )


def test_names_are_taken_once(fleet: Fleet) -> None:
    set_id = fleet.create(ClientRequestToken="token")
    assert fleet.create(ClientRequestToken="token") == set_id
    assert _code(fleet.create) == "NameAlreadyExistsException"
    assert _code(lambda: fleet.create("under_score")) == "ValidationError"


@pytest.mark.parametrize(
    ("params", "code", "message"),
    [
        ({"TemplateBody": "not: [yaml"}, "ValidationError", ""),
        (
            {"Parameters": [{"ParameterKey": "Z", "ParameterValue": "1"}]},
            "ValidationError",
            "Parameters: [Z] do not exist in the template",
        ),
        (
            {"TemplateBody": '{"Parameters":{"A":{"Type":"String"}},"Resources":{"T":{"Type":"AWS::SNS::Topic"}}}'},
            "ValidationError",
            "Parameters: [A] must have values",
        ),
        (
            {
                "TemplateBody": json.dumps(
                    {
                        "Resources": {
                            "R": {
                                "Type": "AWS::IAM::Role",
                                "Properties": {"AssumeRolePolicyDocument": {"Statement": []}},
                            }
                        }
                    }
                )
            },
            "InsufficientCapabilitiesException",
            "Requires capabilities : [CAPABILITY_IAM]",
        ),
        ({"PermissionModel": "SERVICE_MANAGED"}, "NotImplemented", ""),
        ({"CallAs": "DELEGATED_ADMIN"}, "ValidationError", ""),
    ],
)
def test_bad_definitions(fleet: Fleet, params: dict[str, Any], code: str, message: str) -> None:
    with pytest.raises(ClientError) as caught:
        fleet.create(**params)
    assert caught.value.response["Error"]["Code"] == code
    assert message in caught.value.response["Error"]["Message"]
    assert fleet.cfn.list_stack_sets()["Summaries"] == []


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"Accounts": ["12"], "Regions": [REGION]}, "Value '12' at 'accounts.1.member' failed to satisfy constraint"),
        ({"Accounts": [], "Regions": [REGION]}, "You must specify at least one account and at least one region"),
        ({"Accounts": ["300000000001"], "Regions": []}, "You must specify at least one account"),
        ({"Accounts": ["300000000001"], "Regions": ["moon-1"]}, "Region moon-1 is not supported"),
        (
            {"DeploymentTargets": {"OrganizationalUnitIds": ["ou-abcd-12345678"]}, "Regions": [REGION]},
            "OrganizationalUnitIds cannot be used by stack sets with SELF_MANAGED permissions",
        ),
        (
            {
                "Accounts": ["300000000001"],
                "Regions": [REGION],
                "OperationPreferences": {"MaxConcurrentCount": 1, "MaxConcurrentPercentage": 1},
            },
            "You can specify either MaxConcurrentCount or MaxConcurrentPercentage, but not both",
        ),
        (
            {
                "Accounts": ["300000000001"],
                "Regions": [REGION],
                "ParameterOverrides": [{"ParameterKey": "Z", "ParameterValue": "1"}],
            },
            "Parameters: [Z] do not exist in the template",
        ),
    ],
)
def test_bad_instances(fleet: Fleet, params: dict[str, Any], message: str) -> None:
    fleet.create()
    with pytest.raises(ClientError) as caught:
        fleet.cfn.create_stack_instances(StackSetName="set", **params)
    assert caught.value.response["Error"]["Code"] == "ValidationError"
    assert message in caught.value.response["Error"]["Message"]
    assert fleet.cfn.list_stack_set_operations(StackSetName="set")["Summaries"] == []


def test_deployment_targets_may_carry_accounts(fleet: Fleet) -> None:
    fleet.create()
    fleet.run("create_stack_instances", DeploymentTargets={"Accounts": fleet.targets[:1]}, Regions=[REGION])
    assert fleet.instances() == {fleet.targets[0]: ("CURRENT", "SUCCEEDED")}


def test_what_does_not_exist(fleet: Fleet) -> None:
    cfn = fleet.cfn
    assert _code(lambda: cfn.describe_stack_set(StackSetName="none")) == "StackSetNotFoundException"
    fleet.create()
    assert _code(lambda: fleet.operation("none")) == "OperationNotFoundException"
    assert _code(lambda: cfn.stop_stack_set_operation(StackSetName="set", OperationId="none")) == (
        "OperationNotFoundException"
    )
    instance = {"StackSetName": "set", "StackInstanceAccount": fleet.targets[0], "StackInstanceRegion": REGION}
    assert _code(lambda: cfn.describe_stack_instance(**instance)) == "StackInstanceNotFoundException"
    update = {"StackSetName": "set", "Accounts": fleet.targets[:1], "Regions": [REGION]}
    assert _code(lambda: cfn.update_stack_instances(**update)) == "StackInstanceNotFoundException"


def test_overrides_merge_with_the_sets_parameters(fleet: Fleet) -> None:
    fleet.create(Parameters=[{"ParameterKey": "A", "ParameterValue": "set"}])
    first, second = fleet.targets[:2]
    fleet.add([first], ParameterOverrides=[{"ParameterKey": "B", "ParameterValue": "own"}])
    fleet.add([second])
    assert (fleet.value(first), fleet.value(second)) == ("set-own", "set-b")
    fleet.update(UsePreviousTemplate=True, Parameters=[{"ParameterKey": "A", "ParameterValue": "new"}])
    assert (fleet.value(first), fleet.value(second)) == ("new-own", "new-b")
    instance = {"StackSetName": "set", "StackInstanceAccount": first, "StackInstanceRegion": REGION}
    shown = fleet.cfn.describe_stack_instance(**instance)["StackInstance"]["ParameterOverrides"]
    assert shown == [{"ParameterKey": "B", "ParameterValue": "own"}]


def test_overrides_are_kept_set_and_reverted(fleet: Fleet) -> None:
    fleet.create()
    account = fleet.targets[0]
    own = [{"ParameterKey": "A", "ParameterValue": "1"}, {"ParameterKey": "B", "ParameterValue": "2"}]
    fleet.add([account], ParameterOverrides=own)
    where = {"Accounts": [account], "Regions": [REGION]}
    fleet.run("update_stack_instances", **where)
    assert fleet.value(account) == "1-2"
    kept = [{"ParameterKey": "A", "UsePreviousValue": True}, {"ParameterKey": "B", "ParameterValue": "3"}]
    fleet.run("update_stack_instances", ParameterOverrides=kept, **where)
    assert fleet.value(account) == "1-3"
    fleet.run("update_stack_instances", ParameterOverrides=kept[:1], **where)
    assert fleet.value(account) == "1-b"


def test_an_update_without_accounts_reaches_all(fleet: Fleet) -> None:
    fleet.create()
    fleet.add(fleet.targets, OperationPreferences=SOFT)
    done = fleet.update(TemplateBody=_template(2), OperationPreferences=SOFT)
    assert done["Status"] == "SUCCEEDED"
    assert set(fleet.instances().values()) == {("CURRENT", "SUCCEEDED")}
    stack = fleet.client("cloudformation", fleet.targets[3])
    name = stack.describe_stacks()["Stacks"][0]["StackName"]
    assert len(stack.list_stack_resources(StackName=name)["StackResourceSummaries"]) == 2


def test_waves_leave_the_rest_outdated(fleet: Fleet) -> None:
    fleet.create()
    fleet.add(fleet.targets, OperationPreferences=SOFT)
    wave, rest = fleet.targets[:2], fleet.targets[2:]
    fleet.update(TemplateBody=_template(2), Accounts=wave, Regions=[REGION])
    assert fleet.instances() == {
        **dict.fromkeys(wave, ("CURRENT", "SUCCEEDED")),
        **dict.fromkeys(rest, ("OUTDATED", "SUCCEEDED")),
    }
    fleet.update(UsePreviousTemplate=True, Accounts=rest[:1], Regions=[REGION])
    assert [fleet.instances()[account][0] for account in fleet.targets] == [
        *("CURRENT", "CURRENT", "CURRENT"),
        *("OUTDATED", "OUTDATED"),
    ]


def test_previous_values_and_administration_role_on_update(fleet: Fleet) -> None:
    fleet.create(Parameters=[{"ParameterKey": "A", "ParameterValue": "1"}])
    parameters = [{"ParameterKey": "A", "UsePreviousValue": True}, {"ParameterKey": "B", "ParameterValue": "2"}]
    fleet.update(UsePreviousTemplate=True, Parameters=parameters)
    described = fleet.cfn.describe_stack_set(StackSetName="set")["StackSet"]
    assert {p["ParameterKey"]: p["ParameterValue"] for p in described["Parameters"]} == {"A": "1", "B": "2"}
    assert described["ExecutionRoleName"] == "Exec"
    assert _code(lambda: fleet.cfn.update_stack_set(StackSetName="set", UsePreviousTemplate=True)) == "ValidationError"


def test_the_administration_role_must_trust_cloudformation(fleet: Fleet, trusting: Any) -> None:
    fleet.create()
    elsewhere = {"StringEquals": {"aws:SourceAccount": "999999999999"}}
    document = trusting(service="cloudformation.amazonaws.com", condition=elsewhere)
    fleet.client("iam", fleet.world.dev).update_assume_role_policy(RoleName="Admin", PolicyDocument=document)
    done = fleet.add(fleet.targets[:1])
    reason = f"Account {fleet.world.dev} should have 'Admin' role with trust relationship to CloudFormation service."
    assert (done["Status"], fleet.results(done["OperationId"])) == ("FAILED", {fleet.targets[0]: ("FAILED", reason)})


@pytest.mark.parametrize("broken", ["missing role", "foreign organization", "administration role may not assume"])
def test_the_execution_role_must_trust_the_administration_role(fleet: Fleet, trusting: Any, broken: str) -> None:
    fleet.create()
    account = fleet.targets[0]
    iam = fleet.client("iam", account)
    if broken == "missing role":
        iam.delete_role(RoleName="Exec")
    elif broken == "foreign organization":
        foreign = {"StringEquals": {"aws:PrincipalOrgID": "o-other"}}
        document = trusting(f"arn:aws:iam::{fleet.world.dev}:role/Admin", condition=foreign)
        iam.update_assume_role_policy(RoleName="Exec", PolicyDocument=document)
    else:
        fleet.client("iam", fleet.world.dev).delete_role_policy(RoleName="Admin", PolicyName="assume")
    done = fleet.add([account])
    reason = f"Account {account} should have 'Exec' role with trust relationship to Role 'Admin'."
    assert (done["Status"], fleet.results(done["OperationId"])) == ("FAILED", {account: ("FAILED", reason)})
    assert fleet.instances() == {account: ("OUTDATED", "FAILED")}


def test_suspended_accounts_are_skipped(fleet: Fleet) -> None:
    fleet.create()
    suspended = fleet.targets[1]
    fleet.client("organizations").close_account(AccountId=suspended)
    done = fleet.add(fleet.targets)
    assert (done["Status"], done["StatusDetails"]["FailedStackInstancesCount"]) == ("SUCCEEDED", 0)
    assert fleet.instances()[suspended] == ("OUTDATED", "SKIPPED_SUSPENDED_ACCOUNT")
    fleet.run("delete_stack_instances", Accounts=[suspended], Regions=[REGION], RetainStacks=False)
    assert fleet.instances()[suspended] == ("OUTDATED", "SKIPPED_SUSPENDED_ACCOUNT")
    fleet.run("delete_stack_instances", Accounts=[suspended], Regions=[REGION], RetainStacks=True)
    assert suspended not in fleet.instances()


def _fail(fleet: Fleet, *accounts: str) -> None:
    fleet.aws.faults.order(*(Fault("failing_account", account=account, reason="quota") for account in accounts))


def test_strict_tolerance_zero_runs_one_at_a_time_and_stops(fleet: Fleet) -> None:
    fleet.create()
    _fail(fleet, fleet.targets[1])
    done = fleet.add(fleet.targets, OperationPreferences={"MaxConcurrentPercentage": 100})
    cancelled = ("CANCELLED", "Cancelled since failure tolerance has exceeded")
    reason = "ResourceLogicalId:P, ResourceType:AWS::SSM::Parameter, ResourceStatusReason:quota."
    assert done["Status"] == "FAILED"
    assert fleet.results(done["OperationId"]) == {
        fleet.targets[0]: ("SUCCEEDED", None),
        fleet.targets[1]: ("FAILED", reason),
        **dict.fromkeys(fleet.targets[2:], cancelled),
    }
    failed_only = [{"Name": "OPERATION_RESULT_STATUS", "Values": "FAILED"}]
    assert fleet.results(done["OperationId"], Filters=failed_only) == {fleet.targets[1]: ("FAILED", reason)}
    by_status = [{"Name": "DETAILED_STATUS", "Values": "CANCELLED"}]
    assert set(fleet.instances(Filters=by_status)) == set(fleet.targets[2:])


def test_failures_within_the_tolerance_succeed(fleet: Fleet) -> None:
    fleet.create()
    _fail(fleet, fleet.targets[0])
    done = fleet.add(fleet.targets, OperationPreferences={**SOFT, "FailureToleranceCount": 1})
    assert (done["Status"], done["StatusDetails"]) == ("SUCCEEDED", {"FailedStackInstancesCount": 1})
    assert fleet.instances()[fleet.targets[0]] == ("OUTDATED", "FAILED")


def test_a_failed_account_recovers_by_another_operation(fleet: Fleet) -> None:
    fleet.create()
    _fail(fleet, fleet.targets[0])
    fleet.add(fleet.targets[:1])
    fleet.aws.faults.clear()
    done = fleet.run("update_stack_instances", Accounts=fleet.targets[:1], Regions=[REGION])
    assert (done["Status"], fleet.instances()) == ("SUCCEEDED", {fleet.targets[0]: ("CURRENT", "SUCCEEDED")})
    assert fleet.value(fleet.targets[0]) == "a-b"


def test_tolerance_exceeded_in_a_region_cancels_the_next(fleet: Fleet) -> None:
    fleet.create()
    fleet.aws.faults.order(Fault("failing_account", region="us-east-1", reason="quota"))
    preferences = {"RegionOrder": ["us-east-1", REGION]}
    done = fleet.add(fleet.targets[:1], Regions=[REGION, "us-east-1"], OperationPreferences=preferences)
    rows = fleet.cfn.list_stack_set_operation_results(StackSetName="set", OperationId=done["OperationId"])["Summaries"]
    assert {row["Region"]: row["Status"] for row in rows} == {"us-east-1": "FAILED", REGION: "CANCELLED"}


def test_parallel_regions_do_not_cancel_each_other(fleet: Fleet) -> None:
    fleet.create()
    fleet.aws.faults.order(Fault("failing_account", region="us-east-1", reason="quota"))
    preferences = {"RegionConcurrencyType": "PARALLEL"}
    done = fleet.add(fleet.targets[:1], Regions=["us-east-1", REGION], OperationPreferences=preferences)
    rows = fleet.cfn.list_stack_set_operation_results(StackSetName="set", OperationId=done["OperationId"])["Summaries"]
    assert done["Status"] == "FAILED"
    assert {row["Region"]: row["Status"] for row in rows} == {"us-east-1": "FAILED", REGION: "SUCCEEDED"}


def test_only_one_operation_at_a_time(fleet: Fleet) -> None:
    fleet.create()
    fleet.aws.set_latency(0.6)
    first = fleet.cfn.create_stack_instances(
        StackSetName="set", Accounts=fleet.targets[:1], Regions=[REGION], OperationId="first"
    )["OperationId"]
    assert fleet.operation(first)["Status"] == "RUNNING"
    with pytest.raises(ClientError) as caught:
        fleet.cfn.create_stack_instances(StackSetName="set", Accounts=fleet.targets[1:2], Regions=[REGION])
    assert caught.value.response["Error"]["Code"] == "OperationInProgressException"
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 409
    assert _code(lambda: fleet.cfn.delete_stack_set(StackSetName="set")) == "OperationInProgressException"
    assert fleet.ended(first)["Status"] == "SUCCEEDED"
    again = {"StackSetName": "set", "Accounts": fleet.targets[:1], "Regions": [REGION], "OperationId": "first"}
    assert _code(lambda: fleet.cfn.create_stack_instances(**again)) == "OperationIdAlreadyExistsException"


def test_managed_execution_queues_only_what_conflicts(fleet: Fleet) -> None:
    fleet.create(ManagedExecution={"Active": True})
    fleet.aws.set_latency(0.6)

    def submit(*accounts: str) -> str:
        made = fleet.cfn.create_stack_instances(StackSetName="set", Accounts=list(accounts), Regions=[REGION])
        return str(made["OperationId"])

    first, conflicting, other = submit(fleet.targets[0]), submit(fleet.targets[0]), submit(fleet.targets[1])
    assert [fleet.operation(o)["Status"] for o in (first, conflicting, other)] == ["RUNNING", "QUEUED", "RUNNING"]
    admin = f"arn:aws:iam::{fleet.world.dev}:role/Admin"
    update = {"StackSetName": "set", "UsePreviousTemplate": True, "AdministrationRoleARN": admin}
    assert _code(lambda: fleet.cfn.update_stack_set(**update, ManagedExecution={"Active": False})) == (
        "OperationInProgressException"
    )
    assert [fleet.ended(o)["Status"] for o in (first, conflicting, other)] == ["SUCCEEDED"] * 3
    listed = fleet.cfn.list_stack_set_operations(StackSetName="set")["Summaries"]
    assert [row["OperationId"] for row in listed] == [other, conflicting, first]


def _most_at_once(fleet: Fleet, operation: str) -> int:
    most = 0
    while fleet.operation(operation)["Status"] == "RUNNING":
        running = [status for status, _ in fleet.results(operation).values() if status == "RUNNING"]
        most = max(most, len(running))
    return most


def test_soft_mode_runs_all_at_once_strict_does_not(fleet: Fleet) -> None:
    fleet.aws.set_latency(0.4)
    fleet.create()
    where = {"StackSetName": "set", "Accounts": fleet.targets, "Regions": [REGION]}
    soft = fleet.cfn.create_stack_instances(**where, OperationPreferences=SOFT)["OperationId"]
    assert _most_at_once(fleet, soft) == 5
    strict = {"MaxConcurrentPercentage": 100, "FailureToleranceCount": 1}
    again = fleet.cfn.update_stack_instances(**where, OperationPreferences=strict)["OperationId"]
    assert _most_at_once(fleet, again) == 2


def test_stopping_cancels_what_has_not_begun(fleet: Fleet) -> None:
    fleet.create()
    fleet.aws.set_latency(0.8)
    where = {"StackSetName": "set", "Accounts": fleet.targets, "Regions": [REGION]}
    operation = fleet.cfn.create_stack_instances(**where)["OperationId"]
    time.sleep(0.05)
    fleet.cfn.stop_stack_set_operation(StackSetName="set", OperationId=operation)
    assert fleet.operation(operation)["Status"] == "STOPPING"
    assert fleet.ended(operation)["Status"] == "STOPPED"
    statuses = [status for status, _ in fleet.results(operation).values()]
    assert statuses == ["SUCCEEDED", *["CANCELLED"] * 4]
    stop = {"StackSetName": "set", "OperationId": operation}
    assert _code(lambda: fleet.cfn.stop_stack_set_operation(**stop)) == "InvalidOperationException"


def test_deleting_instances_and_sets(fleet: Fleet) -> None:
    fleet.create()
    first, second = fleet.targets[:2]
    fleet.add([first, second])
    assert _code(lambda: fleet.cfn.delete_stack_set(StackSetName="set")) == "StackSetNotEmptyException"
    fleet.run("delete_stack_instances", Accounts=[first], Regions=[REGION], RetainStacks=True)
    assert fleet.value(first) == "a-b"
    fleet.run("delete_stack_instances", Accounts=[second], Regions=[REGION], RetainStacks=False)
    assert [thing.account for thing in fleet.aws.inventory()] == [first]
    assert fleet.instances() == {}
    fleet.cfn.delete_stack_set(StackSetName="set")
    assert [s["Status"] for s in fleet.cfn.list_stack_sets()["Summaries"]] == ["DELETED"]
    assert fleet.cfn.list_stack_sets(Status="ACTIVE")["Summaries"] == []


def test_an_instance_that_cannot_be_deleted_is_inoperable(fleet: Fleet) -> None:
    fleet.create()
    stuck, other = fleet.targets[:2]
    fleet.add([stuck, other])
    fleet.aws.faults.order(Fault("failing_account", account=stuck, action="delete", reason="in use"))
    where = {"Accounts": [stuck], "Regions": [REGION]}
    done = fleet.run("delete_stack_instances", RetainStacks=False, **where)
    assert (done["Status"], fleet.instances()[stuck]) == ("FAILED", ("INOPERABLE", "INOPERABLE"))
    updated = fleet.update(TemplateBody=_template(2))
    assert set(fleet.results(updated["OperationId"])) == {other}
    fleet.run("delete_stack_instances", RetainStacks=True, **where)
    assert set(fleet.instances()) == {other}


def test_listings_filter_and_page(fleet: Fleet) -> None:
    fleet.create()
    fleet.add(fleet.targets, Regions=[REGION, "us-east-1"], OperationPreferences=SOFT, OperationId="made")
    page = fleet.cfn.list_stack_instances(StackSetName="set", MaxResults=7)
    rest = fleet.cfn.list_stack_instances(StackSetName="set", MaxResults=7, NextToken=page["NextToken"])
    assert [len(page["Summaries"]), len(rest["Summaries"]), "NextToken" in rest] == [7, 3, False]
    one = fleet.cfn.list_stack_instances(
        StackSetName="set", StackInstanceAccount=fleet.targets[2], StackInstanceRegion="us-east-1"
    )["Summaries"]
    assert [(row["Account"], row["Region"], row["LastOperationId"]) for row in one] == [
        (fleet.targets[2], "us-east-1", "made")
    ]
    made = [{"Name": "LAST_OPERATION_ID", "Values": "made"}]
    assert len(fleet.cfn.list_stack_instances(StackSetName="set", Filters=made)["Summaries"]) == 10
    other = [{"Name": "LAST_OPERATION_ID", "Values": "other"}]
    assert fleet.cfn.list_stack_instances(StackSetName="set", Filters=other)["Summaries"] == []


def test_drift_detection_marks_instances(fleet: Fleet) -> None:
    fleet.create()
    fleet.add(fleet.targets[:1])
    done = fleet.run("detect_stack_set_drift")
    assert (done["Action"], done["Status"]) == ("DETECT_DRIFT", "SUCCEEDED")
    in_sync = [{"Name": "DRIFT_STATUS", "Values": "IN_SYNC"}]
    assert fleet.instances(Filters=in_sync) == {fleet.targets[0]: ("CURRENT", "SUCCEEDED")}


def test_a_template_over_the_inline_limit_comes_from_s3(fleet: Fleet) -> None:
    s3 = fleet.client("s3", fleet.world.dev)
    s3.create_bucket(Bucket="templates", CreateBucketConfiguration={"LocationConstraint": REGION})
    large = json.dumps({**json.loads(_template()), "Metadata": {"Padding": "x" * 60_000}})
    s3.put_object(Bucket="templates", Key="t.json", Body=large.encode())
    admin = f"arn:aws:iam::{fleet.world.dev}:role/Admin"
    fleet.cfn.create_stack_set(
        StackSetName="set",
        TemplateURL=f"https://templates.s3.{REGION}.amazonaws.com/t.json",
        AdministrationRoleARN=admin,
        ExecutionRoleName="Exec",
    )
    assert fleet.add(fleet.targets[:1])["Status"] == "SUCCEEDED"
    assert fleet.cfn.get_template_summary(StackSetName="set")["ResourceTypes"] == ["AWS::SSM::Parameter"]


def _resource(fleet: Fleet, accounts: list[str], template: str, **more: Any) -> str:
    properties = {
        "StackSetName": "from-template",
        "PermissionModel": "SELF_MANAGED",
        "TemplateBody": template,
        "AdministrationRoleARN": f"arn:aws:iam::{fleet.world.dev}:role/Admin",
        "ExecutionRoleName": "Exec",
        "ManagedExecution": {"Active": True},
        "OperationPreferences": SOFT,
        "StackInstancesGroup": [{"DeploymentTargets": {"Accounts": accounts}, "Regions": [REGION]}],
        **more,
    }
    resources = {"Set": {"Type": "AWS::CloudFormation::StackSet", "Properties": properties}}
    return json.dumps({"Resources": resources, "Outputs": {"Id": {"Value": {"Ref": "Set"}}}})


def _settled(fleet: Fleet) -> dict[str, Any]:
    while True:
        stack = fleet.cfn.describe_stacks(StackName="stack")["Stacks"][0]
        if not stack["StackStatus"].endswith("_IN_PROGRESS"):
            return stack  # type: ignore[no-any-return]
        time.sleep(0.01)


def test_a_templates_stack_set_follows_its_template(fleet: Fleet) -> None:
    first, second, third = fleet.targets[:3]
    fleet.cfn.create_stack(StackName="stack", TemplateBody=_resource(fleet, [first, second], _template()))
    stack = _settled(fleet)
    assert stack["StackStatus"] == "CREATE_COMPLETE"
    set_id = stack["Outputs"][0]["OutputValue"]
    assert set_id.startswith("from-template:")
    assert fleet.value(second) == "a-b"
    parameters = [{"ParameterKey": "A", "ParameterValue": "new"}]
    changed = _resource(fleet, [second, third], _template(), Parameters=parameters)
    fleet.cfn.update_stack(StackName="stack", TemplateBody=changed)
    assert _settled(fleet)["StackStatus"] == "UPDATE_COMPLETE"
    assert (fleet.value(second), fleet.value(third)) == ("new-b", "new-b")
    accounts = {t.account for t in fleet.aws.inventory() if t.type == "AWS::SSM::Parameter"}
    assert accounts == {second, third}
    fleet.cfn.delete_stack(StackName="stack")
    fleet.cfn.get_waiter("stack_delete_complete").wait(StackName="stack", WaiterConfig={"Delay": 0.02})
    assert fleet.aws.inventory() == []
    assert fleet.cfn.list_stack_sets(Status="ACTIVE")["Summaries"] == []


def test_a_templates_stack_set_that_fails_leaves_nothing(fleet: Fleet) -> None:
    _fail(fleet, fleet.targets[1])
    fleet.cfn.create_stack(StackName="stack", TemplateBody=_resource(fleet, fleet.targets[:2], _template()))
    assert _settled(fleet)["StackStatus"] == "ROLLBACK_COMPLETE"
    events = fleet.cfn.describe_stack_events(StackName="stack")["StackEvents"]
    reasons = [event.get("ResourceStatusReason", "") for event in events if event["LogicalResourceId"] == "Set"]
    assert any(f"Account {fleet.targets[1]}, Region {REGION}: ResourceLogicalId:P" in reason for reason in reasons)
    assert fleet.aws.inventory() == []
