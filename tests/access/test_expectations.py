"""The product's own expectations hold, name what they must, and notice what is taken out of a policy."""

from __future__ import annotations

from pathlib import Path

import pytest

from generator.access import expectations
from generator.access.site import Site
from generator.errors import ToolError
from tests.access import mutants
from tests.access.conftest import ROOT

FILES = sorted(mutants.FOLDER.glob("*.yaml"))
# The findings about rights, perimeter and guardrails that must stay closed
ROWS = {f"B0{number}" for number in (*range(32, 56), 61, 62)}
# Those of them that are no request to refuse, each with the test that holds it
ELSEWHERE = {
    "B044": ("test_iam_limits.py", "test_what_is_allowed_everywhere_reads_or_has_no_resource_or_a_condition"),
    "B045": ("test_resources.py", "test_no_literal_partition_or_domain"),
    "B054": ("test_vpc.py", "test_groups_admit_each_other_on_single_ports"),
    "B055": ("test_vpc.py", "test_no_group_keeps_the_default_egress"),
    "B061": ("test_shared_services.py", "test_the_proxy_is_reached_through_its_endpoint_service_only"),
}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_expectation_holds(site: Site, path: Path) -> None:
    results = expectations.check(site, expectations.read(path))
    assert [f"{one.expectation.where}: {one.problem}" for one in results if one.problem] == []


def test_there_are_enough_and_every_finding_has_a_denial() -> None:
    found = mutants.expectations()
    denied = " ".join(one.reason for one in found if one.expect == "denied")
    assert len({one.where for one in found}) >= 150
    assert {row for row in ROWS if row not in denied} == set(ELSEWHERE)


@pytest.mark.parametrize(("file", "test"), ELSEWHERE.values(), ids=ELSEWHERE)
def test_a_finding_that_is_no_request_has_a_test_of_its_own(file: str, test: str) -> None:
    (path,) = (ROOT / "tests").rglob(file)
    assert f"def {test}(" in path.read_text()


def test_every_deny_and_every_condition_is_noticed_when_it_goes_or_redundant_by_name(site: Site) -> None:
    found = mutants.survivors(site, mutants.expectations(), mutants.mutants(site))
    assert {one.name for one in found} == set(mutants.redundant())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1", "{path}: not a list of expectations"),
        ("- 1", "x.yaml:1: not a mapping"),
        ("- {name: n, who: w, action: a, expect: denied}", "x.yaml:1: lacks reason"),
        ("- {name: n, who: w, action: a, expect: no, reason: r}", "x.yaml:1: lacks expect"),
        ("- {name: n, who: w, action: a, expect: never, reason: r}", "x.yaml:1: expect: never"),
        ("- {name: n, who: w, action: a, expect: denied, reason: r, whom: x}", "x.yaml:1: has whom"),
        ("- {name: n, who: w, action: a, expect: denied, reason: r, context: 1}", "x.yaml:1: context: not a mapping"),
        ("- &a {name: n}\n- *a", "{path}: not a list of expectations"),
    ],
)
def test_a_file_that_is_none_is_told_where(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "x.yaml"
    path.write_text(text)
    with pytest.raises(ToolError) as raised:
        expectations.read(path)
    assert raised.value.message == message.format(path=path)
