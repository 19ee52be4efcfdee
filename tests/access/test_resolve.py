"""Templates become the policies that they are when deployed together."""

from __future__ import annotations

from dataclasses import replace

import pytest

from generator.access.names import World
from generator.access.site import Site
from generator.errors import ToolError
from mlz.config.configuration import Overlay, load
from mlz.declared import site as declared
from mlz.declared import world
from tests.access.conftest import ROOT

STACK_SET_ADMINISTRATION = "arn:aws:iam::222222222222:role/sm-mlops-dev-eu-west-1-stackset-admin"


def test_the_stack_sets_of_env_main_reach_the_accounts_of_the_units(site: Site) -> None:
    roles = {role.short for role in site.roles if role.account != "222222222222"}
    assert roles == {
        f"{name}@{stage}"
        for stage in ("staging", "prod")
        for name in (
            "sm-mlops-dev-setup-stackset",
            "model-batch",
            "model-execution",
            "model-test",
            "stackset-execution",
            "vpc-flow-logs",
        )
    }


def test_a_role_has_its_policies_and_its_boundary(site: Site) -> None:
    role = site.role("sm-execution@dev")
    assert [one.name for one in role.identity] == [
        "SageMakerExecutionRole/Execution",
        "SageMakerJobPolicy",
        "TrainerPolicy",
    ]
    assert role.boundary is not None
    assert (role.boundary.template, role.boundary.name) == ("env-iam.yaml", "PermissionsBoundary")


def test_a_trust_of_another_account_names_the_role_that_the_parent_made(site: Site) -> None:
    (statement,) = site.role("stackset-execution@prod").trust.body["Statement"]
    assert statement["Principal"] == {"AWS": "arn:aws:iam::222222222222:root"}
    assert statement["Condition"] == {"ArnEquals": {"aws:PrincipalArn": STACK_SET_ADMINISTRATION}}


def test_every_role_and_policy_holds_no_function_any_more(site: Site) -> None:
    left = [
        document.name for document in site.documents() if "Fn::" in str(document.body) or "'Ref'" in str(document.body)
    ]
    assert left == []


def test_units_become_paths_and_accounts_become_principals() -> None:
    settings = load(ROOT / "mlz.example.yaml", Overlay("", "", "", ""), {})
    units = _model_policy(declared(settings))
    assert units["Condition"]["ForAnyValue:StringLike"]["aws:PrincipalOrgPaths"] == [
        "o-exampleorg1/*/ou-ab12-stagingx/*",
        "o-exampleorg1/*/ou-ab12-prodxxxx/*",
    ]
    staging, prod = settings.targets.stages
    listed = replace_targets(settings, ("121212121212",), ("131313131313",))
    assert _model_policy(declared(listed))["Principal"] == {"AWS": ["121212121212", "131313131313"]}
    assert staging.name != prod.name


def replace_targets(settings, staging, prod):  # type: ignore[no-untyped-def]
    from msgspec.structs import replace as changed

    from mlz.config.settings import Stage, Targets

    targets = Targets(Stage(name="staging", accounts=staging), Stage(name="prod", accounts=prod))
    return changed(settings, targets=targets)


def _model_policy(site: Site) -> dict:  # type: ignore[type-arg]
    (bucket,) = (one for one in site.guarded if one.title == "ModelBucket")
    assert bucket.policy is not None
    (found,) = (one for one in bucket.policy.body["Statement"] if one["Sid"].startswith("Target"))
    return dict(found)


def test_without_targets_everything_is_in_one_account() -> None:
    settings = load(ROOT / "mlz.example.yaml", Overlay("", "", "", ""), {})
    alone = declared(replace_targets(settings, (), ()))
    assert {role.account for role in alone.roles} == {"222222222222"}
    assert alone.scps == ()


def test_who_and_what_is_not_there_is_told(site: Site) -> None:
    with pytest.raises(ToolError) as raised:
        site.role("nobody@dev")
    assert raised.value.message == "nobody@dev: no such role"
    with pytest.raises(ToolError) as raised:
        World().account("elsewhere")
    assert raised.value.hint == "there are: management, dev, staging, prod, sibling, stranger"


def test_a_parameter_that_the_template_does_not_have_is_told() -> None:
    settings = load(ROOT / "mlz.example.yaml", Overlay("", "", "", ""), {})
    wrong = replace(world(settings), parameters={"env-main.yaml": {"NoSuchThing": "1"}})
    from generator.access.resolve import Deployment

    with pytest.raises(ToolError) as raised:
        Deployment(wrong, {"env-main.yaml": {"Parameters": {}, "Resources": {}}}, {})._open(
            "env-main.yaml", wrong.dev, {}
        )
    assert raised.value.message == "env-main.yaml: there is no parameter NoSuchThing"
