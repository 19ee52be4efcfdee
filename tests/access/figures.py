"""The figures of docs/security.md: `python -m tests.access.figures`."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

from generator.access import probes
from generator.access.evaluate import evaluate
from generator.access.names import Account
from generator.access.question import Question, case
from generator.access.site import Document, Role, Site
from mlz.config.configuration import Overlay, load
from mlz.config.settings import Settings
from mlz.declared import site as declared
from mlz.declared import world
from tests.access.mutants import expectations, mutants
from tests.access.templates import resolved

PERIMETER = [
    "CreateAutoMLJob",
    "CreateAutoMLJobV2",
    "CreateCluster",
    "CreateDataQualityJobDefinition",
    "CreateDomain",
    "CreateHyperParameterTuningJob",
    "CreateModel",
    "CreateModelBiasJobDefinition",
    "CreateModelExplainabilityJobDefinition",
    "CreateModelQualityJobDefinition",
    "CreateMonitoringSchedule",
    "CreateNotebookInstance",
    "CreateProcessingJob",
    "CreateTrainingJob",
    "UpdateDomain",
    "UpdateMonitoringSchedule",
]


def refuses_without_vpc(site: Site, role: Role) -> int:
    """How many of the listed actions a role cannot do without subnets, whatever its own policies say."""
    questions = [Question(role.arn, f"sagemaker:{name}", is_unbridled=True) for name in PERIMETER]
    asked = [case(site, question) for question in questions]
    return sum(evaluate(one.request, one.policies).outcome == "denied" for one in asked)


def trusts_services(role: Role) -> list[bool]:
    """For each statement that trusts services: whether it says for which account or resource."""
    found = [one for one in role.trust.body["Statement"] if "Service" in one.get("Principal", {})]
    return ["aws:Source" in json.dumps(one.get("Condition", {})) for one in found]


def sizes(site: Site) -> dict[str, int]:
    """Characters of the policies that targets are in."""
    held = {one.title: one.policy for one in site.guarded if one.title in ("ModelBucket", "S3BucketKMSKey")}
    return {title: _size(policy) for title, policy in held.items() if policy}


def _size(document: Document) -> int:
    return len(json.dumps(document.body, separators=(",", ":")))


def main() -> int:
    settings = load(Path("mlz.example.yaml"), Overlay("", "", "", ""), {})
    site = declared(settings)
    roles = site.roles
    people = [role for role in roles if role.boundary]
    refusing = [refuses_without_vpc(site, role) for role in people]
    trusts = [one for role in roles for one in trusts_services(role)]
    notebook = site.role("sm-execution@dev")
    allowed = [s for d in notebook.identity for s in d.body["Statement"] if s["Effect"] == "Allow"]
    named = {action for s in allowed for action in probes.listed(s["Action"])}
    print(f"roles: {len(roles)}, with a boundary: {len(people)}")
    print(f"without: {', '.join(role.short for role in roles if not role.boundary)}")
    print(f"of {len(PERIMETER)} actions refused without subnets, by role: {sorted(set(refusing))}")
    print(f"refusing all: {sum(one == len(PERIMETER) for one in refusing)} of {len(refusing)} bounded roles")
    print(f"trusts of services: {len(trusts)}, with source: {sum(trusts)}")
    print(f"notebook role: {len(named)} actions and patterns, {sum('*' in one for one in named)} patterns")
    print(f"expectations: {len(expectations())} cases; mutants: {len(mutants(site))}")
    print(f"sizes with units: {sizes(site)}")
    for number in (1, 100, 1000):
        print(f"sizes with {number} accounts below the units: {sizes(with_accounts(settings, number))}")
    for kind in (site.scps, site.rcps):
        print(f"guardrails: {', '.join(f'{one.name} {_size(one)}' for one in kind)} characters")
    return 0


def with_accounts(settings: Settings, number: int) -> Site:
    """The site with this many accounts below the unit of production."""
    declared_world = world(settings)
    (one,) = declared_world.targets["prod"]
    many = tuple(Account(f"prod{n}", f"{600000000000 + n}", one.path) for n in range(number))
    return resolved(settings, replace(declared_world, targets={**declared_world.targets, "prod": many}))


if __name__ == "__main__":
    sys.exit(main())
