"""Quotas, domain, roles, bucket, organization: what was read in, findings out."""

from __future__ import annotations

from collections import Counter

import boto3
import pytest
from botocore.stub import Stubber

from mlz.checks.account import bucket, decided, environment, set_up, switched_on
from mlz.checks.check import Check, guarded
from mlz.checks.organization import bootstrapped, sample
from mlz.checks.quotas import Quota, Reading, added, catalogue, judged, sampled
from mlz.checks.studio import domains_judged, roles_judged
from mlz.checks.usage import USED
from mlz.config.settings import Package, Settings
from stacksets.bootstrap import BootstrapPlan
from stacksets.client import Cloud

VPCS = Quota("VPCs", "vpc", "AWS::EC2::VPC", "target", "L-F678F1CE")
SETS = Quota("stack set instances", "cloudformation", "stack instances", "development", inside=True)
RAISE = "aws service-quotas request-service-quota-increase --service-code vpc --quota-code L-F678F1CE --desired-value"


@pytest.mark.parametrize(
    ("reading", "adds", "expected"),
    [
        (Reading(5, 1), 1, Check("quota: VPCs", "ok", "1 of 5 in use, 1 to add")),
        (Reading(5, 5), 0, Check("quota: VPCs", "ok", "5 in use, nothing to add")),
        (
            Reading(5, 4),
            1,
            Check("quota: VPCs", "warning", "4 of 5 in use, 1 to add: hardly any is left", f"{RAISE} 7"),
        ),
        (Reading(5, 5), 1, Check("quota: VPCs", "failed", "5 of 5 in use, 1 to add", f"{RAISE} 6")),
        (Reading(None, 2, "no"), 1, Check("quota: VPCs", "unknown", "2 in use, 1 to add; no")),
        (Reading(5, None, "no"), 1, Check("quota: VPCs", "unknown", "5 are allowed, 1 to add; no")),
        (Reading(5, None, "no"), 6, Check("quota: VPCs", "failed", "6 to add, 5 are allowed", f"{RAISE} 6")),
        (Reading(None, None, "no"), 0, Check("quota: VPCs", "ok", "nothing to add")),
    ],
)
def test_a_quota_is_judged_by_what_deploying_adds(reading: Reading, adds: int, expected: Check) -> None:
    assert judged(VPCS, reading, adds) == expected


def test_a_quota_of_each_single_thing_and_one_without_a_code() -> None:
    what = "quota: stack set instances"
    assert judged(SETS, Reading(100, 0), 30) == Check(what, "ok", "30 of 100 needed")
    hint = "have it raised to 130 in the Service Quotas console (cloudformation)"
    assert judged(SETS, Reading(100, 0), 130) == Check(what, "failed", "130 of 100 needed", hint)
    assert judged(SETS, Reading(None, 0, "its code is not known"), 30) == Check(
        what, "unknown", "30 needed; its code is not known"
    )


def test_an_account_is_named_where_it_is_another() -> None:
    assert judged(VPCS, Reading(5, 1), 1, "333333333333").detail == "1 of 5 in use in 333333333333, 1 to add"


def test_gateways_are_counted_by_zone() -> None:
    adds = added(Counter({"AWS::EC2::NatGateway": 3, "AWS::EC2::VPC": 1}), {"stack sets": 4}, zones=2)
    assert dict(adds) == {"AWS::EC2::NatGateway": 2, "AWS::EC2::VPC": 1, "stack sets": 4}


def test_every_quota_can_be_counted() -> None:
    assert {quota.counts for quota in catalogue() if not quota.inside} == set(USED)
    assert len({quota.name for quota in catalogue()}) == len(catalogue())


def test_targets_are_told_together() -> None:
    good, bad = Check("quota: VPCs", "ok", ""), Check("quota: VPCs", "failed", "5 of 5 in use in 2, 1 to add")
    silent = Check("quota: stacks", "unknown", "")
    assert sampled({"1": (good,), "2": (bad,)}, 9) == (bad,)
    assert sampled({"1": (good,), "2": (silent,)}, 9) == (
        Check("quotas of targets", "unknown", "2 of 9 target accounts looked at; not answered: quota: stacks"),
    )
    assert sampled({"1": (good,)}, 9) == (
        Check("quotas of targets", "ok", "enough in each; 1 of 9 target accounts looked at"),
    )


def test_a_sample_is_spread_evenly() -> None:
    accounts = tuple(str(number) for number in range(10))
    assert sample(accounts, 3) == ("0", "4", "8")
    assert sample(accounts, 20) == accounts
    assert sample((), 3) == ()


def test_a_domain_that_is_there_already() -> None:
    assert domains_judged([], "") == (Check("domain", "ok", "none in this Region yet"),)
    assert domains_judged([("d-1", "other")], "") == (
        Check(
            "domain",
            "warning",
            "this Region has other (d-1) already, deploying adds one beside it",
            "the quota of domains must leave room for one more; delete the other if nobody uses it",
        ),
    )
    assert domains_judged([("d-1", "other"), ("d-2", "own")], "d-2") == (
        Check("domain", "ok", "d-2 is the environment's; beside it other (d-1)"),
    )
    assert domains_judged([], "d-2") == (
        Check(
            "domain",
            "failed",
            "d-2, which the environment's stack made, is gone",
            "somebody deleted it: mlz destroy env, then mlz deploy env",
        ),
    )


def test_product_roles_by_whose_they_are() -> None:
    assert roles_judged({"Launch": None, "Use": None}, "core", False) == (
        Check("product roles", "ok", "mlz deploy core makes: Launch, Use"),
    )
    assert roles_judged({"Launch": "core", "Use": ""}, "core", True) == (
        Check("product roles", "ok", "made by the stack core: Launch; made by nobody's stack, used as they are: Use"),
    )
    assert roles_judged({"Launch": None, "Use": "core"}, "core", True) == (
        Check("product roles", "failed", "Launch: gone, although core is deployed", "mlz deploy core"),
    )


