"""The picture of a model's life shows every action of the pipelines, in their order."""

from __future__ import annotations

from tests.templates.sequence import PAGE, PICTURE, picture


def test_the_picture_is_that_of_the_templates() -> None:
    """`make golden` rewrites it."""
    found = PICTURE.search(PAGE.read_text())
    assert found is not None
    assert found[0] == picture()
