"""Each file beside this one declares what is wanted and what there is, and the whole plan or the exact error."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from generator.errors import ToolError
from generator.package.manifest import ParameterEntry, TemplateEntry
from stacksets.actions import Action, CreateSet, DeleteInstances, Plan, Step, UpdateSet, decode, encode
from stacksets.plan import Limits, destroy, make
from stacksets.spec import Definition, Preferences, StackSetSpec, targets_of
from stacksets.state import Instance, Operation, SetState, State
from stacksets.waves import Gate, Rollout, Wave

FOLDER = Path(__file__).parent
REGION = "eu-west-1"
STAGES, LAYERS = ("staging", "prod"), ("roles", "network")
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
    layer, stage = given["set"].split("-") if "-" in given["set"] else (given["set"], given["set"])
    digest = given.get("template", "v1").ljust(64, "0")
    definition = Definition(
        name=f"e-{given['set']}",
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
        stage_position=STAGES.index(stage) if stage in STAGES else 0,
        layer_position=LAYERS.index(layer) if layer in LAYERS else 0,
        targets=targets_of(map(account, given["accounts"]), given.get("regions", [REGION])),
        overrides={account(number): values for number, values in given.get("overrides", {}).items()},
        preferences=Preferences(),
        left=given.get("left", "remove"),
        family="" if stage in STAGES else stage,
        depends_on=tuple(f"e-{name}" for name in given.get("depends_on", ())),
        rollout=a_rollout(given.get("rollout", {})),
    )


def a_rollout(given: dict[str, Any]) -> Rollout:
    """`waves`: `canary: [1, 2]`, or `half: 50` for a share."""
    waves = tuple(
        Wave(name, percent=who) if isinstance(who, int) else Wave(name, frozenset(map(account, who)))
        for name, who in given.get("waves", {}).items()
    )
    return Rollout(waves, Gate(**given.get("gate", {})), given.get("budget_percent", 0))


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


def a_step(step: Step) -> str:
    """What it waits for, and the bake time of the gate before it."""
    gate = f" gate {step.health.bake:.0f} s" if step.health.bake else ""
    allowed = f" allowed {step.allowed}" if step.allowed else ""
    return f"{step.name} after {', '.join(step.after)}{gate}{allowed}"


def a_line(action: Action) -> str:
    names = " ".join(map(short, action.accounts))
    retained = " (retain)" if isinstance(action, DeleteInstances) and action.retain else ""
    only = " (only)" if isinstance(action, UpdateSet) and action.regions else ""
    changes = f" [{'; '.join(action.changes)}]" if isinstance(action, UpdateSet) else ""
    groups = getattr(action, "groups", ())
    own = [f"{short(g.accounts[0])}={','.join(g.overrides.values())}" for g in groups if g.overrides]
    regions = sorted({region for group in groups for region in group.regions} - {REGION})
    parts = [names, *own, *regions] if not isinstance(action, CreateSet) else []
    what = " ".join(part for part in (type(action).__name__ + retained + only, action.stack_set, *parts) if part)
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
    if "steps" in case:
        assert [a_step(step) for step in plan.steps] == case["steps"]
    if "pause_after" in case:
        assert shown(plan.until(case["pause_after"])) == case["paused"]
    assert decode(encode(plan), "saved") == plan


def planned(case: dict[str, Any]) -> Plan:
    specs = [a_spec(given) for given in case["wanted"]]
    state = State({f"e-{name}": a_set(name, given or {}) for name, given in (case.get("state") or {}).items()})
    standing = {account(number): value for number, value in case.get("standing", {}).items()}
    if case.get("destroy"):
        return destroy(specs, state, standing)
    return make(specs, state, standing, Limits(**case.get("limits", {})), case.get("insists", False))
