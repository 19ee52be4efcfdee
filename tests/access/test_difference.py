"""A change that opens something is told with the request that shows it; one that does not is not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from generator.access.difference import widenings
from generator.access.site import Document, Site
from tests.access.mutants import Mutant


def without(site: Site, mutant: Mutant) -> Site:
    """The site with a condition or statement taken out of one policy."""

    def changed(document: Document) -> Document:
        is_meant = (document.template, document.name) == (mutant.template, mutant.policy)
        return replace(document, body=mutant.applied(document.body)) if is_meant else document

    roles = [
        replace(
            role,
            identity=tuple(map(changed, role.identity)),
            boundary=changed(role.boundary) if role.boundary else None,
            trust=changed(role.trust),
        )
        for role in site.roles
    ]
    guarded = [replace(one, policy=changed(one.policy) if one.policy else None) for one in site.guarded]
    endpoints = [replace(one, policy=changed(one.policy) if one.policy else None) for one in site.endpoints]
    return replace(site, roles=tuple(roles), guarded=tuple(guarded), endpoints=tuple(endpoints))


def test_the_same_twice_widens_nothing(site: Site) -> None:
    assert widenings(site, site) == []


ENV, KEPT = "env-iam.yaml", "OwnPrincipalsOnOwnResources"


@pytest.mark.parametrize(
    ("mutant", "who", "action"),
    [
        (Mutant(ENV, "DataScientistRole/trust", "PeopleWithSecondFactor", "Bool", "aws:MultiFactorAuthPresent"),
         "role/admin@dev", "sts:AssumeRole"),
        (Mutant(ENV, "SageMakerExecutionRole/Execution", "BearMirrorToken", "StringEquals", "sts:AWSServiceName"),
         "sm-execution", "sts:GetServiceBearerToken"),
        (Mutant(ENV, "DataScientistRole/Persona", "UseKeys", "StringEquals", "kms:ViaService"),
         "data-scientist", "kms:Decrypt"),
        (Mutant("env-vpc.yaml", "VPCEndpointSTS", KEPT, "StringEquals", "aws:ResourceOrgID"),
         "role/admin@dev", "sts:AssumeRole"),
        (Mutant(ENV, "TrainerPolicy", "RegistersUnapproved"), "data-scientist", "sagemaker:CreateModelPackage"),
    ],
)  # fmt: skip
def test_what_a_removal_opens_is_told(site: Site, mutant: Mutant, who: str, action: str) -> None:
    found = widenings(site, without(site, mutant))
    assert action in {one.action for one in found if one.who.endswith(who)}
    assert widenings(without(site, mutant), site) == []


def test_a_role_that_is_new_is_told_with_what_it_may(site: Site) -> None:
    before = replace(site, roles=tuple(role for role in site.roles if role.short != "model-test@prod"))
    found = widenings(before, site)
    assert {one.action for one in found if one.who.endswith("model-test")} == {
        "sagemaker:DescribeEndpoint",
        "sagemaker:DescribeEndpointConfig",
        "sagemaker:DescribeModel",
        "sagemaker:InvokeEndpoint",
        "sagemaker:InvokeEndpointAsync",
        "sagemaker:InvokeEndpointWithResponseStream",
    }
    assert {one.before for one in found if one.who.endswith("model-test")} == {"denied: no identity policy allows it"}
