"""Accounts and Regions of a StackSets call as (account, Region) pairs."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Mapping
from typing import Any

import botocore.session

from sandbox.api.errors import validation_error
from sandbox.stacksets.model import StackSet, Target
from sandbox.stacksets.service import known_instances


def product(params: Mapping[str, Any], *, optional: bool = False) -> tuple[Target, ...]:
    """Accounts times Regions, Region by Region; empty only where both may be left out."""
    accounts, regions = _accounts(params), list(dict.fromkeys(params.get("Regions", ())))
    if optional and not accounts and not regions:
        return ()
    if not accounts or not regions:
        raise validation_error("You must specify at least one account and at least one region")
    unknown = [region for region in regions if region not in _regions()]
    if unknown:
        raise validation_error(f"Region {unknown[0]} is not supported")
    return tuple((account, region) for region, account in itertools.product(regions, accounts))


def _accounts(params: Mapping[str, Any]) -> list[str]:
    targets = params.get("DeploymentTargets") or {}
    if targets.get("OrganizationalUnitIds"):
        raise validation_error("OrganizationalUnitIds cannot be used by stack sets with SELF_MANAGED permissions")
    if targets and params.get("Accounts"):
        raise validation_error("Accounts and DeploymentTargets cannot both be specified")
    return list(dict.fromkeys(params.get("Accounts") or targets.get("Accounts") or ()))


def existing(stack_set: StackSet, chosen: tuple[Target, ...]) -> tuple[Target, ...]:
    """What an update of the set touches: the chosen instances, or all but the inoperable ones."""
    if chosen:
        known_instances(stack_set, chosen)
        return chosen
    return tuple(target for target, instance in list(stack_set.instances.items()) if instance.status != "INOPERABLE")


@functools.cache
def _regions() -> frozenset[str]:
    """The Regions of CloudFormation in botocore's endpoint data, all partitions."""
    session = botocore.session.get_session()
    partitions = session.get_available_partitions()
    return frozenset(
        itertools.chain.from_iterable(session.get_available_regions("cloudformation", name) for name in partitions)
    )
