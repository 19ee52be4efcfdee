"""Service quotas: what an account may have and has, against what deploying would add. Pure."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import msgspec

from mlz.checks.check import Check, Checks
from mlz.checks.data import data

# A quota that deploying fills to more than this share is a warning.
TIGHT = 0.9


@dataclass(frozen=True)
class Quota:
    """One quota; quotas.toml says what its parts mean."""

    name: str
    service: str
    counts: str
    where: Literal["development", "target"]
    code: str = ""
    inside: bool = False


@dataclass(frozen=True)
class Reading:
    """Of one quota in one account: `limit` and `used` are None where nobody answered, `reason` says why."""

    limit: int | None
    used: int | None
    reason: str = ""


def catalogue() -> tuple[Quota, ...]:
    """All quotas of quotas.toml."""
    return msgspec.convert(data("quotas")["quota"], tuple[Quota, ...])


def judged(quota: Quota, reading: Reading, adds: int, account: str = "") -> Check:
    """`adds` is how many deploying makes; `account` is named where it is not the development account."""
    what, place = f"quota: {quota.name}", f" in {account}" if account else ""
    if not adds:
        used = "" if reading.used is None or quota.inside else f"{reading.used} in use{place}, "
        return Check(what, "ok", f"{used}nothing to add")
    if reading.limit is None or reading.used is None:
        return _unread(quota, reading, adds, what, place)
    total = reading.used + adds
    detail = f"{reading.used} of {reading.limit} in use{place}, {adds} to add"
    if quota.inside:
        detail = f"{adds} of {reading.limit} needed{place}"
    if total > reading.limit:
        return Check(what, "failed", detail, _raise(quota, total))
    if total > TIGHT * reading.limit:
        return Check(what, "warning", f"{detail}: hardly any is left", _raise(quota, math.ceil(total * 1.25)))
    return Check(what, "ok", detail)


def _unread(quota: Quota, reading: Reading, adds: int, what: str, place: str) -> Check:
    if reading.limit is not None and adds > reading.limit:
        return Check(what, "failed", f"{adds} to add{place}, {reading.limit} are allowed", _raise(quota, adds))
    known = f"{reading.limit} are allowed, " if reading.limit is not None else ""
    known += f"{reading.used} in use, " if reading.used is not None and not quota.inside else ""
    adding = "needed" if quota.inside else "to add"
    return Check(what, "unknown", f"{known}{adds} {adding}{place}; {reading.reason}")


def _raise(quota: Quota, value: int) -> str:
    if not quota.code:
        return f"have it raised to {value} in the Service Quotas console ({quota.service})"
    words = f"--service-code {quota.service} --quota-code {quota.code} --desired-value {value}"
    return f"aws service-quotas request-service-quota-increase {words}"


def added(resources: Counter[str], more: Mapping[str, int], zones: int) -> Counter[str]:
    """What deploying adds, by what quotas count; `resources` are those of the stacks that are not there yet.

    NAT gateways stand one a zone, so that each zone gets its share; a stack that is made counts beside its nested ones.
    """
    gateways = "AWS::EC2::NatGateway"
    return Counter({**resources, **more, gateways: math.ceil(resources[gateways] / max(zones, 1))})


def judged_all(quotas: Mapping[Quota, Reading], adds: Counter[str], account: str = "") -> Checks:
    return tuple(judged(quota, reading, adds[quota.counts], account) for quota, reading in quotas.items())


def sampled(found: Mapping[str, Checks], of: int) -> Checks:
    """One finding over several accounts: all that is wrong, or how many are well."""
    bad = [check for checks in found.values() for check in checks if check.state in ("failed", "warning")]
    if bad:
        return tuple(bad)
    unknown = sorted({check.what for checks in found.values() for check in checks if check.state == "unknown"})
    looked = f"{len(found)} of {of} target accounts looked at"
    if unknown:
        return (Check("quotas of targets", "unknown", f"{looked}; not answered: {', '.join(unknown)}"),)
    return (Check("quotas of targets", "ok", f"enough in each; {looked}"),)
