"""Change sets inside accounts over HTTP: what they say, that none stays, and what is said where nobody may look."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from stacksets.actions import operation_digest
from stacksets.changeset import ResourceChange
from stacksets.clusters import Cluster, clusters
from stacksets.diagnosis import Door, Members
from stacksets.divergence import Divergence, check
from stacksets.preview import Look, Preview, Subject
from stacksets.spec import StackSetSpec
from tests.sandbox_orchestrator.fleet import ADMINISTRATION, EXECUTION, PACE, REGION, Fleet, template

TAGS = [{"Key": "fleet", "Value": "yes"}]
VALUE = ResourceChange(("Fact",), "AWS::SSM::Parameter", "Modify", "", ("Value",), widens_access=False)


def members(fleet: Fleet, door: Door | None = None) -> Members:
    return Members(fleet.cloud, f"arn:aws:iam::{fleet.built.dev}:role/{ADMINISTRATION}", EXECUTION, door)


def subjects(fleet: Fleet, specs: Sequence[StackSetSpec], before: str, after: str) -> list[Subject]:
    state = fleet.state(specs)
    return [
        Subject(
            definition=spec.definition,
            after=text(spec.layer, after),
            before=text(spec.layer, before),
            values=state.sets[spec.name].parameters,
            instances=state.sets[spec.name].instances,
        )
        for spec in specs
    ]


def text(layer: str, what: str) -> str:
    return json.dumps(template(layer, what), indent=1) + "\n"


def looked(fleet: Fleet, found: Sequence[Subject], door: Door | None = None) -> tuple[Look, ...]:
    inside = members(fleet, door)
    return Preview(members=lambda _: inside, overrides=fleet.service.overrides, pace=PACE)(found)


def change_sets(fleet: Fleet, account: str) -> list[str]:
    api = fleet.client("cloudformation", account)
    stacks = [stack["StackName"] for stack in api.describe_stacks()["Stacks"]]
    return [s["ChangeSetName"] for stack in stacks for s in api.list_change_sets(StackName=stack)["Summaries"]]


def test_accounts_with_the_same_changes_stand_together_and_nothing_stays(fleet: Fleet) -> None:
    fleet.converge()
    specs = fleet.specs("v2")
    found = clusters(looked(fleet, subjects(fleet, specs, "v1", "v2")))
    stages = fleet.resolution().stages
    assert found == tuple(Cluster(spec.name, stages[spec.stage].accounts, (VALUE,)) for spec in specs)
    assert [change_sets(fleet, account) for account in fleet.built.active("workloads")] == [[]] * 8
    fleet.converge("v2")
    assert [cluster.changes for cluster in clusters(looked(fleet, subjects(fleet, specs, "v2", "v2")))] == [()] * 4


def test_an_account_that_was_changed_by_hand_differs(fleet: Fleet) -> None:
    fleet.converge(layers=("roles",))
    account = fleet.built.accounts["workloads/prod"][0]
    by_hand(fleet, account, template("roles", "v2"))
    found = clusters(looked(fleet, subjects(fleet, fleet.specs("v2", ("roles",)), "v1", "v2")))
    others = tuple(one for one in fleet.resolution().stages["prod"].accounts if one != account)
    assert found[1:] == (Cluster("fleet-roles-prod", others, (VALUE,)), Cluster("fleet-roles-prod", (account,), ()))


def test_an_account_that_refuses_is_named_and_the_templates_speak_for_it(fleet: Fleet) -> None:
    fleet.converge(layers=("roles",))
    account = fleet.built.accounts["workloads/prod"][0]
    close(fleet, account)
    found = clusters(looked(fleet, subjects(fleet, fleet.specs("v2", ("roles",)), "v1", "v2")))
    reason = f"may not become {EXECUTION} there, neither directly nor as {ADMINISTRATION}"
    assert found[-1] == Cluster("fleet-roles-prod", (account,), (VALUE,), reason)


def test_the_organizations_access_role_is_another_way_in(fleet: Fleet) -> None:
    fleet.converge(layers=("roles",))
    account = fleet.built.accounts["workloads/prod"][0]
    close(fleet, account)
    door = Door(lambda: fleet.cloud_of(fleet.built.management), "OrganizationAccountAccessRole")
    found = looked(fleet, subjects(fleet, fleet.specs("v2", ("roles",)), "v1", "v2"), door)
    assert {look.refusal for look in found} == {""}


def test_a_change_set_of_a_run_that_was_cut_off_is_replaced(fleet: Fleet) -> None:
    fleet.converge(layers=("roles",))
    found = subjects(fleet, fleet.specs("v2", ("roles",)), "v1", "v2")
    instance = found[0].instances[0]
    name = leftover(fleet, found[0], instance.stack_id)
    assert change_sets(fleet, instance.account) == [name]
    assert {look.refusal for look in looked(fleet, found)} == {""}
    assert change_sets(fleet, instance.account) == []


def test_replacement_and_access_are_marked(fleet: Fleet) -> None:
    fleet.converge(layers=("roles",))
    after = template("elsewhere", "v1")
    after["Resources"]["Door"] = {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": {}}}
    spec = fleet.specs("v1", ("roles",))[0]
    held = fleet.state([spec]).sets[spec.name]
    subject = Subject(
        definition=with_a_role(spec.definition),
        after=json.dumps(after),
        before=text("roles", "v1"),
        values=held.parameters,
        instances=held.instances[:1],
    )
    (found,) = looked(fleet, [subject])
    marks = [(change.path, change.action, change.replacement, change.widens_access) for change in found.changes]
    assert sorted(marks) == [
        (("Door",), "Add", "", True),
        (("Fact",), "Modify", "always", False),
    ]


def test_hidden_divergence_is_found_where_status_and_drift_say_nothing(fleet: Fleet) -> None:
    fleet.converge(layers=("roles",))
    changed, gone, closed = fleet.built.accounts["workloads/prod"][:3]
    by_hand(fleet, changed, template("roles", "by hand"))
    delete_by_hand(fleet, gone)
    close(fleet, closed)
    state = fleet.state(fleet.specs(layers=("roles",)))
    assert {one.status for held in state.sets.values() for one in held.instances} == {"CURRENT"}
    inside = members(fleet)
    found = check(state, lambda _: inside)
    refused = f"may not become {EXECUTION} there, neither directly nor as {ADMINISTRATION}"
    assert (found.looked, found.held) == (8, 8)
    assert list(found.divergences) == sorted(
        [
            divergence(changed, "template", "its template is not the set's: somebody updated the stack by hand"),
            divergence(gone, "gone", "its stack was deleted by hand"),
            divergence(closed, "unseen", refused),
        ],
        key=lambda one: one.account,
    )
    assert check(state, lambda _: inside, most=1).looked == 2


def divergence(account: str, kind: str, reason: str) -> Divergence:
    return Divergence("fleet-roles-prod", account, REGION, kind, reason)


def member_stack(fleet: Fleet, account: str) -> str:
    specs = fleet.specs(layers=("roles",))
    held = fleet.state(specs).sets.values()
    return next(one.stack_id for one_set in held for one in one_set.instances if one.account == account)


def by_hand(fleet: Fleet, account: str, document: Mapping[str, Any]) -> None:
    api, stack = fleet.client("cloudformation", account), member_stack(fleet, account)
    kept = [{"ParameterKey": key, "UsePreviousValue": True} for key in document["Parameters"]]
    api.update_stack(
        StackName=stack, TemplateBody=json.dumps(document), Parameters=kept, Tags=[{"Key": "fleet", "Value": "yes"}]
    )
    api.get_waiter("stack_update_complete").wait(StackName=stack, WaiterConfig={"Delay": 1})


def delete_by_hand(fleet: Fleet, account: str) -> None:
    api, stack = fleet.client("cloudformation", account), member_stack(fleet, account)
    api.delete_stack(StackName=stack)
    api.get_waiter("stack_delete_complete").wait(StackName=stack, WaiterConfig={"Delay": 1})


def close(fleet: Fleet, account: str) -> None:
    iam = fleet.client("iam", account)
    iam.delete_role_policy(RoleName=EXECUTION, PolicyName="all")
    iam.delete_role(RoleName=EXECUTION)


def leftover(fleet: Fleet, subject: Subject, stack: str) -> str:
    name = f"mlz-preview-{operation_digest('preview', subject.definition)}"
    fleet.client("cloudformation", stack.split(":")[4]).create_change_set(
        StackName=stack,
        ChangeSetName=name,
        TemplateBody=subject.after,
        Parameters=[{"ParameterKey": "Stage", "ParameterValue": "other"}],
    )
    return name


def with_a_role(definition: Any) -> Any:
    return replace(definition, capabilities=("CAPABILITY_IAM",), template_sha256="new")
