"""How far a role of a template reaches, its patterns expanded: `python -m tests.access.reach TEMPLATE ROLE`.

Works on any CloudFormation template whose role has inline policies, managed policies of the same template, or AWS's.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from generator.access import probes
from generator.access.intrinsics import read_template

READS = ("describe", "get", "list", "search", "batchdescribe", "batchget", "query", "lookup")


@cache
def known() -> tuple[str, ...]:
    """Every action of AWS's service authorization data, as cfn-lint ships it, in lower case."""
    spec = find_spec("cfnlint")
    assert spec is not None and spec.origin is not None
    path = Path(spec.origin).parent / "data" / "AdditionalSpecs" / "Policies.json"
    services = json.loads(path.read_text())
    return tuple(f"{service}:{name}" for service, data in services.items() for name in data["Actions"])


def aws_managed(arn: str) -> dict[str, Any]:
    """The document of a policy of AWS's own, as moto ships it."""
    from moto.iam.aws_managed_policies import aws_managed_policies_data

    policy = json.loads(aws_managed_policies_data)[arn.rsplit("/", 1)[1]]
    return dict(policy["Document"])


def documents(template: Mapping[str, Any], role: str) -> Iterator[Mapping[str, Any]]:
    """The identity policies of a role, and its boundary's are not among them."""
    resources = template["Resources"]
    properties = resources[role]["Properties"]
    yield from (one["PolicyDocument"] for one in properties.get("Policies", []))
    for managed in properties.get("ManagedPolicyArns", []):
        match managed:
            case {"Ref": title}:
                yield resources[title]["Properties"]["PolicyDocument"]
            case str() if ":aws:policy/" in managed:
                yield aws_managed(managed)
            case _:
                raise SystemExit(f"{role}: {managed}: not a policy of this template or of AWS")


def reach(policies: Iterator[Mapping[str, Any]]) -> frozenset[str]:
    """The actions that some statement allows; those that a Deny takes away everywhere and always are not counted."""
    statements = [one for policy in policies for one in probes.listed(policy["Statement"])]
    allowed = [one for one in statements if one["Effect"] == "Allow"]
    never = [one for one in statements if one["Effect"] == "Deny" and "Condition" not in one and _everywhere(one)]
    return frozenset(
        action
        for action in known()
        if any(_covers(one, action) for one in allowed) and not any(_covers(one, action) for one in never)
    )


def _everywhere(statement: Mapping[str, Any]) -> bool:
    return probes.listed(statement.get("Resource")) == ["*"]


def _covers(statement: Mapping[str, Any], action: str) -> bool:
    patterns = probes.listed(statement.get("Action") or statement.get("NotAction"))
    return any(fnmatchcase(action, one.lower()) for one in patterns) == ("Action" in statement)


def main(path: str, role: str) -> int:
    found = reach(documents(read_template(Path(path)), role))
    services = {one.split(":")[0] for one in found}
    changing = sum(not one.split(":")[1].startswith(READS) for one in found)
    print(f"{role}: {len(found)} actions of {len(services)} services; {changing} do more than read")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