def test_a_bucket_by_its_settings() -> None:
    enforced = {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    good = {"versioning": "Enabled", "ownership": enforced, "CORS": None}
    assert set_up("b", good, False) == (
        Check("package bucket", "ok", "b is this account's, in this Region, versioned"),
    )
    bad = {"versioning": None, "ownership": {"Rules": [{"ObjectOwnership": "ObjectWriter"}]}, "CORS": None}
    detail = (
        "b: it is not versioned; access control lists are in force; "
        "Studio cannot read project templates in it: it has no CORS rule"
    )
    assert set_up("b", bad, True) == (Check("package bucket", "warning", detail, "set it up, or use a new bucket"),)
    old = "b: access control lists are in force"
    assert set_up("b", {**good, "ownership": None}, False) == (
        Check("package bucket", "warning", old, "set it up, or use a new bucket"),
    )


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("404", Check("package bucket", "ok", "b does not exist yet: mlz package makes it")),
        (
            "403",
            Check(
                "package bucket",
                "failed",
                "b belongs to another account, or the caller may not see it",
                "choose another name, or use a role with s3:ListBucket",
            ),
        ),
        ("400", Check("package bucket", "failed", "b: no (400)")),
    ],
)
def test_a_bucket_that_answers_with_an_error(code: str, expected: Check) -> None:
    cloud = refusing("s3", "head_bucket", code)
    settings = Settings(region="eu-west-1", package=Package(bucket="b"))
    assert guarded("package bucket", lambda: bucket(settings, cloud, False)) == (expected,)


def test_an_environment_that_nobody_may_look_at_is_unknown() -> None:
    cloud = refusing("cloudformation", "describe_stacks", "AccessDenied")
    (found,) = guarded("environment", lambda: environment(Settings(region="eu-west-1"), cloud))
    assert (found.state, found.detail) == ("unknown", "cannot be asked here: sm-mlops-dev: no (AccessDenied)")


def refusing(service: str, operation: str, code: str) -> Cloud:
    """An account in which one operation answers with an error."""
    cloud = Cloud(boto3.Session("key", "secret", region_name="eu-west-1"))
    cloud.caller_arn = "arn:aws:iam::111111111111:user/someone"
    stub = Stubber(cloud.client(service))
    stub.add_client_error(operation, code, "no")
    stub.activate()
    return cloud


def test_rights_name_what_is_denied() -> None:
    assert decided({"iam:CreateRole": "allowed", "kms:CreateKey": "implicitDeny"}) == (
        Check(
            "rights",
            "warning",
            "the caller may do this on some resources only, or not at all: kms:CreateKey",
            "use a role that may deploy",
        ),
    )
    assert decided({"iam:CreateRole": "implicitDeny", "kms:CreateKey": "explicitDeny"}) == (
        Check("rights", "failed", "the caller may not kms:CreateKey", "use a role that may deploy"),
    )
    assert decided({"iam:CreateRole": "allowed"}) == (
        Check("rights", "ok", "IAM's simulator allows 1 action, one for each kind of change"),
    )


def plan(
    *, missing: int = 0, present: int = 0, unreachable: int = 0, enables: bool = False, registers: bool = False
) -> BootstrapPlan:
    return BootstrapPlan(
        tuple(f"m{n}" for n in range(missing)),
        tuple(f"p{n}" for n in range(present)),
        tuple((f"u{n}", "denied") for n in range(unreachable)),
        enables,
        registers,
    )


def test_execution_roles_say_how_many_were_looked_into() -> None:
    trusted = Check("trusted access", "ok", "StackSets are trusted in the organization")
    delegated = Check("delegated administrator", "ok", "2 may read the organization")
    assert bootstrapped(plan(present=20), 1000, "2", "aws") == (
        Check("execution roles", "ok", "in all of them; 20 of 1000 accounts looked into"),
        trusted,
        delegated,
    )
    assert bootstrapped(plan(missing=2, present=1), 3, "2", "aws")[0] == Check(
        "execution roles", "failed", "missing in 2 accounts, such as m0; 3 of 3 accounts looked into", "mlz bootstrap"
    )
    assert bootstrapped(plan(unreachable=1, present=1), 3, "2", "aws")[0] == Check(
        "execution roles",
        "unknown",
        "1 account cannot be entered, such as u0: denied; 2 of 3 accounts looked into",
        "name a role that can in access.bootstrap_role",
    )


def test_trust_in_the_organization() -> None:
    assert bootstrapped(plan(enables=True, registers=True), 0, "2", "aws")[1:] == (
        Check("trusted access", "warning", "StackSets are not trusted in the organization", "mlz bootstrap"),
        Check(
            "delegated administrator",
            "warning",
            "2 is not registered: it cannot read the organization's units",
            "mlz bootstrap",
        ),
    )
    without = "aws-cn has none; SELF_MANAGED stack sets need none"
    assert [check.detail for check in bootstrapped(plan(enables=True), 0, "2", "aws-cn")[1:]] == [without, without]


def test_a_region_that_an_account_has_not_switched_on() -> None:
    assert switched_on("eu-west-1", "opt-in-not-required", "") == (Check("region", "ok", "eu-west-1 is switched on"),)
    assert switched_on("mx-central-1", "not-opted-in", "333333333333") == (
        Check(
            "region",
            "failed",
            "mx-central-1 is not switched on in 333333333333",
            "aws account enable-region --region-name mx-central-1",
        ),
    )
