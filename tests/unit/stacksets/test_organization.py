"""Which accounts a stage has: nested units, all pages, states, names, and what it costs."""

from __future__ import annotations

from dataclasses import replace

import pytest

from generator.errors import ToolError
from stacksets.organization import Membership, Resolution, Scope, Skipped, resolve, standing
from tests.unit.stacksets.organizations import Organization, Unit
from tests.unit.stacksets.world import fleet

STAGING, EUROPE, PROD = fleet(25, 100), fleet(30, 200), fleet(3, 300)
TREE = Organization(
    units=(
        Unit(
            "Workloads",
            units=(
                Unit("Staging", (*STAGING, "000000000190 SUSPENDED"), (Unit("Europe", EUROPE),)),
                Unit("Prod", (*PROD, "000000000390 CLOSED", "000000000391 PENDING_CLOSURE")),
                Unit("Empty"),
            ),
        ),
        Unit("Security", fleet(4, 900)),
    ),
    accounts=("000000000001",),
)
PATH = "o-abcdefghij/r-abcd/ou-abcd-workloads/"


def tree(**changes: object) -> Organization:
    fresh = replace(TREE, **changes)  # type: ignore[arg-type]
    fresh.calls.clear()
    return fresh


@pytest.mark.parametrize("fills_paths", [True, False])
@pytest.mark.parametrize(
    "staging", ["ou-abcd-staging", "Workloads/Staging", "Root/Workloads/Staging", "/Workloads/Staging/"]
)
def test_nested_units_all_pages_and_states(fills_paths: bool, staging: str) -> None:
    found = resolve(tree(fills_paths=fills_paths), {"staging": Scope((staging,)), "prod": Scope(("ou-abcd-prod",))})
    assert found.stages == {
        "staging": Membership(
            (*STAGING, *EUROPE),
            (Skipped("000000000190", "the account is SUSPENDED"),),
            (f"{PATH}ou-abcd-staging/",),
        ),
        "prod": Membership(
            PROD,
            (
                Skipped("000000000390", "the account is CLOSED"),
                Skipped("000000000391", "the account is PENDING_CLOSURE"),
            ),
            (f"{PATH}ou-abcd-prod/",),
        ),
    }
    assert found.organization == "o-abcdefghij"


def test_status_counts_where_state_is_not_filled() -> None:
    found = resolve(tree(fills_state=False), {"prod": Scope(("ou-abcd-prod",))})
    assert found.stages["prod"].skipped == (
        Skipped("000000000390", "the account is SUSPENDED"),
        Skipped("000000000391", "the account is PENDING_CLOSURE"),
    )


def test_the_root_is_everything() -> None:
    found = resolve(tree(), {"all": Scope(("r-abcd",))})
    assert found.stages["all"].accounts == ("000000000001", *STAGING, *EUROPE, *PROD, *fleet(4, 900))
    assert found.stages["all"].paths == ("o-abcdefghij/r-abcd/",)


def test_exclusions_extra_accounts_and_duplicates() -> None:
    scope = Scope(("ou-abcd-prod", "ou-abcd-prod"), ("000000000777", PROD[0]), frozenset({PROD[1]}))
    found = resolve(tree(), {"prod": scope}).stages["prod"]
    assert found.accounts == (PROD[0], PROD[2], "000000000777")
    assert Skipped(PROD[1], "excluded in the settings") in found.skipped


def test_account_lists_need_no_organization() -> None:
    assert resolve(None, {"prod": Scope(accounts=PROD)}) == Resolution({"prod": Membership(PROD)})


def test_one_list_where_paths_are_filled() -> None:
    world = tree()
    resolve(world, {"staging": Scope(("ou-abcd-staging",)), "prod": Scope(("ou-abcd-prod",))})
    assert world.calls == {"list_accounts": 4}


def test_a_walk_where_they_are_not() -> None:
    world = tree(fills_paths=False)
    resolve(world, {"prod": Scope(("ou-abcd-prod",))})
    assert world.calls == {
        "list_accounts": 1,
        "describe_organizational_unit": 1,
        "list_parents": 2,
        "list_accounts_for_parent": 1,
        "list_organizational_units_for_parent": 1,
    }


@pytest.mark.parametrize(("expected", "listed"), [(10_000, 500), (0, 4)])
def test_an_organization_that_is_all_in_scope_is_listed_and_a_larger_one_is_walked(expected: int, listed: int) -> None:
    many = Organization(units=(Unit("Prod", fleet(10_000)),))
    found = resolve(many, {"prod": Scope(("ou-abcd-prod",))}, expected=expected)
    assert found.stages["prod"].accounts == fleet(10_000)
    assert many.calls["list_accounts"] == listed
    assert many.calls["list_accounts_for_parent"] == (0 if expected else 500)


