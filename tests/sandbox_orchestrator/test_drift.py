"""Drift on request over HTTP: an operation a set, then the resources of the accounts that drifted."""

from __future__ import annotations

from sandbox.faults import Fault
from stacksets.drift import Drift, Drifted, detect
from tests.sandbox_orchestrator.fleet import EXECUTION, PACE, REGION, Fleet


def detected(fleet: Fleet) -> tuple[Drift, ...]:
    state = fleet.state(fleet.specs(layers=("roles",)))
    counts = {name: len(held.instances) for name, held in state.sets.items()}
    return detect(fleet.cloud, fleet.service, counts, PACE)


def test_what_drifted_is_named_and_what_cannot_be_told_too(fleet: Fleet) -> None:
    fleet.converge(layers=("roles",))
    stages = {name: stage.accounts for name, stage in fleet.resolution().stages.items()}
    drifted, closed = stages["prod"][:2]
    fleet.sandbox.faults.order(Fault("failing_account", account=drifted, action="drift", reason="Value"))
    iam = fleet.client("iam", closed)
    iam.delete_role_policy(RoleName=EXECUTION, PolicyName="all")
    iam.delete_role(RoleName=EXECUTION)
    resources = ("Fact (AWS::SSM::Parameter) MODIFIED: Value",)
    assert detected(fleet) == (
        Drift("fleet-roles-prod", 4, (Drifted(drifted, REGION, resources),), (closed,)),
        Drift("fleet-roles-staging", len(stages["staging"]), (), ()),
    )
    fleet.sandbox.faults.clear()
    assert detected(fleet)[0].drifted == ()


def test_where_nothing_is_deployed_nothing_is_asked(fleet: Fleet) -> None:
    assert detected(fleet) == ()
    assert "cloudformation:DetectStackSetDrift" not in fleet.calls()
