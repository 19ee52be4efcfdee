"""Names, Region and lifecycle: facts in, findings out."""

from __future__ import annotations

from collections import Counter
from datetime import date
from typing import Any

import pytest

from generator.errors import ToolError
from mlz.checks.check import Check, guarded
from mlz.checks.lifecycle import lifecycle
from mlz.checks.names import names
from mlz.checks.regions import Offer, offer, regions, served
from mlz.checks.wanted import Wanted
from stacksets.client import Refused

TODAY = date(2026, 11, 22)
FACTS: dict[str, Any] = {
    "lambda": {
        "read": date(2026, 11, 21),
        "end_of_support": {
            "python3.9": date(2025, 12, 15),
            "python3.11": date(2027, 4, 1),
            "python3.13": date(2029, 6, 30),
        },
    },
    "codebuild": {"read": date(2026, 11, 20), "image": "linux:6.0", "image_arm": "arm:4.0"},
}


def test_names_that_fit_show_the_tightest() -> None:
    found = names(Wanted(names=(("AWS::IAM::Role", "a" * 41), ("AWS::S3::Bucket", "b" * 42))))
    detail = f"2 names fit; the tightest, {'b' * 42}, has 42 of 63 characters"
    assert found == (Check("names", "ok", detail),)


def test_a_name_that_is_too_long_says_by_how_much() -> None:
    found = names(Wanted(names=(("AWS::IAM::Role", "a" * 66), ("AWS::S3::Bucket", "b" * 64))))
    detail = f"{'a' * 66} has 66 characters, AWS::IAM::Role takes 64"
    assert found == (Check("names", "failed", detail, "shorten environment.name or environment.type by 2"),)


DOMAIN, BUCKET, REPOSITORY = "AWS::SageMaker::Domain", "AWS::S3::Bucket", "AWS::CodeCommit::Repository"


def wants(*types: str, offered: tuple[str, ...] = (), **endpoints: str) -> Wanted:
    return Wanted(env=Counter(types), offered=frozenset({*types, *offered}), endpoints=endpoints)


def offers(*types: str, services: tuple[str, ...] = ()) -> Offer:
    return Offer("xx-west-1", "2026-10-20", frozenset(types), frozenset(services))


SCHEMAS = "CloudFormation's schemas of 2026-10-20"


def test_a_type_that_the_region_lacks_is_a_failure() -> None:
    assert regions(wants(DOMAIN, BUCKET), offers(BUCKET)) == (
        Check(
            "types",
            "failed",
            f"xx-west-1 has no {DOMAIN} ({SCHEMAS})",
            "use another Region, or a newer cfn-lint if AWS has added them since",
        ),
    )


def test_a_type_for_later_is_a_warning() -> None:
    assert regions(wants(BUCKET, offered=(REPOSITORY, "Custom::Thing")), offers(BUCKET)) == (
        Check(
            "types",
            "warning",
            f"xx-west-1 has no {REPOSITORY}, which templates for later use ({SCHEMAS})",
            "choose other options in them, such as RepositoryProvider",
        ),
    )


def test_an_endpoint_whose_service_is_absent_names_its_switch() -> None:
    service = "com.amazonaws.xx-west-1"
    wanted = wants(
        VPCEndpointCodeCommit=f"{service}.git-codecommit",
        VPCEndpointKMS=f"{service}.kms",
        VPCEndpointServiceCatalog=f"{service}.servicecatalog",
    )
    assert regions(wanted, offers(services=("servicecatalog",)))[1] == Check(
        "endpoints",
        "failed",
        "xx-west-1 has no codecommit, which endpoints are wanted for",
        "env.parameters: CreateCodeCommitVPCEndpoint: NO; or use another Region",
    )
    assert regions(wanted, offers(services=("servicecatalog", "codecommit")))[1] == Check(
        "endpoints", "ok", "xx-west-1 has the services behind 3 endpoints"
    )
    assert served(wanted, frozenset({f"{service}.kms"})) == (
        Check(
            "endpoint services",
            "failed",
            f"not offered in this Region: {service}.git-codecommit, {service}.servicecatalog",
            "env.parameters: CreateCodeCommitVPCEndpoint: NO, CreateServiceCatalogVPCEndpoint: NO; "
            "or use another Region",
        ),
    )


@pytest.mark.parametrize(("region", "has"), [("eu-west-1", True), ("mx-central-1", False), ("ca-west-1", False)])
def test_the_installed_data_know_where_studio_is(region: str, has: bool) -> None:
    found = offer(region)
    assert found.types is not None
    assert (DOMAIN in found.types) is has


@pytest.mark.parametrize("region", ["us-iso-east-1", "eusc-de-east-1", "xx-west-1"])
def test_a_region_that_the_data_do_not_cover_is_unknown_not_well(region: str) -> None:
    found = offer(region)
    assert found.types is None
    assert regions(wants(BUCKET), found)[0] == Check(
        "types",
        "unknown",
        f"CloudFormation's schemas of {found.dated} do not cover {region}",
        "see: aws cloudformation list-types",
    )


def test_nothing_to_say_about_life() -> None:
    wanted = Wanted(env=Counter([BUCKET]), runtimes=frozenset({"python3.13"}), images=frozenset({"linux:6.0"}))
    detail = "all still offered to new accounts on 2026-11-21: 1 type, python3.13, linux:6.0"
    assert lifecycle(wanted, FACTS, TODAY) == (Check("lifecycle", "ok", detail),)


def test_features_that_are_closed_and_runtimes_that_end() -> None:
    wanted = Wanted(
        offered=frozenset({"AWS::SageMaker::MonitoringSchedule"}),
        runtimes=frozenset({"python3.9", "python3.11", "python2.7"}),
        images=frozenset({"linux:2.0"}),
    )
    hint = "choose another in templates/facts.toml, and generate again"
    assert lifecycle(wanted, FACTS, TODAY) == (
        Check(
            "lifecycle",
            "warning",
            "AWS::SageMaker::MonitoringSchedule: SageMaker Model Monitor is closed to new customers since 2026-07-30",
            "instead: the drift monitoring of the model-deploy project",
        ),
        Check("lifecycle", "unknown", "python2.7: its end of support is not known", hint),
        Check("lifecycle", "warning", "python3.11: Lambda ends its support on 2027-04-01", hint),
        Check("lifecycle", "failed", "python3.9: Lambda ended its support on 2025-12-15", hint),
        Check(
            "lifecycle",
            "warning",
            "linux:2.0: not among the build images that CodeBuild offers",
            "offered on 2026-11-20: arm:4.0, linux:6.0",
        ),
    )


def test_old_data_do_not_pass_for_today() -> None:
    assert lifecycle(Wanted(), FACTS, date(2028, 1, 1)) == (
        Check(
            "lifecycle",
            "unknown",
            "what is known of features and runtimes was read on 2026-11-20, which is long ago",
            "use a newer release of mlz",
        ),
    )


def test_a_problem_of_one_check_is_a_finding_of_it() -> None:
    def refuse(problem: ToolError) -> tuple[Check, ...]:
        raise problem

    denied = Refused("iam: no (AccessDenied)", "use credentials that may do this", "AccessDenied")
    assert guarded("rights", lambda: refuse(denied)) == (
        Check("rights", "unknown", "cannot be asked here: iam: no (AccessDenied)", "use credentials that may do this"),
    )
    assert guarded("zones", lambda: refuse(ToolError("region: one zone", "use another"))) == (
        Check("zones", "failed", "region: one zone", "use another"),
    )