@pytest.mark.parametrize("fills_paths", [True, False])
@pytest.mark.parametrize(
    ("scope", "message", "hint"),
    [
        (
            Scope(("ou-abcd-nowhere",)),
            "organizational unit ou-abcd-nowhere: there is no such unit. (OrganizationalUnitNotFoundException)",
            "list them: aws organizations list-organizational-units-for-parent",
        ),
        (
            Scope(("Workloads/Stagng",)),
            "organizational unit Workloads/Stagng: there is no Stagng",
            "units at this level: Empty, Prod, Staging",
        ),
        (Scope(("r-zzzz",)), "organizational unit r-zzzz: there is no such root", "the root is r-abcd"),
        (
            Scope(("ou-abcd-empty",)),
            "organizational unit ou-abcd-empty: it has no accounts",
            "move accounts into it, or take it out of the settings; if it is meant to be empty: --allow-empty",
        ),
        (
            Scope(("ou-abcd-prod",), excluded=frozenset(PROD)),
            "stage: no active account is left of 5",
            "check the units, the exclusions and the accounts' states; if it is meant to be empty: --allow-empty",
        ),
        (
            Scope(accounts=("12345",)),
            "stage: '12345' is not an account id",
            "an account id has twelve digits; quote it",
        ),
    ],
)
def test_what_is_refused(scope: Scope, message: str, hint: str, fills_paths: bool) -> None:
    with pytest.raises(ToolError) as caught:
        resolve(tree(fills_paths=fills_paths), {"stage": scope})
    assert (caught.value.message, caught.value.hint) == (message, hint)


def test_an_empty_unit_is_allowed_on_request() -> None:
    found = resolve(tree(), {"stage": Scope(("ou-abcd-empty",))}, allow_empty=True)
    assert found.stages["stage"] == Membership((), (), (f"{PATH}ou-abcd-empty/",))


def test_an_account_in_two_stages() -> None:
    with pytest.raises(ToolError) as caught:
        resolve(tree(), {"staging": Scope(("Workloads",)), "prod": Scope(("ou-abcd-prod",))})
    assert caught.value.message == f"account {PROD[0]}: it is in staging and in prod"


def test_no_permission() -> None:
    with pytest.raises(ToolError) as caught:
        resolve(tree(denied=frozenset({"list_accounts"})), {"prod": Scope(("ou-abcd-prod",))})
    assert (caught.value.message, caught.value.hint) == (
        "organization: You don't have permissions to access this resource. (AccessDeniedException)",
        "let mlz bootstrap make this account a delegated administrator, or list account ids",
    )


@pytest.mark.parametrize(("fills_paths", "calls"), [(True, 0), (False, 2)])
def test_the_standing_of_accounts_that_left(fills_paths: bool, calls: int) -> None:
    world = tree(fills_paths=fills_paths)
    resolution = resolve(world, {"prod": Scope(("ou-abcd-prod",))})
    asked = ("000000000390", "000000000900", "000000009999")
    assert standing(world, asked, resolution) == {
        "000000000390": "CLOSED",
        "000000000900": "ACTIVE",
        "000000009999": "ABSENT",
    }
    assert world.calls["describe_account"] == calls


def test_tags_narrow_units_down_and_a_selection_may_overlap() -> None:
    tagged = tree(tags={PROD[0]: {"team": "ml"}, STAGING[0]: {"team": "ml"}, PROD[1]: {"team": "web"}})
    found = resolve(
        tagged,
        {
            "prod": Scope(("Workloads/Prod",)),
            "own": Scope(("Workloads/Prod",), tags={"team": "ml"}, family="own"),
            "early": Scope(tags={"team": "ml"}, is_selection=True),
            "none": Scope(tags={"team": "none"}, is_selection=True),
        },
    )
    assert {name: stage.accounts for name, stage in found.stages.items()} == {
        "prod": PROD,
        "own": PROD[:1],
        "early": (STAGING[0], PROD[0]),
        "none": (),
    }


def test_tags_that_nobody_has_are_refused() -> None:
    with pytest.raises(ToolError) as caught:
        resolve(tree(), {"own": Scope(("Workloads/Prod",), tags={"team": "ml"})})
    assert str(caught.value) == (
        "own: no account has the tags team=ml\n"
        "hint: tags of accounts in the organization are meant; if it is meant to be empty: --allow-empty"
    )
