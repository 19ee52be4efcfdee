"""The committed matrix is what the templates say; its forms hold the same cells."""

from __future__ import annotations

import pytest

from generator.access import matrix
from generator.access.matrix import Matrix
from generator.access.site import Site
from mlz.declared import CAPABILITIES
from tests.access.conftest import ROOT


@pytest.fixture(scope="module")
def made(site: Site) -> Matrix:
    return matrix.matrix(site, *matrix.read(CAPABILITIES))


def test_the_committed_matrix_is_that_of_the_templates(made: Matrix) -> None:
    """`make access` rewrites it, and shows what changed."""
    assert (ROOT / "docs" / "access-matrix.md").read_text() == matrix.markdown(made)


def test_nothing_of_it_is_unknown(made: Matrix) -> None:
    assert [cell for cell in made.cells if cell.outcome == "unknown"] == []


def test_one_role_approves(made: Matrix) -> None:
    (row,) = (one for one in matrix.data(made)["rows"] if one["capability"] == "Approve a model")
    assert {role for role, cell in row["roles"].items() if cell["outcome"] == "allowed"} == {"team-administrator@dev"}


def test_html_and_markdown_have_every_row(made: Matrix) -> None:
    page, text = matrix.html(made), matrix.markdown(made)
    assert [one.name for one in made.capabilities if one.name not in text] == []
    assert page.count("<td ") == len(made.cells)
    assert page.count('class="allowed"') == sum(cell.outcome == "allowed" for cell in made.cells)
