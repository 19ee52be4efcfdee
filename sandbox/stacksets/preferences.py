"""OperationPreferences: how many accounts run at once and how many may fail, per Region."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.api.errors import validation_error
from sandbox.stacksets.model import Preferences


@dataclass(frozen=True)
class Limits:
    """For one Region: `tolerance` failures are borne; `strict` lets concurrency shrink with the failures."""

    concurrency: int
    tolerance: int
    strict: bool

    def slots(self, failures: int) -> int:
        """How many may run now; 0 when the tolerance is exceeded."""
        if failures > self.tolerance:
            return 0
        return min(self.concurrency, self.tolerance + 1 - failures) if self.strict else self.concurrency


def read_preferences(given: Mapping[str, Any] | None) -> Preferences:
    """ValidationError for a count together with its percentage, or a Region named twice."""
    given = given or {}
    for quantity in ("FailureTolerance", "MaxConcurrent"):
        if f"{quantity}Count" in given and f"{quantity}Percentage" in given:
            raise validation_error(f"You can specify either {quantity}Count or {quantity}Percentage, but not both")
    order = tuple(given.get("RegionOrder", ()))
    if len(set(order)) != len(order):
        raise validation_error("RegionOrder must not contain duplicates")
    return Preferences(
        region_order=order,
        parallel_regions=given.get("RegionConcurrencyType") == "PARALLEL",
        failure_tolerance_count=given.get("FailureToleranceCount"),
        failure_tolerance_percentage=given.get("FailureTolerancePercentage"),
        max_concurrent_count=given.get("MaxConcurrentCount"),
        max_concurrent_percentage=given.get("MaxConcurrentPercentage"),
        concurrency_mode=given.get("ConcurrencyMode"),
    )


def shown(preferences: Preferences) -> dict[str, Any]:
    """The preferences as DescribeStackSetOperation answers them."""
    return {
        "RegionConcurrencyType": "PARALLEL" if preferences.parallel_regions else None,
        "RegionOrder": list(preferences.region_order),
        "FailureToleranceCount": preferences.failure_tolerance_count,
        "FailureTolerancePercentage": preferences.failure_tolerance_percentage,
        "MaxConcurrentCount": preferences.max_concurrent_count,
        "MaxConcurrentPercentage": preferences.max_concurrent_percentage,
        "ConcurrencyMode": preferences.concurrency_mode,
    }


def limits(preferences: Preferences, accounts: int) -> Limits:
    """Percentages of the accounts in the Region round down, concurrency to at least one; defaults are 1 and 0."""
    tolerance = preferences.failure_tolerance_count
    if tolerance is None:
        tolerance = accounts * (preferences.failure_tolerance_percentage or 0) // 100
    concurrency = preferences.max_concurrent_count
    if concurrency is None:
        concurrency = accounts * (preferences.max_concurrent_percentage or 0) // 100
    strict = preferences.concurrency_mode != "SOFT_FAILURE_TOLERANCE"
    return Limits(max(1, concurrency), tolerance, strict)


def regions_in_order(preferences: Preferences, regions: list[str]) -> list[str]:
    """The operation's Regions by RegionOrder; those that it does not name come last."""
    named = [region for region in preferences.region_order if region in regions]
    return named + [region for region in regions if region not in named]
