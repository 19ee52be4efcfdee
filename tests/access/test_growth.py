"""Policies that target accounts are in stay as they are, however many accounts an organizational unit has (B021)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from generator.access.site import Site
from mlz.config.settings import Settings
from tests.access.figures import with_accounts


@pytest.fixture(scope="module")
def crowded(settings: Settings) -> Site:
    return with_accounts(settings, 100)


def policy(site: Site, title: str) -> Mapping[str, Any]:
    (found,) = (one.policy for one in site.guarded if one.title == title and one.policy)
    return found.body


@pytest.mark.parametrize(("title", "quota"), [("ModelBucket", 20_480), ("S3BucketKMSKey", 32_768)])
def test_a_policy_does_not_grow_with_the_accounts_of_a_unit(site: Site, crowded: Site, title: str, quota: int) -> None:
    assert len({role.account for role in crowded.roles if role.template == "env-iam-target-account-roles.yaml"}) > 100
    assert policy(crowded, title) == policy(site, title)
    assert len(json.dumps(policy(site, title))) < quota / 5
