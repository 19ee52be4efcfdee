"""Whether the Region has what the templates use: resource types and services behind endpoints, from dated data.

The types of each Region are CloudFormation's own resource schemas, the services are botocore's endpoints: both are data
files of libraries that are installed anyway, read without importing these. A Region whose list of types is a copy of
us-east-1's is one that the schemas know nothing of (isolated and European sovereign partitions).
"""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlz.checks.check import Check, Checks
from mlz.checks.data import data
from mlz.checks.wanted import Wanted
from mlz.terminal.wording import count, listed

COMPLETE = "us-east-1"
SHOWN = 4


@dataclass(frozen=True)
class Offer:
    """What a Region has; None where the data say nothing of it."""

    region: str
    dated: str
    types: frozenset[str] | None
    services: frozenset[str] | None


def offer(region: str) -> Offer:
    """Read from the installed libraries' data."""
    schemas = _folder("cfnlint") / "data" / "schemas"
    dated = str(json.loads((schemas / "version.json").read_text())["schema_date"])[:10]
    endpoints = json.loads((_folder("botocore") / "data" / "endpoints.json").read_text())
    return Offer(region, dated, _types(schemas / "providers", region), _services(endpoints, region))


def _folder(library: str) -> Path:
    found = importlib.util.find_spec(library)
    assert found is not None
    assert found.origin is not None
    return Path(found.origin).parent


def _types(folder: Path, region: str) -> frozenset[str] | None:
    if not (path := folder / f"{region}.json").is_file():
        return None
    types = frozenset(json.loads(path.read_text()))
    if region != COMPLETE and types == frozenset(json.loads((folder / f"{COMPLETE}.json").read_text())):
        return None
    return types


def _services(endpoints: Mapping[str, Any], region: str) -> frozenset[str] | None:
    for partition in endpoints["partitions"]:
        if region in partition["regions"]:
            services = partition["services"].items()
            return frozenset(name for name, service in services if region in service.get("endpoints", {}))
    return None


def regions(wanted: Wanted, offered: Offer) -> Checks:
    """Types that deploying makes, types that people launch later, services behind endpoints."""
    return (*_of_types(wanted, offered), *_of_endpoints(wanted, offered))


def _of_types(wanted: Wanted, offered: Offer) -> Checks:
    region, source = offered.region, f"CloudFormation's schemas of {offered.dated}"
    if offered.types is None:
        return (Check("types", "unknown", f"{source} do not cover {region}", "see: aws cloudformation list-types"),)
    later = {kind for kind in wanted.offered if not kind.startswith("Custom::")} - wanted.types
    if missing := sorted(wanted.types - offered.types):
        detail = f"{region} has no {listed(missing, SHOWN)} ({source})"
        return (
            Check("types", "failed", detail, "use another Region, or a newer cfn-lint if AWS has added them since"),
        )
    if missing := sorted(later - offered.types):
        detail = f"{region} has no {listed(missing, SHOWN)}, which templates for later use ({source})"
        return (Check("types", "warning", detail, "choose other options in them, such as RepositoryProvider"),)
    return (Check("types", "ok", f"{region} has all {count(len(wanted.types), 'type')} ({source})"),)


def _of_endpoints(wanted: Wanted, offered: Offer) -> Checks:
    if not wanted.endpoints:
        return ()
    if offered.services is None:
        return (Check("endpoints", "unknown", f"botocore does not list {offered.region}", "update boto3"),)
    names: dict[str, str] = data("endpoints")["services"]
    asked = {title: names[short] for title, one in wanted.endpoints.items() if (short := _short(one)) in names}
    if missing := {title: name for title, name in asked.items() if name not in offered.services}:
        services = ", ".join(sorted(set(missing.values())))
        detail = f"{offered.region} has no {services}, which endpoints are wanted for"
        return (Check("endpoints", "failed", detail, _switched_off(missing)),)
    return (Check("endpoints", "ok", f"{offered.region} has the services behind {len(wanted.endpoints)} endpoints"),)


def served(wanted: Wanted, services: frozenset[str]) -> Checks:
    """The same against what EC2 answers; `services` are full names, as `com.amazonaws.eu-west-1.kms`."""
    if missing := {title: name for title, name in wanted.endpoints.items() if name not in services}:
        detail = f"not offered in this Region: {listed(sorted(missing.values()), SHOWN)}"
        return (Check("endpoint services", "failed", detail, _switched_off(missing)),)
    return (Check("endpoint services", "ok", f"all {len(wanted.endpoints)} that are wanted are offered"),)


def _short(service: str) -> str:
    """`com.amazonaws.eu-west-1.ecr.api` → `ecr.api`."""
    return service.split(".", 3)[-1]


def _switched_off(missing: Mapping[str, str]) -> str:
    switches = [f"Create{title.removeprefix('VPCEndpoint')}VPCEndpoint: NO" for title in sorted(missing)]
    return f"env.parameters: {', '.join(switches)}; or use another Region"
