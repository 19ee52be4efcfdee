"""Each file beside this one declares what is wanted and what there is, and the whole plan or the exact error."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from generator.errors import ToolError
from generator.package.manifest import ParameterEntry, TemplateEntry
from stacksets.actions import Action, CreateSet, DeleteInstances, Plan, UpdateSet, decode, encode
from stacksets.plan import Limits, destroy, make
from stacksets.spec import Definition, Preferences, StackSetSpec, targets_of
from stacksets.state import Instance, Operation, SetState, State

FOLDER = Path(__file__).parent
REGION = "eu-west-1"
PARAMETERS = {
    "Kind": ParameterEntry("String", "plain"),
    "Owner": ParameterEntry("String"),
    "Secret": ParameterEntry("String", "", no_echo=True),
    "VPCCIDR": ParameterEntry("String", "10.0.0.0/16"),
}


def account(number: object) -> str:
    return f"{int(str(number)):012d}"


def short(number: str) -> str:
    return number.lstrip("0")


def a_spec(given: dict[str, Any]) -> StackSetSpec:
    layer, stage = given["set"].split("-")
    digest = given.get("template", "v1").ljust(64, "0")
    definition = Definition(
        name=f"e-{layer}-{stage}",
        template_url=f"https://bucket/{given.get('template', 'v1')}.yaml",
        template_sha256=digest,
        parameters={"Owner": "me", **given.get("parameters", {})},
        tags=given.get("tags", {}),
        administration_role_arn=given.get("administration_role", ""),
        execution_role_name=given.get("execution_role", ""),
    )
    if given.get("without_owner"):
        definition.parameters.pop("Owner")
    return StackSetSpec(
        definition=definition,
        template=TemplateEntry(f"{layer}.yaml", digest, 1, "", "", PARAMETERS),
        layer=layer,
        stage=stage,
        stage_position=("staging", "prod").index(stage),
        layer_position=("roles", "network").index(layer),
        targets=targets_of(map(account, given["accounts"]), given.get("regions", [REGION])),
        overrides={account(number): values for number, values in given.get("overrides", {}).items()},
        preferences=Preferences(),
        retain=given.get("retain", False),
    )


def a_set(name: str, given: dict[str, Any]) -> SetState:
    return SetState(
        name=f"e-{name}",
        template=(given.get("template", "v1").ljust(64, "0"),),
        parameters={"Owner": "me", **given.get("parameters", {})},
        tags=given.get("tags", {}),
        administration_role_arn=given.get("administration_role", ""),
        execution_role_name=given.get("execution_role", ""),
        is_managed_execution=given.get("managed_execution", True),
        instances=tuple(an_instance(entry) for entry in given.get("instances", [])),
        overrides={account(number): values for number, values in given.get("overrides", {}).items()},
        operations=tuple(Operation(running, "UPDATE", "RUNNING") for running in given.get("operations", [])),
    )


def an_instance(entry: object) -> Instance:
    """`1`, or `1 us-east-1 OUTDATED FAILED`."""
    number, *rest = str(entry).split()
    region, status, detailed = (*rest, *(REGION, "CURRENT", "SUCCEEDED")[len(rest) :])
    return Instance(account(number), region, status, detailed)


def shown(plan: Plan) -> list[str]:
    return [
        f"{step.name}{'' if step.is_gate else '*'}: {line}" for step in plan.steps for line in map(a_line, step.actions)
    ]


def a_line(action: Action) -> str:
    names = " ".join(map(short, action.accounts))
    retained = " (retain)" if isinstance(action, DeleteInstances) and action.retain else ""
    changes = f" [{'; '.join(action.changes)}]" if isinstance(action, UpdateSet) else ""
    groups = getattr(action, "groups", ())
    own = [f"{short(g.accounts[0])}={','.join(g.overrides.values())}" for g in groups if g.overrides]
    regions = sorted({region for group in groups for region in group.regions} - {REGION})
    parts = [names, *own, *regions] if not isinstance(action, CreateSet) else []
    what = " ".join(part for part in (type(action).__name__ + retained, action.stack_set, *parts) if part)
    return f"{what}: {action.reason}{changes}"


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.yaml")), ids=lambda path: path.stem)
def test_plan(path: Path) -> None:
    """B016: accounts that join, move and leave; B018: what left loses its stacks; B071: staging before prod."""
    case = yaml.safe_load(path.read_text())
    if "error" in case:
        with pytest.raises(ToolError) as caught:
            planned(case)
        assert str(caught.value) == case["error"].strip()
        return
    plan = planned(case)
    assert shown(plan) == case.get("plan", [])
    assert [f"{u.stack_set} {' '.join(map(short, u.accounts))}: {u.reason}" for u in plan.unchanged] == case.get(
        "unchanged", []
    )
    assert decode(encode(plan), "saved") == plan


def planned(case: dict[str, Any]) -> Plan:
    specs = [a_spec(given) for given in case["wanted"]]
    state = State({f"e-{name}": a_set(name, given or {}) for name, given in (case.get("state") or {}).items()})
    standing = {account(number): value for number, value in case.get("standing", {}).items()}
    if case.get("destroy"):
        return destroy(specs, state, standing)
    return make(specs, state, standing, Limits(**case.get("limits", {})), case.get("insists", False))
